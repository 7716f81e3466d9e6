"""Deltas of a reply that was still being written are lost: what is left is its beginning, or whoever writes it puts
them back; never a text with a hole."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fixtures_journal import START, Talk, Troubles
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.journal.connect import open_file
from tui.journal.live import LiveJournal
from tui.journal.records import AddText, EndReply, ResumeReply
from tui.journal.salvage import set_aside
from tui.journal.store import Journal
from tui.journal.stored import StoredReply
from tui.journal.sums import running
from tui.journal.text import compact
from tui.journal.writer import Writer

LATER = START + 86400.0


def wait(writer: Writer) -> None:
    writer.flush().result(30)


def lose(path: Path, *seqs: int) -> None:
    """As a page that is gone: the rows on it, and nothing says so."""
    with closing(sqlite3.connect(path)) as db:
        db.executemany("delete from deltas where seq = ?", [(seq,) for seq in seqs])
        db.commit()
        db.execute("pragma wal_checkpoint(truncate)")
        db.execute("vacuum")


def reply_of(path: Path, talk: Talk) -> StoredReply:
    with Journal.open(path) as journal:
        found = journal.reply(talk.reply)
    assert found is not None
    return found


PIECES = st.lists(st.text("ab春\n", min_size=1, max_size=4) | st.just("long " * 600), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(before=PIECES | st.just([]), pieces=PIECES, data=st.data())
def test_what_is_rescued_is_a_true_beginning(before: list[str], pieces: list[str], data: st.DataObject) -> None:
    """`before`: what had come before the reply was resumed."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite3"
        writer = Writer(path)
        talk = Talk(writer).begin().say(*before)
        if before:
            writer.put(EndReply(talk.reply, "failed", START))
            writer.put(ResumeReply(talk.reply, "mine", "http://127.0.0.1/v1", "m", START, len(before)))
        talk.say(*pieces)
        assert writer.close(30)
        numbers = range(len(before), len(before) + len(pieces))
        lost = data.draw(st.sets(st.sampled_from(numbers)), label="lost")
        lose(path, *lost)
        whole = "".join([*before, *pieces])
        there = "".join([*before, *pieces][: min(lost, default=len(whole))])
        gap = any(number not in lost and number > min(lost) for number in numbers) if lost else False
        assert reply_of(path, talk).text == there  # also where nobody has noticed the damage
        done = set_aside(path, LATER)
        assert done.rescued is not None
        found = reply_of(path, talk)
        assert found.text == there
        assert whole.startswith(found.text)
        assert found.note == ("damaged" if gap else "")
        assert (talk.reply in done.rescued.cut) == gap
        again = Writer(path)
        again.put(ResumeReply(talk.reply, "mine", "http://127.0.0.1/v1", "m", LATER, found.next_seq))
        again.put(AddText(talk.reply, found.next_seq, " and on", 1, LATER))
        again.put(EndReply(talk.reply, "done", LATER))
        wait(again)
        assert not again.lost(talk.reply)
        assert again.close(30)
        assert reply_of(path, talk).text == there + " and on"


@settings(max_examples=60, deadline=None)
@given(data=st.data(), pieces=st.lists(st.text("ab春", min_size=1, max_size=4), min_size=2, max_size=12))
def test_deltas_that_are_not_as_they_were_end_the_text(data: st.DataObject, pieces: list[str]) -> None:
    """A row that is whole, and another's, or from before: its sum goes over all that came before it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite3"
        writer = Writer(path)
        talk = Talk(writer).begin().say(*pieces)
        assert writer.close(30)
        one, other = (data.draw(st.integers(0, len(pieces) - 1)) for _ in range(2))
        with closing(sqlite3.connect(path)) as db:
            texts = dict(db.execute("select seq, text from deltas").fetchall())
            db.execute("update deltas set text = ? where seq = ?", (texts[other], one))
            db.execute("update deltas set text = ? where seq = ?", (texts[one], other))
            db.commit()
        set_aside(path, LATER)
        found = reply_of(path, talk).text
        same = texts[one] == texts[other]
        assert found == "".join(pieces if same else pieces[: min(one, other)])


@pytest.mark.parametrize("lost", [(0,), (1,), (2,), (0, 1, 2), (1, 2)])
def test_whoever_writes_it_puts_back_what_the_damage_took(tmp_path: Path, lost: tuple[int, ...]) -> None:
    path = tmp_path / "journal.sqlite3"
    troubles = Troubles()
    writer = Writer(path, troubles)
    talk = Talk(writer).begin().say("one ", "two ", "three ")
    wait(writer)
    with LiveJournal.open(path) as follower:
        seen = list(follower.tail(talk.reply, 0).pieces)
    lose_and_break(path, *lost)
    talk.say("four ")
    troubles.wait_for("set_aside")
    talk.say("five")
    wait(writer)
    with LiveJournal.open(path) as follower:
        seen += follower.tail(talk.reply, len(seen)).pieces
    assert seen == ["one ", "two ", "three ", "four ", "five"]
    writer.put(EndReply(talk.reply, "done", START))
    wait(writer)
    assert writer.close(30)
    found = reply_of(path, talk)
    assert (found.text, found.state, found.note) == ("one two three four five", "done", "")
    assert [kind for kind in troubles.kinds() if kind] == ["set_aside"]


def test_what_was_there_before_it_was_resumed_is_put_back_too(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    early = Writer(path)
    talk = Talk(early).begin().say("x" * 30_000, "one ")
    early.put(EndReply(talk.reply, "failed", START))
    assert early.close(30)
    troubles = Troubles()
    writer = Writer(path, troubles)
    writer.put(ResumeReply(talk.reply, "mine", "http://127.0.0.1/v1", "m", START, 2))
    late = Talk(writer, talk.prompt, talk.at, talk.conversation, talk.turn, talk.reply, 2).say("two ")
    wait(writer)
    with closing(sqlite3.connect(path)) as db:
        db.execute("update replies set text = substr(text, 1, 20000)")
        db.execute("delete from processes")
        db.commit()
    lose_and_break(path, 2)
    late.say("three")
    troubles.wait_for("set_aside")
    writer.put(EndReply(talk.reply, "done", START))
    wait(writer)
    assert not writer.lost(talk.reply)
    assert writer.close(30)
    found = reply_of(path, talk)
    assert found.text == "x" * 30_000 + "one two three"
    assert (found.state, found.note) == ("done", "")


def lose_and_break(path: Path, *seqs: int) -> None:
    """Those rows, and a page that whoever writes comes upon."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("pragma foreign_keys = off")
        db.executemany("delete from deltas where seq = ?", [(seq,) for seq in seqs])
        db.commit()
        db.execute("pragma wal_checkpoint(truncate)")
        root = db.execute("select rootpage from sqlite_master where name = 'sqlite_autoindex_processes_1'").fetchone()[
            0
        ]
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)


def test_a_gap_that_nobody_noticed_ends_the_text_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    writer = Writer(path)
    talk = Talk(writer).begin().say("one ", "two ", "three ", "four")
    assert writer.close(30)
    lose(path, 2)
    with LiveJournal.open(path) as follower:
        tail = follower.tail(talk.reply, 0)
        assert (tail.pieces, tail.next_seq) == (("one ", "two "), 2)
        partial = follower.partial(talk.reply)
        assert partial is not None
        assert partial.text == "one two "
    with closing(open_file(path)) as db:
        compact(db, talk.reply)
    found = reply_of(path, talk)
    assert (found.text, found.note, found.next_seq) == ("one two ", "damaged", 2)


def test_a_number_behind_a_long_text_may_end_with_a_zero_byte(tmp_path: Path) -> None:
    """One running sum in 256 does; it is no sign of a page that was not written to its end."""
    long = "long " * 600
    piece = next(text for text in (f"{number} {long}" for number in itertools.count()) if running(text) % 256 == 0)
    path = tmp_path / "journal.sqlite3"
    writer = Writer(path)
    talk = Talk(writer).begin().say(piece)
    assert writer.close(30)
    assert set_aside(path, LATER).rescued is not None
    assert reply_of(path, talk).text == piece
