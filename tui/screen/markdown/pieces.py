"""What blocks are made of before they are rows: pieces, which are final once a reader of lines has given them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tui.screen.markdown.rows import Runs

Align = Literal["left", "center", "right"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a piece stands, in the text and on the screen."""

    start: int
    """Code points of the text before it."""
    source: str
    """Its text as it came, marks and all: finds the row of a place."""
    first: Runs
    """Left of its first row: the markers of the lists that begin here."""
    rest: Runs
    """Left of its other rows."""
    gap: Runs | None
    """Not None: an empty row stands before it, with these quote bars."""


@dataclass(frozen=True, slots=True)
class Prose:
    """A paragraph, a heading, or a part of one."""

    place: Place
    runs: Runs
    joins: bool = False
    """Goes on in the last row of the piece before it."""


@dataclass(frozen=True, slots=True)
class CodeLine:
    """One line of code, or a part of a long one."""

    place: Place
    runs: Runs
    joins: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A horizontal rule."""

    place: Place


@dataclass(frozen=True, slots=True)
class TableLine:
    """One row of a table: its cells, and its text with the newline."""

    cells: tuple[Runs, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Table:
    """The head of a table and its first rows: they set the widths of all."""

    place: Place
    head: TableLine
    aligns: tuple[Align, ...]
    lines: tuple[TableLine, ...]


@dataclass(frozen=True, slots=True)
class TableMore:
    """A row of a long table, after those that set its widths."""

    place: Place
    table: Table
    line: TableLine


Piece = Prose | CodeLine | Rule | Table | TableMore
