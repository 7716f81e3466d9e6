"""What proves a long text to be whole: a row that goes on over several pages can be led over wrong ones by damage."""

from __future__ import annotations

import sqlite3
import struct
import zlib

from tui.journal.sql import load

SQL = load("search.sql")

PART = 4096
"""Code points that have a sum together."""

LONG = 900
"""Code points from which on a text has sums: of four bytes each they fill a page."""

_STEP = 2000
"""Rows looked through at a time."""


def sums_of(text: str) -> bytes:
    parts = [zlib.crc32(text[at : at + PART].encode()) for at in range(0, len(text), PART)]
    return struct.pack(f"<{len(parts)}I", *parts)


def running(text: str, before: int = 0) -> int:
    """The sum of all that had `before`, and `text` behind it."""
    return zlib.crc32(text.encode(), before)


def proven(text: str, sums: bytes) -> int:
    """How many code points of `text`, from its beginning, are as they were."""
    told = struct.unpack(f"<{len(sums) // 4}I", sums[: len(sums) // 4 * 4])
    length = 0
    for number, wanted in enumerate(told):
        part = text[number * PART : (number + 1) * PART]
        if not part or zlib.crc32(part.encode()) != wanted:
            break
        length += len(part)
    return length


def put(db: sqlite3.Connection, thing: str, text: str) -> None:
    """Note what `thing` says now, within the caller's transaction."""
    if len(text) < LONG:
        db.execute(SQL["drop_sums"], {"thing": thing})
    else:
        db.execute(SQL["put_sums"], {"thing": thing, "parts": sums_of(text)})


def put_old(db: sqlite3.Connection) -> bool:
    """Note the next texts from before there were sums, the newest first; whether there are more."""
    left: tuple[int, int] = db.execute(SQL["sums_left"]).fetchone()
    now = [_older(db, name, upto) for name, upto in zip(("long_turns", "long_replies"), left, strict=True)]
    if tuple(now) != left:
        db.execute(SQL["sums_left_now"], {"turns": now[0], "replies": now[1]})
    return any(now)


def _older(db: sqlite3.Connection, name: str, upto: int) -> int:
    low = max(upto - _STEP, 0)
    if upto:
        for thing, text in db.execute(SQL[name], {"low": low, "upto": upto, "long": LONG}).fetchall():
            put(db, thing, text)
    return low
