"""The terminal of `unbroken ask` goes away: its answer is finished into the journal, as on the screen."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from breaking_provider import ENGLISH, settings
from gated_provider import Gated
from pty_window import COMMAND, Window

from tui import paths
from tui.chat.interrupted import left_behind
from tui.journal.store import Journal
from tui.journal.stored import StoredReply

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

SHOWN = "somebody forgot"
ASK = [*COMMAND, "ask", "Spring, please"]
WHOLE = ("done", "", ENGLISH)


@pytest.fixture
def server() -> Iterator[Gated]:
    with Gated(ENGLISH, first=30) as gated:
        yield gated


def configure(folder: Path, server: Gated, monkeypatch: pytest.MonkeyPatch, top: str = "") -> None:
    file = settings(folder, server.url, resume="prefill")
    file.write_text(top + file.read_text())
    monkeypatch.setenv("UNBROKEN_CONFIG", str(file))


def reply() -> StoredReply:
    with Journal.open(paths.journal_file()) as journal:
        latest = journal.latest()
        assert latest is not None
        ((only,),) = [turn.replies for turn in journal.turns(latest.id)]
    return only


def ended() -> tuple[str, str, str]:
    return reply().state, reply().note, reply().text


class Shell:
    """A shell that runs `line` in the window, and the end of everything that it started."""

    def __init__(self, folder: Path, line: str) -> None:
        self._held = folder / "held"
        os.mkfifo(self._held)
        self.window = Window(command=["sh", "-c", f"exec 9>{shlex.quote(str(self._held))}; {line}"])
        self._end = self._held.open("rb")

    def wait(self) -> None:
        """Until nobody is left: what they all hold open has no writer any more."""
        assert self._end.read() == b""
        self._end.close()


def test_the_answer_is_finished(server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(tmp_path, server, monkeypatch)
    with Window(command=ASK) as window:
        window.shows(SHOWN)
        window.hang_up()
        server.gate.set()
        assert window.code() == 0
    assert ended() == WHOLE


def test_json_too(server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(tmp_path, server, monkeypatch)
    with Window(command=[*ASK, "--json"]) as window:
        server.wait_for("held 1")
        window.shows("content")
        window.hang_up()
        server.gate.set()
        assert window.code() == 0
    assert ended() == WHOLE


def test_on_hangup_stop_ends_it(server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(tmp_path, server, monkeypatch, 'on_hangup = "stop"\n')
    with Window(command=ASK) as window:
        window.shows(SHOWN)
        window.hang_up()
        assert window.code() == 1
        server.gate.set()
        server.wait_for("gone 1")
    assert (reply().state, reply().note) == ("stopped", "hung_up")
    assert SHOWN in reply().text


def test_the_limit_ends_it_and_the_next_start_offers_it(
    server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, server, monkeypatch, "hangup_limit = 0.2\n")
    with Window(command=ASK) as window:
        window.shows(SHOWN)
        window.hang_up()
        assert window.code() == 1
    assert (reply().state, reply().note) == ("interrupted", "cut_limit")
    assert [one.reply for one in left_behind(paths.journal_file()).interrupted] == [reply().id]


@pytest.mark.parametrize("trap", ["", "trap '' HUP; "])
def test_a_file_gets_the_whole_answer(
    server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trap: str
) -> None:
    """Only the terminal is gone. With SIGHUP ignored (nohup) nothing is known of it, and no limit holds."""
    configure(tmp_path, server, monkeypatch, "" if not trap else "hangup_limit = 0.01\n")
    out = tmp_path / "answer.txt"
    shell = Shell(tmp_path, f"{trap}{shlex.join(ASK)} >{shlex.quote(str(out))}")
    with shell.window as window:
        server.wait_for("held 1")
        window.hang_up()
        server.gate.set()
        shell.wait()
    assert ended() == WHOLE
    assert out.read_text() == ENGLISH + "\n"


def test_a_terminal_that_vanishes_without_a_signal(
    server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, server, monkeypatch)
    shell = Shell(tmp_path, f"trap '' HUP; {shlex.join(ASK)}")
    with shell.window as window:
        window.shows(SHOWN)
        window.hang_up()
        server.gate.set()
        shell.wait()
    assert ended() == WHOLE


def test_a_pipe_whose_reader_the_hang_up_ends(server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ask | cat`: the same hang-up ends cat, and that is no wish to have the answer stopped."""
    configure(tmp_path, server, monkeypatch)
    shell = Shell(tmp_path, f"{shlex.join(ASK)} | cat")
    with shell.window as window:
        window.shows(SHOWN)
        window.hang_up()
        server.gate.set()
        shell.wait()
    assert ended() == WHOLE


def test_a_terminal_that_nobody_reads_and_that_then_vanishes(
    server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.text = ENGLISH + " and so on" * 20_000  # more than a terminal's buffer holds
    server.first = 30_000
    configure(tmp_path, server, monkeypatch)
    with Window(command=ASK) as window:
        window.shows(SHOWN)
        window.hang_up()
        server.gate.set()
        assert window.code() == 0
    assert ended()[:2] == ("done", "")
    assert len(ended()[2]) == len(server.text)
