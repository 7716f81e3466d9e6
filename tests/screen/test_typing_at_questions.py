"""Whoever types when a question comes up by itself answers nothing, and loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from breaking_provider import posts, settings
from live_app import ASK, Live, live
from test_app import scene
from test_key_turns import burst
from test_left_behind import killed, stalling, turns
from textual import events

from tui.screen.dialogs import unasked
from tui.screen.dialogs.left_behind import InterruptedDialog

LONG = 1000.0
"""Seconds that no test takes."""


def asks(screen: Live) -> bool:
    return isinstance(screen.app.screen, InterruptedDialog)


@pytest.mark.parametrize("typed", ["does it rain", "resume", "kk", "DROP"])
def test_letters_in_a_burst_are_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setattr(unasked, "TOGETHER", LONG)

    @scene
    async def play(tmp_path: Path) -> None:
        with stalling() as server:
            config = settings(tmp_path, server.url)
            killed(config, ASK)
            async with live(config) as screen:
                await screen.shows("A reply was interrupted")
                monkeypatch.setattr(unasked, "REACTION", LONG)
                question = screen.app.screen
                assert isinstance(question, InterruptedDialog)
                await screen.until(lambda: question._shown < float("inf"))
                question._shown = float("-inf")
                burst(screen, *typed, "enter")
                await screen.until(lambda: screen.app.prompt.text == typed, screen.app.prompt.text)
                await screen.shows("kept in the prompt")
                await screen.pilot.pause()
                assert asks(screen)
            assert len(posts(server)) == 1
        assert turns()[ASK].replies[0].note == ""

    play(tmp_path)


def test_a_key_pressed_before_anybody_can_have_seen_it_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unasked, "REACTION", LONG)

    @scene
    async def play(tmp_path: Path) -> None:
        with stalling() as server:
            config = settings(tmp_path, server.url)
            killed(config, ASK)
            async with live(config) as screen:
                await screen.shows("A reply was interrupted")
                await screen.pilot.press("r")
                await screen.until(lambda: screen.app.prompt.text == "r")
                await screen.pilot.press("enter")
                screen.app.post_message(events.Paste("ain"))
                await screen.until(lambda: screen.app.prompt.text == "rain")
                assert asks(screen)
                await screen.pilot.press("escape")
                await screen.shows("Nothing asked yet", "rain")
            assert len(posts(server)) == 1

    play(tmp_path)


@scene
async def test_a_single_letter_with_enter_is_an_answer(tmp_path: Path) -> None:
    with stalling() as server:
        config = settings(tmp_path, server.url)
        killed(config, ASK)
        async with live(config) as screen:
            await screen.shows("A reply was interrupted")
            burst(screen, "k", "enter")
            await screen.until(lambda: not asks(screen))
            assert screen.app.prompt.text == ""
    assert turns()[ASK].replies[0].note == "kept"


@scene
async def test_a_paste_that_ends_in_a_line_end_says_that_it_was_not_sent(tmp_path: Path) -> None:
    with stalling() as server:
        async with live(settings(tmp_path, server.url)) as screen:
            screen.app.post_message(events.Paste("two\nlines"))
            await screen.until(lambda: screen.app.prompt.text == "two\nlines")
            assert "line end" not in screen.text()
            screen.app.post_message(events.Paste(", typed and sent\n"))
            await screen.shows("Pasted with a line end", "Enter sends it")
        assert posts(server) == []
