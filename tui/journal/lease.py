"""Who may write a reply: decided inside the writer's transaction, so that of two processes that want it one has it.

A reply belongs to the process that began or resumed it, until it ends or that process is gone (owner.py).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence

from tui.journal.owner import Owner, is_alive
from tui.journal.records import (
    AddReasoning,
    AddSeam,
    AddText,
    BeginAttempt,
    BeginReply,
    CutReply,
    DropReasoning,
    EndAttempt,
    EndReply,
    Record,
    ResumeReply,
    SetUsage,
)
from tui.journal.sql import load
from tui.journal.text import held
from tui.words import ReplyId

_SQL = load("leases.sql")

_PARTS = AddText | AddReasoning | DropReasoning | BeginAttempt | EndAttempt | AddSeam | SetUsage | EndReply | CutReply
"""What only the owner of a reply may write."""


def ours(
    db: sqlite3.Connection,
    batch: Sequence[Record],
    owner: Owner,
    begun_before: Collection[ReplyId],
    lost: Collection[ReplyId],
    now: float,
) -> tuple[list[bool], frozenset[ReplyId]]:
    """For each record of `batch` whether `owner` may write it, and the replies that are lost to others after it.

    `begun_before`: those that it began and has not ended. A process that was suspended for long, or whose disk was
    away, may come back to one that somebody else has gone on with meanwhile.
    """
    gone = {*lost, *(reply for reply in begun_before if _owner(db, reply) != owner.id)}
    begun = set[ReplyId]()
    kept: list[bool] = []
    for record in batch:
        match record:
            case ResumeReply(id=reply):
                free = _is_free(db, reply, record.next_seq, owner, now)
                begun.add(reply)
                gone = gone - {reply} if free else gone | {reply}
                kept.append(free)
            case BeginReply(id=reply):
                begun.add(reply)
                free = not (record.first and _is_answered(db, record))
                gone = gone if free else gone | {reply}
                kept.append(free)
            case EndReply(reply=reply) if reply not in begun_before and reply not in begun and reply not in gone:
                # Somebody else's: where it was interrupted, and nobody has ended it since.
                free = _owner(db, reply) is not None and _is_free(db, reply, None, owner, now)
                gone = gone if free else gone | {reply}
                kept.append(free)
            case _ if isinstance(record, _PARTS):
                kept.append(record.reply not in gone)
            case _:
                kept.append(True)
    return kept, frozenset(gone)


def _owner(db: sqlite3.Connection, reply: ReplyId) -> str | None:
    row: tuple[str | None] | None = db.execute(_SQL["owner"], {"reply": reply}).fetchone()
    return row[0] if row is not None else None


def _is_answered(db: sqlite3.Connection, record: BeginReply) -> bool:
    """Whether the turn has another reply; its own may stand there already, of a batch that is written again."""
    (found,) = db.execute(_SQL["answered"], {"turn": record.turn, "reply": record.id}).fetchone()
    return bool(found)


def _is_free(db: sqlite3.Connection, reply: ReplyId, next_seq: int | None, owner: Owner, now: float) -> bool:
    """Whether `reply` stands where the one who resumes it believes (`next_seq`: of the next delta), and nobody who
    lives is writing it."""
    row = db.execute(_SQL["standing"], {"reply": reply}).fetchone()
    if row is None:
        return True  # writing it will say what is wrong
    whole, holder, pid, machine, born, heartbeat, closed = row
    if holder == owner.id:
        return True
    if next_seq is not None:
        there = held(db, reply)
        if whole or (there is not None and there.through + 1 != next_seq):
            return False
    if holder is None or pid is None or closed is not None:
        return True
    return not is_alive(Owner(holder, pid, machine, born), heartbeat, now)
