"""Opens the journal's file: ours, of a version we know, set to lose nothing; or says why not and leaves it as it is."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from pathlib import Path

from tui.journal.migrations import APPLICATION_ID, MIGRATIONS, migrate
from tui.journal.trouble import JournalTrouble, JournalUnusable, judge, judge_at

BUSY = 2.0
"""Seconds to wait for another program's lock: a batch of another window takes milliseconds."""


def open_file(path: Path) -> sqlite3.Connection:
    """The journal at `path` for writing, created or migrated where needed. Raises JournalUnusable."""
    try:
        _check_log(path)
        _create_private(path)
        db = _connect(str(path))
    except (sqlite3.Error, OSError) as error:
        raise JournalUnusable(judge_at(error, path), path) from error
    try:
        _check(db, path)
        _use_wal(db)
        db.execute("pragma synchronous = full")
        db.execute("pragma foreign_keys = on")
        migrate(db)
    except sqlite3.Error as error:
        db.close()
        raise JournalUnusable(_judge(error, path), path) from error
    except JournalUnusable:
        db.close()
        raise
    return db


def open_read_only(path: Path) -> sqlite3.Connection:
    """The journal at `path` where it cannot be written: a mounted backup, somebody else's. Raises JournalUnusable."""
    address = path.absolute().as_uri()
    log = path.with_name(path.name + "-wal")
    # A file without a log is whole in itself; with one, only SQLite's own reading of both is right.
    whole = not log.exists() or log.stat().st_size == 0
    try:
        _check_log(path)
        db = _connect(f"{address}?mode=ro" + ("&immutable=1" if whole else ""), uri=True)
    except (sqlite3.Error, OSError) as error:
        raise JournalUnusable(judge_at(error, path), path) from error
    try:
        _check(db, path)
        _check_current(db, path)
    except sqlite3.Error as error:
        db.close()
        raise JournalUnusable(_judge(error, path), path) from error
    except JournalUnusable:
        db.close()
        raise
    return db


def _check_log(path: Path) -> None:
    """A log without its journal, or with an empty one: SQLite would delete it, and with it what was written last."""
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size and not (path.exists() and path.stat().st_size):
        raise JournalUnusable(JournalTrouble("corrupt", "nothing but its log is left"), path)


def _judge(error: sqlite3.Error, path: Path) -> JournalTrouble:
    trouble = judge_at(error, path)
    return _damaged_or(trouble, path) if trouble.kind == "foreign" else trouble


def _damaged_or(foreign: JournalTrouble, path: Path) -> JournalTrouble:
    """A journal of ours whose beginning is broken looks like a foreign file, until its pages are looked at."""
    from tui.journal.rescue import is_journal

    try:
        return JournalTrouble("corrupt", "its beginning is broken") if is_journal(path) else foreign
    except OSError as error:
        return judge(error)


def _connect(address: str, *, uri: bool = False) -> sqlite3.Connection:
    # Transactions are begun by hand, and a connection is handed from thread to thread, never shared.
    return sqlite3.connect(address, timeout=BUSY, isolation_level=None, check_same_thread=False, uri=uri)


def _create_private(path: Path) -> None:
    """Conversations are for their owner's eyes: directory 0700, file 0600 (SQLite gives its log the same)."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _number(db: sqlite3.Connection, pragma: str) -> int:
    value: int = db.execute(f"pragma {pragma}").fetchone()[0]
    return value


def _check(db: sqlite3.Connection, path: Path) -> None:
    # All of one moment: another process may be creating it just now, and what is half empty looks like another's file.
    db.execute("begin")
    mark, version = _number(db, "application_id"), _number(db, "user_version")
    empty = db.execute("select count(*) from sqlite_master").fetchone()[0] == 0
    db.execute("commit")
    if mark != APPLICATION_ID and (mark != 0 or not empty):
        trouble = _damaged_or(JournalTrouble("foreign", "an SQLite file of another program"), path)
        raise JournalUnusable(trouble, path)
    if version > len(MIGRATIONS):
        raise JournalUnusable(JournalTrouble("newer", f"version {version}, known up to {len(MIGRATIONS)}"), path)


def _check_current(db: sqlite3.Connection, path: Path) -> None:
    if _number(db, "user_version") < len(MIGRATIONS):
        raise JournalUnusable(JournalTrouble("read_only", "an older journal, which cannot be brought up to date"), path)


def _use_wal(db: sqlite3.Connection) -> None:
    """Readers and one writer side by side. SQLite does not wait for the lock that the change needs, so we do."""
    if db.execute("pragma journal_mode").fetchone()[0] == "wal":
        return
    deadline = time.monotonic() + BUSY
    pause = threading.Event()
    while True:
        try:
            db.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError as error:
            if judge(error).kind != "locked" or time.monotonic() > deadline:
                raise
            pause.wait(0.02)
        else:
            return
