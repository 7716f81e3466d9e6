"""From pieces to rows, at one width. Pure: the same pieces, seams and width give the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from tui.screen.markdown.pieces import CodeLine, Piece, Place, Prose, Rule, Table, TableMore
from tui.screen.markdown.rows import Row, Runs, cut, text_of
from tui.screen.markdown.tables import head_rows, line_rows, widths_of
from tui.screen.markdown.wrap import cells, fold_spans, rows_of

NARROWEST = 8
"""Cells that text keeps at least; quote bars and indents that would take more are left out."""
_CODE_INDENT = (("  ", "pad"),)


@dataclass(frozen=True, slots=True)
class Mark:
    """A row of its own that stands at a place in the text: a seam."""

    at: int
    """Code points of the text before it."""
    runs: Runs
    base: str = "seam"
    """The look of its row: begins with "seam"."""


def _fitted(lead: Runs, width: int) -> Runs:
    """`lead`, or its innermost parts where text would have no room beside it."""
    while lead and sum(cells(text) for text, _look in lead) > width - NARROWEST:
        lead = lead[1:]
    return lead


class Layout:
    """Rows of one width; pieces are added at the end."""

    def __init__(self, width: int) -> None:
        self.width = max(1, width)
        self.rows: list[Row] = []
        self._widths: tuple[Table, list[int] | None] | None = None

    def add(self, piece: Piece, marks: Sequence[Mark] = ()) -> None:
        """Lay out `piece`, with the marks that fall into it."""
        place = piece.place
        if place.gap is not None and self.rows:
            self.rows.append(Row(_fitted(place.gap, self.width)))
        first, rest = _fitted(place.first, self.width), _fitted(place.rest, self.width)
        if first != place.first and (markers := tuple(run for run in place.first if run[1] == "marker")):
            self.rows += rows_of(markers, self.width)
            first = rest
        before = len(self.rows)
        ends: list[int] | None = None  # rows up to the end of each source line, where that is known
        match piece:
            case Prose():
                before = self._prose(piece, first, rest)
            case CodeLine():
                before = self._code(piece, (*first, *_CODE_INDENT), (*rest, *_CODE_INDENT))
            case Rule():
                room = self.width - _width(first)
                self.rows.append(Row(first, (("─" * room, "line"),)))
            case Table():
                ends = self._table(piece, first, rest)
            case TableMore():
                widths = self._table_widths(piece.table, rest)
                self.rows += line_rows(piece.table, piece.line, self.width - _width(rest), widths, rest)
            case _:
                assert_never(piece)
        if marks:
            self._insert(marks, place, before, ends)

    def _joined(self, runs: Runs, joins: bool) -> tuple[Runs, Row | None]:
        """`runs` behind what stands in the last row already, and that row; a mark is never gone on in."""
        if not joins or not self.rows or self.rows[-1].base.startswith("seam"):
            return runs, None
        last = self.rows.pop()
        return (*last.runs, *runs), last

    def _prose(self, piece: Prose, first: Runs, rest: Runs) -> int:
        runs, last = self._joined(piece.runs, piece.joins)
        before = len(self.rows)
        lead = first if last is None else last.lead
        self.rows += rows_of(runs, self.width - max(_width(lead), _width(rest)), lead, rest)
        return before

    def _code(self, piece: CodeLine, first: Runs, rest: Runs) -> int:
        runs, last = self._joined(piece.runs, piece.joins)
        before = len(self.rows)
        base = "" if runs and runs[0][1] == "fence-label" else "fence"
        lead = first if last is None else last.lead
        self.rows += rows_of(runs, self.width - _width(rest), lead, rest, base, fold_spans)
        return before

    def _table_widths(self, table: Table, rest: Runs) -> list[int] | None:
        if self._widths is None or self._widths[0] is not table:
            self._widths = (table, widths_of(table, self.width - _width(rest)))
        return self._widths[1]

    def _table(self, piece: Table, first: Runs, rest: Runs) -> list[int]:
        widths = self._table_widths(piece, rest)
        room = self.width - _width(rest)
        head = head_rows(piece, room, widths, first, rest)
        self.rows += head
        ends = [1, len(head)]
        for line in piece.lines:
            rows = line_rows(piece, line, room, widths, rest)
            self.rows += rows
            ends.append(ends[-1] + len(rows))
        return ends

    # Marks

    def _insert(self, marks: Sequence[Mark], place: Place, before: int, ends: list[int] | None) -> None:
        """Put each mark behind the row that holds the last character before it."""
        rows = self.rows[before:]
        for mark in reversed(marks):
            after = before + _row_behind(rows, mark.at - place.start, place.source, ends)
            self.rows[after:after] = self._mark_rows(mark)

    def mark(self, mark: Mark) -> None:
        """A mark behind everything so far."""
        self.rows += self._mark_rows(mark)

    def _mark_rows(self, mark: Mark) -> list[Row]:
        return rows_of(mark.runs, self.width, base=mark.base)


def _width(lead: Runs) -> int:
    return sum(cells(text) for text, _look in lead)


def _row_behind(rows: Sequence[Row], at: int, source: str, ends: list[int] | None) -> int:
    """How many of `rows` hold the first `at` code points of `source`.

    What is shown is the source without its markup, in order, so the two are walked side by side.
    """
    if at >= len(source):
        return len(rows)
    if ends is not None:
        return ends[min(source.count("\n", 0, max(0, at - 1)), len(ends) - 1)]
    place = 0
    held = 0
    for number, row in enumerate(rows, 1):
        for character in text_of(row.runs):
            found = source.find(character, place)
            if found >= at:
                return max(held, 1)
            if found >= 0:
                place = found + 1
                if not character.isspace():
                    held = number
    return len(rows)


def trimmed(row: Row, start: int, end: int) -> str:
    """The text of `row` from code point `start` to `end`, without what is only drawn."""
    lead = "".join([text for text, look in cut(row.lead, start, end) if look not in ("quote-bar", "pad")])
    before = row.lead_length
    return lead + text_of(cut(row.runs, max(0, start - before), max(0, end - before)))
