"""The terminal goes away, politely or not: the reply is finished, and what was queued is asked or kept."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from breaking_provider import ENGLISH, settings
from gated_provider import Gated
from pty_window import COMMAND, Window

from tui import paths
from tui.chat.interrupted import left_behind
from tui.journal.store import Journal
from tui.journal.stored import StoredTurn

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

SHOWN = "the rain of May"
ASK = "Spring, please"


@pytest.fixture
def server() -> Iterator[Gated]:
    with Gated(ENGLISH, first=30) as gated:
        yield gated


def configure(folder: Path, server: Gated, monkeypatch: pytest.MonkeyPatch, top: str = "") -> None:
    file = settings(folder, server.url, resume="prefill")
    file.write_text(top + file.read_text())
    monkeypatch.setenv("UNBROKEN_CONFIG", str(file))


def asked(window: Window, server: Gated, prompt: str = ASK) -> None:
    window.shows("Ask…")
    window.type(f"{prompt}\r")
    server.wait_for("held 1")
    window.shows(SHOWN)


def turns() -> tuple[StoredTurn, ...]:
    with Journal.open(paths.journal_file()) as journal:
        latest = journal.latest()
        return journal.turns(latest.id) if latest else ()


def test_what_is_queued_at_a_hang_up_is_asked(server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(tmp_path, server, monkeypatch)
    with Window() as window:
        asked(window, server)
        window.type("And autumn\r")
        window.shows("1 queued")
        window.hang_up()
        server.gate.set()
        assert window.code() == 0
    assert server.prompts == [ASK, "And autumn"]
    assert [(turn.prompt, turn.replies[0].state, turn.replies[0].text) for turn in turns()] == [
        (ASK, "done", ENGLISH),
        ("And autumn", "done", ENGLISH),
    ]


def test_what_is_queued_outlives_a_kill(server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(tmp_path, server, monkeypatch)
    with Window() as window:
        asked(window, server)
        window.type("And autumn\r")
        window.shows("1 queued")
        window.type("taken back\r")
        window.shows("2 queued")
        window.type("\x1b")
        window.until(lambda: "1 queued" in window.text().rpartition("2 queued")[2])
        window.until(lambda: [turn.prompt for turn in turns()] == [ASK, "And autumn"])
        assert left_behind(paths.journal_file()).unsent == (), "its window asks it"
        window.process.kill()
        window.process.wait()
    server.gate.set()
    assert [turn.prompt for turn in turns()] == [ASK, "And autumn"]
    left = left_behind(paths.journal_file())
    assert (len(left.interrupted), left.unsent) == (1, (turns()[1].id,))


def test_a_link_that_stalls_and_then_hangs_up(server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hard case: nobody reads the terminal while the screen draws, and then it is gone."""
    configure(tmp_path, server, monkeypatch)
    with Window() as window:
        asked(window, server)
        for _ in range(60):
            # Much to draw, and no reader: the terminal is full now.
            window.resize(120, 40)
            window.resize(100, 30)
            window.type("x")
        window.hang_up()
        server.gate.set()
        server.wait_for("whole 1")
        assert window.code() == 0
    ((reply,),) = [turn.replies for turn in turns()]
    assert (reply.text, reply.state) == (ENGLISH, "done")


def test_on_hangup_stop_ends_the_reply_and_keeps_what_was_queued(
    server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, server, monkeypatch, 'on_hangup = "stop"\n')
    with Window() as window:
        asked(window, server)
        window.type("And autumn\r")
        window.shows("1 queued")
        window.hang_up()
        assert window.code() == 0
    server.gate.set()
    first, second = turns()
    assert [(reply.state, reply.note) for reply in first.replies] == [("stopped", "hung_up")]
    assert SHOWN in first.replies[0].text
    assert (second.prompt, second.replies) == ("And autumn", ())


def test_the_limit_of_a_hang_up_ends_the_reply(server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(tmp_path, server, monkeypatch, "hangup_limit = 0.2\n")
    with Window() as window:
        asked(window, server)
        window.hang_up()
        assert window.code() == 1
    ((reply,),) = [turn.replies for turn in turns()]
    assert (reply.state, reply.note) == ("interrupted", "cut_limit")
    assert [one.reply for one in left_behind(paths.journal_file()).interrupted] == [reply.id]
    assert SHOWN in reply.text


@pytest.mark.parametrize("when", ["on screen", "without one"])
def test_sigterm_saves_and_ends(server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    configure(tmp_path, server, monkeypatch)
    with Window() as window:
        asked(window, server)
        if when == "without one":
            window.type("\x11")  # Ctrl+Q
            window.shows("A reply is still being written")
            window.type("f")
            window.shows("The screen is closed")
        window.process.send_signal(signal.SIGTERM)
        assert window.code() == 143
        assert "\x1b" not in window.text()
    ((reply,),) = [turn.replies for turn in turns()]
    assert (reply.state, reply.note) == ("interrupted", "cut_asked")
    assert [one.reply for one in left_behind(paths.journal_file()).interrupted] == [reply.id]
    assert SHOWN in reply.text


def test_ctrl_c_stops_what_is_finished_without_a_screen(
    server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, server, monkeypatch)
    with Window() as window:
        asked(window, server)
        window.type("\x11")
        window.shows("A reply is still being written")
        window.type("f")
        window.shows("The screen is closed")
        window.type("\x03")
        assert window.code() == 130
    ((reply,),) = [turn.replies for turn in turns()]
    assert (reply.state, reply.note) == ("stopped", "")


def test_ctrl_z_and_fg(server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped in mid-answer, woken in a terminal of another size: the screen is whole, and the reply goes on."""
    configure(tmp_path, server, monkeypatch)
    with Window(command=["sh", "-i"], PS1="ready> ") as window:
        window.shows("ready>")
        window.type(shlex.join(COMMAND) + "\r")
        asked(window, server)
        window.type("\x1a")
        window.shows("Stopped", "ready>")
        assert "Ask…" not in window.text()
        window.resize(80, 24)
        server.gate.set()
        server.wait_for("whole 1")
        window.type("fg\r")
        window.shows(SHOWN, "through the wet gate.", "✓ done", "Ask…")
        window.type("\x11")
        window.shows("ready>")
    ((reply,),) = [turn.replies for turn in turns()]
    assert (reply.text, reply.state, reply.seams) == (ENGLISH, "done", ())


def test_ctrl_z_without_a_shell_stops_nothing(server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(tmp_path, server, monkeypatch)
    with Window() as window:
        window.shows("Ask…")
        window.type("\x1a")
        window.shows("There is no shell to go back to.")
        window.type("\x11")
        assert window.code() == 0


def test_quitting_asks_before_it_loses_what_is_not_saved(
    server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, server, monkeypatch)
    server.gate.set()
    journal = paths.journal_file()
    journal.parent.mkdir(parents=True, exist_ok=True)
    journal.write_text("a letter, and no journal")
    with Window() as window:
        window.shows("Ask…")
        window.type(f"{ASK}\r")
        window.shows("✓ done")
        window.type("\x11")
        window.shows("Only this window", "Quit and lose them (1)")
        window.type("\x1b")
        window.until(lambda: "lose them" not in window.text())
        window.type("\x11")
        window.shows("Quit and lose them (1)")
        window.type("q")
        assert window.code() == 1
        assert "saved." not in window.text().replace("Not everything could be saved", "")
        assert "Not everything could be saved" in window.text()
    assert journal.read_text() == "a letter, and no journal"


def test_stopping_says_nothing_of_saved_where_nothing_is(
    server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, server, monkeypatch)
    journal = paths.journal_file()
    journal.parent.mkdir(parents=True, exist_ok=True)
    journal.write_text("a letter, and no journal")
    with Window() as window:
        asked(window, server)
        window.process.send_signal(signal.SIGTERM)
        assert window.code() == 1
        assert "is saved" not in window.text()
        assert "Not everything could be saved" in window.text()
