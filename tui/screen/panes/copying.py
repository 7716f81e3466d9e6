"""What of a turn is selected with the mouse, as text to be copied."""

from __future__ import annotations

from collections.abc import Callable

from textual.selection import Selection

from tui.screen.markdown.layout import trimmed
from tui.screen.markdown.rows import Row


def copied(selection: Selection, row_at: Callable[[int], Row | None], rows: int) -> str:
    """Of `rows` rows: the text without what is drawn around it, broken where the source is and not where a row ends."""
    start, end = selection.start, selection.end
    first = 0 if start is None else start.y
    last = rows - 1 if end is None else min(end.y, rows - 1)
    parts: list[str] = []
    for number in range(max(0, first), last + 1):
        row, span = row_at(number), selection.get_span(number)
        if row is None or span is None:
            continue
        parts.append(trimmed(row, span[0], len(row.text) if span[1] < 0 else span[1]))
        if number < last:
            parts.append(row.tail)
    return "".join(parts)
