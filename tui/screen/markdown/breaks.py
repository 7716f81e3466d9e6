"""Where a mark breaks what is shown: the row ends there, and what comes after it begins another. Pure.

What is shown is its source without the markup, in order. So the two are walked side by side, from their ends: a
character is then never taken to stand earlier in the source than it does, and none from behind a mark is shown above
it. (One from before it may be shown below, where it looks like markup that is hidden: the `*` of `**a\\***`.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rich.cells import split_graphemes

from tui.screen.markdown.pieces import TableLine
from tui.screen.markdown.rows import Runs, cut, text_of


def shown_before(shown: str, source: str, at: int) -> int:
    """How many code points of `shown`, in whole graphemes and without spaces at their end, are of `source[:at]`."""
    place = len(source)
    for number in range(len(shown) - 1, -1, -1):
        if shown[number].isspace():
            continue
        found = source.rfind(shown[number], 0, place)
        if found < 0:
            continue
        place = found
        if place < at:
            return _whole(shown, number + 1)
    return 0


def _whole(shown: str, end: int) -> int:
    """`end`, or the place before the grapheme that it would tear."""
    begin = shown.rfind("\n", 0, end) + 1
    line = shown[begin:].partition("\n")[0]
    if line.isascii() or end - begin == len(line):
        return end
    return begin + max((stop for _start, stop, _cells in split_graphemes(line)[0] if stop <= end - begin), default=0)


def broken(runs: Runs, source: str, places: Sequence[int], *, spaces: bool = False) -> list[Runs]:
    """`runs` cut at `places` of their `source`: one part more than there are places.

    Unless `spaces` count (in code), a part behind a cut does not begin with any.
    """
    shown = text_of(runs) if runs else ""
    cuts = [shown_before(shown, source, place) for place in places]
    parts: list[Runs] = []
    for start, end in zip([0, *cuts], [*cuts, len(shown)], strict=True):
        text = shown[start:end]
        begin = start if spaces or not start else start + len(text) - len(text.lstrip(" \n"))
        parts.append(cut(runs, begin, end) if text.strip() else ())
    return parts


def broken_line(line: TableLine, source: str, places: Sequence[int]) -> list[TableLine]:
    """A row of a table cut at `places` of its `source`: one part more than there are places, each with all cells."""
    texts = [text_of(cell) if cell else "" for cell in line.cells]
    shown = "".join(texts)
    cuts = [shown_before(shown, source, place) for place in places]
    parts: list[TableLine] = []
    for start, end in zip([0, *cuts], [*cuts, len(shown)], strict=True):
        cells: list[Runs] = []
        before = 0
        for runs, text in zip(line.cells, texts, strict=True):
            part = text[max(0, start - before) : max(0, end - before)]
            # No space is left where the cell was cut.
            first = max(0, start - before) + (len(part) - len(part.lstrip(" ")) if start > before else 0)
            cells.append(cut(runs, first, max(first, end - before)) if part.strip() else ())
            before += len(text)
        parts.append(replace(line, cells=tuple(cells)))
    return parts
