"""The dialogs of conversations, turns and settings, in the smallest terminal too: nothing that is named is cut."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from breaking_provider import settings
from live_app import live
from test_app import scene
from test_conversing import answers, ask

from tui.say import say, speak
from tui.screen.dialogs.choice import ChoiceDialog
from tui.screen.dialogs.conversations import ConversationsDialog
from tui.screen.dialogs.settings import SettingsDialog


@pytest.fixture(params=["en", "ja"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    language: str = request.param
    speak(language)
    yield language
    speak("en")


@pytest.mark.parametrize(("width", "height"), [(40, 12), (80, 24)])
def test_nothing_that_is_named_is_cut(tmp_path: Path, language: str, width: int, height: int) -> None:
    small = width < 60

    @scene
    async def play(tmp_path: Path) -> None:
        with answers("A plum.") as server:
            async with live(settings(tmp_path, server.url), size=(width, height)) as screen:
                await ask(screen, "plum", "A plum.")
                for key, kind, phrases in (
                    ("f3", ConversationsDialog, ("talks.search", "talks.keys_short" if small else "talks.keys")),
                    ("f6", ChoiceDialog, ("screen.choice_keys", *(f"talks.turn_{wish}" for wish in WISHES))),
                    ("f9", SettingsDialog, ("talks.settings_keys" + ("_short" if small else ""), *SETTINGS)),
                ):
                    await screen.pilot.press(key)
                    await screen.until(lambda kind=kind: isinstance(screen.app.screen, kind))  # type: ignore[misc]
                    await screen.shows(*(say(phrase) for phrase in phrases))
                    await screen.pilot.press("escape")

    play(tmp_path)


WISHES = ("text", "again", "edit", "branch", "copy_reply", "copy_prompt", "delete", "nothing")
SETTINGS = tuple(f"talks.settings_{name}" for name in ("system", "temperature", "max_tokens", "seed", "default"))


@scene
async def test_what_is_wrong_with_a_setting_is_seen_in_the_smallest_terminal(tmp_path: Path) -> None:
    with answers("A plum.") as server:
        async with live(settings(tmp_path, server.url), size=(40, 12)) as screen:
            await ask(screen, "plum", "A plum.")
            await screen.pilot.press("f9", "tab", "9", "ctrl+s")
            await screen.shows("The temperature is a number from 0", "to 2.")


@scene
async def test_a_hit_is_seen_in_the_smallest_terminal(tmp_path: Path) -> None:
    with answers("It is autumn. " * 9 + "Then the plum blooms.") as server:
        async with live(settings(tmp_path, server.url), size=(40, 12)) as screen:
            await ask(screen, "Tell me of the garden and of all that grows", "blooms.")
            await screen.pilot.press("f3", *"plum")
            await screen.shows("plum bloo")


@scene
async def test_a_system_prompt_is_written_on_at_its_end(tmp_path: Path) -> None:
    with answers("A plum.") as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await ask(screen, "plum", "A plum.")
            await screen.pilot.press("f9", *"Terse.", "ctrl+s")
            await screen.until(lambda: not isinstance(screen.app.screen, SettingsDialog))
            await screen.pilot.press("f9", *"Kind.")
            await screen.shows("Terse.Kind.")
