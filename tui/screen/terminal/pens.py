"""How a cell is drawn: a pen, and the least that must be said to a terminal to change from one pen to another. Pure."""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from rich.color import Color, ColorSystem

_ON = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "51", "52", "53")
"""SGR by Rich's attribute bit: bold, dim, italic, underline, blink, blink2, reverse, conceal, strike, underline2, …"""

_OFF = ("22", "22", "23", "24", "25", "25", "27", "28", "29", "24", "54", "54", "55")
"""The SGR that ends each of them (ECMA-48); 22, 24, 25 and 54 end two at once."""

_SEEN_ON_SPACE = sum(1 << bit for bit in (3, 6, 8, 9, 10, 11, 12))
"""Attributes that show where there is no glyph: lines, frames, reverse."""

_LONGEST_LINK = 2000
"""Characters; VTE takes no more than 2,083."""

LINK_OFF = "\x1b]8;;\x1b\\"


class Pen(NamedTuple):
    """Everything about a cell but its glyph."""

    attributes: int = 0
    """Bits, as Rich numbers them."""
    colour: str = ""
    """SGR parameters; empty: the terminal's own."""
    ground: str = ""
    link: str = ""
    """Where the cell leads (OSC 8); safe to write."""

    @property
    def shows_on_space(self) -> bool:
        return bool(self.attributes & _SEEN_ON_SPACE)


DEFAULT = Pen()


@lru_cache(maxsize=4096)
def pen_of(
    attributes: int, colour: Color | None, ground: Color | None, link: str | None, system: ColorSystem | None
) -> Pen:
    """The pen of a style; `system` None: no colour is ever written (NO_COLOR)."""
    if system is None:
        return Pen(attributes, "", "", safe_link(link))
    return Pen(attributes, _codes(colour, system, front=True), _codes(ground, system, front=False), safe_link(link))


def _codes(colour: Color | None, system: ColorSystem, *, front: bool) -> str:
    if colour is None or colour.is_default:
        return ""
    return ";".join(colour.downgrade(system).get_ansi_codes(front))


def safe_link(link: str | None) -> str:
    """`link` as it may stand in an escape sequence; empty where it may not."""
    if not link or not link.startswith(("http://", "https://", "mailto:")):
        return ""
    # A lone surrogate has no bytes: it becomes a question mark rather than an exception in the middle of a frame.
    safe = quote(link.encode("utf-8", "replace"), safe="%/:?#[]@!$&'()*+,;=-._~")
    return safe if len(safe) <= _LONGEST_LINK else ""


@lru_cache(maxsize=4096)
def blank_pen(pen: Pen) -> Pen:
    """What of `pen` is seen on a space: two spaces that look the same compare the same."""
    return pen if pen.shows_on_space else Pen(0, "", pen.ground, pen.link)


def fits_space(now: Pen | None, wanted: Pen) -> bool:
    """Whether a space drawn with `now` looks as with `wanted`, so that no change of pen need be said."""
    if now is None or wanted.shows_on_space or now.shows_on_space:
        return now == wanted
    return now.ground == wanted.ground and now.link == wanted.link


@lru_cache(maxsize=8192)
def change(old: Pen | None, new: Pen) -> str:
    """The escape sequences from `old` (None: not known) to `new`: a delta, or a reset where that is shorter."""
    if old == new:
        return ""
    fresh = ";".join(["", *_parts(DEFAULT, new)])
    if old is None:
        return f"\x1b[0{fresh}m" + (_link(new) or LINK_OFF)
    parts = ";".join(_parts(old, new))
    link = "" if old.link == new.link else _link(new) or LINK_OFF
    if not parts:
        return link
    return (f"\x1b[{fresh}m" if len(fresh) < len(parts) else f"\x1b[{parts}m") + link


def _parts(old: Pen, new: Pen) -> list[str]:
    lost = old.attributes & ~new.attributes
    off = list(dict.fromkeys(code for bit, code in enumerate(_OFF) if lost >> bit & 1))
    # What an "off" takes with it must be said again: bold ends together with dim.
    spoilt = sum(1 << bit for bit, code in enumerate(_OFF) if code in off)
    gained = new.attributes & (~old.attributes | spoilt)
    parts = off + [code for bit, code in enumerate(_ON) if gained >> bit & 1]
    if new.colour != old.colour:
        parts.append(new.colour or "39")
    if new.ground != old.ground:
        parts.append(new.ground or "49")
    return parts


def _link(pen: Pen) -> str:
    # The id joins the pieces of one link that are drawn at different times.
    return f"\x1b]8;id={zlib.crc32(pen.link.encode()):x};{pen.link}\x1b\\" if pen.link else ""
