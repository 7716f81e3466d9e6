"""Asked while somebody types: only the newest question is answered, on one connection, which is closed in the end."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtures_journal import Talk

from tui.journal import store
from tui.journal.connect import open_file
from tui.journal.questions import Questions, Stop
from tui.journal.store import Journal
from tui.journal.trouble import Interrupted, JournalUnusable
from tui.journal.writer import Writer

LONG = 10.0
"""Seconds after which an answer counts as never coming."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "journal.sqlite3"
    writer = Writer(file)
    Talk(writer, "Spring, please").begin()
    assert writer.close(LONG)
    return file


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """Every connection that is opened to read."""
    found: list[sqlite3.Connection] = []

    def remembered(file: Path) -> sqlite3.Connection:
        found.append(open_file(file))
        return found[-1]

    monkeypatch.setattr(store, "open_file", remembered)
    return found


@pytest.fixture
def questions(path: Path) -> Iterator[Questions]:
    asked = Questions(path)
    yield asked
    asked.close()


def closed(db: sqlite3.Connection) -> bool:
    try:
        db.total_changes  # noqa: B018  raises
    except sqlite3.ProgrammingError:
        return True
    return False


def endless(journal: Journal, stop: Stop, begun: threading.Event) -> int:
    """A statement that runs until it is interrupted."""
    with journal._reading(stop) as db:
        begun.set()
        rows = db.execute("with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n")
        count: int = rows.fetchone()[0]
        return count


def test_all_questions_have_one_connection_and_none_is_left(path: Path, opened: list[sqlite3.Connection]) -> None:
    questions = Questions(path)
    for _ in range(3):
        found = questions.ask(lambda journal, stop: journal.search("spring", stop=stop)).result(LONG)
        assert [hit.line for hit in found.hits] == ["Spring, please"]
    last = questions.ask(lambda journal, _: journal.conversations())
    assert len(last.result(LONG)) == 1
    questions.close()
    questions._thread.shutdown()
    assert [closed(db) for db in opened] == [True]


def test_a_statement_is_interrupted_by_the_next_question_which_is_answered(
    questions: Questions, opened: list[sqlite3.Connection]
) -> None:
    begun = threading.Event()
    first = questions.ask(lambda journal, stop: endless(journal, stop, begun))
    assert begun.wait(LONG)
    second = questions.ask(lambda journal, _: journal.conversations())
    with pytest.raises(Interrupted):
        first.result(LONG)
    assert len(second.result(LONG)) == 1
    assert len(opened) == 1, "an interrupted connection is as good as before"


def test_what_looks_itself_is_told_that_nobody_waits(questions: Questions) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def search(journal: Journal, stop: Stop) -> object:
        begun.set()
        go_on.wait(LONG)
        return journal.search("spring", stop=stop)

    first = questions.ask(search)
    assert begun.wait(LONG)
    second = questions.ask(lambda journal, stop: journal.search("spring", stop=stop))
    third = questions.ask(lambda journal, stop: journal.search("spring", stop=stop))
    go_on.set()
    for dropped in (first, second):
        with pytest.raises(Interrupted):
            dropped.result(LONG)
    assert len(third.result(LONG).hits) == 1


def test_the_end_interrupts_too(path: Path, opened: list[sqlite3.Connection]) -> None:
    questions, begun = Questions(path), threading.Event()
    first = questions.ask(lambda journal, stop: endless(journal, stop, begun))
    assert begun.wait(LONG)
    questions.close()
    with pytest.raises(Interrupted):
        first.result(LONG)
    questions._thread.shutdown()
    assert [closed(db) for db in opened] == [True]


def test_what_cannot_be_opened_is_tried_again_by_the_next_question(tmp_path: Path) -> None:
    file = tmp_path / "journal.sqlite3"
    file.mkdir()
    questions = Questions(file)
    with pytest.raises(JournalUnusable):
        questions.ask(lambda journal, _: journal.conversations()).result(LONG)
    file.rmdir()
    assert questions.ask(lambda journal, _: journal.conversations()).result(LONG) == ()
    questions.close()
