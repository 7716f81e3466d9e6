"""Words of the index by themselves, so that what stands in the middle of one finds it, and what begins many is quick.

A piece of a word finds the words that hold it (by each three letters in a row), and they find the texts. It costs what
the vocabulary costs, which grows far more slowly than the texts: a word is taken in once, wherever it occurs.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from itertools import islice

from tui.journal.sql import load
from tui.journal.terms import SHORTEST_PIECE

SQL = load("search.sql")

SHORTEST, LONGEST = 4, 32
"""Letters of a word that is taken in. What is shorter is found by its beginning, what is longer is hardly a word."""

GRAM = SHORTEST_PIECE
"""Letters of a piece that finds words, at least."""

MOST_WORDS = 500_000
"""Words taken in: some 40 MB. English prose has 250,000 in 35 million (Heaps' law)."""

MOST_FOUND = 200
"""Words that a beginning may have to be asked for by their names."""

MOST_HOLDING = 100
"""Words with a piece in them that a search goes on with, those known longest: they are said most."""

_STEP = 60
"""Terms of the index looked through at a time: SQLite counts where each occurs, a millisecond each among a million
texts."""

_END = "\u2e80"
"""From here on the index holds pairs of characters: no words."""


def words_in(terms: str) -> set[str]:
    """Those of the terms, between spaces, that are taken in."""
    return {term for term in terms.split(" ") if SHORTEST <= len(term) <= LONGEST and term.isalpha()}


def grams(word: str) -> list[str]:
    """Each three letters in a row, once."""
    return list(dict.fromkeys(word[at : at + GRAM] for at in range(len(word) - GRAM + 1)))


def learn(db: sqlite3.Connection, words: Iterable[str]) -> None:
    """Take in those of `words` that are new, within the caller's transaction."""
    unknown = [row[0] for row in db.execute(SQL["unknown_words"], {"words": json.dumps(sorted(words))})]
    if not unknown:
        return
    last: int = db.execute(SQL["vocabulary_size"]).fetchone()[0]
    inner = has_inner(db)
    for number, word in enumerate(unknown[: max(MOST_WORDS - last, 0)], last + 1):
        db.execute(SQL["add_word"], {"id": number, "word": word})
        if inner:
            db.execute(SQL["add_grams"], {"id": number, "grams": " ".join(grams(word))})


def has_inner(db: sqlite3.Connection) -> bool:
    """Whether pieces can be looked for: not in an SQLite without FTS5."""
    return bool(db.execute(SQL["has_inner"]).fetchone()[0])


def is_learning(db: sqlite3.Connection) -> bool:
    """Whether words from before are still being taken in."""
    return db.execute(SQL["words_after"]).fetchone() is not None


def learn_old(db: sqlite3.Connection) -> bool:
    """Take in the next words that the index had before there was a vocabulary; whether there are more."""
    row: tuple[str] | None = db.execute(SQL["words_after"]).fetchone()
    if row is None:
        return False
    db.execute("create virtual table if not exists temp.search_terms using fts5vocab('main', 'search_words', 'row')")
    found = [term for (term,) in db.execute(SQL["next_words"], {"after": row[0], "end": _END, "limit": _STEP})]
    learn(db, words_in(" ".join(found)))
    if len(found) == _STEP:
        db.execute(SQL["words_upto"], {"after": found[-1]})
        return True
    db.execute(SQL["words_done"])
    return False


def beginning(db: sqlite3.Connection, start: str) -> list[str]:
    """The words that begin with `start`; none where there are too many to be of use."""
    asked = {"low": start, "high": start + "\U0010ffff", "limit": MOST_FOUND + 1}
    found = [word for (word,) in db.execute(SQL["words_beginning"], asked)]
    return found if len(found) <= MOST_FOUND else []


def holding(db: sqlite3.Connection, piece: str) -> list[str]:
    """Words with `piece` anywhere in them; one more than MOST_HOLDING where there are more."""
    if len(piece) < GRAM or not has_inner(db):
        return []
    match = " AND ".join(f'"{gram}"' for gram in grams(piece))
    found = db.execute(SQL["words_with"], {"match": match})
    return list(islice((word for (word,) in found if piece in word), MOST_HOLDING + 1))
