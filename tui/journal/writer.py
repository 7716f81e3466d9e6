"""The one thread that writes: what is put is in the file within a tenth of a second, or the user is told why not."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from tui.journal.bell import ring
from tui.journal.bring_back import BroughtBack
from tui.journal.connect import open_file
from tui.journal.owner import BEAT
from tui.journal.pen import Opener, Pen
from tui.journal.records import Record, answers_in
from tui.journal.sync import Sync, Syncer, backoff, sync_log
from tui.journal.trouble import JournalTrouble, JournalUnusable, judge
from tui.words import ReplyId

BREATH = 0.05
"""Seconds between two steps of indexing."""

BATCH = 0.07
"""Seconds at least between the beginnings of two transactions, and at most from `put` to the next. 0.1 is allowed
(design, section 5); on a busy machine a commit then took the rest of the 150 ms promised (kill_nine.py)."""

Listener = Callable[[JournalTrouble | None], None]


def _nobody(_: JournalTrouble | BroughtBack | None) -> None:
    """Listens where nobody else does."""


class Writer:
    """Writes records in the order in which they are put, each once, a transaction a batch.

    While the file cannot be written they are kept in memory, in order, and tried again until they can. What is in the
    file outlives this process; it is told to be safe once it is synced, which the next batch does not wait for
    (sync.py).
    """

    def __init__(
        self,
        path: Path,
        on_trouble: Listener = _nobody,
        *,
        opener: Opener = open_file,
        sync: Sync = sync_log,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`on_trouble` is called from the writing or the syncing thread, never both at once: with the reason when
        saving stops (also at the start, where the file cannot be opened), and with None when all is saved again."""
        self.own_bell = ""
        """The name of this process's own bell: it need not be told what it wrote itself."""
        self.on_brought_back: Callable[[BroughtBack], None] = _nobody
        """Called from the writing thread: what was put has brought back what another process had deleted."""
        self._path = path
        self._on_trouble = on_trouble
        self._pen = Pen(path, opener, wall)  # the thread's own, as are the next four
        self._begun = 0.0
        self._failures = 0
        self._opened = False
        self._to_index = False
        self.owner = self._pen.owner.id
        """The journal's name of this process."""
        self._telling = threading.Lock()  # one after the other
        self._changed = threading.Condition()  # its lock guards what follows
        self._records: deque[Record] = deque()
        self._saved = 0
        self._synced = 0
        self._unwritten: JournalTrouble | None = None
        self._unsynced: JournalTrouble | None = None
        self._refused: tuple[int, JournalTrouble] | None = None
        self._lost: frozenset[ReplyId] = frozenset()
        self._flushes: list[tuple[int, Future[None]]] = []
        self._hurry = False
        self._closing = False
        self._ended = False
        self._trouble: JournalTrouble | None = None
        self._syncer = Syncer(path, self._on_disk, sync)
        self._thread = threading.Thread(target=self._live, name="journal", daemon=True)
        self._thread.start()

    def put(self, record: Record) -> int:
        """Take `record`; its number, from 1. Never blocks, never raises: it is on disk once `saved_through` says so."""
        with self._changed:
            self._records.append(record)
            if len(self._records) == 1:
                # Otherwise the thread already knows when it has to wake.
                self._changed.notify()
            return self._saved + len(self._records)

    def flush(self) -> Future[None]:
        """Done when all that was put before is on disk, synced; does not wait for the batch to fill.

        Fails with JournalUnusable where that will never be: a record was refused, or the writer was closed first.
        """
        future: Future[None] = Future()
        with self._changed:
            self._flushes.append((self._saved + len(self._records), future))
            self._hurry = True
            self._changed.notify()
            ended = self._ended
        if ended:
            self._settle()
        return future

    def close(self, timeout: float) -> bool:
        """Write what is left, trying a last time where that failed before, and end; whether everything is on disk."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout)
        with self._changed:
            return not self._records and self._synced == self._saved and self._refused is None

    @property
    def saved_through(self) -> int:
        """The number of the last record that is on disk with all before it (less those refused, which is trouble)."""
        with self._changed:
            return self._synced

    @property
    def unsaved(self) -> int:
        """How many records are in memory alone."""
        with self._changed:
            return len(self._records)

    def unsaved_answers(self) -> int:
        """How many replies and prompts without one are not in the file, wholly or in part."""
        with self._changed:
            records = tuple(self._records)
        return len(answers_in(records))

    def lost(self, reply: ReplyId) -> bool:
        """Whether `reply` is another process's, as far as the file has told: what is put for it here is dropped."""
        return reply in self._lost

    @property
    def trouble(self) -> JournalTrouble | None:
        """Why what was put is not saved; None: all is well."""
        with self._changed:
            return self._trouble

    def _live(self) -> None:
        closing = False
        while not closing:
            with self._changed:
                while (wait := self._wait()) is None or wait > 0:
                    self._changed.wait(wait)
                closing = self._closing
                self._hurry = False
                first, batch = self._saved + 1, list(self._records)
            if self._write(first, batch) and not self._busy():
                self._to_index = self._pen.index()
            if closing:
                self._syncer.finish()
                self._pen.close()
            with self._changed:
                self._ended = closing
            self._settle()
            self._tell()

    def _wait(self) -> float | None:
        """Seconds until there is something to do; None: until something is put."""
        if self._closing or self._hurry or not self._opened:
            return 0.0
        since = time.monotonic() - self._begun
        if self._failures:
            return backoff(self._failures) - since
        if self._records:
            return BATCH - since
        if self._pen.open_replies:
            return BEAT - since
        if self._to_index:
            return BREATH - since
        return None

    def _busy(self) -> bool:
        """Whether something came while the last batch was written."""
        with self._changed:
            return bool(self._records)

    def _write(self, first: int, batch: list[Record]) -> bool:
        """One transaction; whether `batch` is in the file."""
        self._begun = time.monotonic()
        self._opened = True
        try:
            self._pen.write(first, batch)
        except (sqlite3.Error, OSError, JournalUnusable) as error:
            self._failures += 1
            with self._changed:
                self._unwritten = judge(error)
            return False
        self._failures = 0
        if batch:
            ring(self._path, self.own_bell)
        with self._changed:
            self._unwritten = None
            for _ in batch:
                self._records.popleft()
            self._saved += len(batch)
            self._refused = self._pen.refused
            self._lost = self._pen.lost
            saved = self._saved
        if batch:
            self._syncer.committed(saved)
        for back in self._pen.brought_back:
            # As in `_tell`.
            with contextlib.suppress(RuntimeError):
                self.on_brought_back(back)
        return True

    def _on_disk(self, through: int, trouble: JournalTrouble | None) -> None:
        """What the syncing thread says."""
        with self._changed:
            self._synced, self._unsynced = through, trouble
        self._settle()
        self._tell(synced=trouble is None)

    def _settle(self) -> None:
        """Answer the flushes that can be answered."""
        with self._changed:
            synced, refused = self._synced, self._refused
            ready = [item for item in self._flushes if item[0] <= synced or self._ended]
            self._flushes = [item for item in self._flushes if item not in ready]
            reason = self._unwritten or self._unsynced or self._trouble or JournalTrouble("io", "closed")
        for number, future in ready:
            if not future.set_running_or_notify_cancel():
                continue
            if number > synced:
                future.set_exception(JournalUnusable(reason, self._path))
            elif refused is not None and refused[0] <= number:
                future.set_exception(JournalUnusable(refused[1], self._path))
            else:
                future.set_result(None)

    def _tell(self, *, synced: bool = False) -> None:
        """Pass on what changed. A record that was refused stays refused, however well the next ones went; that all is
        well again is said after a sync."""
        with self._telling:
            with self._changed:
                refused = self._refused[1] if self._refused is not None else None
                trouble = self._unwritten or refused or self._unsynced
                known = self._trouble
                if trouble is None and known is not None and not synced and self._synced < self._saved:
                    return
                self._trouble = trouble
            if (trouble and trouble.kind) != (known and known.kind):
                # A listener whose event loop has closed no longer wants to know.
                with contextlib.suppress(RuntimeError):
                    self._on_trouble(trouble)
