"""Tables: cells wrapped into columns that fit the width, or "head: value" rows where they cannot."""

from __future__ import annotations

import re

from tui.screen.markdown.pieces import Align, Table, TableLine
from tui.screen.markdown.rows import Row, Runs, text_of
from tui.screen.markdown.wrap import cells, rows_of

NARROWEST = 4
"""Cells of a column; a table that would need less becomes "head: value" rows."""
_BETWEEN = " │ "
_DELIMITER = re.compile(r"[ \t]*:?-+:?[ \t]*$")


def split_cells(line: str) -> list[str]:
    r"""The cells of a row, without their bars; `\|` is a bar that does not end a cell."""
    found: list[str] = []
    cell: list[str] = []
    escaped = False
    for character in line.strip(" \t"):
        if character == "|" and not escaped:
            found.append("".join(cell).strip(" \t"))
            cell = []
            continue
        if character == "|" and escaped:
            cell.pop()
        cell.append(character)
        escaped = character == "\\" and not escaped
    last = "".join(cell).strip(" \t")
    if last or not found:
        found.append(last)
    if line.strip(" \t").startswith("|"):
        del found[0]
    return found or [""]


def aligns_of(line: str) -> tuple[Align, ...] | None:
    """What the line under a table's head says about its columns; None where it is no such line."""
    if "-" not in line or "|" not in line or line.strip(" \t|:-"):
        return None
    parts = split_cells(line)
    if not all(_DELIMITER.match(part) for part in parts):
        return None
    return tuple(_align(part) for part in parts)


def _align(part: str) -> Align:
    if part.endswith(":"):
        return "center" if part.startswith(":") else "right"
    return "left"


def widths_of(table: Table, width: int) -> list[int] | None:
    """The widths of the columns: natural where they fit, else the widest are cut to one size; None: too narrow."""
    lines = (table.head, *table.lines)
    natural = [max(2, *(cells(text_of(line.cells[column])) for line in lines)) for column in range(len(table.aligns))]
    room = width - len(_BETWEEN) * (len(natural) - 1)
    if sum(natural) <= room:
        return natural
    cap = _cap(natural, room)
    return None if cap < NARROWEST else [min(size, cap) for size in natural]


def _cap(natural: list[int], room: int) -> int:
    """The largest size that no column may exceed for all to fit into `room` (0 or less: there is none)."""
    left, columns = room, len(natural)
    for size in sorted(natural):
        if size * columns > left:
            return left // columns
        left -= size
        columns -= 1
    return max(natural)


def line_rows(table: Table, line: TableLine, width: int, widths: list[int] | None, lead: Runs) -> list[Row]:
    """One row of the table as rows of the screen."""
    if widths is None:
        return _record(table, line, width, lead)
    columns = [rows_of(runs, size) for runs, size in zip(line.cells, widths, strict=True)]
    rows: list[Row] = []
    for number in range(max(map(len, columns))):
        runs: list[tuple[str, str]] = []
        for column, (parts, size, align) in enumerate(zip(columns, widths, table.aligns, strict=True)):
            if column:
                runs.append((_BETWEEN, "line"))
            runs += _padded(parts[number].runs if number < len(parts) else (), size, align)
        rows.append(Row(lead, tuple(runs)))
    return rows


def _padded(runs: Runs, size: int, align: Align) -> Runs:
    free = max(0, size - cells(text_of(runs)))
    left = free if align == "right" else free // 2 if align == "center" else 0
    before = ((" " * left, ""),) if left else ()
    after = ((" " * (free - left), ""),) if free - left else ()
    return (*before, *runs, *after)


def head_rows(
    table: Table, head: TableLine, width: int, widths: list[int] | None, first: Runs, rest: Runs
) -> list[Row]:
    """The head, or a part of it. Where the table is too narrow, the head stands before each value instead."""
    if widths is None:
        joined: list[tuple[str, str]] = []
        for runs in head.cells:
            joined += [(_BETWEEN, "line"), *runs] if joined else runs
        return rows_of(tuple(joined), width, first, rest)
    rows = line_rows(table, head, width, widths, rest)
    rows[0] = Row(first, rows[0].runs)
    return rows


def under_head(widths: list[int] | None, rest: Runs) -> list[Row]:
    """The line under the head, where there are columns."""
    return [] if widths is None else [Row(rest, (("─┼─".join("─" * size for size in widths), "line"),))]


def _record(table: Table, line: TableLine, width: int, lead: Runs) -> list[Row]:
    """The cells below each other, each behind its head, under a short line."""
    rows = [Row(lead, (("─" * min(3, width), "line"),))]
    for head, runs in zip(table.head.cells, line.cells, strict=True):
        if runs:
            named = (*head, (": ", "table-head")) if head else ()
            rows += rows_of((*named, *runs), width, lead, lead)
    return rows
