"""Text to cells: graphemes, their widths, and nothing that a terminal would obey. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from rich.cells import get_character_cell_size, split_graphemes

from tui.plain import REPLACEMENT, plain
from tui.screen.terminal.pens import DEFAULT, Pen, blank_pen

Cell = tuple[str, Pen] | None
"""A grapheme and its pen; None: the right half of the wide glyph to the left."""

UNKNOWN: Cell = ("", DEFAULT)
"""What stands here is not known."""

BLANK: Cell = (" ", DEFAULT)

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
_SIMPLE_END = 0xFFFF
"""The last code point of the plane whose glyphs terminals agree about."""


@lru_cache(maxsize=4096)
def cells_of(text: str, pen: Pen) -> tuple[Cell, ...]:
    """`text` as cells, as many as Rich counts; zero-width characters that belong to nothing are gone."""
    space = (" ", blank_pen(pen))
    if text.isascii() and text.isprintable():
        return tuple([space if char == " " else (char, pen) for char in text])
    text = _obedient_to_nobody(text)
    cells: list[Cell] = []
    for glyph, width in _graphemes(text):
        cells.append(space if glyph == " " else (glyph, pen))
        cells.extend([None] * (width - 1))
    return tuple(cells)


def _graphemes(text: str) -> list[tuple[str, int]]:
    """Graphemes and their widths; a flag, two letters to Rich, is one glyph here: half a flag is another thing."""
    found: list[tuple[str, int]] = []
    for start, end, width in split_graphemes(text)[0]:
        glyph = text[start:end]
        if width and found and _is_flag_letter(glyph) and _is_flag_letter(found[-1][0]):
            found[-1] = (found[-1][0] + glyph, found[-1][1] + width)
        elif width:
            found.append((glyph, width))
    return found


def _is_flag_letter(glyph: str) -> bool:
    return len(glyph) == 1 and "\U0001f1e6" <= glyph <= "\U0001f1ff"


def _obedient_to_nobody(text: str) -> str:
    """The second line of defence after plain.py: what should not be here goes, the rest stays in its column."""
    if _CONTROLS.search(text) is None and plain(text) is text:
        return text
    return "".join(
        char
        if _CONTROLS.match(char) is None and plain(char) == char
        else REPLACEMENT.ljust(width)
        if (width := get_character_cell_size(char))
        else ""
        for char in text
    )


def is_sure(glyph: str) -> bool:
    """Whether every terminal moves on by the width that we count: not for clusters, flags and emoji."""
    return len(glyph) == 1 and ord(glyph) <= _SIMPLE_END


@lru_cache(maxsize=1024)
def reach(glyph: str) -> int:
    """How many columns a terminal that does not know the cluster may draw over: each part for itself, and wide."""
    parts = [size for char in glyph if (size := get_character_cell_size(char))]
    return 1 if parts == [1] and "\ufe0f" not in glyph else 2 * len(parts)
