"""An SQLite without FTS5: the newest texts are looked through, and an index is made where one can be made later."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from fixtures_journal import START, Talk

from tui.journal import connect
from tui.journal.connect import open_file
from tui.journal.index import has_index, is_behind, take_in
from tui.journal.records import EndReply, RenameConversation
from tui.journal.search import Found
from tui.journal.store import Journal
from tui.journal.writer import Writer


class Plain(sqlite3.Connection):
    """Knows no FTS5, and says so as SQLite does."""

    def execute(self, sql: str, values: object = (), /) -> sqlite3.Cursor:
        if "using fts5" in sql:
            raise sqlite3.OperationalError("no such module: fts5")
        return super().execute(sql, values)  # type: ignore[arg-type]  # passed on as it came


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    def without(address: str, *, uri: bool = False) -> sqlite3.Connection:
        return sqlite3.connect(address, isolation_level=None, check_same_thread=False, uri=uri, factory=Plain)

    monkeypatch.setattr(connect, "_connect", without)
    return monkeypatch


def index(path: Path) -> None:
    db = open_file(path)
    while take_in(db):
        pass
    assert not is_behind(db)
    db.close()


def asked(path: Path, words: str) -> Found:
    with Journal.open(path) as journal:
        return journal.search(words, 1000)


def test_without_it_the_newest_are_found_and_with_it_all_are_taken_in(
    tmp_path: Path, plain: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.sqlite3"
    writer = Writer(path)
    for number in range(300):
        talk = Talk(writer, f"prompt {number}", at=START + number).begin().say("四季の春")
        writer.put(EndReply(talk.reply, "done", START + number))
    writer.put(RenameConversation(talk.conversation, "The garden"))
    assert writer.close(30)
    index(path)
    for words, count in (("四季", 300), ("春", 300), ("prompt", 300), ("prompt 17", 13), ("rden", 1)):
        found = asked(path, words)
        assert (len(found.hits), found.indexing) == (count, False), words
    plain.undo()
    db = open_file(path)
    assert not has_index(db)
    db.close()
    index(path)
    db = open_file(path)
    assert has_index(db)
    db.close()
    found = asked(path, "四季")
    assert (len(found.hits), found.indexing) == (300, False)
    assert [hit.line for hit in asked(path, "gard").hits] == ["The garden"]
