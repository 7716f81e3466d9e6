"""A damaged journal is set aside, never overwritten: what can be read of it is taken into a new one first."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tui.journal.connect import open_file
from tui.journal.health import beside
from tui.journal.index import begin_anew
from tui.journal.rescue import copy_rows
from tui.journal.rescued import Rescued
from tui.journal.sql import load, statements
from tui.journal.trouble import JournalTrouble, JournalUnusable, judge

_MENDS = statements(load("health.sql")["mends"])

Identity = tuple[int, int]
"""Of a file, whatever its name: device and inode."""


def identity(path: Path) -> Identity | None:
    """None: there is no such file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


@dataclass(frozen=True, slots=True)
class SetAside:
    """What became of a damaged journal."""

    damaged: Path
    """Where it is kept."""
    rescued: Rescued | None
    """None: another window rescued it."""


def set_aside(path: Path, now: float, seen: Identity | None = None) -> SetAside:
    """Put a new journal with all that can be read in the place of the damaged one. `now`: wall clock. `seen`: the
    damaged file; where another is in its place by now, somebody else was faster, and that is it.
    Raises JournalUnusable, OSError; then nothing was moved."""
    with _alone(path.parent):
        if seen is not None and identity(path) != seen:
            return SetAside(_put_by_another(path, seen), None)
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


def put_aside(path: Path, seen: Identity) -> Path | None:
    """Where the file `seen` is kept, if it was the journal at `path` and damaged."""
    kept = path.parent.glob(f"{path.stem}-damaged-*{path.suffix}")
    return next((file for file in kept if identity(file) == seen), None)


def _put_by_another(path: Path, seen: Identity) -> Path:
    kept = put_aside(path, seen)
    if kept is None:
        raise JournalUnusable(JournalTrouble("gone"), path)
    return kept


def _rescue(path: Path, now: float) -> SetAside:
    rescued, damaged = beside(path, "rescued", now), beside(path, "damaged", now)
    try:
        with closing(open_file(rescued)) as new, _held(path):
            saved = _fill(new, path)
            _exchange(path, rescued, damaged)
    except sqlite3.Error as error:
        raise JournalUnusable(judge(error), path) from error
    finally:
        for rest in (rescued, rescued.with_name(rescued.name + "-wal"), rescued.with_name(rescued.name + "-shm")):
            rest.unlink(missing_ok=True)
    return SetAside(damaged, saved)


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Until it is exchanged nobody else writes what would then be missing, where SQLite can still open it."""
    if not path.exists() or not path.stat().st_size:
        # SQLite would delete its log.
        yield
        return
    address = path.absolute().as_uri()
    # The last one that closes copies the log into the file, but for one that may not write, and not while that is
    # there: the damaged file stays as it is.
    with closing(sqlite3.connect(f"{address}?mode=ro", uri=True, isolation_level=None)) as witness:
        with suppress(sqlite3.Error):
            witness.execute("select count(*) from sqlite_master").fetchone()
        with closing(sqlite3.connect(f"{address}?mode=rw", uri=True, isolation_level=None)) as old:
            with suppress(sqlite3.Error):
                old.execute("begin immediate")
            yield


def _exchange(path: Path, rescued: Path, damaged: Path) -> None:
    """The damaged file keeps its log: beside another journal that would be taken for its own."""
    with suppress(FileNotFoundError):
        os.link(path, damaged)
    for end in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + end).rename(damaged.with_name(damaged.name + end))
    rescued.replace(path)


def _fill(new: sqlite3.Connection, path: Path) -> Rescued:
    new.execute("pragma foreign_keys = off")
    new.execute("begin")
    rescued = copy_rows(path, new)
    for statement in _MENDS:
        new.execute(statement)
    begin_anew(new)
    new.execute("commit")
    # All of it into the file itself, whose log does not go with it.
    new.execute("pragma wal_checkpoint(truncate)")
    return rescued
