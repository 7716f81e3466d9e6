"""The journal as one who follows other processes reads it: what is being written, and only what is new of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from tui.journal import rows
from tui.journal.owner import Owner
from tui.journal.sql import load
from tui.journal.store import Journal, as_list
from tui.journal.stored import StoredAttempt, StoredReply, StoredState, StoredTurn
from tui.words import ConversationId, ReplyId, SeamMark, TurnId

_SQL = load("live.sql")


@dataclass(frozen=True, slots=True)
class OpenReply:
    """A reply without an end: somebody is writing it, or whoever did is gone."""

    reply: ReplyId
    turn: TurnId
    conversation: ConversationId
    provider: str
    model: str
    started: float
    next_seq: int
    state: StoredState
    """streaming or interrupted."""
    owner: Owner | None
    """None: the file no longer knows it."""


@dataclass(frozen=True, slots=True)
class Tail:
    """What came of a reply since it was last looked at."""

    reply: ReplyId
    pieces: tuple[str, ...]
    next_seq: int
    last_text: float | None
    seams: tuple[SeamMark, ...]
    attempt: StoredAttempt | None
    """The newest."""
    reasoning: str
    """All of it, where there is no text yet."""
    replay: tuple[str, int] | None = None
    """The stream that the last of the pieces came from, where its server keeps it, and how far it was read."""


class Mark(NamedTuple):
    """How a reply stands, without what it says."""

    reply: ReplyId
    state: str
    owner: str | None
    ended: float | None
    note: str
    chosen: int | None = None
    """1: by the user."""


class Shape(NamedTuple):
    """Of a conversation."""

    updated: float
    turns: int
    dropped: int
    deleted: bool


class LiveJournal(Journal):
    """For one reader at a time. Every method may raise JournalUnusable."""

    _version: tuple[int, int] | None = None

    def changed(self) -> bool:
        """Whether anything was written since this was last asked; true at first. Costs next to nothing."""
        with self._reading() as db:
            version = id(db), int(db.execute("pragma data_version").fetchone()[0])
        before, self._version = self._version, version
        return before != version

    def open_replies(self, even: ConversationId | None = None) -> tuple[OpenReply, ...]:
        """In all conversations, the newest first; not in those deleted, but for `even`."""
        with self._reading() as db:
            found = db.execute(_SQL["open_replies"], {"even": even}).fetchall()
        return tuple(
            OpenReply(
                ReplyId(row["id"]),
                TurnId(row["turn"]),
                ConversationId(row["conversation"]),
                row["provider"],
                row["model"],
                row["started"],
                row["next_seq"],
                rows.state_now(row, self._wall()),
                None if row["pid"] is None else Owner(row["owner_id"], row["pid"], row["machine"], row["born"]),
            )
            for row in found
        )

    def unsent(self, conversation: ConversationId) -> tuple[TurnId, ...]:
        """Its own turns that have no reply, in order."""
        with self._reading() as db:
            found = db.execute(_SQL["unsent"], {"conversation": conversation}).fetchall()
        return tuple(TurnId(row["id"]) for row in found)

    def shape(self, conversation: ConversationId) -> Shape | None:
        """Changes whenever a turn or a reply begins in it, or a turn is deleted, or the conversation itself; None: it
        is not there."""
        with self._reading() as db:
            row = db.execute(_SQL["shape"], {"conversation": conversation}).fetchone()
        return None if row is None else Shape(row["updated"], row["turns"], row["dropped"], bool(row["deleted"]))

    def dropped(self, conversation: ConversationId) -> frozenset[TurnId]:
        """The turns that are deleted from it."""
        with self._reading() as db:
            found = db.execute(_SQL["dropped"], {"conversation": conversation}).fetchall()
        return frozenset(TurnId(row["turn"]) for row in found)

    def marks(self, conversation: ConversationId) -> dict[TurnId, tuple[Mark, ...]]:
        """Its turns in order, each with what changes when a reply of it begins or ends."""
        found: dict[TurnId, tuple[Mark, ...]] = {}
        with self._reading() as db:
            for row in db.execute(_SQL["marks"], {"conversation": conversation}):
                before = found.setdefault(TurnId(row["id"]), ())
                if row["reply"] is not None:
                    mark = Mark(
                        ReplyId(row["reply"]), row["state"], row["owner"], row["ended"], row["note"], row["chosen"]
                    )
                    found[TurnId(row["id"])] = (*before, mark)
        return found

    def named_turns(self, conversation: ConversationId, turns: Iterable[TurnId]) -> tuple[StoredTurn, ...]:
        """These turns of `conversation`, whole."""
        names = as_list([*turns])
        with self._reading() as db:
            found = db.execute(_SQL["named_turns"], {"names": names, "conversation": conversation}).fetchall()
            replies: defaultdict[str, list[StoredReply]] = defaultdict(list)
            for reply in self._replies_of(db, names):
                replies[reply.turn].append(reply)
        return tuple(rows.turn(row, tuple(replies[row["id"]])) for row in found)

    def tail(self, reply: ReplyId, next_seq: int) -> Tail:
        """What `reply` has from delta `next_seq` on."""
        with self._reading() as db:
            rows_there = db.execute(_SQL["new_deltas"], {"reply": reply, "next": next_seq}).fetchall()
            # Behind one that is lost nothing is in its place.
            found = [row for place, row in enumerate(rows_there, next_seq) if row["seq"] == place]
            seams = tuple(rows.seam(row) for row in db.execute(self.SQL["seams"], {"names": as_list([reply])}))
            newest = db.execute(_SQL["newest_attempt"], {"reply": reply}).fetchone()
            thoughts = [] if found or next_seq else db.execute(_SQL["reasoning_of"], {"reply": reply}).fetchall()
        last = found[-1] if found else None
        return Tail(
            reply,
            tuple(row["text"] for row in found),
            last["seq"] + 1 if last is not None else next_seq,
            last["at"] if last is not None else None,
            seams,
            None if newest is None else rows.attempt(newest),
            "".join(row["text"] for row in thoughts),
            (last["replay_id"], last["offset"]) if last is not None and last["replay_id"] else None,
        )
