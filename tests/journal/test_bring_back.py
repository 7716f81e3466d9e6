"""What is written into a deleted conversation or turn brings it back: nothing is said into a place nobody sees."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixtures_journal import START, Talk

from tui.journal.bring_back import BroughtBack
from tui.journal.records import (
    BeginReply,
    CutReply,
    DeleteConversation,
    DeleteTurn,
    EndReply,
    NewConversation,
    NewTurn,
    Record,
    ResumeReply,
)
from tui.journal.store import Journal
from tui.journal.writer import Writer
from tui.words import ConversationId, ReplyId, TurnId


class Deleted:
    """A conversation of one turn, deleted by another process; `put` writes on in it as if nobody had said so."""

    def __init__(self, path: Path, *, turn: bool, said: str = "Spring is ") -> None:
        self.path = path
        self.told: list[BroughtBack] = []
        self.writer, other = Writer(path), Writer(path)
        self.writer.on_brought_back = self.told.append
        self.talk = Talk(self.writer).begin()
        if said:
            self.talk.say(said)
        self.writer.flush().result(30)
        name = self.talk.conversation
        other.put(DeleteTurn(name, self.talk.turn, START + 5) if turn else DeleteConversation(name, START + 5))
        assert other.close(30)
        assert not self.seen()

    def put(self, *records: Record) -> None:
        for record in records:
            self.writer.put(record)
        self.writer.flush().result(30)

    def seen(self) -> bool:
        """Whether a list has the conversation, and the turn in it."""
        with Journal.open(self.path) as journal:
            listed = [found.id for found in journal.conversations()]
            return listed == [self.talk.conversation] and self.talk.turn in [
                found.id for found in journal.turns(self.talk.conversation)
            ]


def test_a_prompt_brings_its_conversation_back(tmp_path: Path) -> None:
    deleted = Deleted(tmp_path / "j", turn=False)
    deleted.put(NewTurn(TurnId("next"), deleted.talk.conversation, 1, "And autumn", START + 9))
    assert deleted.seen()
    assert deleted.told == [BroughtBack(deleted.talk.conversation)]
    assert deleted.writer.close(30)


@pytest.mark.parametrize("turn", [False, True])
@pytest.mark.parametrize("how", ["done", "cut", "resumed", "again"])
def test_a_reply_brings_back_where_it_is_written(how: str, tmp_path: Path, *, turn: bool) -> None:
    deleted = Deleted(tmp_path / "j", turn=turn)
    reply, within = deleted.talk.reply, deleted.talk.conversation
    records: dict[str, Record] = {
        "done": EndReply(reply, "done", START + 9, within=within),
        "cut": CutReply(reply, "asked", within),
        "resumed": ResumeReply(reply, "mine", "u", "m", START + 9, within=within),
        "again": BeginReply(ReplyId("b"), deleted.talk.turn, 1, "mine", "u", "m", START + 9, within=within),
    }
    deleted.put(records[how])
    assert deleted.seen()
    assert deleted.told == [BroughtBack(within, deleted.talk.turn if turn else None)]
    assert deleted.writer.close(30)


@pytest.mark.parametrize("turn", [False, True])
def test_a_reply_that_ended_without_a_word_stays_deleted(tmp_path: Path, *, turn: bool) -> None:
    deleted = Deleted(tmp_path / "j", turn=turn, said="")
    deleted.put(EndReply(deleted.talk.reply, "failed", START + 9, within=deleted.talk.conversation))
    assert not deleted.seen()
    assert deleted.told == []
    assert deleted.writer.close(30)


def test_a_branch_does_not_bring_back_what_it_came_from(tmp_path: Path) -> None:
    deleted = Deleted(tmp_path / "j", turn=False)
    branch = ConversationId("branch")
    deleted.put(
        EndReply(deleted.talk.reply, "stopped", START + 8),
        NewConversation(branch, START + 9, "mine", "m", branched_from=deleted.talk.conversation, branched_at=1),
        BeginReply(ReplyId("b"), deleted.talk.turn, 1, "mine", "u", "m", START + 9, within=branch),
        NewTurn(TurnId("next"), branch, 1, "And autumn", START + 9),
    )
    with Journal.open(deleted.path) as journal:
        assert [found.id for found in journal.conversations()] == [branch]
    assert deleted.told == []
    assert deleted.writer.close(30)
