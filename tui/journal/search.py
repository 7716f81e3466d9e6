"""Finds words in every prompt, every reply and every title that was given, the newest first; what the index does not
know yet is read as it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from tui.journal.folding import Folded
from tui.journal.index import SQL, has_index
from tui.journal.stored import StoredConversation
from tui.journal.terms import LONGEST_INDEXED, Part, Query, all_of, any_word, place, query
from tui.journal.text import held
from tui.journal.trouble import Interrupted
from tui.journal.vocabulary import MOST_HOLDING, beginning, holding, is_learning
from tui.words import ConversationId, ReplyId, TurnId

_PAGE = 50
"""Candidates that the index is asked for at a time."""

_MOST_READ = 2000
"""Texts that one search reads at most: where the index cannot tell, the newest ones alone are looked through."""

_NOT_YET = 200
"""Texts that are read because the index does not know them yet: replies being written or interrupted, new prompts."""

AROUND = 80
"""Code points of the line before and after a hit."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One prompt, reply or title in which all words occur. Outside text: not yet made safe."""

    conversation: ConversationId
    title: str
    turn: TurnId | None
    """None: in the title that the conversation was given."""
    reply: ReplyId | None
    """None: in the prompt, or the title."""
    start: int
    """Where the first word stands in the prompt, the reply or the title, code points."""
    end: int
    line: str
    """The line around it, cut to about AROUND on either side."""
    mark: tuple[int, int]
    """Where the first word stands in `line`."""
    at: float
    """When it was said, or the conversation last used: wall clock."""


@dataclass(frozen=True, slots=True)
class Found:
    hits: tuple[Hit, ...] = ()
    """The newest first; where not all fit, those in which the words stand by themselves are preferred."""
    more: bool = False
    """There may be more hits than these."""
    partly: bool = False
    """Not all texts that could hold it were looked through, however many hits are wanted: more letters tell more."""
    indexing: bool = False
    """Conversations from before are still being taken into the index: more may be found in a while."""


@dataclass(frozen=True, slots=True)
class _Place:
    thing: str
    turn: str | None
    start: int
    end: int
    text: str
    at: float


Conversations = Callable[[list[str]], tuple[StoredConversation, ...]]


def find(
    db: sqlite3.Connection, words: str, limit: int, conversations: Conversations, stop: Callable[[], bool]
) -> Found:
    """Where all of `words` occur, within the caller's transaction. `conversations` reads them by their ids. Interrupted
    once `stop`."""
    asked = query(words)
    if not asked.literals:
        return Found()
    hits: list[tuple[str, _Place]] = []
    read = 0
    fresh = {row[0] for row in db.execute(SQL["not_yet"], {"limit": _NOT_YET})}
    left_out: list[str] = []
    told_all = False
    for thing, turn, guessed in _candidates(db, asked, fresh, left_out):
        if stop():
            raise Interrupted
        read += 1
        if read > _MOST_READ:
            told_all = guessed and asked.known and not left_out
            break
        found = _look(db, thing, turn, asked)
        seen = found and _seen(db, found)
        if found and seen:
            hits.append((seen[0], found))
            if len(hits) >= limit:
                # At once: the next candidate may cost another look into the index.
                break
    titles = {known.id: known.title for known in conversations(list(dict.fromkeys(name for name, _ in hits)))}
    told = [_hit(ConversationId(name), titles.get(ConversationId(name), ""), found) for name, found in hits]
    told.sort(key=lambda hit: hit.at, reverse=True)
    enough = len(hits) >= limit
    partly = not enough and read > _MOST_READ and not told_all
    indexing = len(fresh) >= _NOT_YET or any(db.execute(SQL["left"]).fetchone()) or is_learning(db)
    return Found(tuple(told), enough or partly, partly, indexing)


def _candidates(
    db: sqlite3.Connection, asked: Query, fresh: Collection[str], left_out: list[str]
) -> Iterator[tuple[str, str | None, bool]]:
    """Texts that may hold it, each once: (turn, reply or conversation; turn where known; whether the index knows no
    reason why it should). `left_out` is told what too many words hold for all of them to be asked for."""
    yield from ((thing, None, False) for thing in sorted(fresh, reverse=True))
    told = set(fresh)
    asked_for: set[str] = set()
    for match, guessed in _matches(db, asked, left_out):
        if match in asked_for:
            continue
        asked_for.add(match)
        for thing, turn in _from_index(db, match):
            if thing not in told:
                told.add(thing)
                yield thing, turn, guessed


def _matches(db: sqlite3.Connection, asked: Query, left_out: list[str]) -> Iterator[tuple[str, bool]]:
    """What the index is asked for, one after the other. Of words that stand by themselves it knows the newest at once,
    in a journal of any size: so it is asked for those that begin so by their names, before it gathers all of them."""
    parts = asked.parts
    yield asked.whole, False
    known = [beginning(db, part.first) if part.alone and len(part.first) > LONGEST_INDEXED else [] for part in parts]
    if any(known):
        yield all_of(any_word(words) if words else part.begun for part, words in zip(parts, known, strict=True)), False
    yield asked.begun, False
    inner = [_holding(db, part) for part in parts]
    if any(inner):
        left_out += [words[-1] for words in inner if len(words) > MOST_HOLDING]
        yield all_of(_wider(part, words[:MOST_HOLDING]) for part, words in zip(parts, inner, strict=True)), False
    # What the index cannot tell, a piece of two letters or of a word with digits, the newest texts themselves may.
    yield all_of("" if part.open_start else part.begun for part in parts), True


def _holding(db: sqlite3.Connection, part: Part) -> list[str]:
    """Words that its first word is a piece of, or where more stands behind it, the end."""
    found = holding(db, part.first)
    return found if part.alone else [word for word in found if word.endswith(part.first)]


def _wider(part: Part, words: list[str]) -> str:
    if not words or not part.begun:
        return part.begun
    return f"({part.begun}) OR ({all_of((any_word(words), part.rest))})"


def _from_index(db: sqlite3.Connection, match: str) -> Iterator[tuple[str, str | None]]:
    """The newest first; all texts where the index cannot tell."""
    name = "matching" if match and has_index(db) else "newest"
    before = 1 << 62
    while True:
        page = db.execute(SQL[name], {"match": match, "before": before, "limit": _PAGE}).fetchall()
        yield from ((thing, turn) for _, thing, turn in page)
        if len(page) < _PAGE:
            return
        before = page[-1][0]


def _look(db: sqlite3.Connection, thing: str, turn: str | None, asked: Query) -> _Place | None:
    """Where in the text it is; None: it is not."""
    kinds = (_prompt, _reply, _title) if turn in (None, thing) else (_reply,)
    found = next((said for kind in kinds if (said := kind(db, thing))), None)
    if found is None:
        return None
    turn, text, at = found
    where = place(Folded(text), asked)
    return None if where is None else _Place(thing, turn, *where, text, at)


_Said = tuple[str | None, str, float]
"""The turn, the text, and when."""


def _prompt(db: sqlite3.Connection, thing: str) -> _Said | None:
    row = db.execute(SQL["turn_text"], {"thing": thing}).fetchone()
    return (row[0], row[1], row[2]) if row else None


def _reply(db: sqlite3.Connection, thing: str) -> _Said | None:
    row = db.execute(SQL["reply_text"], {"thing": thing}).fetchone()
    if row is None:
        return None
    turn, text, at, growing = row
    whole = held(db, ReplyId(thing)) if growing else None
    return turn, whole.text if whole else text, at


def _title(db: sqlite3.Connection, thing: str) -> _Said | None:
    row = db.execute(SQL["title_text"], {"thing": thing}).fetchone()
    return (None, row[0], row[1]) if row else None


def _seen(db: sqlite3.Connection, found: _Place) -> tuple[str] | None:
    """In which conversation; None: in none any more."""
    if found.turn is None:
        row = db.execute(SQL["title_seen"], {"thing": found.thing}).fetchone()
    else:
        row = db.execute(SQL["where_seen"], {"turn": found.turn}).fetchone()
    return (row[0],) if row else None


def _hit(conversation: ConversationId, title: str, found: _Place) -> Hit:
    text, start, end = found.text, found.start, found.end
    begins = max(text.rfind("\n", 0, start) + 1, start - AROUND)
    newline = text.find("\n", start)
    ends = min(len(text) if newline < 0 else newline, max(end, start) + AROUND)
    line = text[begins:ends]
    mark = start - begins, min(end, ends) - begins
    turn = None if found.turn is None else TurnId(found.turn)
    reply = None if found.turn is None or found.thing == found.turn else ReplyId(found.thing)
    return Hit(conversation, title, turn, reply, start, end, line, mark, found.at)
