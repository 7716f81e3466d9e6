"""A damaged journal is set aside, never overwritten: what can be read of it is taken into a new one first."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from tui.journal.connect import open_file
from tui.journal.health import beside
from tui.journal.index import start_again
from tui.journal.sql import load, statements
from tui.journal.trouble import JournalTrouble, JournalUnusable, judge

_MENDS = statements(load("health.sql")["mends"])

_ROWS = (
    "processes", "conversations", "turns", "replies", "deltas", "reasoning", "attempts", "seams", "usage", "learned",
    "rungs", "keepers", "choices", "dropped",
)  # fmt: skip
"""What is taken over, in this order; the index is made anew."""

_FAILURES = 5000
"""Ranges of rows of one table that may be unreadable before the rest of it is given up."""


Identity = tuple[int, int]
"""Of a file, whatever its name: device and inode."""


def identity(path: Path) -> Identity | None:
    """None: there is no such file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def set_aside(path: Path, now: float, seen: Identity | None = None) -> Path:
    """Put a new journal with all that can be read in the place of the damaged one; where that is kept. `now`: wall
    clock. `seen`: the damaged file; where another is in its place by now, somebody else was faster, and that is it.
    Raises JournalUnusable, OSError; then nothing was moved."""
    with _alone(path.parent):
        if seen is not None and identity(path) != seen:
            return _put_by_another(path, seen)
        return _rescue(path, now)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two windows may find the damage at the same moment: one at a time."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _put_by_another(path: Path, seen: Identity) -> Path:
    for kept in path.parent.glob(f"{path.stem}-damaged-*{path.suffix}"):
        if identity(kept) == seen:
            return kept
    raise JournalUnusable(JournalTrouble("gone"), path)


def _rescue(path: Path, now: float) -> Path:
    rescued, damaged = beside(path, "rescued", now), beside(path, "damaged", now)
    try:
        with closing(open_file(rescued)) as new, closing(sqlite3.connect(path, isolation_level=None)) as old:
            with suppress(sqlite3.Error):
                # Until it is exchanged nobody else writes what would then be missing.
                old.execute("begin immediate")
            _copy_all(old, new)
            _exchange(path, rescued, damaged)
    except sqlite3.Error as error:
        raise JournalUnusable(judge(error), path) from error
    finally:
        for rest in (rescued, rescued.with_name(rescued.name + "-wal"), rescued.with_name(rescued.name + "-shm")):
            rest.unlink(missing_ok=True)
    return damaged


def _exchange(path: Path, rescued: Path, damaged: Path) -> None:
    """The damaged file keeps its log: beside another journal that would be taken for its own."""
    os.link(path, damaged)
    for end in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + end).rename(damaged.with_name(damaged.name + end))
    rescued.replace(path)


def _copy_all(old: sqlite3.Connection, new: sqlite3.Connection) -> None:
    new.execute("pragma foreign_keys = off")
    new.execute("begin")
    for table in _ROWS:
        with suppress(sqlite3.Error):
            _copy(old, new, table)
    for statement in _MENDS:
        new.execute(statement)
    start_again(new)
    new.execute("commit")
    # All of it into the file itself, whose log does not go with it.
    new.execute("pragma wal_checkpoint(truncate)")


def _copy(old: sqlite3.Connection, new: sqlite3.Connection, table: str) -> None:
    known = [row[1] for row in new.execute(f"pragma table_info({table})")]
    there = {row[1] for row in old.execute(f"pragma table_info({table})")}
    columns = ", ".join(f'"{name}"' for name in known if name in there)
    marks = ", ".join("?" for name in known if name in there)
    put = f"insert or ignore into {table} ({columns}) values ({marks})"  # noqa: S608  names of our own schema
    for row in _rows(old, table, columns):
        new.execute(put, row)


def _rows(old: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[str | int | float | bytes | None, ...]]:
    """What can be read: in one go, else around what cannot be."""
    read = f"select {columns} from {table}"  # noqa: S608  names of our own schema
    try:
        yield from old.execute(read)
    except sqlite3.Error:
        pass
    else:
        return
    try:
        last: int = old.execute(f"select max(rowid) from {table}").fetchone()[0] or 0  # noqa: S608
    except sqlite3.Error:
        # A table in the order of its key: from the other end, up to the damage again.
        key = ", ".join(f'"{row[1]}" desc' for row in old.execute(f"pragma table_info({table})") if row[5])
        with suppress(sqlite3.Error):
            yield from old.execute(f"{read} order by {key}")
        return
    failures = 0
    ranges = [(0, last)]
    while ranges and failures < _FAILURES:
        low, high = ranges.pop()
        try:
            yield from old.execute(f"{read} where rowid between ? and ?", (low, high))
        except sqlite3.Error:
            failures += 1
            middle = (low + high) // 2
            if low < high:
                ranges += [(low, middle), (middle + 1, high)]
