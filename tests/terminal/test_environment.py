"""What is set before Textual is imported, and what the user has set stays."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tui.screen.terminal.environment import fills_with_background, in_tmux, prepare_environment


def prepared(**environ: str) -> dict[str, str]:
    prepare_environment(environ)
    return environ


def test_defaults() -> None:
    assert prepared(TERM="xterm-256color") == {
        "TERM": "xterm-256color", "TEXTUAL_ANIMATIONS": "none", "TEXTUAL_SMOOTH_SCROLL": "0", "ESCDELAY": "100",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("environ", "theme", "system"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, None, None),
        ({"TERM": "xterm-kitty"}, None, None),
        ({"TERM": "alacritty"}, None, "256"),
        ({"TERM": "alacritty", "COLORTERM": "truecolor"}, None, None),
        ({"TERM": "dumb"}, "ansi-dark", "standard"),
        ({}, "ansi-dark", "standard"),
        ({"TERM": "linux"}, "ansi-dark", "standard"),
        ({"TERM": "xterm"}, "ansi-dark", "standard"),
        ({"TERM": "xterm", "TEXTUAL_COLOR_SYSTEM": "256"}, None, "256"),
        ({"TERM": "linux", "TEXTUAL_THEME": "nord"}, "nord", "standard"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "ansi-dark", None),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, None, None),
    ],
)
def test_colours(environ: dict[str, str], theme: str | None, system: str | None) -> None:
    after = prepared(**environ)
    assert (after.get("TEXTUAL_THEME"), after.get("TEXTUAL_COLOR_SYSTEM")) == (theme, system)
    assert after.get("NO_COLOR") != ""


def test_what_the_user_set_stays() -> None:
    mine = {"TEXTUAL_ANIMATIONS": "full", "ESCDELAY": "25", "TEXTUAL_SMOOTH_SCROLL": "1", "TERM": "xterm-256color"}
    assert prepared(**mine) == mine


def test_it_imports_no_textual() -> None:
    code = (
        "import sys; from tui.screen.terminal.environment import prepare_environment; prepare_environment();"
        "sys.exit(any(name.split('.')[0] in {'textual', 'rich'} for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("environ", "fills", "tmux"),
    [
        ({"TERM": "xterm-256color"}, True, False),
        ({"TERM": "tmux-256color"}, True, True),
        ({"TERM": "screen-256color", "TMUX": "/tmp/x"}, True, True),
        ({"TERM": "screen.xterm-256color", "STY": "1.pts"}, False, True),
        ({"TERM": "screen"}, False, True),
        ({"TERM": "vt100"}, False, False),
    ],
)
def test_what_kind_of_terminal(environ: dict[str, str], fills: bool, tmux: bool) -> None:
    assert fills_with_background(environ) == fills
    assert in_tmux(environ) == tmux
