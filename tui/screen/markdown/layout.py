"""From pieces to rows, at one width. Pure: the same pieces, seams and width give the same rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import assert_never

from tui.screen.markdown.breaks import broken, broken_line
from tui.screen.markdown.pieces import CodeLine, Piece, Prose, Rule, Table, TableLine, TableMore
from tui.screen.markdown.rows import Row, Runs, cut, text_of
from tui.screen.markdown.tables import head_rows, line_rows, under_head, widths_of
from tui.screen.markdown.wrap import Span, cells, fold_spans, rows_of, wrap_spans

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
    """Rows of one width; pieces are added at the end. A mark breaks the row in which it falls."""

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
        match piece:
            case Prose():
                parts = broken(piece.runs, place.source, _places(place.start, marks))
                self._parts(parts, marks, first, rest, joins=piece.joins)
            case CodeLine():
                self._code(piece, marks, (*first, *_CODE_INDENT), (*rest, *_CODE_INDENT))
            case Rule():
                self._rule(piece, marks, first)
            case Table():
                self._table(piece, marks, first, rest)
            case TableMore():
                self._table_line(piece.table, piece.line, place.start, marks, rest)
            case _:
                assert_never(piece)

    def _parts(
        self,
        parts: Sequence[Runs],
        marks: Sequence[Mark],
        first: Runs,
        rest: Runs,
        *,
        joins: bool,
        base: str = "",
        spans: Callable[[str, int], list[Span]] = wrap_spans,
    ) -> None:
        """Lay out `parts`, a mark between each two; `joins`: the first goes on in the last row."""
        lead, empty = first, not any(parts)
        for part, mark in zip_longest(parts, marks):
            if part or empty:
                runs, last = self._joined(part, joins)
                begins = lead if last is None else last.lead
                self.rows += rows_of(runs, self.width - max(_width(begins), _width(rest)), begins, rest, base, spans)
                lead, empty = rest, False
            joins = False
            if mark is not None:
                self.mark(mark)

    def _joined(self, runs: Runs, joins: bool) -> tuple[Runs, Row | None]:
        """`runs` behind what stands in the last row already, and that row; a mark is never gone on in."""
        if not joins or not self.rows or self.rows[-1].base.startswith("seam"):
            return runs, None
        last = self.rows.pop()
        return (*last.runs, *runs), last

    def _code(self, piece: CodeLine, marks: Sequence[Mark], first: Runs, rest: Runs) -> None:
        runs = piece.runs
        base = "" if runs and runs[0][1] == "fence-label" else "fence"
        parts = broken(runs, piece.place.source, _places(piece.place.start, marks), spaces=True)
        self._parts(parts, marks, first, rest, joins=piece.joins, base=base, spans=fold_spans)

    def _rule(self, piece: Rule, marks: Sequence[Mark], first: Runs) -> None:
        """A rule stands above the marks behind its last character, for it is one only then."""
        place = piece.place
        behind = [mark for mark in marks if not place.source[mark.at - place.start :].strip()]
        for mark in marks[: len(marks) - len(behind)]:
            self.mark(mark)
        self.rows.append(Row(first, (("─" * (self.width - _width(first)), "line"),)))
        for mark in behind:
            self.mark(mark)

    # Tables

    def _table_widths(self, table: Table, rest: Runs) -> list[int] | None:
        if self._widths is None or self._widths[0] is not table:
            self._widths = (table, widths_of(table, self.width - _width(rest)))
        return self._widths[1]

    def _table(self, table: Table, marks: Sequence[Mark], first: Runs, rest: Runs) -> None:
        widths, room = self._table_widths(table, rest), self.width - _width(rest)
        start, source = table.place.start, table.head.source
        names_end, at = start + source.index("\n") + 1, start + len(source)
        inside = [mark for mark in marks if mark.at <= names_end]
        lead = first

        def head(line: TableLine) -> list[Row]:
            nonlocal lead
            begins, lead = lead, rest
            return head_rows(table, line, room, widths, begins, rest)

        self._table_parts(broken_line(table.head, source[: names_end - start], _places(start, inside)), inside, head)
        self.rows += under_head(widths, rest)
        for mark in marks[len(inside) :]:
            if mark.at <= at:
                self.mark(mark)
        for line in table.lines:
            end = at + len(line.source)
            self._table_line(table, line, at, [mark for mark in marks if at < mark.at <= end], rest)
            at = end

    def _table_line(self, table: Table, line: TableLine, start: int, marks: Sequence[Mark], rest: Runs) -> None:
        """A row of a table; a mark in it breaks it, and each part keeps its columns."""
        widths, room = self._table_widths(table, rest), self.width - _width(rest)
        parts = broken_line(line, line.source, _places(start, marks))
        self._table_parts(parts, marks, lambda part: line_rows(table, part, room, widths, rest))

    def _table_parts(
        self, parts: Sequence[TableLine], marks: Sequence[Mark], rows: Callable[[TableLine], list[Row]]
    ) -> None:
        empty = not any(any(part.cells) for part in parts)
        for part, mark in zip_longest(parts, marks):
            if any(part.cells) or empty:
                self.rows += rows(part)
                empty = False
            if mark is not None:
                self.mark(mark)

    # Marks

    def mark(self, mark: Mark) -> None:
        """A mark behind everything so far."""
        self.rows += rows_of(mark.runs, self.width, base=mark.base)


def _width(lead: Runs) -> int:
    return sum(cells(text) for text, _look in lead)


def _places(start: int, marks: Sequence[Mark]) -> list[int]:
    """Where the marks stand in a source that begins at `start`."""
    return [mark.at - start for mark in marks]


def trimmed(row: Row, start: int, end: int) -> str:
    """The text of `row` from code point `start` to `end`, without what is only drawn."""
    lead = "".join([text for text, look in cut(row.lead, start, end) if look not in ("quote-bar", "pad")])
    before = row.lead_length
    return lead + text_of(cut(row.runs, max(0, start - before), max(0, end - before)))
