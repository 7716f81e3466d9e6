"""Carries what was committed to the disk itself, in a thread of its own, beside the one that writes.

What outlives this process (kill -9) is what was written into the log: a commit does that, whatever `synchronous` is.
What outlives the machine (power) is what was synced besides. With synchronous=FULL a commit waits for that too, and on
a busy disk (0.3 s were seen) the next batch waits behind it, while its text is in memory alone. So the writer commits
with NORMAL, which in WAL loses nothing but the last commits, in their order, and never the file's soundness
(sqlite.org/pragma.html#pragma_synchronous, sqlite.org/wal.html), and the log is synced here right after: a power
failure costs what a sync takes, as before, and what is told to be safe was synced. A sync covers all that was
committed before it began, whoever wrote it.

SQLite locks the journal and its `-shm`, never the log: opening and closing that here takes nobody's lock away
(sqlite.org/howtocorrupt.html, 2.2). The other two are not touched but through SQLite.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tui.journal.trouble import JournalTrouble, JournalUnusable, judge

FIRST_WAIT = 0.25
LONGEST_WAIT = 8.0
"""Seconds before what failed is tried again: doubling from the first to the longest."""

CHECKPOINT = 200
"""Commits after which the log is copied into the journal here, 14 s of a reply at 4 pages each: from 1000 pages on
SQLite does that in the writer, which would wait for the disk."""

Sync = Callable[[Path], None]
"""Until all that was committed to the journal at a path is on the disk. Raises OSError, sqlite3.Error or
JournalUnusable."""

Listener = Callable[[int, JournalTrouble | None], None]


def backoff(failures: int) -> float:
    """Seconds until the next try after so many failures in a row."""
    return min(FIRST_WAIT * 2.0 ** min(failures - 1, 10), LONGEST_WAIT)


def sync_log(path: Path) -> None:
    """Sync the log of the journal at `path`. Without one, SQLite has copied and synced what was in it."""
    try:
        log = os.open(path.with_name(path.name + "-wal"), os.O_RDONLY)
    except FileNotFoundError:
        if not path.exists():
            raise JournalUnusable(JournalTrouble("gone"), path) from None
        return
    try:
        # SQLite's own choice: the times in the inode may be lost.
        os.fdatasync(log) if sys.platform == "linux" else os.fsync(log)
    finally:
        os.close(log)


def copy_log(path: Path, how: str = "passive") -> bool:
    """Have SQLite sync the log, copy it into the journal at `path` and sync that; whether nothing is left to copy.
    `passive` keeps nobody waiting, `truncate` also empties the log. Raises sqlite3.Error."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)) as db:
        busy, pages, copied = db.execute(f"pragma wal_checkpoint({how})").fetchone()
    return not busy and pages == copied


class Syncer:
    """Syncs after each commit: never two at a time, and one for all that was committed meanwhile."""

    def __init__(self, path: Path, told: Listener, sync: Sync = sync_log) -> None:
        """`told` is called from the syncing thread: up to which record all is on the disk, and why no further."""
        self._path = path
        self._told = told
        self._sync = sync
        self._commits = 0  # the thread's own
        self._changed = threading.Condition()  # its lock guards what follows
        self._asked = 0
        self._done = 0
        self._closing = False
        self._thread = threading.Thread(target=self._live, name="journal-sync", daemon=True)
        self._thread.start()

    def committed(self, through: int) -> None:
        """The records up to `through` are in the log: never blocks."""
        with self._changed:
            self._asked = through
            self._changed.notify()

    def finish(self) -> None:
        """Sync what is left, trying a last time where that failed before, and end."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _live(self) -> None:
        failures, closing = 0, False
        trouble: JournalTrouble | None = None
        while not closing:
            with self._changed:
                if failures:
                    self._changed.wait_for(lambda: self._closing, backoff(failures))
                self._changed.wait_for(lambda: self._closing or self._asked != self._done)
                through, closing = self._asked, self._closing
            if through == self._done:
                continue
            trouble = self._try(trouble)
            if trouble is None:
                failures, self._done = 0, through
                self._copy_now_and_then()
            else:
                failures += 1
            self._told(self._done, trouble)

    def _try(self, before: JournalTrouble | None) -> JournalTrouble | None:
        """Sync; why not. `before`: why not the last time."""
        try:
            # A system that could not write a page may have dropped it, and says so only once (fsync(2)): that syncing
            # the same again succeeds proves nothing. Copied, all pages are written anew.
            if before is not None and not copy_log(self._path, "truncate"):
                return before  # somebody is reading what is to be emptied
            self._sync(self._path)
        except (OSError, sqlite3.Error, JournalUnusable) as error:
            return judge(error)
        return None

    def _copy_now_and_then(self) -> None:
        self._commits += 1
        if self._commits >= CHECKPOINT:
            # What goes wrong with it goes wrong with a commit too, which tells it.
            with contextlib.suppress(sqlite3.Error):
                copy_log(self._path)
            self._commits = 0
