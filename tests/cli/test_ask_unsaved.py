"""`unbroken ask` whose journal cannot be written: what it says is true, and a lock that goes is waited out."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from breaking_provider import ENGLISH, provider, settings
from gated_provider import Gated
from pty_window import COMMAND, ROOT, Window
from test_ask import unbroken

from tui import paths
from tui.journal.store import Journal

pytestmark = [pytest.mark.timeout(120)]

GIVEN_UP = 8.0
"""Seconds after which a process that waits for no more than the end of a program (5 s, and a last try) is gone."""


@pytest.fixture
def server() -> Iterator[Gated]:
    with Gated(ENGLISH, first=30) as gated:
        yield gated


@contextmanager
def locked() -> Iterator[None]:
    """Another program writes the journal, and does not come to its end."""
    paths.journal_file().parent.mkdir(parents=True, exist_ok=True)
    Journal.open(paths.journal_file()).close()
    with closing(sqlite3.connect(paths.journal_file(), isolation_level=None)) as db:
        db.execute("begin immediate")
        yield


def started(config: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "ask", "Spring, please"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | {"UNBROKEN_CONFIG": str(config)},
        text=True,
    )


def read_until(child: subprocess.Popen[str], words: str) -> str:
    assert child.stderr is not None
    told = ""
    while words not in told:
        line = child.stderr.readline()
        assert line, told
        told += line
    return told


def kept() -> list[tuple[str, str]]:
    with Journal.open(paths.journal_file()) as journal:
        latest = journal.latest()
        turns = journal.turns(latest.id) if latest else ()
        return [(reply.state, reply.text) for turn in turns for reply in turn.replies]


def test_a_lock_that_goes_while_it_is_waited_for(tmp_path: Path) -> None:
    with provider() as server:
        with locked():
            child = started(settings(tmp_path, server.url))
            told = read_until(child, "another program has locked the journal. Saving is tried for 10 s more")
            assert "kept in memory" not in told
        out, told = child.communicate(timeout=30)
    assert (child.returncode, out) == (0, ENGLISH + "\n")
    assert told.endswith("unbroken: All of it is saved now.\n")
    assert kept() == [("done", ENGLISH)]


def test_a_lock_that_stays_is_told_at_the_end(tmp_path: Path) -> None:
    with provider() as server, locked():
        done = unbroken("ask", "Hi", config=settings(tmp_path, server.url))
    assert (done.returncode, done.stdout) == (0, ENGLISH + "\n")
    assert "keep what stands on standard output" in done.stderr.splitlines()[-2]
    assert "catches up" not in done.stderr
    assert kept() == []


def test_a_file_that_is_no_journal_is_told_at_the_end(tmp_path: Path) -> None:
    journal = paths.journal_file()
    journal.parent.mkdir(parents=True, exist_ok=True)
    journal.write_text("a letter, and no journal")
    with provider() as server:
        done = unbroken("ask", "Hi", config=settings(tmp_path, server.url))
    assert (done.returncode, done.stdout) == (0, ENGLISH + "\n")
    assert "Not saved: the file is not a journal of unbroken" in done.stderr.splitlines()[-2]
    assert "kept in memory" not in done.stderr


def test_sigterm_says_what_is_not_saved(server: Gated, tmp_path: Path) -> None:
    with locked(), started(settings(tmp_path, server.url)) as child:
        server.wait_for("held 1")
        read_until(child, "Not saved so far")
        child.send_signal(signal.SIGTERM)
        _, told = child.communicate(timeout=30)
    assert child.returncode == 1
    assert "history show" not in told
    assert "keep what stands on standard output" in told


@pytest.mark.real
def test_what_cannot_be_saved_at_a_hang_up_is_saved_when_it_can(
    server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNBROKEN_CONFIG", str(settings(tmp_path, server.url)))
    with Window(command=[*COMMAND, "ask", "Spring, please"]) as window:
        with locked():
            window.shows("somebody forgot")
            window.hang_up()
            server.gate.set()
            server.wait_for("whole 1")
            with pytest.raises(subprocess.TimeoutExpired):
                window.process.wait(GIVEN_UP)
        assert window.code() == 0
    assert kept() == [("done", ENGLISH)]
