"""What brings any older journal to today's shape: functions in order; `user_version` says how many have run.

The tuple only grows, and what has landed never changes: a journal out there has run it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from tui.journal.index import create, create_inner, start_again
from tui.journal.sql import load, statements

_SCHEMA = load("schema.sql")


def m1_first(db: sqlite3.Connection) -> None:
    """Conversations, turns, replies, deltas, attempts, seams, usage, and who writes."""
    for statement in statements(_SCHEMA["m1_first"]):
        db.execute(statement)


def m2_versions(db: sqlite3.Connection) -> None:
    """Which reply is shown, which turns were deleted where, and what a conversation's prompts ask."""
    for statement in statements(_SCHEMA["m2_versions"]):
        db.execute(statement)


def m3_search(db: sqlite3.Connection) -> None:
    """The full-text index; what is there already is taken in later, in steps (index.py)."""
    for statement in statements(_SCHEMA["m3_search"]):
        db.execute(statement)
    create(db, "search_index")


def m4_rungs(db: sqlite3.Connection) -> None:
    """What was learned about a rung, and since when: it is not held against it for ever."""
    for statement in statements(_SCHEMA["m4_rungs"]):
        db.execute(statement)


def m5_streams(db: sqlite3.Connection) -> None:
    """Who keeps the streams of its answers."""
    for statement in statements(_SCHEMA["m5_streams"]):
        db.execute(statement)


def m6_titles_and_beginnings(db: sqlite3.Connection) -> None:
    """The full-text index once more: with titles, and with beginnings of words as long as most are typed."""
    for statement in statements(_SCHEMA["m6_titles_and_beginnings"]):
        db.execute(statement)
    start_again(db)


def m7_phases(db: sqlite3.Connection) -> None:
    """How long the connection of an attempt took: look-up, connect, handshake."""
    for statement in statements(_SCHEMA["m7_phases"]):
        db.execute(statement)


def m8_vocabulary_and_sums(db: sqlite3.Connection) -> None:
    """Words by themselves, so that a piece out of the middle of one is found, and what proves long texts to be whole.
    What is there already is taken in later, in steps (index.py): a large journal opens as quickly as a small one."""
    for statement in statements(_SCHEMA["m8_vocabulary_and_sums"]):
        db.execute(statement)
    create_inner(db)


def m9_running_sums(db: sqlite3.Connection) -> None:
    """What proves a delta to be the next one."""
    for statement in statements(_SCHEMA["m9_running_sums"]):
        db.execute(statement)


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    m1_first,
    m2_versions,
    m3_search,
    m4_rungs,
    m5_streams,
    m6_titles_and_beginnings,
    m7_phases,
    m8_vocabulary_and_sums,
    m9_running_sums,
)


def migrate(db: sqlite3.Connection) -> None:
    """Run what has not run yet, all or nothing. Another process that does the same at the same time waits."""
    if _version(db) == len(MIGRATIONS):
        return
    db.execute("begin immediate")
    try:
        for migration in MIGRATIONS[_version(db) :]:
            migration(db)
        db.execute(f"pragma user_version = {len(MIGRATIONS)}")
        db.execute(f"pragma application_id = {APPLICATION_ID}")
        db.execute("commit")
    except BaseException:
        if db.in_transaction:
            db.execute("rollback")
        raise


APPLICATION_ID = 0x756E6272
"""In the file's header: tells our journal from any other SQLite file ("unbr")."""


def _version(db: sqlite3.Connection) -> int:
    version: int = db.execute("pragma user_version").fetchone()[0]
    return version
