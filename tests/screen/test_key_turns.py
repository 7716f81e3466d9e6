"""Many keys in one read of a slow link: each does what it does when it is typed alone."""

from __future__ import annotations

from pathlib import Path

from breaking_provider import ENGLISH, answering, posts, settings
from live_app import ASK, Live, live
from model_servers import Model
from test_app import scene
from textual import events
from textual.widgets import Input
from wire_server import WireServer


def burst(screen: Live, *keys: str) -> None:
    """All keys posted in one go, as the driver does for one read."""
    for key in keys:
        screen.app.post_message(events.Key(key, key if len(key) == 1 else None))


@scene
async def test_the_words_behind_f3_are_searched_for_and_enter_opens_what_they_found(tmp_path: Path) -> None:
    with WireServer(answering(Model(ENGLISH, "exact"))) as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await screen.write(ASK)
            await screen.shows("✓ Spring")
            await screen.pilot.press("ctrl+n")
            await screen.write("Other")
            await screen.shows("✓ Other")
            burst(screen, "f3", *"please", "enter")
            await screen.shows("✓ Spring", "› Spring, please")
            await screen.until(lambda: len(screen.app.screen_stack) == 1)
            assert screen.app.prompt.text == ""
        assert len(posts(server)) == 2


@scene
async def test_keys_for_a_dialog_and_for_its_field_reach_it(tmp_path: Path) -> None:
    with WireServer(answering(Model(ENGLISH, "exact"))) as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await screen.write(ASK)
            await screen.shows("✓ Spring")
            burst(screen, "f3", *"wrong", "ctrl+u", *"Spring")
            await screen.until(lambda: [field.value for field in screen.app.screen.query(Input)] == ["Spring"])
            burst(screen, "escape", *"hello", "f6", "d")
            await screen.shows("Nothing asked yet")
            assert screen.app.prompt.text == "hello"
            burst(screen, "f1", "escape", "f6", "escape", *" you")
            await screen.until(lambda: screen.app.prompt.text == "hello you")
            assert len(screen.app.screen_stack) == 1


@scene
async def test_what_is_typed_into_a_pane_goes_to_the_prompt(tmp_path: Path) -> None:
    with WireServer(answering(Model(ENGLISH, "exact"))) as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await screen.write(ASK)
            await screen.shows("✓ Spring")
            screen.app.output.focus()
            burst(screen, *"abc")
            await screen.until(lambda: screen.app.prompt.text == "abc")
            assert screen.app.prompt.has_focus
            screen.app.conversation.focus()
            await screen.pilot.press("ctrl+n")
            await screen.until(lambda: screen.app.prompt.has_focus)
