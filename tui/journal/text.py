"""A reply's text as it lies in the file: what was put together, and the deltas after it."""

from __future__ import annotations

import sqlite3
import struct
from dataclasses import dataclass

from tui.journal.sql import load
from tui.words import ReplyId

_SQL = load("writes.sql")

RECENT = 1200
"""Code points before the end in which the places where deltas ended are kept: resuming looks back 600 at most."""


@dataclass(frozen=True, slots=True)
class Held:
    """Everything received of a reply, and what a resume wants to know about its end."""

    text: str
    through: int
    """The last delta in it; -1: none. Behind one that is lost nothing is in its place."""
    boundaries: tuple[int, ...]
    """Where deltas ended, code points, ascending: those in the last RECENT."""
    replay_id: str | None
    replay_offset: int
    broken: bool = False
    """A delta is lost that others followed."""


def held(db: sqlite3.Connection, reply: ReplyId) -> Held | None:
    """None: there is no such reply."""
    row: tuple[str, int, bytes, str | None, int] | None = db.execute(_SQL["whole"], {"reply": reply}).fetchone()
    if row is None:
        return None
    text, through, packed, replay_id, offset = row
    pieces = [text]
    length = len(text)
    ends = [length - distance for distance in struct.unpack(f"<{len(packed) // 2}H", packed)]
    found: tuple[int, str, int, str | None]
    broken = False
    for found in db.execute(_SQL["deltas"], {"reply": reply, "through": through}):
        broken = found[0] != through + 1
        if broken:
            break
        through, piece, offset, replay_id = found
        pieces.append(piece)
        length += len(piece)
        ends.append(length)
    recent = tuple(dict.fromkeys(end for end in ends if end > 0 and end >= length - RECENT))
    return Held("".join(pieces), through, recent, replay_id, offset, broken)


def compact(db: sqlite3.Connection, reply: ReplyId) -> None:
    """Put text and reasoning of a reply together: one row is read where thousands were."""
    whole = held(db, reply)
    if whole is None:
        return
    length = len(whole.text)
    distances = [length - end for end in whole.boundaries]
    parts = {
        "reply": reply,
        "text": whole.text,
        "through": whole.through,
        "boundaries": struct.pack(f"<{len(distances)}H", *distances),
        "replay_id": whole.replay_id,
        "replay_offset": whole.replay_offset,
    }
    db.execute(_SQL["compact_text"], parts)
    db.execute(_SQL["drop_all_deltas"], parts)
    if whole.broken:
        db.execute(_SQL["mark_damaged"], parts)
    thoughts: list[tuple[str, float]] = db.execute(_SQL["reasoning"], {"reply": reply}).fetchall()
    if len(thoughts) > 1:
        db.execute(_SQL["drop_reasoning"], {"reply": reply})
        text = "".join(text for text, _ in thoughts)
        db.execute(_SQL["compact_reasoning"], {"reply": reply, "text": text, "at": thoughts[0][1]})


def drop_behind(db: sqlite3.Connection, reply: ReplyId) -> None:
    """Where a delta is lost, those that followed it: what comes now takes their place."""
    whole = held(db, reply)
    if whole is not None and whole.broken:
        db.execute(_SQL["drop_behind"], {"reply": reply, "through": whole.through})
