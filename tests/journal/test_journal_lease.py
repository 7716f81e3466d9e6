"""Two processes and one reply: one writes it. Two windows and one conversation: each turn has a place of its own."""

from __future__ import annotations

import dataclasses
import select
from pathlib import Path

import pytest
from fixtures_journal import START, Program, Talk

from tui.journal.bell import Bell, bells, ring
from tui.journal.ids import new_id
from tui.journal.owner import LEASE
from tui.journal.records import AddText, EndReply, NewTurn, ResumeReply
from tui.journal.store import Journal
from tui.journal.stored import StoredReply
from tui.journal.writer import Writer
from tui.words import ReplyId, TurnId

ABANDONED = """
from fixtures_journal import Talk
from pathlib import Path
from tui.journal.writer import Writer
writer = Writer(Path(sys.argv[1]))
talk = Talk(writer).begin().say("Spring ", "opens")
writer.flush().result(30)
print(talk.reply, flush=True)
sys.stdin.read()
"""

HEIR = """
from pathlib import Path
from tui.journal.records import AddText, EndReply, ResumeReply
from tui.journal.writer import Writer
from tui.words import ReplyId
writer, reply = Writer(Path(sys.argv[1])), ReplyId(sys.argv[2])
writer.flush().result(30)
print("ready", flush=True)
sys.stdin.readline()
writer.put(ResumeReply(reply, "mine", "http://127.0.0.1/v1", "m", 1.0, next_seq=2))
writer.put(AddText(reply, 2, f" [{sys.argv[3]}]", 0, 1.0))
writer.flush().result(30)
print("lost" if writer.lost(reply) else "won", flush=True)
sys.stdin.readline()
writer.put(EndReply(reply, "done", 2.0))
assert writer.close(30)
"""


def abandoned(path: Path) -> ReplyId:
    """A reply of two deltas whose process was killed."""
    with Program(ABANDONED, path) as program:
        return ReplyId(program.line())


def read(path: Path, name: ReplyId) -> StoredReply:
    with Journal.open(path) as journal:
        reply = journal.reply(name)
    assert reply is not None
    return reply


def test_of_two_processes_that_want_a_reply_one_has_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    name = abandoned(path)
    with Program(HEIR, path, name, "a") as first, Program(HEIR, path, name, "b") as second:
        heirs = {"a": first, "b": second}
        assert [heir.line() for heir in heirs.values()] == ["ready", "ready"]
        for heir in heirs.values():
            heir.tell("now")
        said = {letter: heir.line() for letter, heir in heirs.items()}
        assert sorted(said.values()) == ["lost", "won"]
        (winner,) = [letter for letter, word in said.items() if word == "won"]
        assert read(path, name).state == "streaming"
        for heir in heirs.values():
            heir.tell("end")
            heir.end()
    reply = read(path, name)
    assert (reply.text, reply.state) == (f"Spring opens [{winner}]", "done")


def test_a_reply_that_somebody_went_on_with_is_read_again_first(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    name = abandoned(path)
    writer = Writer(path)
    writer.put(ResumeReply(name, "mine", "u", "m", 1.0, next_seq=1))  # has not seen the last delta
    writer.put(AddText(name, 1, "!", 0, 1.0))
    writer.flush().result(30)
    assert writer.lost(name)
    assert writer.trouble is None
    assert read(path, name).text == "Spring opens"
    writer.put(ResumeReply(name, "mine", "u", "m", 1.0, next_seq=2))
    writer.put(AddText(name, 2, "!", 0, 1.0))
    writer.flush().result(30)
    assert not writer.lost(name)
    assert read(path, name).text == "Spring opens!"
    assert writer.close(30)


def test_a_writer_that_comes_back_too_late_writes_no_more(tmp_path: Path) -> None:
    """On another machine a process counts as gone after LEASE seconds without a sign; it may only have slept."""
    path = tmp_path / "journal.sqlite3"
    now = [START]
    sleeper, heir = Writer(path, wall=lambda: now[0]), Writer(path, wall=lambda: now[0])
    sleeper._pen.owner = dataclasses.replace(sleeper._pen.owner, machine="another machine")
    talk = Talk(sleeper).begin().say("Spring ")
    sleeper.flush().result(30)
    heir.put(ResumeReply(talk.reply, "mine", "u", "m", 1.0, next_seq=1))
    heir.flush().result(30)
    assert heir.lost(talk.reply)
    now[0] += LEASE + 1
    heir.put(ResumeReply(talk.reply, "mine", "u", "m", 1.0, next_seq=1))
    heir.put(AddText(talk.reply, 1, "opens", 0, 1.0))
    heir.flush().result(30)
    assert not heir.lost(talk.reply)
    talk.say("wakes up").writer.put(EndReply(talk.reply, "failed", 3.0))
    sleeper.flush().result(30)
    assert sleeper.lost(talk.reply)
    heir.put(EndReply(talk.reply, "done", 4.0))
    assert heir.close(30)
    assert sleeper.close(30)
    reply = read(path, talk.reply)
    assert (reply.text, reply.state) == ("Spring opens", "done")


def test_turns_of_two_windows_have_two_places(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    here, there = Writer(path), Writer(path)
    talk = Talk(here).begin()
    here.flush().result(30)
    for writer, prompt in ((here, "from here"), (there, "from there"), (here, "again")):
        writer.put(NewTurn(TurnId(new_id()), talk.conversation, 1, prompt, START))
        writer.flush().result(30)
    with Journal.open(path) as journal:
        turns = journal.turns(talk.conversation)
    assert [(turn.position, turn.prompt) for turn in turns[1:]] == [(1, "from here"), (2, "from there"), (3, "again")]
    assert here.close(30)
    assert there.close(30)


def test_the_last_text_has_its_time(tmp_path: Path) -> None:
    name = abandoned(tmp_path / "journal.sqlite3")
    assert read(tmp_path / "journal.sqlite3", name).last_text == START + 2


@pytest.fixture
def bell(tmp_path: Path) -> Bell:
    return Bell(tmp_path / "journal.sqlite3")


def rung(bell: Bell, patience: float) -> bool:
    return bool(select.select([bell.fd], [], [], patience)[0])


def test_a_window_hears_what_another_process_writes(tmp_path: Path, bell: Bell) -> None:
    path = tmp_path / "journal.sqlite3"
    deaf = Bell(path)
    writer = Writer(path)
    writer.own_bell = deaf.name
    Talk(writer).begin()
    assert rung(bell, 30)
    bell.quiet()
    assert not rung(bell, 0)
    assert writer.close(30)
    assert not rung(deaf, 0)
    bell.close()
    deaf.close()
    assert list(bells(path).iterdir()) == []


def test_bells_of_dead_windows_are_removed_and_a_full_one_stops_nobody(tmp_path: Path, bell: Bell) -> None:
    path = tmp_path / "journal.sqlite3"
    dead = Program("import time\nfrom pathlib import Path\nfrom tui.journal.bell import Bell\n"
                   "bell = Bell(Path(sys.argv[1]))\nprint(bell.name, flush=True)\nsys.stdin.read()", path)  # fmt: skip
    with dead:
        name = dead.line()
        assert (bells(path) / name).exists()
    for _ in range(70_000):  # a pipe holds 65,536 bytes
        ring(path)
    assert not (bells(path) / name).exists()
    assert rung(bell, 0)
    bell.close()
