"""Tables in the columns of a terminal: cells are counted, not characters."""

from __future__ import annotations

from collections.abc import Sequence

from wcwidth import wcswidth, wcwidth

Row = list[str]

GAP = 2
"""Spaces between two columns."""


def cut(text: str, width: int) -> str:
    """`text` in at most `width` cells; "…" stands for what is missing at its end."""
    if wcswidth(text) <= width:
        return text
    return _first(text, width - 1) + "…" if width > 0 else ""


def cut_middle(text: str, width: int) -> str:
    """The same, with what is missing taken from the middle: names of models differ at their ends."""
    if wcswidth(text) <= width or width < 3:
        return cut(text, width)
    end = (width - 1) // 2
    tail = _first(text[::-1], end)[::-1]
    return _first(text, width - 1 - wcswidth(tail)) + "…" + tail


def _first(text: str, width: int) -> str:
    cells, kept = 0, []
    for char in text:
        cells += max(0, wcwidth(char))
        if cells > width:
            break
        kept.append(char)
    return "".join(kept)


def table(rows: Sequence[Row], width: int, left: int = 2) -> str:
    """Rows of one length, the first `left` columns to the left and the numbers behind them to the right.

    Where `width` cells do not hold all columns, those that are left over stand below, under the same first ones.
    """
    widths = [max(wcswidth(row[column]) for row in rows) for column in range(len(rows[0]))]
    parts = _parts(widths, width, left)
    return "\n\n".join("\n".join(_line(row, widths, [*range(left), *part], left) for row in rows) for part in parts)


def _parts(widths: Sequence[int], width: int, left: int) -> list[list[int]]:
    """The numbers' columns, dealt out to tables."""
    taken = sum(widths[:left]) + GAP * (left - 1)
    parts: list[list[int]] = [[]]
    room = width - taken
    for column in range(left, len(widths)):
        cells = GAP + widths[column]
        if parts[-1] and cells > room:
            parts.append([])
            room = width - taken
        parts[-1].append(column)
        room -= cells
    return parts


def _line(row: Row, widths: Sequence[int], columns: Sequence[int], left: int) -> str:
    cells = []
    for column in columns:
        room = " " * max(0, widths[column] - wcswidth(row[column]))
        cells.append(row[column] + room if column < left else room + row[column])
    return (" " * GAP).join(cells).rstrip()
