"""The session is lost in mid-answer, over real SSH and in a real tmux: the answer is whole in the next login."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from breaking_provider import ENGLISH, settings
from gated_provider import Gated
from pty_window import ROOT, Window
from ssh_login import SSHD, Cable, Sshd, sshd

from tui import paths
from tui.journal.store import Journal
from tui.journal.stored import StoredReply

pytestmark = [pytest.mark.timeout(240)]
ssh_only = pytest.mark.skipif(SSHD is None or shutil.which("ssh") is None, reason="no OpenSSH here")
tmux_only = pytest.mark.skipif(shutil.which("tmux") is None, reason="no tmux here")

SHOWN = "the rain of May"
ASK = "Spring, please"
END = "through the wet gate."


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gated]:
    with Gated(ENGLISH, first=30) as gated:
        monkeypatch.setenv("UNBROKEN_CONFIG", str(settings(tmp_path, gated.url, resume="prefill")))
        yield gated


@pytest.fixture
def login(tmp_path: Path) -> Iterator[Sshd]:
    with sshd(tmp_path / "ssh") as running:
        yield running


def writer() -> int:
    """A descriptor that is readable when the process that writes the reply has ended."""
    db = sqlite3.connect(paths.journal_file())
    try:
        (pid,) = db.execute("select p.pid from replies r join processes p on p.id = r.owner").fetchone()
    finally:
        db.close()
    return os.pidfd_open(pid)


def ended(process: int) -> bool:
    try:
        return bool(select.select([process], [], [], 60)[0])
    finally:
        os.close(process)


def reply() -> StoredReply:
    with Journal.open(paths.journal_file()) as journal:
        latest = journal.latest()
        assert latest is not None
        (turn,) = journal.turns(latest.id)
        (found,) = turn.replies
    return found


def in_mid_answer(window: Window, server: Gated) -> None:
    window.shows("Ask…", "○ ready")
    window.type(f"{ASK}\r")
    server.wait_for("held 1")
    window.shows(SHOWN)


def kill_client(window: Window, login: Sshd, cable: Cable) -> None:
    window.process.send_signal(signal.SIGKILL)
    login.wait_for("Connection closed by")


def cable_dies(window: Window, login: Sshd, cable: Cable) -> None:
    cable.die()
    login.drop()


def client_stops(window: Window, login: Sshd, cable: Cable) -> None:
    """A laptop's lid: the client answers nobody, and its connections stand."""
    window.process.send_signal(signal.SIGSTOP)
    login.drop()


@ssh_only
@pytest.mark.parametrize("lose", [kill_client, cable_dies, client_stops])
def test_a_session_lost_in_mid_answer(server: Gated, login: Sshd, lose: Callable[[Window, Sshd, Cable], None]) -> None:
    cable = Cable(login.port)
    with Window(command=login.login([], port=cable.port)) as window:
        in_mid_answer(window, server)
        process = writer()
        lose(window, login, cable)
        # The next login, while the reply is still on its way: it is live there, and ends there.
        with Window(command=login.login(["-c"])) as again:
            again.shows(SHOWN, "written by another window")
            server.gate.set()
            again.shows(END, "✓ done", f"✓ {ASK}")
            assert ended(process), "the process without a terminal has not ended"
            again.type("\x11")
            assert again.code() == 0
    cable.close()
    assert server.prompts == [ASK], "the answer came from one request"
    assert (reply().text, reply().state, reply().seams) == (ENGLISH, "done", ())
    shown = subprocess.run(login.login(["history", "show"], terminal=False), check=True, capture_output=True, text=True)
    assert ENGLISH in shown.stdout


@ssh_only
def test_the_answer_is_whole_before_the_next_login(server: Gated, login: Sshd) -> None:
    with Window(command=login.login([])) as window:
        in_mid_answer(window, server)
        process = writer()
        window.process.send_signal(signal.SIGKILL)
        login.wait_for("Connection closed by")
        server.gate.set()
        assert ended(process)
    assert (reply().text, reply().state) == (ENGLISH, "done")
    with Window(command=login.login(["-c"])) as again:
        again.shows(END, f"✓ {ASK}")
        again.type("\x11")
        assert again.code() == 0


@tmux_only
def test_a_pane_killed_in_mid_answer(server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TMUX", "TMUX_PANE"):
        monkeypatch.delenv(name, raising=False)
    tmux = ["tmux", "-u", "-f", "/dev/null", "-S", str(tmp_path / "tmux")]
    command = shlex.join([sys.executable, "-m", "tui"])
    # A second pane keeps the session, and with it the terminal that shows it, when the first is killed.
    with Window(command=[*tmux, "new-session", command, ";", "split-window", "-d", "-l", "2", "cat"]) as window:
        in_mid_answer(window, server)
        process = writer()
        subprocess.run([*tmux, "kill-pane", "-t", "0"], check=True)
        server.gate.set()
        assert ended(process)
        subprocess.run([*tmux, "kill-server"], check=True)
    assert (reply().text, reply().state) == (ENGLISH, "done")
    shown = subprocess.run(
        [sys.executable, "-m", "tui", "history", "show"], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert ENGLISH in shown.stdout
