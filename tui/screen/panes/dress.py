"""A row of the Output pane as Textual draws it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.screen.markdown.rows import Row, both, cut
from tui.screen.markdown.wrap import cells

Dressed = tuple[int, int, Style]
"""From which to which code point of the row's text, and the style that comes over its own."""


def dressed(row: Row, width: int, style_of: Callable[[str], Style], over: Sequence[Dressed] = ()) -> Strip:
    """`row` in `width` cells at least; `style_of` a look."""
    runs = (*row.lead, *row.runs)
    used = sum(cells(text) for text, _look in runs)
    if used < width:
        runs = (*runs, (" " * (width - used), ""))
    if not over:
        segments = [Segment(text, style_of(both(row.base, look))) for text, look in runs]
        return Strip(segments, max(used, width))
    length = sum(len(text) for text, _look in runs)
    ends = sorted({0, length, *(min(end, length) for one in over for end in one[:2])})
    segments = []
    for start, end in pairwise(ends):
        styles = [style for first, last, style in over if first <= start and end <= last]
        for text, look in cut(runs, start, end):
            segments.append(Segment(text, Style.combine([style_of(both(row.base, look)), *styles])))
    return Strip(segments, max(used, width))
