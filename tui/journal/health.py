"""How the journal's file is: what is damaged, whose replies have no writer any more, and a copy before it is mended."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tui.journal.connect import open_file, open_read_only
from tui.journal.owner import Owner, is_alive
from tui.journal.sql import load
from tui.journal.text import compact
from tui.journal.trouble import CANNOT_WRITE, JournalTrouble, JournalUnusable, judge, judge_at
from tui.words import ReplyId

_SQL = load("health.sql")


@dataclass(frozen=True, slots=True)
class Health:
    """What an examination found."""

    trouble: JournalTrouble | None = None
    """The file cannot be used at all; then nothing else is known."""
    writable: bool = True
    locked: bool = False
    """Another program does not let anybody write now."""
    free: int = 0
    """Bytes that the disk has left."""
    damage: tuple[str, ...] = ()
    """What SQLite's own check complains of, ten lines at most. Outside text: not yet made safe."""
    orphans: tuple[ReplyId, ...] = ()
    """Unfinished replies that still belong to a process that is gone."""
    interrupted: int = 0
    """Replies without an end that nobody is writing, orphans included."""
    conversations: int = 0
    size: int = 0
    """Bytes of the file and its log."""


def examine(path: Path, now: float) -> Health:
    """Look at the journal at `path`, which must exist; `now`: wall clock. Changes nothing but an older shape."""
    try:
        with _opened(path) as (db, writable):
            return _look(db, path, now, writable=writable)
    except JournalUnusable as error:
        return Health(error.trouble, size=_size(path))
    except sqlite3.Error as error:
        return Health(judge_at(error, path), size=_size(path))


def release_orphans(path: Path, now: float) -> int:
    """Put together what is held of replies whose writer is gone, and take its lease away: how many. They can still be
    resumed. Raises JournalUnusable."""
    db = open_file(path)
    try:
        db.execute("begin immediate")
        found = _orphans(db, now)
        for reply in found:
            compact(db, reply)
            db.execute(_SQL["release"], {"reply": reply})
            db.execute(_SQL["to_index"], {"reply": reply})
        db.execute("commit")
    except sqlite3.Error as error:
        raise JournalUnusable(judge_at(error, path), path) from error
    finally:
        db.close()
    return len(found)


def back_up(path: Path, now: float) -> Path:
    """A copy of the journal beside it, complete with what only its log holds yet. Raises JournalUnusable, OSError."""
    target = beside(path, "backup", now)
    source = sqlite3.connect(path, isolation_level=None)
    copy = sqlite3.connect(target)
    try:
        target.chmod(0o600)
        source.backup(copy)
    except sqlite3.Error as error:
        copy.close()
        target.unlink(missing_ok=True)
        raise JournalUnusable(judge_at(error, path), path) from error
    finally:
        copy.close()
        source.close()
    return target


def beside(path: Path, what: str, now: float) -> Path:
    """A name for another file beside the journal, with the time in it, that no file has."""
    moment = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    target = path.with_name(f"{path.stem}-{what}-{moment}{path.suffix}")
    count = 1
    while target.exists():
        count += 1
        target = path.with_name(f"{path.stem}-{what}-{moment}-{count}{path.suffix}")
    return target


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[sqlite3.Connection, bool]]:
    """A connection, and whether it can write."""
    writable = True
    try:
        db = open_file(path)
    except JournalUnusable as error:
        if error.trouble.kind not in CANNOT_WRITE:
            raise
        db, writable = open_read_only(path), False
    try:
        yield db, writable
    finally:
        db.close()


def _look(db: sqlite3.Connection, path: Path, now: float, *, writable: bool) -> Health:
    damage = _damage(db)
    if damage:
        # What such a file says about anything else may be wrong.
        return Health(writable=writable, damage=damage, size=_size(path))
    return Health(
        writable=writable,
        orphans=_orphans(db, now),
        interrupted=len(_unwritten(db, now)),
        conversations=db.execute(_SQL["count_conversations"]).fetchone()[0],
        size=_size(path),
        locked=writable and _is_locked(db),
        free=shutil.disk_usage(path.parent).free,
    )


def _is_locked(db: sqlite3.Connection) -> bool:
    """Whether one would wait in vain to write."""
    try:
        db.execute("begin immediate")
    except sqlite3.OperationalError as error:
        if judge(error).kind != "locked":
            raise
        return True
    db.execute("rollback")
    return False


def _damage(db: sqlite3.Connection) -> tuple[str, ...]:
    try:
        found = [str(row[0]) for row in db.execute("pragma integrity_check(10)") if row[0] != "ok"]
        lost = db.execute("pragma foreign_key_check").fetchmany(10 - len(found)) if len(found) < 10 else []
    except sqlite3.DatabaseError as error:
        return (str(error),)
    return (*found, *(f"{row[0]} {row[1]} refers to nothing in {row[2]}" for row in lost))


def _orphans(db: sqlite3.Connection, now: float) -> tuple[ReplyId, ...]:
    return tuple(reply for reply, owner, heartbeat in _open(db) if owner and not is_alive(owner, heartbeat, now))


def _unwritten(db: sqlite3.Connection, now: float) -> tuple[ReplyId, ...]:
    return tuple(reply for reply, owner, heartbeat in _open(db) if owner is None or not is_alive(owner, heartbeat, now))


def _open(db: sqlite3.Connection) -> list[tuple[ReplyId, Owner | None, float]]:
    """Replies without an end: whose each is, and that process's last sign of life."""
    found: list[tuple[ReplyId, Owner | None, float]] = []
    row: tuple[str, str | None, int, str, str, float]
    for row in db.execute(_SQL["open_replies"]):
        reply, owner, pid, machine, born, heartbeat = row
        found.append((ReplyId(reply), Owner(owner, pid, machine, born) if owner else None, heartbeat or 0.0))
    return found


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        log = path.with_name(path.name + "-wal")
        return path.stat().st_size + (log.stat().st_size if log.exists() else 0)
    return 0
