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
    DropReasoning,
    EndAttempt,
    EndReply,
    Record,
    ResumeReply,
    SetUsage,
)
from tui.journal.sql import load
from tui.words import ReplyId

_SQL = load("leases.sql")

_PARTS = AddText | AddReasoning | DropReasoning | BeginAttempt | EndAttempt | AddSeam | SetUsage | EndReply
"""What only the owner of a reply may write."""


def ours(
    db: sqlite3.Connection,
    batch: Sequence[Record],
    owner: Owner,
    held: Collection[ReplyId],
    lost: Collection[ReplyId],
    now: float,
) -> tuple[list[bool], frozenset[ReplyId]]:
    """For each record of `batch` whether `owner` may write it, and the replies that are lost to others after it.

    `held`: those that it began and has not ended. A process that was suspended for long, or whose disk was away, may
    come back to one that somebody else has gone on with meanwhile.
    """
    gone = {*lost, *(reply for reply in held if not _belongs(db, reply, owner))}
    kept: list[bool] = []
    for record in batch:
        match record:
            case ResumeReply(id=reply):
                free = _is_free(db, record, owner, now)
                gone = gone - {reply} if free else gone | {reply}
                kept.append(free)
            case _ if isinstance(record, _PARTS):
                kept.append(record.reply not in gone)
            case _:
                kept.append(True)
    return kept, frozenset(gone)


def _belongs(db: sqlite3.Connection, reply: ReplyId, owner: Owner) -> bool:
    row: tuple[str | None] | None = db.execute(_SQL["owner"], {"reply": reply}).fetchone()
    return row is None or row[0] == owner.id


def _is_free(db: sqlite3.Connection, record: ResumeReply, owner: Owner, now: float) -> bool:
    """Whether the reply stands where the one who resumes it believes, and nobody who lives is writing it."""
    row = db.execute(_SQL["standing"], {"reply": record.id}).fetchone()
    if row is None:
        return True  # writing it will say what is wrong
    whole, next_seq, holder, pid, machine, born, heartbeat, closed = row
    if holder == owner.id:
        return True
    if record.next_seq is not None and (next_seq != record.next_seq or whole):
        return False
    if holder is None or pid is None or closed is not None:
        return True
    return not is_alive(Owner(holder, pid, machine, born), heartbeat, now)
