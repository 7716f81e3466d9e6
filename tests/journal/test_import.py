"""What was exported comes back: the same, once, and not at all where anything in it is wrong."""

from __future__ import annotations

import io
import json
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from fixtures_journal import START, Talk
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tui.cli.main import run
from tui.journal.connect import open_file
from tui.journal.export import everything, read, to_json
from tui.journal.ids import new_id
from tui.journal.importing import BadExport, Imported, import_document, index_all
from tui.journal.json_stream import BadJson, JsonStream
from tui.journal.records import (
    AddReasoning,
    AddSeam,
    AddText,
    BeginAttempt,
    BeginReply,
    ChooseReply,
    DeleteConversation,
    EndAttempt,
    EndReply,
    NewConversation,
    NewTurn,
    RenameConversation,
    SetSampling,
    SetUsage,
)
from tui.journal.store import Journal
from tui.journal.trouble import JournalUnusable
from tui.journal.writer import Writer
from tui.words import ConversationId, Fault, ReplyId, SeamMark, TokenCount, TurnId


def rich(path: Path) -> ConversationId:
    """A journal with one of everything; its branch."""
    writer = Writer(path)
    talk = Talk(writer, "first\nprompt 四季").begin().say("Spring ", "春")
    writer.put(BeginAttempt(talk.reply, 1, 7, "mine", "m", START, "prefill", "stream-1"))
    writer.put(
        EndAttempt(talk.reply, 1, START + 1, Fault("reset", False, "ReadError", 502, 1.5), 0.1, 0.2, 0.01, 0.02, 0.03)
    )
    writer.put(AddReasoning(talk.reply, "let me think", START))
    writer.put(AddSeam(talk.reply, SeamMark(3, "prefill", True, 2.5, 4, ("m", "n"))))
    writer.put(SetUsage(talk.reply, TokenCount(10, 20, False), 0.5, True))
    writer.put(EndReply(talk.reply, "failed", START + 2, None, Fault("429", True, "x", 429, None), "bare-end", False))
    other = ReplyId(new_id())
    asked = {"max_tokens": 5, "temperature": 0.5, "seed": None}
    writer.put(BeginReply(other, talk.turn, 1, "p", "u", "m", START, asked))
    writer.put(AddText(other, 0, "Another.", 3, START + 1))
    writer.put(EndReply(other, "done", START + 2, "stop"))
    writer.put(ChooseReply(talk.conversation, talk.turn, talk.reply))
    writer.put(RenameConversation(talk.conversation, "Named"))
    writer.put(SetSampling(talk.conversation, {"temperature": 0.25, "max_tokens": 100}))
    branch = ConversationId(new_id())
    writer.put(
        NewConversation(branch, START + 5, "p", "m", "Be brief.", branched_from=talk.conversation, branched_at=1)
    )
    writer.put(NewTurn(TurnId(new_id()), branch, 1, "of the branch", START + 6))
    Talk(writer, "unfinished", at=START + 9).begin().say("not ", "whole")
    assert writer.close(30)
    return branch


def exported(path: Path, *names: ConversationId) -> bytes:
    with Journal.open(path) as journal:
        wanted = [found for name in names if (found := journal.conversation(name))] if names else everything(journal)
        return "".join(to_json(read(journal, wanted), 1.0, journal.boundaries)).encode()


def imported(document: bytes, path: Path) -> Imported:
    return import_document(io.BytesIO(document), path, lambda _: None)


def contents(path: Path) -> dict[str, list[tuple[object, ...]]]:
    db = sqlite3.connect(path)
    tables = ("conversations", "turns", "replies", "reasoning", "attempts", "seams", "usage", "choices", "search_todo")
    found = {table: sorted(db.execute(f"select * from {table}").fetchall(), key=repr) for table in tables}
    db.close()
    return found


def test_there_and_back_loses_nothing_and_twice_is_once(tmp_path: Path) -> None:
    source, target = tmp_path / "source.sqlite3", tmp_path / "target.sqlite3"
    rich(source)
    document = exported(source)
    assert imported(document, target) == Imported(3, 3, 3)
    assert exported(target) == document
    before = contents(target)
    assert imported(document, target) == Imported(0, 0, 0)
    assert contents(target) == before
    index_all(target)
    with Journal.open(target) as journal:
        assert len(journal.search("春").hits) == 1
        (hit,) = journal.search("whole").hits
        partial = journal.partial(hit.reply or ReplyId(""))
        assert partial is not None
        assert (partial.text, partial.boundaries) == ("not whole", (4, 9))
        assert journal.reply(hit.reply or ReplyId("")) is not None
    assert imported(document, source) == Imported(0, 0, 0)
    assert exported(source) == document


def test_a_branch_by_itself_brings_its_line_and_its_origin_can_follow(tmp_path: Path) -> None:
    source, target = tmp_path / "source.sqlite3", tmp_path / "target.sqlite3"
    branch = rich(source)
    alone = exported(source, branch)
    assert imported(alone, target).conversations == 1
    assert exported(target) == alone
    with Journal.open(target) as journal:
        assert [conversation.id for conversation in everything(journal)] == [branch]
        assert journal.deleted() == ()
    imported(exported(source), target)
    assert exported(target) == exported(source)


def test_what_was_deleted_comes_back_and_what_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    branch = rich(path)
    document = exported(path)
    writer = Writer(path)
    writer.put(DeleteConversation(branch, START))
    writer.put(RenameConversation(branch, "Renamed since"))
    assert writer.close(30)
    assert imported(document, path) == Imported(1, 0, 0)
    with Journal.open(path) as journal:
        found = journal.conversation(branch)
        assert found is not None
        assert found.title == "Renamed since"


def test_the_first_version_and_any_order_of_names(tmp_path: Path) -> None:
    source, target = tmp_path / "source.sqlite3", tmp_path / "target.sqlite3"
    rich(source)
    document = json.loads(exported(source))
    document["version"] = 1
    for conversation in document["conversations"]:
        del conversation["sampling"]
        for turn in conversation["turns"]:
            del turn["chosen"]
            for reply in turn["replies"]:
                del reply["boundaries"]
    document["a newer field"] = {"x": [1]}
    assert imported(json.dumps(document, sort_keys=True).encode(), target) == Imported(3, 3, 3)
    assert imported(b"\xef\xbb\xbf" + json.dumps(document).encode(), target) == Imported(0, 0, 0)


def wrong(change: Callable[[dict[str, object]], None]) -> Callable[[bytes], bytes]:
    def make(document: bytes) -> bytes:
        value = json.loads(document)
        change(value)
        return json.dumps(value).encode()

    return make


def deep(document: dict[str, object], *path: str | int, to: object) -> None:
    value: object = document
    for step in path[:-1]:
        value = value[step]  # type: ignore[index]  # as the document is
    value[path[-1]] = to  # type: ignore[index]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda document: b"", "ends too early"),
        (lambda document: document[: len(document) // 2], "ends too early, at character"),
        (lambda document: document[:-4], "ends too early"),
        (lambda document: document + b"{}", "not JSON"),
        (lambda document: document.replace(b'"prompt"', b"'prompt'", 1), "not JSON"),
        (lambda document: document[:-40] + b"\xff\xfe" + document[-40:], "not JSON"),
        (lambda document: b"{}", "not an export of unbroken"),
        (lambda document: b"[]", "not JSON"),
        (lambda document: b"[" * 100_000, "not JSON"),
        (lambda document: b'{"x": ' + b"[" * 200_000, "not JSON"),
        (lambda document: b'{"x": ' + b"1" * 10_000 + b"}", "not JSON"),
        (lambda document: b"SQLite format 3\0", "not JSON"),
        (wrong(lambda value: value.update(format="elia")), "not an export of unbroken"),
        (wrong(lambda value: value.update(version=99)), "of version 99; this unbroken knows versions up to 3"),
        (wrong(lambda value: value.update(version="1")), "not an export of unbroken"),
        (wrong(lambda value: value.update(conversations={})), "not JSON"),
        (wrong(lambda value: deep(value, "conversations", 2, "turns", 0, "prompt", to=3)), "conversations[2].turns[0]"),
        (wrong(lambda value: deep(value, "conversations", 2, "turns", 0, "replies", 0, "state", to="x")), "[0].state"),
        (wrong(lambda value: deep(value, "conversations", 2, "turns", 0, "replies", 0, "started", to=True)), "started"),
        (wrong(lambda value: deep(value, "conversations", 0, "turns", 0, "position", to=2**70)), "position"),
        (wrong(lambda value: deep(value, "conversations", 0, "id", to="")), "conversations[0].id"),
        (wrong(lambda value: deep(value, "conversations", 0, "turns", 0, to=None)), "conversations[0].turns[0]"),
    ],
)
def test_a_bad_document_is_said_and_changes_nothing(tmp_path: Path, make: Callable[[bytes], bytes], said: str) -> None:
    source, target = tmp_path / "source.sqlite3", tmp_path / "target.sqlite3"
    rich(source)
    rich(target)
    before = contents(target)
    with pytest.raises(BadExport) as caught:
        imported(make(exported(source)), target)
    assert said in caught.value.sentence()
    assert "The journal was not changed." in caught.value.sentence()
    assert contents(target) == before
    assert sorted(file.name for file in tmp_path.iterdir() if "target" in file.name) == ["target.sqlite3"]


def test_a_cut_anywhere_changes_nothing(tmp_path: Path) -> None:
    source, target = tmp_path / "source.sqlite3", tmp_path / "target.sqlite3"
    rich(source)
    document = exported(source)
    open_file(target).close()
    before = contents(target)
    rng = random.Random(3)
    for cut in (1, len(document.rstrip()) - 1, *(rng.randrange(len(document)) for _ in range(40))):
        with pytest.raises(BadExport, match=r"ends too early|not JSON"):
            imported(document[:cut], target)
    assert contents(target) == before


def test_a_journal_that_is_locked_or_foreign_is_said(tmp_path: Path) -> None:
    source, foreign = tmp_path / "source.sqlite3", tmp_path / "foreign.sqlite3"
    rich(source)
    document = exported(source)
    foreign.write_bytes(b"Dear diary, " * 500)
    with pytest.raises(JournalUnusable) as caught:
        imported(document, foreign)
    assert caught.value.trouble.kind == "foreign"
    assert foreign.read_bytes() == b"Dear diary, " * 500
    other = sqlite3.connect(source, isolation_level=None)
    other.execute("begin exclusive")
    with pytest.raises(JournalUnusable) as caught:
        imported(document, source)
    assert caught.value.trouble.kind == "locked"
    other.execute("rollback")
    other.close()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(VALUES, max_size=6), st.integers(1, 7), st.sampled_from([None, 1]), st.booleans())
@example([1.5, 1e300, -2e-5, 10**20], 1, None, False)
@settings(deadline=None)
def test_json_read_in_small_pieces_is_the_same(
    values: list[object], size: int, indent: int | None, escaped: bool
) -> None:
    document = json.dumps({"a": values}, indent=indent, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    source = io.BytesIO(document)
    stream = JsonStream(lambda _: source.read(size))
    try:
        document.decode()
    except UnicodeDecodeError:
        return
    assert [[stream.value() for _ in stream.items()] for _ in stream.members()] == [values]
    stream.end()
    cut = io.BytesIO(document[:-1])
    stream = JsonStream(lambda _: cut.read(size))
    with pytest.raises(BadJson) as caught:
        [[stream.value() for _ in stream.items()] for _ in stream.members()]
    assert caught.value.cut


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "source.sqlite3"
    rich(source)
    file = tmp_path / "export.json"
    file.write_bytes(exported(source))
    monkeypatch.setenv("UNBROKEN_DATA_DIR", str(tmp_path / "data"))
    assert run(["history", "import", str(file)]) == 0
    assert capsys.readouterr().out.startswith("New: conversations 3, turns 3, replies 3.")
    assert run(["history", "search", "春"]) == 0
    title, line = capsys.readouterr().out.splitlines()
    assert title.endswith("  Named")
    assert line == "    Spring 春"
    assert run(["history", "search", "nowhere"]) == 1
    assert capsys.readouterr() == ("", "Nothing found.\n")
    assert run(["history", "search", "-n", "1", "prompt"]) == 0
    file.write_bytes(file.read_bytes()[:-300])
    assert run(["history", "import", str(file)]) == 1
    assert "ends too early" in capsys.readouterr().err
    assert run(["history", "import", str(tmp_path / "none")]) == 2
    capsys.readouterr()


def test_rename_delete_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UNBROKEN_DATA_DIR", str(tmp_path))
    writer = Writer(tmp_path / "journal.sqlite3")
    talk = Talk(writer, "spring").begin()
    assert writer.close(30)

    def listed(*more: str) -> str:
        capsys.readouterr()
        assert run(["history", "list", *more]) == 0
        return capsys.readouterr().out

    assert run(["history", "rename", "latest", "Of spring"]) == 0
    assert "Of spring" in listed()
    assert run(["history", "delete", talk.conversation[:12]]) == 0
    assert f"unbroken history undelete {talk.conversation}" in capsys.readouterr().err
    assert listed() == ""
    assert "Of spring" in listed("--deleted")
    assert run(["history", "undelete", "zzz"]) == 2
    assert run(["history", "undelete", talk.conversation]) == 0
    assert "Of spring" in listed()
    assert listed("--deleted") == ""
    assert run(["history", "search", "spring"]) == 0


def test_a_data_directory_that_cannot_be_one_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("not a directory")
    monkeypatch.setenv("UNBROKEN_DATA_DIR", str(tmp_path / "file"))
    for command in (["list"], ["show"], ["export"], ["search", "x"]):
        assert run(["history", *command]) == 1
        assert "cannot be used" in capsys.readouterr().err
