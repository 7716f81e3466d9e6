"""A damaged journal: set aside as it is, what can be read in a new one, and the reply on its way goes on there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from fixtures_journal import START, Program, Talk, Troubles

from tui.chat.doctor import check_journal, repair_journal
from tui.clock import RealClock
from tui.journal.connect import open_file
from tui.journal.records import ChooseReply, EndReply
from tui.journal.salvage import set_aside
from tui.journal.store import Journal
from tui.journal.writer import Writer
from tui.words import ConversationId, ReplyId

TALKS = 60


def filled(path: Path) -> list[ConversationId]:
    writer = Writer(path)
    names = []
    for number in range(TALKS):
        talk = Talk(writer, f"prompt {number}", at=START + number).begin().say(f"answer {number} " + "x" * 2000)
        writer.put(EndReply(talk.reply, "done", START + number))
        writer.put(ChooseReply(talk.conversation, talk.turn, talk.reply))
        names.append(talk.conversation)
    assert writer.close(30)
    db = open_file(path)
    db.execute("pragma wal_checkpoint(truncate)")
    db.close()
    return names


def pages_of(path: Path, table: str) -> list[int]:
    """The leaf pages of a table that hold rows, as offsets: by what is written in them."""
    data = path.read_bytes()
    mark = {"replies": b"answer ", "turns": b"prompt 3"}[table]
    return [at for at in range(4096, len(data), 4096) if mark in data[at : at + 4096] and data[at] in (13, 5)]


def break_page(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"\xff" * 64)


def test_what_can_be_read_is_rescued_and_the_damaged_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    names = filled(path)
    pages = pages_of(path, "replies")
    break_page(path, pages[len(pages) // 2])
    broken = path.read_bytes()
    assert {finding.name: finding.severity for finding in check_journal(path, RealClock())}[
        "journal.integrity"
    ] == "error"
    repair = repair_journal(path, RealClock())
    assert repair.backup is not None
    assert repair.backup.read_bytes() == broken
    found = {finding.name: finding for finding in repair.findings}
    assert {name: finding.severity for name, finding in found.items() if finding.severity != "ok"} == {
        "journal.backup": "warning"
    }
    told = found["journal.backup"]
    assert told.numbers["conversations"] == told.numbers["turns"] == TALKS
    assert told.numbers["replies"] + told.numbers["lost"] == TALKS
    assert told.numbers["lost"] > 0
    assert f"Lost for certain: conversations 0, prompts and replies {told.numbers['lost']}." in told.sentence
    assert {finding.severity for finding in check_journal(path, RealClock())} == {"ok"}
    with Journal.open(path) as journal:
        assert len(journal.conversations(1000)) == TALKS
        texts = [reply.text for name in names for turn in journal.turns(name) for reply in turn.replies]
        assert TALKS - 10 <= len(texts) < TALKS
        assert all(text.startswith("answer ") and len(text) > 2000 for text in texts)
        assert journal.search("prompt").indexing
    left = {file.name.split("-")[1] for file in tmp_path.iterdir() if "-" in file.name and "damaged" not in file.name}
    assert "rescued" not in left


def test_replies_whose_turn_is_lost_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    names = filled(path)
    break_page(path, pages_of(path, "turns")[0])
    set_aside(path, START)
    with Journal.open(path) as journal:
        found = journal.conversations(1000)
        assert {conversation.id for conversation in found} >= set(names)
        turns = [turn for conversation in found for turn in journal.turns(conversation.id)]
        assert len({reply.id for turn in turns for reply in turn.replies}) == TALKS
        assert "rescued" in {turn.conversation for turn in turns}


def test_a_reply_on_its_way_goes_on_in_the_rescued_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    filled(path)
    troubles = Troubles()
    writer = Writer(path, troubles)
    talk = Talk(writer, "the one on its way").begin().say("before ")
    writer.flush().result(30)
    db = sqlite3.connect(path)
    db.execute("pragma wal_checkpoint(truncate)")
    root = db.execute("select rootpage from sqlite_master where name = 'turns_in_order'").fetchone()[0]
    db.close()
    break_page(path, (root - 1) * 4096)
    other = Talk(writer, "another prompt").begin()
    talk.say("after")
    troubles.wait_for("set_aside")
    writer.flush().result(30)
    assert writer.close(30)
    assert [kind for kind in troubles.kinds() if kind] == ["set_aside"]
    assert troubles.told[0] is not None
    assert "kept beside it as journal-damaged-" in troubles.told[0].sentence()
    with Journal.open(path) as journal:
        for wanted, text in ((talk, "before after"), (other, "")):
            reply = journal.reply(wanted.reply)
            assert reply is not None
            assert reply.text == text
        assert len(journal.conversations(1000)) == TALKS + 2
    assert len([file for file in tmp_path.iterdir() if "damaged" in file.name and file.suffix == ".sqlite3"]) == 1


@pytest.mark.parametrize("state", ["whole", "gone"])
def test_a_strange_journal_in_its_place_is_not_written(tmp_path: Path, state: str) -> None:
    path = tmp_path / "journal.sqlite3"
    troubles = Troubles()
    writer = Writer(path, troubles)
    Talk(writer).begin()
    writer.flush().result(30)
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).rename(tmp_path / f"moved.sqlite3{end}")
    if state == "whole":
        filled(path)
    talk = Talk(writer, "must not go there").begin()
    troubles.wait_for("gone")
    assert not writer.close(30)
    if state == "whole":
        with Journal.open(path) as journal:
            assert journal.conversation(talk.conversation) is None
    else:
        assert not path.exists()


def test_a_damaged_index_is_made_anew_and_is_nobodys_trouble(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    names = filled(path)
    db = sqlite3.connect(path)
    db.execute("update search_words_data set block = x'00' where id > 10")
    db.execute("update search_words_data set block = x'ffff' where id = 10")
    db.commit()
    db.close()
    troubles = Troubles()
    writer = Writer(path, troubles)
    talk = Talk(writer, "spring").begin()
    writer.put(EndReply(talk.reply, "done", START))
    writer.flush().result(30)
    assert writer.close(30)
    writer = Writer(path, troubles)
    assert writer.close(30)
    assert troubles.told == []
    with Journal.open(path) as journal:
        assert len(journal.conversations(1000)) == len(names) + 1


WINDOW = """
from fixtures_journal import Program, Talk, Troubles
from pathlib import Path
from tui.journal.writer import Writer
troubles = Troubles()
writer = Writer(Path(sys.argv[1]), troubles)
talks = [Talk(writer, "the one on its way").begin().say("before ")]
writer.flush().result(30)
print(talks[0].reply, flush=True)
input()
talks.append(Talk(writer, "another prompt").begin().say("before "))
for number in range(100):
    for talk in talks:
        talk.say(f"{number} ")
    writer.flush().result(60)
print(talks[1].reply, flush=True)
assert writer.close(60), writer.trouble
print(troubles.kinds(), flush=True)
"""


@pytest.mark.parametrize("windows", [2, 3])
def test_windows_that_find_the_damage_at_the_same_moment_rescue_it_once(tmp_path: Path, windows: int) -> None:
    path = tmp_path / "journal.sqlite3"
    names = filled(path)
    programs = [Program(WINDOW, path) for _ in range(windows)]
    try:
        replies = [ReplyId(program.line()) for program in programs]
        with closing(sqlite3.connect(path)) as db:
            db.execute("pragma wal_checkpoint(truncate)")
            root = db.execute("select rootpage from sqlite_master where name = 'turns_in_order'").fetchone()[0]
        break_page(path, (root - 1) * 4096)
        for program in programs:
            program.tell("go")
        replies += [ReplyId(program.line()) for program in programs]
        told = [program.line() for program in programs]
        for program in programs:
            program.end()
    finally:
        for program in programs:
            program.__exit__()
    assert set(told) <= {"[]", "['set_aside', None]"}
    assert len([file for file in tmp_path.iterdir() if "damaged" in file.name and file.suffix == ".sqlite3"]) == 1
    assert not [file for file in tmp_path.iterdir() if "rescued" in file.name]
    with Journal.open(path) as journal:
        assert len(journal.conversations(1000)) == len(names) + 2 * windows
        for name in replies:
            reply = journal.reply(name)
            assert reply is not None
            assert reply.text == "before " + "".join(f"{number} " for number in range(100))
