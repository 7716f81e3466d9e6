"""The terminal goes away while the journal cannot be written: nobody is there to ask, so saving is tried on."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from breaking_provider import ENGLISH, settings
from gated_provider import Gated
from pty_window import Window

from tui import paths
from tui.journal.store import Journal
from tui.journal.stored import StoredTurn

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

SHOWN = "the rain of May"
GIVEN_UP = 8.0
"""Seconds after which a process that waits for no more than the end of a program (5 s, and a last try) is gone."""


@pytest.fixture
def server() -> Iterator[Gated]:
    with Gated(ENGLISH, first=30) as gated:
        yield gated


def configure(folder: Path, server: Gated, monkeypatch: pytest.MonkeyPatch, top: str = "") -> None:
    file = settings(folder, server.url, resume="prefill")
    file.write_text(top + file.read_text())
    monkeypatch.setenv("UNBROKEN_CONFIG", str(file))


def turns() -> tuple[StoredTurn, ...]:
    with Journal.open(paths.journal_file()) as journal:
        latest = journal.latest()
        return journal.turns(latest.id) if latest else ()


@contextmanager
def locked() -> Iterator[sqlite3.Connection]:
    """Another program writes the journal, and does not come to its end."""
    with closing(sqlite3.connect(paths.journal_file(), isolation_level=None)) as db:
        db.execute("begin immediate")
        yield db


def asked(window: Window, server: Gated) -> None:
    """A reply stands on the screen and in the journal, up to its gate."""
    window.shows("Ask…")
    window.type("Spring, please\r")
    server.wait_for("held 1")
    window.shows(SHOWN)
    window.until(lambda: any(SHOWN in reply.text for turn in turns() for reply in turn.replies))


def whole_on_screen(window: Window, server: Gated) -> None:
    server.gate.set()
    window.shows("✓ done", "Not saved")


def still_there(window: Window) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        window.process.wait(GIVEN_UP)


@pytest.mark.parametrize("when", ["whole on screen", "still streaming"])
def test_what_cannot_be_saved_at_a_hang_up_is_saved_when_it_can(
    server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    configure(tmp_path, server, monkeypatch)
    with Window() as window:
        asked(window, server)
        with locked():
            if when == "whole on screen":
                whole_on_screen(window, server)
            window.hang_up()
            server.gate.set()
            server.wait_for("whole 1")
            still_there(window)
        assert window.code() == 0
    ((reply,),) = [turn.replies for turn in turns()]
    assert (reply.text, reply.state, reply.note) == (ENGLISH, "done", "")


@pytest.mark.parametrize("top", ["", 'on_hangup = "stop"\n'])
def test_the_limit_of_a_hang_up_ends_the_saving(
    server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, top: str
) -> None:
    configure(tmp_path, server, monkeypatch, top + "hangup_limit = 0.2\n")
    with Window() as window:
        asked(window, server)
        with locked():
            whole_on_screen(window, server)
            window.hang_up()
            assert window.code() == 1


def test_sigterm_ends_the_saving(server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(tmp_path, server, monkeypatch)
    with Window() as window:
        asked(window, server)
        with locked():
            whole_on_screen(window, server)
            window.hang_up()
            still_there(window)
            window.process.send_signal(signal.SIGTERM)
            assert window.code() == 1


def test_what_is_finished_without_a_screen_is_saved_when_it_can_be(
    server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody watches: he is told what is waited for, and how to end that."""
    configure(tmp_path, server, monkeypatch)
    with Window() as window:
        asked(window, server)
        with locked():
            window.type("\x11")  # Ctrl+Q
            window.shows("A reply is still being written")
            window.type("f")
            window.shows("The screen is closed")
            server.gate.set()
            window.shows("Not saved yet: another program has locked the journal", "Ctrl+C gives it up")
        assert window.code() == 0
        assert "The reply is finished and saved." in window.text()
    ((reply,),) = [turn.replies for turn in turns()]
    assert (reply.text, reply.state) == (ENGLISH, "done")
