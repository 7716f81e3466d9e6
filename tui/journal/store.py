"""Reads the journal. Every call has a connection to itself, so calls may come from any thread."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, Self

from tui.journal import rows
from tui.journal.connect import open_file, open_read_only
from tui.journal.records import RUNG_HELD
from tui.journal.search import Found, find
from tui.journal.sql import load
from tui.journal.stored import StoredConversation, StoredReply, StoredTurn
from tui.journal.text import held
from tui.journal.trouble import CANNOT_WRITE, Interrupted, JournalUnusable, is_interrupt, judge_at
from tui.words import ConversationId, Learned, Partial, ReplyId

_SQL = load("reads.sql")

SHORTEST_ID = 8
"""Characters of an id that are shown at least: its first 10 are milliseconds, so 8 tell seconds apart."""


Among = Literal["kept", "deleted", "all"]
"""Which conversations are meant."""

ASK_EVERY = 10_000
"""Instructions of SQLite, some 0.1 ms, after which a long statement asks whether anybody waits for it."""


class Journal:
    """The journal as it stands, read; Writer writes it. Reading sees whole batches, never half of one.

    Every method may raise JournalUnusable.
    """

    SQL = _SQL

    def __init__(self, path: Path, connect: Callable[[Path], sqlite3.Connection], wall: Callable[[], float]) -> None:
        self._path = path
        self._connect = connect
        self._wall = wall
        self._idle: deque[sqlite3.Connection] = deque()

    @classmethod
    def open(cls, path: Path, *, wall: Callable[[], float] = time.time) -> Self:
        """The journal at `path`: created where there is none, brought up to date where it is older, and read as it is
        where it cannot be written. Raises JournalUnusable, and has then changed nothing."""
        journal = cls(path, open_file, wall)
        try:
            journal._idle.append(open_file(path))
        except JournalUnusable as error:
            if error.trouble.kind not in CANNOT_WRITE or not path.is_file():
                raise
            journal = cls(path, open_read_only, wall)
            journal._idle.append(open_read_only(path))
        return journal

    def close(self) -> None:
        """Close the connections that are not in use."""
        while True:
            try:
                self._idle.pop().close()
            except IndexError:
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def conversations(
        self, limit: int = 50, before: StoredConversation | None = None
    ) -> tuple[StoredConversation, ...]:
        """The last used first; `before`: those after it in this order (the last one of the page before)."""
        start = (before.updated, before.id) if before else (float("inf"), "")
        with self._reading() as db:
            found = db.execute(_SQL["recent"], {"updated": start[0], "id": start[1], "limit": limit})
            return _conversations(db, [row["id"] for row in found])

    def conversation(self, conversation: ConversationId, among: Among = "kept") -> StoredConversation | None:
        with self._reading() as db:
            found = [*_conversations(db, [conversation])] if among != "deleted" else []
            found += _conversations(db, [conversation], deleted=True) if among != "kept" else ()
            return next(iter(found), None)

    def latest(self) -> StoredConversation | None:
        """The last used one."""
        return next(iter(self.conversations(1)), None)

    def deleted(self, limit: int = 50) -> tuple[StoredConversation, ...]:
        """Conversations that were deleted and can be brought back, the last deleted first."""
        with self._reading() as db:
            found = db.execute(_SQL["deleted"], {"limit": limit}).fetchall()
            return _conversations(db, [row["id"] for row in found], deleted=True)

    def with_prefix(self, prefix: str, limit: int = 2, among: Among = "kept") -> tuple[ConversationId, ...]:
        """The conversations whose id begins with `prefix`, oldest first."""
        ends = {"low": prefix.lower(), "high": prefix.lower() + "\U0010ffff", "limit": limit}
        wanted = {"kept": among != "deleted", "deleted": among != "kept"}
        with self._reading() as db:
            return tuple(ConversationId(row["id"]) for row in db.execute(_SQL["with_prefix"], ends | wanted))

    def short_id(self, conversation: ConversationId) -> str:
        """The beginning of an id, as long as needed to name no other conversation."""
        with self._reading() as db:
            row = db.execute(_SQL["neighbours"], {"id": conversation}).fetchone()
        length = SHORTEST_ID
        while any(other and other[:length] == conversation[:length] for other in row) and length < len(conversation):
            length += 1
        return conversation[:length]

    def turns(self, conversation: ConversationId, *, deleted: bool = False) -> tuple[StoredTurn, ...]:
        """Its line: inherited turns and its own, in order, each with its replies; `deleted`: those too that were
        deleted from it."""
        with self._reading() as db:
            name = "turns_with_deleted" if deleted else "turns"
            found = db.execute(_SQL[name], {"conversation": conversation}).fetchall()
            replies: defaultdict[str, list[StoredReply]] = defaultdict(list)
            for reply in self._replies_of(db, as_list([row["id"] for row in found])):
                replies[reply.turn].append(reply)
        return tuple(rows.turn(row, tuple(replies[row["id"]]), row["deleted"] if deleted else None) for row in found)

    def reply(self, reply: ReplyId) -> StoredReply | None:
        with self._reading() as db:
            return next(iter(self._replies(db, [reply])), None)

    def partial(self, reply: ReplyId) -> Partial | None:
        """What a resume of `reply` starts from; None: there is no such reply."""
        with self._reading() as db:
            stored = next(iter(self._replies(db, [reply])), None)
            text = held(db, reply)
        if stored is None or text is None:
            return None
        newest = stored.attempts[-1].replay_id if stored.attempts else None
        return Partial(
            text=text.text,
            boundaries=text.boundaries,
            replay_id=text.replay_id if text.text else newest,
            replay_offset=text.replay_offset,
            model=stored.seams[-1].models[1] if stored.seams else stored.model,
        )

    def boundaries(self, reply: ReplyId) -> tuple[int, ...]:
        """Where received deltas ended, code points, ascending: those in the last 1,200."""
        partial = self.partial(reply)
        return partial.boundaries if partial else ()

    def search(self, words: str, limit: int = 50, stop: Callable[[], bool] = lambda: False) -> Found:
        """Where all of `words` occur, literally; of the newest `limit` prompts and replies. Interrupted once `stop`."""
        with self._reading(stop) as db:
            return find(db, words, limit, lambda names: _conversations(db, names), stop)

    def learned(self, base_url: str, model: str) -> Learned:
        """What was learned about a model there, of its rungs in the last days; nothing where it was never asked."""
        with self._reading() as db:
            values = {"base_url": base_url, "model": model, "stale": self._wall() - RUNG_HELD}
            row = db.execute(_SQL["learned"], values).fetchone()
            keeps = db.execute(_SQL["keeps_streams"], values).fetchone() is not None
        found = rows.learned(row) if row else Learned()
        return replace(found, replay=True) if keeps else found

    def _replies_of(self, db: sqlite3.Connection, turns: str) -> list[StoredReply]:
        """Those of `turns` (as_list), in order."""
        found = db.execute(_SQL["replies_of_turns"], {"names": turns})
        return self._replies(db, [row["id"] for row in found])

    def _replies(self, db: sqlite3.Connection, names: list[str]) -> list[StoredReply]:
        wanted = {"names": as_list(names)}
        attempts = rows.by_reply(db.execute(_SQL["attempts"], wanted))
        seams = rows.by_reply(db.execute(_SQL["seams"], wanted))
        reasoning = rows.by_reply(db.execute(_SQL["reasoning"], wanted))
        found: list[StoredReply] = []
        for row in db.execute(_SQL["replies"], wanted).fetchall():
            name = ReplyId(row["id"])
            text = held(db, name) if row["growing"] else None
            found.append(
                rows.reply(
                    row,
                    (text.text, text.through) if text else (row["text"], row["through"]),
                    "".join(piece["text"] for piece in reasoning[name]),
                    tuple(rows.seam(seam) for seam in seams[name]),
                    tuple(rows.attempt(attempt) for attempt in attempts[name]),
                    self._wall(),
                )
            )
        return found

    @contextlib.contextmanager
    def _reading(self, stop: Callable[[], bool] | None = None) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction of its own: what it reads is the journal at one moment. Interrupted once
        `stop`, also within a statement; it may be asked from time to time by SQLite."""
        try:
            db = self._idle.pop()
        except IndexError:
            db = self._connect(self._path)
        db.row_factory = sqlite3.Row
        # Not db.interrupt(): that is lost where it comes between two statements.
        db.set_progress_handler(stop, ASK_EVERY)
        try:
            db.execute("begin")
            yield db
            db.execute("commit")
        except (sqlite3.Error, Interrupted) as error:
            if isinstance(error, Interrupted) or is_interrupt(error):
                db.set_progress_handler(None, 0)
                db.rollback()
                self._idle.append(db)
                raise Interrupted from error
            db.close()
            raise JournalUnusable(judge_at(error, self._path), self._path) from error
        except BaseException:
            db.close()
            raise
        self._idle.append(db)


def as_list(names: Sequence[str]) -> str:
    """As a parameter for json_each."""
    return json.dumps(names)


def _conversations(
    db: sqlite3.Connection, names: list[str], *, deleted: bool = False
) -> tuple[StoredConversation, ...]:
    found: list[StoredConversation] = []
    for row in db.execute(_SQL["conversations"], {"names": as_list(names), "deleted": deleted}).fetchall():
        opening, turns = row["opening"], row["turns"]
        if row["branched_from"] is not None:
            line = db.execute(_SQL["opening_of_branch"], {"conversation": row["id"]}).fetchone()
            opening, turns = (line["opening"], line["turns"]) if line else (None, 0)
        found.append(rows.conversation(row, opening, turns))
    return tuple(found)
