"""Fills the full-text index in small steps, beside the writing of replies: what is new first, then what was before it.

Used by the writer's thread; what the index does not know yet is read as it is by search.py.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from tui.journal.sql import load
from tui.journal.sums import put, put_old
from tui.journal.terms import terms
from tui.journal.text import held
from tui.journal.vocabulary import learn, learn_old, words_in
from tui.words import ReplyId

SQL = load("search.sql")

STEP = 48_000
"""Code points taken in at a time: some 20 ms of work, between which other threads and other windows have their turn."""

_MOST = 200
"""Texts looked at in a step."""

_MIDDLE = 1 << 40
"""The number of the first text: newer ones count up from it, those found later that are older count down."""


NEWEST = "search_index_2"
"""What the index is like today, in schema.sql."""


@dataclass(frozen=True, slots=True)
class _Text:
    thing: str
    turn: str | None
    text: str


def has_index(db: sqlite3.Connection) -> bool:
    """Whether there is one: an SQLite without FTS5 has none."""
    return bool(db.execute(SQL["has_index"]).fetchone()[0])


def is_behind(db: sqlite3.Connection) -> bool:
    """Whether there is something that the index does not know yet."""
    return bool(db.execute(SQL["behind"]).fetchone()[0])


def take_in(db: sqlite3.Connection, budget: int = STEP, most: int = _MOST) -> bool:
    """Take the next texts into the index, in a transaction of its own; whether there are more. `most`: texts."""
    db.execute("begin immediate")
    try:
        if not has_index(db):
            _make_up(db)
        more = _take_new(db, budget, most) or _take_old(db, budget, most) or _take_words(db) or put_old(db)
        db.execute("commit")
    except BaseException:
        if db.in_transaction:
            db.execute("rollback")
        raise
    return more


def start_again(db: sqlite3.Connection) -> None:
    """Throw the index away and begin it anew, within the caller's transaction; `take_in` fills it."""
    for statement in ("drop table if exists search_words", "delete from search_docs", "delete from search_todo"):
        db.execute(statement)
    create(db)
    for name in ("start_again", "all_titles"):
        db.execute(SQL[name])


def begin_anew(db: sqlite3.Connection) -> None:
    """As start_again, and the words by themselves too."""
    start_again(db)
    for statement in ("drop table if exists search_inner", "delete from search_vocabulary"):
        db.execute(statement)
    create_inner(db)
    # All texts are taken in again, and with them their words.
    for name in ("words_done", "sums_again"):
        db.execute(SQL[name])


def _take_words(db: sqlite3.Connection) -> bool:
    """Those that the index had before; whether there are more."""
    if has_index(db):
        return learn_old(db)
    db.execute(SQL["words_done"])
    return False


def _make_up(db: sqlite3.Connection) -> None:
    """There was no FTS5 before: where there is by now, all is taken in again."""
    create(db)
    if has_index(db):
        begin_anew(db)


def create_inner(db: sqlite3.Connection) -> None:
    """The pieces of words, none yet."""
    create(db, "search_inner")


def create(db: sqlite3.Connection, name: str = NEWEST) -> None:
    """The index, empty, as schema.sql has it by `name`; none where SQLite has no FTS5: then it is
    only noted which texts there are, and a search looks through the newest of them."""
    try:
        db.execute(load("schema.sql")[name])
    except sqlite3.OperationalError as error:
        if "no such module" not in str(error):
            raise


def _take_new(db: sqlite3.Connection, budget: int, most: int) -> bool:
    """True: there is more to take in, of whatever kind."""
    rows = db.execute(SQL["todo"], {"limit": most}).fetchall()
    if not rows:
        db.execute(SQL["strays"])
        return False
    found: list[_Text] = []
    for thing, turn, text, is_reply in rows:
        found.append(_Text(thing, turn, _whole(db, thing, text) if is_reply else text))
        db.execute(SQL["done"], {"thing": thing})
        db.execute(SQL["forget"], {"thing": thing})
        budget -= len(found[-1].text)
        if budget <= 0:
            break
    _add(db, found, _ends(db)[1] + 1)
    return is_behind(db)


def _take_old(db: sqlite3.Connection, budget: int, most: int) -> bool:
    turns, replies = db.execute(SQL["left"]).fetchone()
    if not turns and not replies:
        return False
    # Side by side, by their share of what is left, so that what is newest of both comes first.
    share = turns / (turns + replies)
    of_turns, turns = _older(db, "older_turns", turns, round(most * share) or bool(turns), round(budget * share))
    many = most - round(most * share) or bool(replies)
    of_replies, replies = _older(db, "older_replies", replies, many, round(budget * (1 - share)))
    found = sorted((*of_turns, *of_replies), key=lambda text: text.thing)
    _add(db, found, _ends(db)[0] - len(found))
    db.execute(SQL["left_now"], {"turns": turns, "replies": replies})
    return is_behind(db)


def _older(db: sqlite3.Connection, name: str, upto: int, limit: int, budget: int) -> tuple[list[_Text], int]:
    """The next texts, and up to which row they are still to be taken in."""
    found: list[_Text] = []
    if not upto:
        return found, 0
    for row, thing, turn, text, is_reply in db.execute(SQL[name], {"upto": upto, "limit": limit}).fetchall():
        upto = row - 1
        if db.execute(SQL["known"], {"thing": thing}).fetchone() is None:
            found.append(_Text(thing, turn, _whole(db, thing, text) if is_reply else text))
            budget -= len(found[-1].text)
        if budget <= 0:
            return found, upto
    return found, upto if found or upto else 0


def _whole(db: sqlite3.Connection, reply: str, text: str) -> str:
    """What is held of a reply, also where it was never put together."""
    whole = held(db, ReplyId(reply))
    return whole.text if whole else text


def _ends(db: sqlite3.Connection) -> tuple[int, int]:
    first, last = db.execute(SQL["ends"], {"middle": _MIDDLE}).fetchone()
    return first, last


def _add(db: sqlite3.Connection, found: list[_Text], number: int) -> None:
    indexed = has_index(db)
    words: set[str] = set()
    for number, text in enumerate(found, number):  # noqa: B020  counts on from it
        named: Mapping[str, str | int | None] = {"id": number, "thing": text.thing, "turn": text.turn}
        db.execute(SQL["add_doc"], named)
        put(db, text.thing, text.text)
        if indexed:
            split = terms(text.text)
            db.execute(SQL["add_words"], {"id": number, "words": split.words, "parts": split.parts})
            words |= words_in(split.words)
    learn(db, words)
