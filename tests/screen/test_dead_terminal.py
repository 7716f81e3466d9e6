"""After the terminal is gone: no CPU while the reply is finished, no process left, the embedded server too."""

from __future__ import annotations

import os
import select
import shlex
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from breaking_provider import ENGLISH, settings
from gated_provider import Gated
from pty_window import COMMAND, LONG, Window

from tui import paths
from tui.journal.store import Journal
from tui.journal.stored import StoredReply

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

SHOWN = "the rain of May"
ASK = "Spring, please"
WATCHED = 3.0
"""Seconds over which the CPU time is taken: a spin would take all of them."""

MOST = 0.2
"""Of one core; stock Textual takes 0.6 to 1 here."""


@pytest.fixture
def server() -> Iterator[Gated]:
    with Gated(ENGLISH, first=30) as gated:
        yield gated


def configure(folder: Path, url: str, monkeypatch: pytest.MonkeyPatch, top: str = "") -> None:
    file = settings(folder, url, resume="prefill")
    file.write_text(top + file.read_text())
    monkeypatch.setenv("UNBROKEN_CONFIG", str(file))


def replies() -> list[StoredReply]:
    with Journal.open(paths.journal_file()) as journal:
        latest = journal.latest()
        return [reply for turn in journal.turns(latest.id) for reply in turn.replies] if latest else []


def cpu(pid: int) -> float:
    """Seconds of CPU that the process has had (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def share(pid: int) -> float:
    """Of one core, from now on for a while."""
    before, began = cpu(pid), time.monotonic()
    with os.fdopen(os.pidfd_open(pid)) as ended:
        assert not select.select([ended], [], [], WATCHED)[0], "it ended while its reply is still being written"
    return (cpu(pid) - before) / (time.monotonic() - began)


def descendants(pid: int) -> list[int]:
    found: list[int] = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += [int(child), *descendants(int(child))]
    return found


def gone(watched: Sequence[int]) -> None:
    """Until the processes of these descriptors are no more."""
    for one in watched:
        with os.fdopen(one):
            assert select.select([one], [], [], LONG)[0], "it lives on"


def fill(window: Window) -> None:
    """Much to draw, and nobody who reads: the terminal takes no more."""
    for _ in range(60):
        window.resize(120, 40)
        window.resize(100, 30)
        window.type("x")


@pytest.mark.parametrize("how", ["hang-up", "without a signal", "stalled first"])
def test_a_dead_terminal_burns_nothing(
    server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    configure(tmp_path, server.url, monkeypatch)
    trap = "trap '' HUP; " if how == "without a signal" else ""
    with Window(command=["sh", "-c", f"{trap}exec {shlex.join(COMMAND)}"]) as window:
        window.shows("Ask…")
        window.type(f"{ASK}\r")
        server.wait_for("held 1")
        window.shows(SHOWN)
        if how == "stalled first":
            fill(window)
        window.hang_up()
        assert share(window.process.pid) < MOST
        server.gate.set()
        assert window.code() == 0
    (reply,) = replies()
    assert (reply.text, reply.state) == (ENGLISH, "done")


def test_stopped_and_continued_while_the_terminal_is_stalled(
    server: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTSTP and SIGCONT while nobody reads what is drawn: the reply goes on, and the screen is whole again."""
    configure(tmp_path, server.url, monkeypatch)
    with Window(command=["sh", "-i"], PS1="ready> ") as window:
        window.shows("ready>")
        window.type(shlex.join(COMMAND) + "\r")
        window.shows("Ask…")
        window.type(f"{ASK}\r")
        server.wait_for("held 1")
        window.shows(SHOWN)
        (program,) = descendants(window.process.pid)
        fill(window)
        os.kill(program, signal.SIGTSTP)
        window.until(lambda: "Stopped" in window.text())
        server.gate.set()
        window.type("fg\r")
        window.shows("through the wet gate.", "✓ done")
        server.wait_for("whole 1")
        window.type("\x11")
        window.shows("ready>")
    (reply,) = replies()
    assert (reply.text, reply.state, reply.seams) == (ENGLISH, "done", ())


LOCAL = "Tell a long tale."


def local(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, weights: Path, top: str = "") -> None:
    config = tmp_path / "config.toml"
    config.write_text(top)
    monkeypatch.setenv("UNBROKEN_CONFIG", str(config))
    models = paths.data_dir() / "models"
    models.mkdir(parents=True, exist_ok=True)
    (models / weights.name).symlink_to(weights)


def begun(window: Window) -> list[int]:
    """Descriptors of the program and of its children, once the answer has begun to be kept."""
    window.shows("Ask…")
    window.type(f"{LOCAL}\r")
    window.shows("streaming")
    window.until(lambda: any(reply.next_seq > 5 for reply in replies()))
    pids = [window.process.pid, *descendants(window.process.pid)]
    assert len(pids) >= 2, "the server runs"
    return [os.pidfd_open(pid) for pid in pids]


Ending = Callable[[Window], None]


@pytest.mark.parametrize(
    ("top", "end", "states"),
    [
        ("", Window.hang_up, {"done"}),
        ('on_hangup = "stop"\n', Window.hang_up, {"stopped"}),
        ("", lambda window: window.process.send_signal(signal.SIGTERM), {"interrupted"}),
        ("", lambda window: window.process.kill(), {"interrupted"}),
    ],
    ids=["hang-up", "on_hangup stop", "SIGTERM", "SIGKILL"],
)
def test_the_embedded_server_goes_with_the_program(
    installed_weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    top: str,
    end: Ending,
    states: set[str],
) -> None:
    local(monkeypatch, tmp_path, installed_weights, top)
    with Window("--local", width=120) as window:
        watched = begun(window)
        end(window)
        window.code()
        gone(watched)
    (reply,) = replies()
    assert reply.state in states
    assert reply.text
    if reply.state == "done":
        assert reply.finish_reason in ("stop", "length")
