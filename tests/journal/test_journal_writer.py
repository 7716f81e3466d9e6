"""The writer: in order, once each, a batch at a time, never losing what it cannot save."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from pathlib import Path
from typing import cast

import pytest
from fixtures_journal import START, Program, Proxy, Talk, Troubles

from tui.journal.connect import open_file
from tui.journal.ids import new_id
from tui.journal.records import AddText, BeginReply, EndReply, NewTurn
from tui.journal.store import Journal
from tui.journal.trouble import JournalUnusable
from tui.journal.writer import BATCH, Writer
from tui.words import ConversationId, ReplyId, TurnId


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal.sqlite3"


def text_of(path: Path, talk: Talk) -> str:
    with Journal.open(path) as journal:
        reply = journal.reply(talk.reply)
        assert reply is not None
        return reply.text


def test_what_was_flushed_is_read_back(path: Path) -> None:
    writer = Writer(path)
    talk = Talk(writer).begin().say("Spring ", "opens.")
    writer.flush().result(30)
    assert text_of(path, talk) == "Spring opens."
    assert writer.saved_through == 5
    assert writer.unsaved == 0
    assert writer.close(30)


def test_close_writes_what_is_left(path: Path) -> None:
    writer = Writer(path)
    talk = Talk(writer).begin().say(*"abcdefgh" * 200)
    assert writer.close(30)
    assert text_of(path, talk) == "abcdefgh" * 200


def test_at_most_one_transaction_a_tenth_of_a_second(path: Path) -> None:
    begun: list[float] = []

    def traced(path: Path) -> sqlite3.Connection:
        db = open_file(path)

        def trace(sql: str) -> None:
            if sql == "begin immediate":
                begun.append(time.monotonic())

        db.set_trace_callback(trace)
        return db

    writer = Writer(path, opener=traced)
    talk = Talk(writer).begin()
    pause = threading.Event()
    said = 0
    while len(begun) < 8:
        talk.say("x")
        said += 1
        pause.wait(0.0005)
    assert writer.close(30)
    # The first may have begun late, so seven gaps take at least as long as six.
    assert begun[7] - begun[0] >= 6 * BATCH
    assert said > 8
    assert text_of(path, talk) == "x" * said


def test_a_flush_does_not_wait_for_the_batch_and_a_put_is_a_number(path: Path) -> None:
    writer = Writer(path)
    numbers = [writer.put(NewTurn(TurnId(new_id()), ConversationId("none"), 0, "", START))]
    talk = Talk(writer).begin()
    numbers.append(writer.put(AddText(talk.reply, 0, "a", 1, START)))
    assert numbers == [1, 5]
    writer.close(30)


async def wait(future: asyncio.Future[None]) -> None:
    await asyncio.wait_for(future, 30)


def test_a_flush_can_be_awaited_and_abandoned(path: Path) -> None:
    async def use() -> None:
        writer = Writer(path)
        Talk(writer).begin()
        abandoned = asyncio.wrap_future(writer.flush())
        abandoned.cancel()
        await wait(asyncio.wrap_future(writer.flush()))
        assert await asyncio.to_thread(writer.close, 30)

    asyncio.run(use())


def test_a_record_that_does_not_fit_is_told_and_stops_no_other(path: Path) -> None:
    troubles = Troubles()
    writer = Writer(path, troubles)
    talk = Talk(writer).begin().say("before ")
    writer.flush().result(30)
    writer.put(AddText(ReplyId("nowhere"), 0, "lost", 0, START))
    talk.say("after")
    with pytest.raises(JournalUnusable) as caught:
        writer.flush().result(30)
    assert caught.value.trouble.kind == "refused"
    assert "AddText" in caught.value.trouble.detail
    troubles.wait_for("refused")
    talk.say(".")
    assert not writer.close(30)
    assert text_of(path, talk) == "before after."
    assert troubles.kinds() == ["refused"]


def test_a_lock_is_waited_out_in_memory(path: Path) -> None:
    Journal.open(path).close()

    def impatient(path: Path) -> sqlite3.Connection:
        db = open_file(path)
        db.execute("pragma busy_timeout = 0")
        return db

    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    troubles = Troubles()
    writer = Writer(path, troubles, opener=impatient)
    talk = Talk(writer).begin().say("kept")
    troubles.wait_for("locked")
    assert writer.saved_through == 0
    assert writer.unsaved == 4
    flushed = writer.flush()
    assert not flushed.done()
    other.execute("rollback")
    other.close()
    flushed.result(30)
    troubles.wait_for(None)
    assert writer.trouble is None
    assert writer.close(30)
    assert text_of(path, talk) == "kept"


@pytest.mark.parametrize("really", [True, False])
def test_a_commit_reported_as_failed_is_written_once(path: Path, really: bool) -> None:
    class Broken(Proxy):
        def execute(self, sql: str, values: object = ()) -> sqlite3.Cursor:
            if sql == "commit" and len(failures) < 3:
                if really:
                    super().execute(sql)
                failures.append(sql)
                raise sqlite3.OperationalError("disk I/O error")
            return super().execute(sql, values)

    failures: list[str] = []
    troubles = Troubles()
    writer = Writer(path, troubles, opener=lambda path: cast("sqlite3.Connection", Broken(open_file(path))))
    talk = Talk(writer).begin().say("one ", "two ")
    troubles.wait_for("io")
    talk.say("three")
    troubles.wait_for(None)
    writer.flush().result(30)
    assert writer.close(30)
    assert writer.saved_through == 6
    assert text_of(path, talk) == "one two three"
    assert failures


def test_a_journal_moved_away_is_noticed_and_caught_up_with(path: Path) -> None:
    troubles = Troubles()
    writer = Writer(path, troubles)
    talk = Talk(writer).begin().say("one ")
    writer.flush().result(30)
    elsewhere = path.with_name("elsewhere")
    path.rename(elsewhere)
    talk.say("two")
    writer.flush()
    troubles.wait_for("gone")
    assert not path.exists(), "no new journal is begun in the middle of a reply"
    elsewhere.rename(path)
    troubles.wait_for(None)
    assert writer.close(30)
    assert text_of(path, talk) == "one two"


def test_a_file_that_cannot_be_opened_is_told_at_once_and_nothing_raises(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    troubles = Troubles()
    writer = Writer(tmp_path / "file" / "journal.sqlite3", troubles)
    troubles.wait_for("unwritable")
    Talk(writer).begin().say("only in memory")
    flushed = writer.flush()
    assert not writer.close(30)
    with pytest.raises(JournalUnusable):
        flushed.result(0)
    with pytest.raises(JournalUnusable):
        writer.flush().result(0)
    assert writer.saved_through == 0
    assert "Not saved: the journal or its directory cannot be written." in troubles.told[0].sentence()  # type: ignore[union-attr]


def test_a_writer_with_a_dead_listener_goes_on(tmp_path: Path) -> None:
    def deaf(_: object) -> None:
        heard.set()
        raise RuntimeError("Event loop is closed")

    heard = threading.Event()
    writer = Writer(tmp_path, deaf)  # a directory
    assert heard.wait(30)
    writer.put(EndReply(ReplyId("r"), "done", START))
    assert not writer.close(30)


LIMITED = """
import resource, threading
from fixtures_journal import Talk, Troubles
from pathlib import Path
from tui.journal.writer import Writer
from tui.journal.store import Journal
path = Path(sys.argv[1])
troubles = Troubles()
writer = Writer(path, troubles)
talk = Talk(writer).begin().say("first ")
writer.flush().result(30)
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, most))
talk.say("x" * 1_000_000)
flushed = writer.flush()
troubles.wait_for("io")
talk.say("last")
assert writer.saved_through == 4 and writer.unsaved == 2 and not flushed.done()
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
troubles.wait_for(None)
assert writer.close(30)
with Journal.open(path) as journal:
    assert journal.reply(talk.reply).text == "first " + "x" * 1_000_000 + "last"
print(troubles.kinds())
"""


def test_a_file_that_may_not_grow_is_caught_up_with_later(path: Path) -> None:
    with Program(LIMITED, path) as program:
        assert program.end().strip() == "['io', None]"


def test_a_reply_begun_twice_is_one(path: Path) -> None:
    writer = Writer(path)
    talk = Talk(writer).begin().say("whole")
    writer.flush().result(30)
    writer.put(BeginReply(talk.reply, talk.turn, 0, "p", "u", "m", START))
    with pytest.raises(JournalUnusable):
        writer.flush().result(30)
    writer.close(30)
    assert text_of(path, talk) == "whole"


def test_a_clock_that_jumps_loses_nothing_and_changes_no_order(path: Path) -> None:
    wall = [START]
    writer = Writer(path, wall=lambda: wall[0])
    first = Talk(writer, at=START).begin()
    for number, jump in enumerate((86400.0, -2 * 86400.0, 1e9, -3e9, 0.0)):
        wall[0] = START + jump
        first.at = wall[0]
        first.say(f"{number} ")
        writer.flush().result(30)
        with Journal.open(path, wall=lambda: wall[0]) as journal:
            reply = journal.reply(first.reply)
            assert reply is not None
            assert reply.state == "streaming"
    writer.put(EndReply(first.reply, "done", wall[0]))
    assert writer.close(30)
    assert text_of(path, first) == "0 1 2 3 4 "
