"""A title that somebody gave is found like what was said."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from fixtures_journal import START, Talk

from tui.cli.main import run
from tui.journal.connect import open_file
from tui.journal.export import everything, read, to_json
from tui.journal.ids import new_id
from tui.journal.importing import import_document
from tui.journal.index import is_behind, start_again, take_in
from tui.journal.migrations import APPLICATION_ID
from tui.journal.records import DeleteConversation, EndReply, NewConversation, RenameConversation
from tui.journal.salvage import set_aside
from tui.journal.store import Journal
from tui.journal.writer import Writer
from tui.words import ConversationId

SCHEMAS = Path(__file__).parent / "schemas"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNBROKEN_DATA_DIR", str(tmp_path))
    return tmp_path / "journal.sqlite3"


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    writer = Writer(path)
    yield writer
    writer.close(30)


def index(path: Path) -> None:
    with closing(open_file(path)) as db:
        while take_in(db):
            pass
        assert not is_behind(db)


def named(path: Path, words: str) -> list[tuple[ConversationId, str]]:
    """Where `words` are found in a title: the conversation, and the title with what was found in brackets."""
    with Journal.open(path) as journal:
        hits = [hit for hit in journal.search(words).hits if hit.turn is None]
    assert all(hit.reply is None and hit.line == hit.title for hit in hits)
    return [
        (hit.conversation, f"{hit.line[: hit.mark[0]]}[{hit.line[slice(*hit.mark)]}]{hit.line[hit.mark[1] :]}")
        for hit in hits
    ]


def titled(writer: Writer, title: str | None, prompt: str = "Tell me") -> Talk:
    talk = Talk(writer, prompt).begin().say("Well.")
    writer.put(EndReply(talk.reply, "done", START))
    writer.put(RenameConversation(talk.conversation, title))
    writer.flush().result(30)
    return talk


@pytest.mark.parametrize("known", [False, True], ids=["not yet in the index", "in the index"])
@pytest.mark.parametrize(
    ("words", "marked"), [("gard", "四季の [Gard]en 庭"), ("四季", "[四季]の Garden 庭"), ("庭", "四季の Garden [庭]")]
)
def test_a_title_is_found(path: Path, writer: Writer, words: str, marked: str, known: bool) -> None:
    talk = titled(writer, "四季の Garden 庭")
    titled(writer, None, "an unnamed one")
    if known:
        index(path)
    else:
        Talk(writer, "something else is on its way").begin()
        writer.flush().result(30)
    assert named(path, words) == [(talk.conversation, marked)]


def test_the_title_that_counts_is_the_last_one(path: Path, writer: Writer) -> None:
    talk = titled(writer, "Spring")
    index(path)
    assert named(path, "spring") == [(talk.conversation, "[Spring]")]
    writer.put(RenameConversation(talk.conversation, "Autumn"))
    writer.flush().result(30)
    assert (named(path, "spring"), named(path, "autumn")) == ([], [(talk.conversation, "[Autumn]")])
    index(path)
    assert (named(path, "spring"), named(path, "autumn")) == ([], [(talk.conversation, "[Autumn]")])
    writer.put(RenameConversation(talk.conversation, None))
    writer.flush().result(30)
    index(path)
    assert (named(path, "spring"), named(path, "autumn")) == ([], [])


def test_a_deleted_conversation_is_not_found_by_its_title(path: Path, writer: Writer) -> None:
    talk = titled(writer, "Spring")
    index(path)
    for at, seen in ((START, []), (None, [(talk.conversation, "[Spring]")])):
        writer.put(DeleteConversation(talk.conversation, at))
        writer.flush().result(30)
        assert named(path, "spring") == seen


def test_titles_from_before_are_taken_in(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.executescript((SCHEMAS / "v5.sql").read_text(encoding="utf-8"))
        old.execute(
            "insert into conversations (id, title, provider, model, created, updated, system)"
            " values ('old', 'The garden', '', '', 1, 2, '')"
        )
        old.execute("insert into turns (id, conversation, position, created, prompt) values ('t', 'old', 0, 1, 'plum')")
        old.execute("insert into search_backfill (turns, replies) values (0, 0)")
        old.execute("insert into search_docs (id, thing, turn) values (7, 't', 't')")
        old.execute("insert into search_words (rowid, words, parts) values (7, 'plum', '')")
        old.execute("pragma user_version = 5")
        old.execute(f"pragma application_id = {APPLICATION_ID}")
    with Journal.open(path) as journal:
        assert journal.search("garden").indexing
    index(path)
    assert named(path, "garden") == [(ConversationId("old"), "The [garden]")]
    with Journal.open(path) as journal:
        assert [hit.line for hit in journal.search("plum").hits] == ["plum"]
        assert not journal.search("plum").indexing


def test_titles_outlive_an_index_made_anew_and_a_rescue(path: Path, writer: Writer) -> None:
    talk = titled(writer, "The garden")
    assert writer.close(30)
    with closing(open_file(path)) as db:
        db.execute("begin immediate")
        start_again(db)
        db.execute("commit")
    index(path)
    assert named(path, "garden") == [(talk.conversation, "The [garden]")]
    set_aside(path, START)
    index(path)
    assert named(path, "garden") == [(talk.conversation, "The [garden]")]


def test_titles_of_branches_and_of_imports(path: Path, tmp_path: Path, writer: Writer) -> None:
    talk = titled(writer, "The garden")
    branch = ConversationId(new_id())
    writer.put(NewConversation(branch, START, title="The orchard", branched_from=talk.conversation, branched_at=1))
    assert writer.close(30)
    index(path)
    assert named(path, "orchard") == [(branch, "The [orchard]")]
    with Journal.open(path) as journal:
        document = "".join(to_json(read(journal, everything(journal)), START)).encode()
    elsewhere = tmp_path / "elsewhere.sqlite3"
    import_document(BytesIO(document), elsewhere, lambda *_: None)
    for _ in range(2):
        assert named(elsewhere, "garden") == [(talk.conversation, "The [garden]")]
        index(elsewhere)


def test_the_command_names_the_conversation(
    writer: Writer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = titled(writer, "The garden")
    assert writer.close(30)
    assert run(["history", "search", "gard"]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert talk.conversation.startswith(head.split()[0])
    assert head.endswith("The garden")
    assert line.strip() == "(in the title)"
