"""TTFB as a row of bars on an absolute scale: the same time always has the same height and tone.

A scale from the least to the greatest sample would draw 40 to 42 ms as a full swing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from tui.screen.panes.pieces import Line, Piece, Tone

BARS = "▁▂▃▄▅▆▇█"
LOST = "·"
"""A gap, and a visible one: a lost probe is no fast probe."""

PER_TARGET = 2
"""Bars per target: ▂ is the target, ▄ twice the target, █ four times or more; so the shape alone tells the zone too."""


def bar(seconds: float | None, target: float) -> Piece:
    """One sample: good up to the target, a warning up to twice the target, bad above; None: lost."""
    if seconds is None or not math.isfinite(seconds):
        return LOST, "bad"
    ratio = max(0.0, seconds) / target
    tone: Tone = "good" if ratio <= 1 else "warn" if ratio <= 2 else "bad"
    level = min(len(BARS), max(1, math.ceil(min(ratio, len(BARS)) * PER_TARGET)))
    return BARS[level - 1], tone


def sparkline(samples: Sequence[float | None], width: int, target: float) -> Line:
    """The newest `width` samples, the newest at the right; neighbours of one tone are one piece."""
    line: list[Piece] = []
    for seconds in samples[-width:] if width > 0 else ():
        text, tone = bar(seconds, target)
        if line and line[-1][1] == tone:
            line[-1] = (line[-1][0] + text, tone)
        else:
            line.append((text, tone))
    return tuple(line)
