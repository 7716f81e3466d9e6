"""Many keys in one write to a real terminal, as a slow link delivers them: each finds what the one before opened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from breaking_provider import ENGLISH, settings
from gated_provider import Gated
from pty_window import Window

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

ASK = "Spring, please"
F3, F6, F9 = "\x1bOR", "\x1b[17~", "\x1b[20~"
CTRL_D, CTRL_N, CTRL_O, CTRL_S, CTRL_T, CTRL_U, CTRL_Z = "\x04", "\x0e", "\x0f", "\x13", "\x14", "\x15", "\x1a"
DOWN, TAB = "\x1b[B", "\t"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gated]:
    with Gated(ENGLISH, first=30) as gated:
        monkeypatch.setenv("UNBROKEN_CONFIG", str(settings(tmp_path, gated.url)))
        gated.gate.set()
        yield gated


def test_words_behind_the_enter_of_a_search_are_the_next_prompt_there(server: Gated) -> None:
    with Window() as window:
        window.shows("Ask…")
        window.type(f"{ASK}\r")
        window.shows("✓ done")
        window.type(f"{CTRL_N}{F3}wrong{CTRL_U}please\rAnd autumn\r")
        window.shows("▸ 2 ✓ And autumn")
    assert server.prompts == [ASK, "And autumn"]


def asked(window: Window, *prompts: str) -> None:
    window.shows("Ask…")
    for number, prompt in enumerate(prompts):
        window.type(f"{CTRL_N if number else ''}{prompt}\r")
        window.shows(f"✓ {prompt}")


def test_the_arrow_behind_words_moves_in_what_they_found(server: Gated) -> None:
    with Window() as window:
        asked(window, "Plum one", "Plum two", "Cherry")
        window.type(f"{F3}plum{DOWN}\rAnd then\r")
        window.shows("✓ And then", "✓ Plum one")
    assert server.prompts[-1] == "And then"


def test_what_is_deleted_is_not_opened_by_the_enter_behind_it(server: Gated) -> None:
    with Window() as window:
        asked(window, "Plum", "Cherry")
        window.type(f"{F3}{CTRL_D}\rAnd then\r")
        window.shows("✓ Plum", "✓ And then")


def test_what_is_renamed_is_listed_so_to_the_keys_behind_it(server: Gated) -> None:
    with Window() as window:
        asked(window, "Plum", "Cherry")
        window.type(f"{F3}{DOWN}{CTRL_T}{CTRL_U}四季\r{CTRL_U}四季\rAnd then\r")
        window.shows("✓ Plum", "✓ And then")


def test_keys_behind_the_other_dialogs_are_for_what_is_below(server: Gated) -> None:
    with Window() as window:
        asked(window, "Plum")
        window.type(f"{CTRL_O}\rone\r")
        window.shows("✓ one")
        window.type(f"{F6}{DOWN}{DOWN}\rtwo\r")
        window.shows("✓ two", "▸ 3")
        window.type(f"{F9}Be terse.{TAB}0.5\rthree\r")
        window.shows("✓ three")
        window.type(f"{F9}And kind.{CTRL_S}four\r")
        window.shows("✓ four")
        window.type(f"{F6}cfive\r")
        window.shows("✓ five")
        # An Esc before a character would be Alt: a sequence follows each.
        window.type(f"{F6}\x1b{F3}\x1b{F9}\x1b{DOWN}{CTRL_O}\x1b{DOWN}six\r")
        window.shows("✓ six")
        window.type(F3)
        window.shows("⑂")
    assert server.prompts == ["Plum", "one", "two", "three", "four", "five", "six"]
