"""Pieces out of the middle of a word, and long beginnings: found by the words that the index knows."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fixtures_journal import START, Talk
from hypothesis import given
from hypothesis import strategies as st

from tui.cli.main import run
from tui.journal import search, vocabulary
from tui.journal.connect import open_file
from tui.journal.folding import Folded, fold
from tui.journal.index import begin_anew, is_behind, take_in
from tui.journal.migrations import APPLICATION_ID, MIGRATIONS
from tui.journal.records import EndReply
from tui.journal.search import find
from tui.journal.store import Journal
from tui.journal.sums import PART, proven, sums_of
from tui.journal.writer import Writer
from tui.say import Language, phrases

SCHEMAS = Path(__file__).parent / "schemas"

KNOWN = 8
"""Since this version words and sums are noted when a text comes."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    writer = Writer(path)
    yield writer
    writer.close(30)


def indexed(path: Path) -> None:
    with closing(open_file(path)) as db:
        while take_in(db):
            pass
        assert not is_behind(db)


def hits(path: Path, words: str) -> list[str]:
    """What is found, marked."""
    with Journal.open(path) as journal:
        found = journal.search(words).hits
    return [f"{hit.line[: hit.mark[0]]}[{hit.line[slice(*hit.mark)]}]{hit.line[hit.mark[1] :]}" for hit in found]


def said(writer: Writer, *texts: str) -> None:
    for number, text in enumerate(texts):
        talk = Talk(writer, text, at=START + number).begin()
        writer.put(EndReply(talk.reply, "done", START + number))
    assert writer.close(30)


def test_a_piece_from_the_middle_of_a_word_is_found(path: Path, writer: Writer) -> None:
    said(writer, "an unbroken chat", "no such word", "Größenwahn and Unbroken2go")
    indexed(path)
    assert hits(path, "brok") == ["Größenwahn and Un[brok]en2go", "an un[brok]en chat"]
    assert hits(path, "ROKE") == ["Größenwahn and Unb[roke]n2go", "an unb[roke]n chat"]
    assert hits(path, "ößen") == ["Gr[ößen]wahn and Unbroken2go"]
    assert hits(path, "brok chat") == ["an un[brok]en chat"]
    assert hits(path, "brok wahn") == ["Größenwahn and Un[brok]en2go"]
    assert hits(path, "chat wahn") == []
    assert hits(path, "rokx") == []


def test_what_is_not_in_the_index_yet_is_found_by_its_middle_too(path: Path, writer: Writer) -> None:
    said(writer, "an unbroken chat")
    with closing(open_file(path)) as db:
        db.execute("insert or ignore into search_todo select thing from search_docs")
        begin_anew(db)
    assert hits(path, "brok") == [] or hits(path, "brok") == ["an un[brok]en chat"]
    indexed(path)
    assert hits(path, "brok") == ["an un[brok]en chat"]


@pytest.mark.parametrize("version", range(1, KNOWN))
def test_words_and_sums_of_older_journals_are_taken_in_by_steps(path: Path, version: int) -> None:
    long = "unbreakable " * 200
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.executescript((SCHEMAS / f"v{version}.sql").read_text(encoding="utf-8"))
        old.execute(f"pragma user_version = {version}")
        old.execute(f"pragma application_id = {APPLICATION_ID}")
        old.execute(
            "insert into conversations (id, provider, model, created, updated, system) values ('c', 'p', 'm', 1, 1, '')"
        )
        for number in range(2500):
            text = long if number == 7 else f"{chr(97 + number % 26)}unbroken"
            row = (f"t{number}", number, text)
            old.execute("insert into turns (id, conversation, position, created, prompt) values (?, 'c', ?, 1, ?)", row)
            if version > 5:
                old.execute("insert into search_docs values (?, ?, ?)", (number + 1, f"t{number}", f"t{number}"))
                old.execute("insert into search_words (rowid, words, parts) values (?, ?, '')", (number + 1, text))
        if version > 2:
            old.execute("insert into search_backfill values (?, 0)", (0 if version > 5 else 2500,))
    with Journal.open(path) as journal:
        assert journal.search("nbroke").indexing
    steps = 0
    with closing(open_file(path)) as db:
        while take_in(db):
            steps += 1
        assert not is_behind(db)
        assert db.execute("select thing from sums").fetchall() == [("t7",)]
        assert db.execute("select count(*) from search_vocabulary").fetchone() == (27,)
    assert steps > 0
    assert len(hits(path, "nbroke")) == 50
    assert len(hits(path, "eakab")) == 1


def test_the_vocabulary_has_an_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "MOST_WORDS", 3)
    with closing(open_file(path)) as db:
        vocabulary.learn(db, {"alpha", "beta", "gamma", "delta"})
        vocabulary.learn(db, {"epsilon"})
        assert db.execute("select word from search_vocabulary order by word").fetchall() == [
            ("alpha",),
            ("beta",),
            ("delta",),
        ]


@given(
    st.sets(st.text("abcé", min_size=4, max_size=9), min_size=1, max_size=30), st.text("abcé", min_size=3, max_size=5)
)
def test_every_word_that_holds_a_piece_is_known(words: set[str], piece: str) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        for migration in MIGRATIONS:
            migration(db)
        vocabulary.learn(db, words)
        assert set(vocabulary.holding(db, piece)) == {word for word in words if piece in word}
        assert set(vocabulary.beginning(db, piece)) == {word for word in words if word.startswith(piece)}


def test_what_is_too_much_to_name_is_gathered(path: Path, writer: Writer) -> None:
    words = [f"prefix{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(vocabulary.MOST_FOUND + 20)]
    said(writer, " ".join(words), "prefixes")
    indexed(path)
    with closing(open_file(path)) as db:
        assert vocabulary.beginning(db, "prefix") == []
    assert len(hits(path, "prefix")) == 2


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("here", [True, False])
def test_where_too_many_words_hold_a_piece_it_is_said(
    path: Path,
    writer: Writer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    language: Language,
    here: bool,
) -> None:
    """Those known longest are asked for; of the others a text is found by its words alone, or among the newest."""
    monkeypatch.setattr(search, "_MOST_READ", 1)
    words = [f"x{chr(97 + n // 26)}{chr(97 + n % 26)}iddle" for n in range(vocabulary.MOST_HOLDING)]
    with closing(open_file(path)) as db:
        vocabulary.learn(db, words)
    said(writer, " ".join(words[:3]) if here else "nothing", "a griddle", "the newest")
    indexed(path)
    with Journal.open(path) as journal:
        found = journal.search("iddle")
        assert [hit.line for hit in found.hits] == ([" ".join(words[:3])] if here else [])
        assert (found.more, found.partly) == (True, True)
        assert not journal.search("riddle").partly
        assert len(journal.search("riddle").hits) == 1
    monkeypatch.setenv("UNBROKEN_DATA_DIR", str(path.parent))
    monkeypatch.setenv("LC_ALL", {"en": "C.UTF-8", "ja": "ja_JP.UTF-8"}[language])
    assert run(["history", "search", "iddle"]) == (0 if here else 1)
    told = capsys.readouterr().err
    assert phrases(language, "history")["partly"] in told
    assert "-n" not in told


def test_when_there_are_hits_enough_the_index_is_not_asked_again(path: Path, writer: Writer) -> None:
    said(writer, *("an unbroken chat" for _ in range(60)))
    indexed(path)
    asked: list[str] = []

    def connect(name: Path) -> sqlite3.Connection:
        db = open_file(name)
        db.set_trace_callback(asked.append)
        return db

    with closing(Journal(path, connect, time.time)) as journal:
        assert len(journal.search("unbroken", 50).hits) == 50
    assert sum("from search_words w" in statement for statement in asked) == 1


@given(st.text(max_size=50), st.integers(0, 4), st.integers(0, 3 * PART))
def test_sums_prove_the_parts_that_are_as_they_were(seed: str, times: int, at: int) -> None:
    text = (seed or "x") * (times * PART // max(len(seed), 1) + 1)
    sums = sums_of(text)
    assert proven(text, sums) == len(text)
    if at < len(text):
        other = text[:at] + chr(ord("a") + (text[at] == "a")) + text[at + 1 :]
        assert proven(other, sums) == at // PART * PART
        assert proven(text[:at], sums) == at // PART * PART


TYPED = "for autumn colours\n  return parse(x): foo_bar_3 日本の四季 each Unbroken2go getUserName"


@pytest.mark.parametrize(
    "sought",
    [
        *(
            "autumn colours",
            "return parse",
            "四季 each",
            "(x): foo",
            "arse(x",
            "oo_bar_3",
            "utumn colours",
            "nbroken2go",
        ),
        *("本の四季 each", "serName", "e"),
    ],
)
def test_what_is_typed_is_found_at_every_letter(path: Path, writer: Writer, sought: str) -> None:
    said(writer, TYPED, "nothing of the kind")
    indexed(path)
    with Journal.open(path) as journal:
        missed = [sought[:end] for end in range(1, len(sought) + 1) if not journal.search(sought[:end]).hits]
    assert missed == []


PIECES = st.sampled_from(
    ["a", "b2", "autumn", "Col", "getName", "春", "四季", "日本", "が", "_", "(", " ", "é", "ﾊﾟ", "\n"]
)


@given(st.lists(PIECES, min_size=1, max_size=12).map("".join), st.data())
def test_a_letter_more_of_what_stands_there_never_loses_it(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    sought = text[start : data.draw(st.integers(start + 1, len(text)))]
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.row_factory = sqlite3.Row
        for migration in MIGRATIONS:
            migration(db)
        db.execute(
            "insert into conversations (id, provider, model, created, updated, system) values ('c','p','m',1,1,'')"
        )
        db.execute(
            "insert into turns (id, conversation, position, created, prompt) values ('t', 'c', 0, 1, ?)", (text,)
        )
        db.execute("insert or ignore into search_todo values ('t')")
        while take_in(db):
            pass
        assert not is_behind(db)
        for end in range(1, len(sought) + 1):
            literals = fold(sought[:end]).split()
            if literals and all(literal in Folded(text).text for literal in literals):
                assert find(db, sought[:end], 50, lambda _: (), lambda: False).hits, sought[:end]
