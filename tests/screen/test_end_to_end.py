"""The program as a person has it: the real command in a real tmux, against the real embedded model."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from breaking_provider import ENGLISH, answering, provider, settings
from model_servers import Model
from wire_server import Answer, Seen, WireServer

pytestmark = [
    pytest.mark.real,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed: there is no terminal to run in"),
]

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "tui"]
LONG = 100.0
"""Seconds after which what is waited for counts as never coming: a small model on a busy machine."""


def environment() -> dict[str, str]:
    """What this process was given, without the LINES and COLUMNS that readline, once loaded, adds below Python: a
    program believes them more than its terminal."""
    return dict(os.environ)


class Tmux:
    """One window of tmux with `unbroken` in it."""

    def __init__(self, folder: Path) -> None:
        self.socket = str(folder / "tmux")
        self.settings = folder / "tmux.conf"
        self.code = folder / "exit-code"
        self.pid = 0
        self.settings.write_text("set -g remain-on-exit on\nset -g default-terminal tmux-256color\nset -g status off\n")

    def __call__(self, *arguments: str) -> str:
        command = ["tmux", "-u", "-f", str(self.settings), "-S", self.socket, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, env=environment()).stdout

    def start(self, width: int, height: int, *arguments: str) -> None:
        """The command in a window of that size. Its exit code goes to a file: tmux 3.3a was seen to miss the end of a
        process in its window."""
        command = f'{shlex.join([*COMMAND, *arguments])}; echo "$?" > {self.code}'
        self("new-session", "-d", "-x", str(width), "-y", str(height), "sh", "-c", command)
        self.pid = int(self("display-message", "-p", "#{pid}"))

    def end(self) -> None:
        """tmux and what runs in it, whatever state they are in."""
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], check=False, capture_output=True)
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def shown(self) -> str:
        return self("capture-pane", "-p", "-t", "0")

    def until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + LONG
        while not condition():
            assert time.monotonic() < end, self.shown()

    def shows(self, *words: str) -> None:
        self.until(lambda: all(word in self.shown() for word in words))

    def write(self, text: str) -> None:
        self("send-keys", "-t", "0", "-l", text)

    def key(self, name: str) -> None:
        self("send-keys", "-t", "0", name)

    def exit_code(self) -> str:
        """The exit code of the command, once it has ended."""
        self.until(lambda: self.code.exists() and self.code.read_text().endswith("\n"))
        return self.code.read_text().strip()


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    window = Tmux(tmp_path)
    yield window
    window.end()


def told(*arguments: str) -> str:
    return subprocess.run([*COMMAND, *arguments], check=True, capture_output=True, text=True, cwd=ROOT).stdout


def turns() -> list[dict[str, object]]:
    document = json.loads(told("history", "export", "--format", "json"))
    return [turn for c in document["conversations"] for turn in c["turns"]]


def replies() -> list[dict[str, object]]:
    return [reply for turn in turns() for reply in cast("list[dict[str, object]]", turn["replies"])]


def prompts() -> list[object]:
    return [turn["prompt"] for turn in turns()]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    (folder / "models").mkdir(parents=True)
    monkeypatch.setenv("UNBROKEN_DATA_DIR", str(folder))
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("TMUX", "TMUX_PANE"):
        monkeypatch.delenv(name, raising=False)
    return folder


def test_a_newcomer_talks_japanese_with_the_embedded_model(tmux: Tmux, data: Path, installed_weights: Path) -> None:
    (data / "models" / installed_weights.name).symlink_to(installed_weights)
    tmux.start(120, 36, "--local")
    tmux.shows("Ask…", "demonstration model", "○ ready")
    tmux.write("日本の四季は？短く。")
    tmux.shows("日本の四季は？短く。")
    tmux.key("Enter")
    tmux.shows("› 日本の四季は？短く。")
    tmux.shows("✓ done", "TTFT")
    assert "1 ✓ 日本の四季" in tmux.shown()
    tmux.until(lambda: replies()[0]["state"] == "done")
    (reply,) = replies()
    # The end of what was said comes to stand on the screen, however Markdown and the width of the pane break it.
    end = letters(str(reply["text"]))[-12:]
    assert end
    tmux.until(lambda: end in letters(tmux.shown().partition("Connection")[0]))
    tmux.key("C-q")
    assert tmux.exit_code() == "0"
    assert "日本の四季は？短く。" in told("history", "list")
    assert replies() == [reply]


@pytest.mark.parametrize("sent", [True, False], ids=["sent", "not sent"])
def test_what_a_newcomer_writes_while_the_embedded_model_comes_is_the_first_prompt(
    tmux: Tmux, data: Path, installed_weights: Path, sent: bool
) -> None:
    (data / "models" / installed_weights.name).symlink_to(installed_weights)
    tmux.start(80, 24)
    tmux.shows("Welcome", "Three ways")
    tmux.write("2")
    tmux.key("Enter")
    tmux.write("2 times 2?")
    if sent:
        tmux.key("Enter")
        # In the journal: on the screen a long answer pushes it out of sight.
        tmux.until(lambda: prompts() == ["2 times 2?"])
    else:
        tmux.shows(" 2 times 2?", "○ ready")
        tmux.until(lambda: "Welcome" not in tmux.shown())
        assert "2 times 2?" in tmux.shown()
        assert "›" not in tmux.shown()


def letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())


def test_a_window_that_is_too_small_says_so_and_goes_on_when_it_has_grown(
    tmux: Tmux, data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with provider(ENGLISH, cuts=[40]) as server:
        monkeypatch.setenv("UNBROKEN_CONFIG", str(settings(tmp_path, server.url)))
        tmux.start(20, 5)
        tmux.until(lambda: "40x10" in "".join(tmux.shown().split()))
        assert "Needs40x10:" in "".join(tmux.shown().split())
        tmux("resize-window", "-t", "0", "-x", "120", "-y", "36")
        tmux.shows("Conversation", "Ask…", "○ ready")
        tmux.write("Spring?")
        tmux.key("Enter")
        tmux.shows("gate.", "seam verified", "✓ done")
        tmux("resize-window", "-t", "0", "-x", "80", "-y", "24")
        tmux.until(lambda: "Conversation" not in tmux.shown() and "through the wet gate." in tmux.shown())
        tmux.key("C-q")
        assert tmux.exit_code() == "0"


def test_a_terminal_that_goes_away_does_not_end_the_reply(
    tmux: Tmux, data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # After the cut the provider is busy until the terminal has gone: what is whole then was finished without one.
    model, gone = answering(Model(ENGLISH, "exact"), [40]), threading.Event()
    busy = Answer(b'{"error": {"message": "busy"}}', 503, {"Content-Type": "application/json"}, "length")

    def answer(seen: Seen) -> Answer:
        first = len([post for post in server.seen if post.method == "POST"]) == 1
        return model(seen) if seen.method == "GET" or first or gone.is_set() else busy

    with WireServer(answer) as server:
        monkeypatch.setenv("UNBROKEN_CONFIG", str(settings(tmp_path, server.url, more="max_retries = 10000\n")))
        tmux.start(80, 24)
        tmux.shows("Ask…")
        tmux.write("Spring?")
        tmux.key("Enter")
        tmux.shows("the garden walks", "retry")
        tmux("kill-server")
        gone.set()
        # The shell that would write an exit code has gone with the terminal: the journal tells when it is done.
        end = time.monotonic() + LONG
        while replies()[0]["state"] == "streaming":
            assert time.monotonic() < end
    (reply,) = replies()
    assert (reply["text"], reply["state"]) == (ENGLISH, "done")
    assert ENGLISH in told("history", "show")
