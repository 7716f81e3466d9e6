"""Our bytes in a terminal that nobody here wrote: tmux, with its own ideas of erasing, widths and keys."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pty_terminal import HERE, ROOT

pytestmark = [pytest.mark.real, pytest.mark.skipif(shutil.which("tmux") is None, reason="no tmux here")]

TRIES = 300


class Tmux:
    """One session with `screen_app.py` in it."""

    def __init__(self, folder: Path) -> None:
        self.socket = str(folder / "tmux")
        self.settings = folder / "tmux.conf"
        self.settings.write_text("set -s extended-keys on\nset -g default-terminal tmux-256color\n")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(folder / "ear"))
        listener.listen(1)
        command = f"env PYTHONPATH={ROOT} {sys.executable} {HERE / 'screen_app.py'} {folder / 'ear'}"
        self("new-session", "-d", "-x", "80", "-y", "24", command)
        self.control, _ = listener.accept()
        listener.close()
        self.answers = self.control.makefile("r")

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-f", str(self.settings), "-S", self.socket, *arguments],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def ask(self, do: str, **options: object) -> dict[str, object]:
        self.control.sendall(json.dumps({"do": do, **options}).encode() + b"\n")
        answer = json.loads(self.answers.readline())
        assert isinstance(answer, dict)
        return answer

    def assert_shows(self, answer: dict[str, object]) -> None:
        """tmux takes its time: asked again until it shows all, and then with its cursor where text goes."""
        rows = [row.rstrip() for row in answer["rows"]]
        shown: list[str] = []
        for _ in range(TRIES):
            shown = [row.rstrip() for row in self("capture-pane", "-p", "-t", "0").split("\n")[: len(rows)]]
            if shown == rows:
                break
        assert shown == rows
        x, y = answer["cursor"]
        assert self("display-message", "-p", "-t", "0", "#{cursor_x} #{cursor_y}").split() == [str(x), str(y)]


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    session = Tmux(tmp_path)
    yield session
    session("kill-server")
    session.answers.close()
    session.control.close()


def test_every_cell_in_tmux(tmux: Tmux) -> None:
    tmux.assert_shows(tmux.ask("show"))
    for text in (
        "Spring opens with cherry blossoms. " * 9,
        "日本の四季は、春・夏・秋・冬。" * 20,
        "x日本の四季は、春・夏・秋・冬。" * 20,
        "a 😀 and e\u0301 end",
        "short",
    ):
        tmux.assert_shows(tmux.ask("text", text=text))
    tmux.assert_shows(tmux.ask("scroll", to=30))
    tmux.assert_shows(tmux.ask("modal"))
    tmux.assert_shows(tmux.ask("back"))


def test_keys_through_tmux(tmux: Tmux) -> None:
    tmux.ask("show")
    tmux("send-keys", "-t", "0", "M-Enter", "S-Enter", "C-Enter", "C-j", "Escape", "Up")
    tmux("send-keys", "-t", "0", "-l", "日本語の質問です")
    tmux("send-keys", "-t", "0", "Enter")
    answer = tmux.ask("show")
    while "enter" not in answer["told"]:
        answer = tmux.ask("show")
    told = [*answer["told"]]
    assert told[:6] == ["alt+enter", "shift+enter", "ctrl+enter", "ctrl+j", "escape", "up"]
    assert told[-9:] == [*"日本語の質問です", "enter"]
    tmux.assert_shows(answer)
