"""Which table of the journal a row is of, told by the row itself: by how many values it has and of what kind, in the
shape of every version that ever landed. Damaged files have no schema that could be asked."""

from __future__ import annotations

import functools
import re
import sqlite3
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

from tui.journal.cells import Value
from tui.journal.migrations import MIGRATIONS

TABLES = (
    "processes", "conversations", "turns", "replies", "deltas", "reasoning", "attempts", "seams", "usage", "learned",
    "rungs", "keepers", "choices", "dropped", "sums", "search_todo",
)  # fmt: skip
"""What is taken over, in this order; the index is made anew."""

Affinity = Literal["text", "integer", "real", "blob"]

_ID = re.compile(r"[0-9a-zA-Z]{26}|rescued")
_RUNGS = ("replay", "prefill", "continue", "restart")


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    affinity: str
    required: bool


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    columns: tuple[Column, ...]
    """In the order in which a row holds them."""
    counts: frozenset[int]
    """How many a row may have: a column that came later is not in the rows that were there before."""
    by_key: bool
    """Kept in the order of its key, as an index is."""

    def fits(self, types: Sequence[int]) -> bool:
        """Whether a row with values of these serial types can be one of this table's."""
        return len(types) in self.counts and all(
            _can_be(column, code) for column, code in zip(self.columns, types, strict=False)
        )


@functools.cache
def tables() -> tuple[Table, ...]:
    """As they are now, and how many columns each has had."""
    counts: dict[str, set[int]] = {name: set() for name in TABLES}
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        for migration in MIGRATIONS:
            migration(db)
            for name in TABLES:
                if columns := _columns(db, name):
                    counts[name].add(len(columns))
        ordered = db.execute("select name from sqlite_master where sql like '%without rowid'")
        by_key = {row[0] for row in ordered}
        return tuple(Table(name, _columns(db, name), frozenset(counts[name]), name in by_key) for name in TABLES)


def _columns(db: sqlite3.Connection, table: str) -> tuple[Column, ...]:
    # The key of each of our tables is its first columns: so it is how rows that are kept by their key begin, too.
    return tuple(Column(row[1], row[2].lower(), bool(row[3])) for row in db.execute(f"pragma table_info({table})"))


def _can_be(column: Column, code: int) -> bool:
    if code == 0:
        return not column.required
    if code >= 12:
        return column.affinity == ("text" if code % 2 else "blob")
    # A whole number is kept as an integer in a column of any numbers.
    return column.affinity == "real" or (column.affinity == "integer" and code != 7)


def tables_of(types: Sequence[int], *, by_key: bool) -> list[Table]:
    """Those that a row with such values can be of; `by_key`: found in an index or a table kept like one."""
    return [table for table in tables() if table.by_key == by_key and table.fits(types)]


def says(table: str, values: Sequence[Value]) -> bool:
    """Whether the values are such as this table has, where another's rows could be of the same kinds."""
    match table:
        case "keepers":
            return str(values[0]).startswith("http")
        case "rungs":
            return values[2] in _RUNGS
        case "learned":
            return str(values[2]).startswith("[")
        case "reasoning":
            # An index of turns or of replies: (id, number, id, row).
            return not (is_id(values[2]) and isinstance(values[3], int) and values[3] < 1 << 40)
        case "replies":
            return values[7] in ("streaming", "done", "failed", "stopped")
        case _:
            return True


def is_id(value: Value) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def named_in_index(values: Sequence[Value]) -> tuple[Literal["conversations", "turns or replies"], str] | None:
    """What an entry of one of our indexes names: by that it is known what there was."""
    match values:
        case [str(), int(), str(name), int()] if is_id(name):
            return "turns or replies", name
        case [int() | float(), str(name), int()] if is_id(name):
            return "conversations", name
        case _:
            return None


def is_ours(rows: Collection[tuple[str, Sequence[Value]]]) -> bool:
    """Whether these rows, by their tables, are a journal's: names of ours in the places for them."""
    named = [values for table, values in rows if table in ("conversations", "turns", "replies") and is_id(values[0])]
    return bool(named)
