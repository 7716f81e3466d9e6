"""Writes batches into the file, each record exactly once, whatever failed before. Used by the writer's thread alone."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from itertools import compress
from pathlib import Path

from tui.journal.apply import SQL, Value, apply, run
from tui.journal.bring_back import BroughtBack, bring_back
from tui.journal.connect import open_file
from tui.journal.index import begin_anew, take_in
from tui.journal.lease import ours
from tui.journal.owner import this_process
from tui.journal.records import AddText, BeginReply, EndReply, Record, ResumeReply
from tui.journal.salvage import Identity, identity, put_aside, set_aside
from tui.journal.spoken import Spoken
from tui.journal.text import held
from tui.journal.trouble import JournalTrouble, JournalUnusable, judge
from tui.words import ReplyId

FORGET = 7 * 86400.0
"""Seconds after which a process without an unfinished reply leaves the file."""

_UNFIT = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError)
"""The record's fault, not the file's: trying it again gives the same."""

Opener = Callable[[Path], sqlite3.Connection]


class _Exchanged(Exception):
    """Another file has taken the journal's place."""


class Pen:
    """The writing connection of one process, opened when first needed and again after a failure."""

    def __init__(self, path: Path, opener: Opener = open_file, wall: Callable[[], float] = time.time) -> None:
        self._path = path
        self._opener = opener
        self._wall = wall
        self._db: sqlite3.Connection | None = None
        self._file: Identity | None = None
        """The journal that this process writes."""
        self._opened: Identity | None = None
        """What was there when it was last opened, or tried to."""
        self._known = False
        """Something of this process is in it."""
        self._rescued = False
        """A damaged journal was set aside: once is enough for a disk that is well."""
        self._indexed_anew = False
        self._unsure = False
        """A batch failed: whether its commit reached the file is known by the file alone."""
        self.owner = this_process()
        self.open_replies: dict[ReplyId, Spoken] = {}
        """Begun and not ended: while there are any, others want signs of life."""
        self._put_back = False
        """A rescue may have lost some of that."""
        self.lost: frozenset[ReplyId] = frozenset()
        """Replies that another process has gone on with: what this one still says about them is dropped."""
        self.refused: tuple[int, JournalTrouble] | None = None
        """The last record that did not fit, by number."""
        self.brought_back: tuple[BroughtBack, ...] = ()
        """What the last batch has brought back."""

    def write(self, first: int, batch: Sequence[Record]) -> None:
        """Put `batch`, whose records have the numbers from `first` on, into the file: all in one transaction, or none.
        It outlives this process; that it outlives the machine is sync.py's part.

        Raises sqlite3.Error, OSError or JournalUnusable; the same batch may then be given again, longer if need be.
        An empty batch is a sign of life.
        """
        self.brought_back = ()
        try:
            try:
                self._write(first, batch)
            except _Exchanged:
                self._write(first, batch)
        except _Exchanged as error:
            self._unsure = True
            self._drop()
            raise JournalUnusable(JournalTrouble("gone"), self._path) from error
        except (sqlite3.Error, OSError, JournalUnusable) as error:
            self._unsure = True
            self._drop()
            if judge(error).kind == "corrupt" and not self._rescued:
                self._rescued = True
                done = set_aside(self._path, self._wall(), self._file or self._opened)
                self._file, self._put_back = identity(self._path), True
                trouble = JournalTrouble("set_aside", done.damaged.name, done.rescued)
                raise JournalUnusable(trouble, self._path) from error
            raise

    def _write(self, first: int, batch: Sequence[Record]) -> None:
        db = self._ready()
        if self._unsure:
            there = self._saved_in_file(db)
            done = min(max(there - first + 1, 0), len(batch))
            self._follow(db, batch[:done])
            first, batch = first + done, batch[done:]
            self._unsure = False
        if batch or self.open_replies:
            self._transaction(db, first, batch)

    def index(self) -> bool:
        """Take the next texts into the full-text index; whether there are more. None of it is anybody's trouble: what
        the index does not know is found all the same, only later."""
        if self._db is None or self.open_replies:
            return False
        try:
            return take_in(self._db)
        except sqlite3.Error as error:
            if judge(error).kind == "corrupt":
                self._index_anew(self._db)
            return False

    def _index_anew(self, db: sqlite3.Connection) -> None:
        """The index holds nothing that the journal does not: a damaged one is thrown away, once."""
        if self._indexed_anew:
            return
        self._indexed_anew = True
        with contextlib.suppress(sqlite3.Error):
            db.execute("begin immediate")
            begin_anew(db)
            db.execute("commit")
        if db.in_transaction:
            db.execute("rollback")

    def close(self) -> None:
        """Say in the file that this process writes no more."""
        if self._db is not None:
            with contextlib.suppress(sqlite3.Error):
                run(self._db, "close_process", {"id": self.owner.id, "now": self._wall()})
        self._drop()

    def _ready(self) -> sqlite3.Connection:
        """The connection, and only to the file that was written before: SQLite would go on writing a deleted one."""
        if self._file is not None and identity(self._path) != self._file:
            self._drop()
            self._go_on_in_another()
        if self._db is None:
            self._db = self._open()
            if self._file is None:
                self._file = identity(self._path)
                # Also shows at the start whether the file can be written at all.
                run(self._db, "forget_processes", {"id": self.owner.id, "before": self._wall() - FORGET})
        return self._db

    def _open(self) -> sqlite3.Connection:
        """A commit is not to wait for the disk: sync.py says why, and what does."""
        self._opened = identity(self._path)
        db = self._opener(self._path)
        db.execute("pragma synchronous = normal")
        return db

    def _go_on_in_another(self) -> None:
        """Another file stands in the journal's place: where it knows this process, or the one before was set
        aside, it is the journal, rescued."""
        found = identity(self._path)
        if found is None:
            raise JournalUnusable(JournalTrouble("gone"), self._path)
        db = self._open()
        strange = self._known and db.execute(SQL["saved"], {"id": self.owner.id}).fetchone() is None
        if strange and (self._file is None or put_aside(self._path, self._file) is None):
            db.close()
            raise JournalUnusable(JournalTrouble("gone"), self._path)
        self._db, self._file, self._unsure, self._put_back = db, found, True, True

    def _saved_in_file(self, db: sqlite3.Connection) -> int:
        row: tuple[int] | None = db.execute(SQL["saved"], {"id": self.owner.id}).fetchone()
        return row[0] if row else 0

    def _transaction(self, db: sqlite3.Connection, first: int, batch: Sequence[Record]) -> None:
        try:
            kept, lost = self._begin(db, first, batch)
            back = [found for record in compress(batch, kept) for found in self._apply(db, record)]
        except _UNFIT:
            # Rare: once more, with each record by itself, so that only what does not fit is left out.
            db.execute("rollback")
            kept, lost = self._begin(db, first, batch)
            alone = compress(enumerate(batch, first), kept)
            back = [found for number, record in alone for found in self._apply_alone(db, number, record)]
        db.execute("commit")
        self.brought_back = tuple(back)
        self._known, self._put_back = True, False
        self._follow(db, batch)
        self.lost = lost
        for reply in lost:
            self.open_replies.pop(reply, None)

    def _apply(self, db: sqlite3.Connection, record: Record) -> tuple[BroughtBack, ...]:
        apply(db, record, self.owner)
        return bring_back(db, record)

    def _apply_alone(self, db: sqlite3.Connection, number: int, record: Record) -> tuple[BroughtBack, ...]:
        db.execute("savepoint one")
        back: tuple[BroughtBack, ...] = ()
        try:
            back = self._apply(db, record)
        except _UNFIT as error:
            db.execute("rollback to one")
            self.refused = number, JournalTrouble("refused", f"{type(record).__name__}: {error}")
        db.execute("release one")
        return back

    def _begin(
        self, db: sqlite3.Connection, first: int, batch: Sequence[Record]
    ) -> tuple[list[bool], frozenset[ReplyId]]:
        """Begin a transaction, after which the file holds `batch` of this process; which of it may be written, and the
        replies that then are another's."""
        db.execute("begin immediate")
        if identity(self._path) != self._file:
            # While this waited, what is locked was set aside: written there it would be lost.
            raise _Exchanged
        owner, now = self.owner, self._wall()
        parts: dict[str, Value] = {"id": owner.id, "pid": owner.pid, "machine": owner.machine, "born": owner.born}
        run(db, "sign_of_life", {**parts, "now": now, "saved": first + len(batch) - 1})
        if self._put_back:
            for reply, spoken in self.open_replies.items():
                spoken.put_back(db, reply, owner.id)
        return ours(db, batch, owner, self.open_replies, self.lost, now)

    def _follow(self, db: sqlite3.Connection, batch: Sequence[Record]) -> None:
        """Remember what is in the file now."""
        for record in batch:
            match record:
                case BeginReply(id=reply):
                    self.open_replies[reply] = Spoken(None)
                case ResumeReply(id=reply):
                    self.open_replies[reply] = Spoken(held(db, reply))
                case AddText(reply=reply) if reply in self.open_replies:
                    self.open_replies[reply].add(record)
                case EndReply(reply=reply):
                    self.open_replies.pop(reply, None)
                case _:
                    pass

    def _drop(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            with contextlib.suppress(sqlite3.Error):
                db.close()
