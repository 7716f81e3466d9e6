"""Takes out of a damaged journal all that stands on whole pages, row by row, whatever became of the rest of the file.

SQLite is not asked: of a file whose first page, schema or tree is broken it reads nothing, or takes another table's
rows for this one's. Each row says of itself how many values of what kind it has, which tells its table (shapes.py).
A long text goes on over pages that say nothing of themselves: where they do not fit together, it is cut.
"""

from __future__ import annotations

import json
import re
import sqlite3
from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile
from pathlib import Path

from tui.journal.cells import Cell, NotWhole, Page, Shape, Value, length_of, shape, value, whole_page
from tui.journal.pages import Pages
from tui.journal.rescued import Rescued
from tui.journal.shapes import Table, is_id, named_in_index, says, tables_of
from tui.journal.sql import load, statements
from tui.journal.sums import proven, running, sums_of

_ZEROS = re.compile(rb"\A\0|\0{16}|\0\Z")
"""Not in any text of ours, as good as: a page that was not written, or half."""

_SECTOR = 512
"""Bytes that a disk writes whole, at least: where a page is torn, one begins."""

_ENOUGH = 2000
"""Pages that are looked through for whose file it is."""


@dataclass(frozen=True, slots=True)
class Row:
    table: Table
    values: tuple[Value, ...]
    """The first columns of the table: the others were not there yet, or are lost."""
    cut: bool = False
    """The last of them is a text of which only the beginning is left."""
    long: bool = False
    """It went on over other pages."""
    beyond: str = ""
    """Of a text that is cut: as it might go on."""
    local: int = 0
    """How much of a long text is on its own page, code points."""


@dataclass(slots=True)
class Findings:
    """What is known beside the rows."""

    conversations: set[str] = field(default_factory=set)
    """That there were, by the indexes."""
    others: set[str] = field(default_factory=set)
    """Turns and replies that there were."""


def is_journal(path: Path) -> bool:
    """Whether a file that SQLite does not take for its own was a journal of ours: it holds rows of ours, or nothing at
    all. Raises OSError."""
    pages = Pages(path)
    try:
        if pages.empty:
            return True
        named = (
            row
            for _, page in islice(pages.all(), _ENOUGH)
            if (whole := whole_page(page, 0)) is not None
            for cell in whole.cells
            if (row := _row(cell, whole, None)) is not None
        )
        return any(row.table.name in ("conversations", "turns", "replies") and is_id(row.values[0]) for row in named)
    finally:
        pages.close()


def rows_of(path: Path, findings: Findings) -> Iterator[Row]:
    """All rows, those of pages that are in use first. A row may come twice: the first counts. Raises OSError."""
    pages = Pages(path)
    try:
        reading = _Reading(pages)
        yield from reading.rows(findings)
    finally:
        pages.close()


class _Reading:
    """One file, whose pages are looked at twice: which there are, then what is on them."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._leaves: list[int] = []
        self._below: set[int] = set()
        self.chains = _Chains(pages, set())
        free = _free_pages(pages)
        for number, page in pages.all():
            whole = None if number in free else self._parsed(number, page)
            if whole is None:
                continue
            self.chains.trees.add(number)
            self._below.update(whole.children)
            if whole.cells:
                self._leaves.append(number)

    def rows(self, findings: Findings) -> Iterator[Row]:
        # A page that no other names may be one that is free by now, with rows as they were once.
        for named in (True, False):
            for number in self._leaves:
                if (number in self._below) == named:
                    yield from self._rows(number, findings)

    def _parsed(self, number: int, page: bytes) -> Page | None:
        # The first page begins with the header of the file; where another has its place, it does not.
        return (number == 1 and whole_page(page, 100)) or whole_page(page, 0)

    def _rows(self, number: int, findings: Findings) -> Iterator[Row]:
        page = self._pages[number]
        whole = page and self._parsed(number, page)
        if not whole:
            return
        for cell in whole.cells:
            row = _row(cell, whole, self.chains)
            if row is not None:
                yield row
            elif whole.kind.startswith("index") and cell.size == len(cell.local):
                _note_name(cell, findings)


def _note_name(cell: Cell, findings: Findings) -> None:
    try:
        values = _values(shape(cell.local), cell.local)
    except NotWhole:
        return
    named = named_in_index(values)
    if named is not None:
        (findings.conversations if named[0] == "conversations" else findings.others).add(named[1])


class _Chains:
    """The pages on which rows go on that are longer than a page."""

    def __init__(self, pages: Pages, trees: set[int]) -> None:
        self._pages = pages
        self.trees = trees
        """Pages that are a tree's: no row goes on there."""
        self._taken: set[int] = set()

    def plausible(self, cell: Cell) -> bool:
        """Whether the file can have had the page on which `cell` goes on, though it may have lost its end since."""
        return 1 < cell.overflow <= 4 * self._pages.count + 1000

    def rest(self, cell: Cell, behind: int) -> tuple[bytes, bool]:
        """What follows the part of `cell` that is on its own page, as far as it can be followed; whether it is all
        there, and nothing speaks against it. `behind`: bytes of the numbers behind its last text, which may be 0."""
        wanted, number, sound = cell.size - len(cell.local), cell.overflow, True
        found: list[bytes] = []
        while wanted > 0:
            page = None if number in self.trees or number in self._taken or number < 2 else self._pages[number]
            if page is None:
                return b"".join(found), False
            self._taken.add(number)
            number = int.from_bytes(page[:4], "big")
            found.append(page[4 : 4 + wanted])
            wanted -= len(found[-1])
            text = found[-1][: len(found[-1]) - max(0, behind - wanted)]
            sound = sound and not _ZEROS.search(text)
        return b"".join(found), sound and number == 0


def _row(cell: Cell, page: Page, chains: _Chains | None) -> Row | None:
    """The row in `cell`; None where it is none of a table of ours. `chains`: None where its beginning is enough."""
    try:
        told = shape(cell.local)
        if told.size != cell.size:
            return None
        for table in tables_of(told.types, by_key=page.kind.startswith("index")):
            row = _read(table, told, cell, chains)
            if row is not None and says(table.name, row.values):
                return row
    except NotWhole:
        pass
    return None


def _read(table: Table, told: Shape, cell: Cell, chains: _Chains | None) -> Row | None:
    if cell.size == len(cell.local):
        return _unless_blank(Row(table, _values(told, cell.local)))
    behind = sum(length_of(code) for code in takewhile(lambda code: code < 12, reversed(told.types)))
    rest, sound = chains.rest(cell, behind) if chains else (b"", False)
    if sound:
        with suppress(NotWhole):
            values = _values(told, cell.local + rest)
            beginning = _beginning(table, told, cell, rest)
            return Row(table, values, long=True, local=beginning.local if beginning else 0)
    return _beginning(table, told, cell, rest, torn=chains is not None and not chains.plausible(cell))


def _unless_blank(row: Row) -> Row | None:
    """The row; cut where the page under its text was not written to its end."""
    place = [column.name for column in row.table.columns].index(_TEXTS.get(row.table.name, row.table.columns[0].name))
    text = row.values[place]
    if not isinstance(text, str) or not _ZEROS.search(text.encode()):
        return row
    left = _decoded(text.encode())
    return replace(row, values=(*row.values[:place], left), cut=True, long=True, beyond=left, local=len(left))


def _values(told: Shape, data: bytes) -> tuple[Value, ...]:
    found: list[Value] = []
    at = told.start
    for code in told.types:
        found.append(value(code, data[at : at + length_of(code)]))
        at += length_of(code)
    return tuple(found)


def _beginning(table: Table, told: Shape, cell: Cell, rest: bytes, *, torn: bool = False) -> Row | None:
    """What is left of a row whose end is lost: up to the text in which it breaks off. `torn`: the end of the row's own
    page is not its own either."""
    found: list[Value] = []
    at, data = told.start, cell.local
    for code in told.types:
        end = at + length_of(code)
        if end > len(data):
            if code < 13 or code % 2 == 0:
                return None
            beyond = _decoded((data + rest)[at:end])
            left = data[at : _torn_at(cell, at) if torn or not _is_text(data[at:]) else len(data)]
            found.append(_decoded(left))
            return Row(table, tuple(found), cut=True, long=True, beyond=beyond, local=len(str(found[-1])))
        found.append(value(code, data[at:end]))
        at = end
    return None


def _torn_at(cell: Cell, at: int) -> int:
    """Where in the row the last sector begins before what is no text, or before its end."""
    good = at + len(_decoded(cell.local[at:]).encode())
    return max((cell.at + good - 1) // _SECTOR * _SECTOR - cell.at, at)


def _is_text(data: bytes) -> bool:
    """Whether it is the beginning of a text: its last character may be cut."""
    try:
        getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _decoded(data: bytes) -> str:
    """As much of it from the beginning as is text."""
    blank = _ZEROS.search(data)
    data = data[: blank.start()] if blank else data
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        return data[: error.start].decode()


def _free_pages(pages: Pages) -> set[int]:
    """Those that the file's own list says are free, as far as it can be followed."""
    first = pages[1]
    if first is None or not pages.has_head:
        return set()
    free: set[int] = set()
    number = int.from_bytes(first[32:36], "big")
    while number and number not in free and (trunk := pages[number]) is not None:
        free.add(number)
        number, count = (int.from_bytes(trunk[at : at + 4], "big") for at in (0, 4))
        if count > len(trunk) // 4 - 2 or number > pages.count:
            break
        free |= {int.from_bytes(trunk[at : at + 4], "big") for at in range(8, 8 + 4 * count, 4)}
    return free


def copy_rows(path: Path, new: sqlite3.Connection) -> Rescued:
    """Put what is left of the journal at `path` into `new`, empty till now, within the caller's transaction.
    Raises OSError, sqlite3.Error (of `new`)."""
    findings = Findings()
    long: list[Row] = []
    for row in rows_of(path, findings):
        if row.cut and row.table.name not in _CAN_BE_CUT:
            continue
        if _put(new, row) and row.long and row.table.name in _CAN_BE_CUT:
            # Its values are in the file by now.
            long.append(replace(row, values=row.values[:1]))
    cut, unproven = _prove(new, long)
    for statement in _SETTLES:
        new.execute(statement, {"cut": json.dumps(cut)})
    for reply, text, through in new.execute(_SQL["growing"]).fetchall():
        _end_at_gap(new, reply, text, through)
    names = {name: {row[0] for row in new.execute(f"select id from {name}")} for name in _NAMED}  # noqa: S608  our own
    findings.conversations.update(row[0] for row in new.execute(_SQL["named_conversations"]))
    findings.others.update(row[0] for row in new.execute(_SQL["named_others"]))
    gaps = [row[0] for row in new.execute(_SQL["damaged"])]
    return Rescued(
        len(names["conversations"]),
        len(names["turns"]),
        len(names["replies"]),
        tuple(dict.fromkeys((*cut, *gaps))),
        tuple(unproven),
        len(findings.conversations - names["conversations"]),
        len(findings.others - names["turns"] - names["replies"]),
    )


_NAMED = ("conversations", "turns", "replies")
_TEXTS = {"conversations": "system", "turns": "prompt", "replies": "text", "deltas": "text", "reasoning": "text"}
"""Where the long texts are."""

_CAN_BE_CUT = ("conversations", "turns", "replies")
"""The beginning of a text is worth something there, and nothing needed comes behind it."""

_SQL = load("rescue.sql")
_SETTLES = statements(_SQL["settles"])


def _prove(new: sqlite3.Connection, long: list[Row]) -> tuple[list[str], list[str]]:
    """Those of the long texts that are cut, to as much as is proven, and those that nothing proves."""
    cut: list[str] = []
    unproven: list[str] = []
    for row in long:
        table, name, column = row.table.name, str(row.values[0]), _TEXTS[row.table.name]
        text: str = new.execute(f"select {column} from {table} where id = ?", (name,)).fetchone()[0]  # noqa: S608
        sums = new.execute(_SQL["sums"], {"thing": name}).fetchone()
        might_be = row.beyond if row.cut else text
        known = proven(might_be, sums[0]) if sums else 0
        if sums and sums_of(might_be) == sums[0]:
            left = might_be
        elif row.cut or (sums and not sums[1]):
            left = might_be[: max(known, row.local)]
            cut.append(name)
        else:
            left = text
            unproven.append(name)
        if left != text:
            new.execute(f"update {table} set {column} = ? where id = ?", (left, name))  # noqa: S608  our own
    return cut, unproven


def _end_at_gap(new: sqlite3.Connection, reply: str, text: str, through: int) -> None:
    """Behind a delta that is lost, or is not the one that was there, nothing is in its place."""
    total = running(text)
    for seq, piece, told in new.execute(_SQL["deltas_of"], {"reply": reply}):
        through, total = through + 1, running(piece, total)
        if seq != through or told not in (None, total):
            new.execute(_SQL["end_before"], {"reply": reply, "seq": seq})
            new.execute(_SQL["damage"], {"reply": reply})
            return


def _put(new: sqlite3.Connection, row: Row) -> bool:
    """Whether it is new."""
    columns = ", ".join(f'"{column.name}"' for column in row.table.columns[: len(row.values)])
    marks = ", ".join("?" for _ in row.values)
    put = f"insert or ignore into {row.table.name} ({columns}) values ({marks})"  # noqa: S608  names of our own schema
    return new.execute(put, row.values).rowcount > 0
