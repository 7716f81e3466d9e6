"""What is told to be safe was synced; what is on its way to the file waits for no sync."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest
from fixtures_journal import START, Proxy, Talk, Troubles

from tui.journal import sync
from tui.journal.connect import open_file
from tui.journal.records import EndReply
from tui.journal.store import Journal
from tui.journal.sync import Syncer, copy_log, sync_log
from tui.journal.trouble import JournalTrouble, JournalUnusable
from tui.journal.writer import Writer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


class Commits(Proxy):
    """Counts what was committed."""

    count = 0
    changed = threading.Condition()

    def execute(self, sql: str, values: object = ()) -> sqlite3.Cursor:
        done = super().execute(sql, values)
        if sql == "commit":
            with self.changed:
                type(self).count += 1
                self.changed.notify_all()
        return done


@pytest.fixture
def commits() -> Callable[[Path], sqlite3.Connection]:
    Commits.count = 0
    return lambda path: cast("sqlite3.Connection", Commits(open_file(path)))


def after_a_commit(act: Callable[[], object]) -> None:
    with Commits.changed:
        before = Commits.count
        act()
        assert Commits.changed.wait_for(lambda: Commits.count > before, 30)


class Slow:
    """A disk that syncs when it is let."""

    def __init__(self) -> None:
        self.let, self.begun = threading.Event(), threading.Event()
        self.calls = 0
        self._alone = threading.Lock()

    def __call__(self, path: Path) -> None:
        assert self._alone.acquire(blocking=False), "two at a time"
        self.calls += 1
        self.begun.set()
        assert self.let.wait(30)
        sync_log(path)
        self._alone.release()


def text_in(path: Path, talk: Talk) -> str:
    with Journal.open(path) as journal:
        reply = journal.reply(talk.reply)
        assert reply is not None
        return reply.text


def in_the_journal_itself(path: Path) -> str:
    """The deltas that the file holds without its log."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        return "".join(row[0] for row in db.execute("select text from deltas order by seq"))


def test_batches_do_not_wait_for_a_sync_and_a_flush_does(
    path: Path, commits: Callable[[Path], sqlite3.Connection]
) -> None:
    slow = Slow()
    writer = Writer(path, opener=commits, sync=slow)
    talk = Talk(writer).begin()
    assert slow.begun.wait(30)
    for word in ("one ", "two ", "three"):
        after_a_commit(lambda word=word: talk.say(word))  # type: ignore[misc]
    assert text_in(path, talk) == "one two three"
    flushed = writer.flush()
    talk.say("!")
    after_a_commit(lambda: writer.put(EndReply(talk.reply, "done", START)))
    assert not flushed.done()
    assert writer.saved_through == 0
    assert slow.calls == 1
    slow.let.set()
    flushed.result(30)
    assert writer.saved_through >= 6
    assert writer.close(30)
    assert slow.calls <= 3, "one sync is enough for all that was committed meanwhile"


def test_closing_waits_for_the_sync(path: Path) -> None:
    slow = Slow()
    writer = Writer(path, sync=slow)
    talk = Talk(writer).begin().say("kept")
    assert slow.begun.wait(30)
    assert not writer.close(0.01)
    slow.let.set()
    assert writer.close(30)
    assert text_in(path, talk) == "kept"


def failing(times: int, seen: Callable[[Path], object]) -> Callable[[Path], None]:
    """A disk that cannot sync so many times."""
    left = [times]

    def fail(path: Path) -> None:
        if left[0]:
            left[0] -= 1
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        seen(path)
        sync_log(path)

    return fail


def test_a_sync_that_fails_is_told_and_all_is_written_anew(path: Path) -> None:
    troubles, held = Troubles(), list[str]()
    writer = Writer(path, troubles, sync=failing(1, lambda path: held.append(in_the_journal_itself(path))))
    talk = Talk(writer).begin().say("kept")
    flushed = writer.flush()
    troubles.wait_for("io")
    assert text_in(path, talk) == "kept"
    flushed.result(30)
    troubles.wait_for(None)
    # To sync the same pages again proves nothing: when it is tried the next time, they stand in the journal itself.
    assert held == ["kept"]
    assert troubles.kinds() == ["io", None]
    assert troubles.told[0] is not None
    assert "Not saved" in troubles.told[0].sentence()
    assert writer.close(30)


def test_a_disk_that_never_syncs_is_never_called_safe(path: Path) -> None:
    troubles = Troubles()
    writer = Writer(path, troubles, sync=failing(1000, lambda _: None))
    talk = Talk(writer).begin().say("one ")
    troubles.wait_for("io")
    talk.say("two")
    flushed = writer.flush()
    assert not writer.close(30)
    with pytest.raises(JournalUnusable) as caught:
        flushed.result(0)
    assert caught.value.trouble.kind == "io"
    assert writer.saved_through == 0
    assert None not in troubles.told
    # Other processes, and the next one, read it all the same: the machine has not failed.
    assert text_in(path, talk) == "one two"


def test_the_log_is_what_is_synced(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    name = "fdatasync" if sys.platform == "linux" else "fsync"
    monkeypatch.setattr(os, name, lambda file: synced.append(os.fstat(file).st_ino))
    with closing(open_file(path)):
        sync_log(path)
        assert synced == [path.with_name(path.name + "-wal").stat().st_ino]
    sync_log(path)  # the last connection has copied the log and taken it away
    assert len(synced) == 1
    path.unlink()
    with pytest.raises(JournalUnusable):
        sync_log(path)


def test_a_sync_takes_no_lock_away(path: Path) -> None:
    """POSIX drops a process's locks on a file with the first descriptor of it that is closed: not on the log."""
    with closing(open_file(path)) as db:
        db.execute("begin immediate")
        sync_log(path)
        copy_log(path)
        other = f"import sqlite3; sqlite3.connect({str(path)!r}, timeout=0).execute('begin immediate')"
        refused = subprocess.run([sys.executable, "-c", other], capture_output=True, text=True, check=False)
        assert "database is locked" in refused.stderr


def test_the_log_is_copied_now_and_then_beside_the_writer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "CHECKPOINT", 3)
    told = threading.Semaphore(0)

    def listen(_: int, trouble: JournalTrouble | None) -> None:
        assert trouble is None
        told.release()

    with closing(open_file(path)) as db:
        db.execute("pragma foreign_keys = off")
        syncer = Syncer(path, listen)
        for number in (1, 2, 3):
            db.execute('insert into deltas (reply, seq, text, "offset", at) values (?, ?, ?, 0, 0)', ("r", number, "x"))
            syncer.committed(number)
            assert told.acquire(timeout=30)
        syncer.finish()
        assert in_the_journal_itself(path) == "xxx"
