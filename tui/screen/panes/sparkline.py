"""TTFB as a row of bars on an absolute scale: the same time always has the same height and tone.

A scale from the least to the greatest sample would draw 40 to 42 ms as a full swing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from tui.screen.panes.pieces import Line, Piece, Tone

Style = Literal["blocks", "braille", "ascii"]
"""What the terminal can draw; braille holds two samples in a cell."""

BARS = "▁▂▃▄▅▆▇█"
ASCII_BARS = "_.-:=+*#"
LOST = "·"
"""A gap, and a visible one: a lost probe is no fast probe."""
ASCII_LOST = "x"

PER_TARGET = 2
"""Bars per target: ▂ is the target, ▄ twice the target, █ four times or more; so the shape alone tells the zone too."""

_DOTS = ((0x00, 0x40, 0x44, 0x46, 0x47), (0x00, 0x80, 0xA0, 0xB0, 0xB8))
"""Braille (U+2800 and these bits): columns of 0 to 4 dots from below, left and right."""
_BRAILLE = 0x2800


_PLAIN_SIGNS = str.maketrans("✓✗○◌◔●◍◐◑■▓░", "+xo.?*!~>#=-")
"""For fonts that have none of them; the words beside each say what it means."""


def plainly(line: Line, style: Style) -> Line:
    """The line with signs that the terminal can draw, cell for cell."""
    return tuple((text.translate(_PLAIN_SIGNS), tone) for text, tone in line) if style == "ascii" else line


def style_of(term: str, encoding: str) -> Style:
    """By TERM and the output's encoding: the Linux console and terminals of old have no bars in their fonts."""
    plain = term in ("linux", "dumb", "") or term.startswith("vt")
    return "ascii" if plain or "utf" not in encoding.lower() else "blocks"


def bar(seconds: float | None, target: float, style: Style = "blocks") -> Piece:
    """One sample: good up to the target, a warning up to twice the target, bad above; None: lost."""
    ratio = _ratio(seconds, target)
    if ratio is None:
        return ASCII_LOST if style == "ascii" else LOST, "bad"
    level = min(len(BARS), max(1, math.ceil(min(ratio, len(BARS)) * PER_TARGET)))
    return (ASCII_BARS if style == "ascii" else BARS)[level - 1], _tone(ratio)


def sparkline(samples: Sequence[float | None], width: int, target: float, style: Style = "blocks") -> Line:
    """The newest samples in `width` cells, the newest at the right; neighbours of one tone are one piece."""
    if width <= 0:
        return ()
    if style == "braille":
        newest = samples[-2 * width :]
        # Pairs are counted from the newest, or every new sample would redraw the whole line.
        odd = len(newest) % 2
        pairs = [(newest[at], newest[at + 1]) for at in range(odd, len(newest), 2)]
        first = [_pair(None, newest[0], target, one=True)] if odd else []
        return _joined([*first, *(_pair(left, right, target) for left, right in pairs)])
    return _joined([bar(seconds, target, style) for seconds in samples[-width:]])


def gathered(samples: Sequence[float | None], bars: int) -> tuple[float | None, ...]:
    """All of `samples` in at most `bars`, neighbours together: of each group the slowest, and a gap where one was lost.

    What stands out is what is looked for; a mean or a median would let it go under.
    """
    if len(samples) <= bars or bars <= 0:
        return tuple(samples)
    ends = [place * len(samples) // bars for place in range(bars + 1)]
    return tuple(_slowest(samples[start:end]) for start, end in pairwise(ends))


def _slowest(group: Sequence[float | None]) -> float | None:
    came = [seconds for seconds in group if seconds is not None]
    return max(came) if len(came) == len(group) else None


def _pair(left: float | None, right: float | None, target: float, *, one: bool = False) -> Piece:
    """Two samples in a cell, in the tone of the worse; two that were lost are a dot."""
    ratios = (_ratio(left, target), _ratio(right, target))
    if ratios == (None, None):
        return LOST, "bad"
    known = [ratio for ratio in ratios if ratio is not None]
    dots = 0
    for side, ratio in enumerate(ratios):
        level = 0 if ratio is None else min(4, max(1, math.ceil(min(ratio, 4.0) * PER_TARGET)))
        dots |= _DOTS[side][level]
    lost = len(known) < len(ratios) and not one
    return chr(_BRAILLE + dots), "bad" if lost else _tone(max(known))


def _ratio(seconds: float | None, target: float) -> float | None:
    return None if seconds is None or not math.isfinite(seconds) else max(0.0, seconds) / target


def _tone(ratio: float) -> Tone:
    return "good" if ratio <= 1 else "warn" if ratio <= 2 else "bad"


def _joined(pieces: Sequence[Piece]) -> Line:
    line: list[Piece] = []
    for text, tone in pieces:
        if line and line[-1][1] == tone:
            line[-1] = (line[-1][0] + text, tone)
        else:
            line.append((text, tone))
    return tuple(line)
