"""An export with what was deleted leaves nothing out: export, import, export is the same document."""

from __future__ import annotations

import io
import json
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fixtures_journal import START, Talk
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.cli.main import run
from tui.journal.export import VERSION, everything, read, to_json
from tui.journal.ids import new_id
from tui.journal.importing import Imported, import_document, index_all
from tui.journal.records import (
    AddText,
    BeginReply,
    ChooseReply,
    DeleteConversation,
    DeleteTurn,
    EndReply,
    NewConversation,
    NewTurn,
    RenameConversation,
    SetSystem,
)
from tui.journal.store import Journal
from tui.journal.writer import Writer
from tui.words import ConversationId, ReplyId, TurnId


def document(path: Path) -> bytes:
    with Journal.open(path) as journal:
        wanted = read(journal, everything(journal, deleted=True), deleted=True)
        return "".join(to_json(wanted, 1.0, journal.boundaries, deleted=True)).encode()


def take(data: bytes, path: Path) -> Imported:
    return import_document(io.BytesIO(data), path, lambda _: None)


class Script:
    """Conversations as steps make them: each step is a few numbers, taken for what there is."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._conversations: list[ConversationId] = []
        self._turns: dict[ConversationId, list[TurnId]] = {}
        self._replies: dict[TurnId, list[ReplyId]] = {}
        self._now = START

    def do(self, what: int, which: int, text: str) -> None:
        self._now += 1
        put = self._writer.put
        if not self._conversations or what == 0:
            put(NewConversation(self._begun(), self._now, "p", "m"))
            return
        conversation = self._conversations[which % len(self._conversations)]
        line = self._turns[conversation]
        if what == 1 or not line:
            turn = TurnId(new_id())
            put(NewTurn(turn, conversation, len(line), text, self._now))
            self._replies[turn] = []
            line.append(turn)
            return
        turn = line[which % len(line)]
        if what == 2:
            reply = ReplyId(new_id())
            put(BeginReply(reply, turn, len(self._replies[turn]), "p", "u", "m", self._now))
            put(AddText(reply, 0, text, 5, self._now))
            put(EndReply(reply, "done", self._now))
            self._replies[turn].append(reply)
        elif what == 3:
            put(DeleteTurn(conversation, turn, self._now))
        elif what == 4:
            put(DeleteConversation(conversation, self._now))
        elif what == 5:
            at = which % len(line) + 1
            branch = self._begun()
            self._turns[branch] = line[:at]
            put(NewConversation(branch, self._now, "p", "m", branched_from=conversation, branched_at=at))
        elif what == 6 and self._replies[turn]:
            put(ChooseReply(conversation, turn, self._replies[turn][0]))
        elif what == 7:
            put(RenameConversation(conversation, text or None))
        else:
            put(SetSystem(conversation, text))

    def _begun(self) -> ConversationId:
        name = ConversationId(new_id())
        self._conversations.append(name)
        self._turns[name] = []
        return name


STEPS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 7), st.text("ab四\n\0\ud800", max_size=4)), max_size=25)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_there_and_back_nothing_is_left_out(steps: list[tuple[int, int, str]]) -> None:
    with TemporaryDirectory() as folder:
        source, target = Path(folder) / "source.sqlite3", Path(folder) / "target.sqlite3"
        writer = Writer(source)
        script = Script(writer)
        for step in steps:
            script.do(*step)
        assert writer.close(30)
        assert writer.trouble is None
        data = document(source)
        take(data, target)
        assert document(target) == data
        assert take(data, target) == Imported(0, 0, 0)
        assert take(data, source) == Imported(0, 0, 0)
        assert document(target) == document(source) == data


def test_what_is_there_is_not_deleted_by_what_comes(tmp_path: Path) -> None:
    source, target = tmp_path / "source.sqlite3", tmp_path / "target.sqlite3"
    writer = Writer(source)
    talk = Talk(writer).begin().say("x")
    writer.put(EndReply(talk.reply, "done", START))
    writer.flush().result(30)
    take(document(source), target)
    writer.put(DeleteTurn(talk.conversation, talk.turn, START))
    writer.put(DeleteConversation(talk.conversation, START))
    assert writer.close(30)
    before = document(target)
    assert take(document(source), target) == Imported(0, 0, 0)
    assert document(target) == before


def test_the_command_leaves_out_what_was_deleted_unless_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UNBROKEN_DATA_DIR", str(tmp_path))
    writer = Writer(tmp_path / "journal.sqlite3")
    Talk(writer, "kept").begin()
    gone = Talk(writer, "secret").begin()
    writer.put(DeleteConversation(gone.conversation, START))
    assert writer.close(30)
    for form in ("json", "md"):
        assert run(["history", "export", "--format", form]) == 0
        said = capsys.readouterr().out
        assert "kept" in said
        assert "secret" not in said
    assert run(["history", "export", "--deleted"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["version"] == VERSION
    assert [conversation.get("deleted") for conversation in told["conversations"]] == [None, START]
    assert run(["history", "export", "--deleted", "--format", "md"]) == 2
    assert "JSON" in capsys.readouterr().err


def test_one_that_was_deleted_is_exported_by_its_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UNBROKEN_DATA_DIR", str(tmp_path))
    writer = Writer(tmp_path / "journal.sqlite3")
    kept = Talk(writer, "kept").begin()
    gone = Talk(writer, "secret").begin()
    writer.put(DeleteConversation(gone.conversation, START))
    assert writer.close(30)
    for name in (kept.conversation, gone.conversation):
        assert run(["history", "export", name.upper(), "--deleted"]) == 0
        (told,) = json.loads(capsys.readouterr().out)["conversations"]
        assert told["id"] == name
    assert run(["history", "export", gone.conversation]) == 2
    assert "unbroken history list" in capsys.readouterr().err
    assert run(["history", "undelete", kept.conversation]) == 2
    assert "--deleted" in capsys.readouterr().err


def test_what_a_killed_import_left_is_removed_once_it_is_old(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    Journal.open(path).close()
    data = document(path)
    for name, age in ((".import-old", 2 * 86400.0), (".import-young", 60.0)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "staged.sqlite3").write_text("x")
        when = time.time() - age
        for file in (tmp_path / name / "staged.sqlite3", tmp_path / name):
            os.utime(file, (when, when))
    take(data, path)
    assert [file.name for file in tmp_path.glob(".import-*")] == [".import-young"]


def test_how_far_the_index_is_is_told(tmp_path: Path) -> None:
    source, target = tmp_path / "source.sqlite3", tmp_path / "target.sqlite3"
    writer = Writer(source)
    for number in range(40):
        Talk(writer, f"{number} " * 20_000, at=START + number).begin()
    assert writer.close(30)
    take(document(source), target)
    shares: list[float] = []
    index_all(target, shares.append)
    assert shares == sorted(shares)
    assert len(shares) > 3
    assert all(0 < share <= 1 for share in shares)
