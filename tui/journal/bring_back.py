"""What is written into a deleted conversation or turn brings it back, in the same transaction: else it would be where
nobody looks, and nobody would have been told."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from tui.journal.records import BeginReply, CutReply, EndReply, NewTurn, Record, ResumeReply
from tui.journal.sql import load
from tui.words import ConversationId, TurnId

_SQL = load("bring_back.sql")


@dataclass(frozen=True, slots=True)
class BroughtBack:
    """It was deleted, and is not any more."""

    conversation: ConversationId
    turn: TurnId | None = None
    """The turn that was deleted from it; None: the conversation was."""


def bring_back(db: sqlite3.Connection, record: Record) -> tuple[BroughtBack, ...]:
    """Take back what stands in the way of `record`, just written, being seen."""
    match record:
        case NewTurn(conversation=conversation):
            return _undo(db, conversation, None)
        case BeginReply(within=within, turn=turn) if within is not None:
            return _undo(db, within, turn)
        case ResumeReply(within=within, id=reply) if within is not None:
            return _undo(db, within, _turn_of(db, "turn_of", reply))
        case EndReply(within=within, reply=reply) | CutReply(within=within, reply=reply) if within is not None:
            # Of a reply without a word nothing is lost: what was deleted stays so.
            said = _turn_of(db, "turn_of_text", reply)
            return () if said is None else _undo(db, within, said)
        case _:
            return ()


def _turn_of(db: sqlite3.Connection, name: str, reply: str) -> TurnId | None:
    row: tuple[str] | None = db.execute(_SQL[name], {"reply": reply}).fetchone()
    return None if row is None else TurnId(row[0])


def _undo(db: sqlite3.Connection, conversation: ConversationId, turn: TurnId | None) -> tuple[BroughtBack, ...]:
    found: list[BroughtBack] = []
    if db.execute(_SQL["conversation"], {"conversation": conversation}).rowcount:
        found.append(BroughtBack(conversation))
    if turn is not None and db.execute(_SQL["turn"], {"conversation": conversation, "turn": turn}).rowcount:
        found.append(BroughtBack(conversation, turn))
    return tuple(found)
