"""Many keys in one read of a slow link: each does what it does when it is typed alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from breaking_provider import ENGLISH, answering, posts, refused_key, settings
from live_app import ASK, Live, live
from model_servers import Model
from test_app import KEY, scene
from textual import events
from textual.widgets import Input
from wire_server import WireServer

from tui import paths
from tui.journal.questions import Stop
from tui.journal.search import Found
from tui.journal.store import Journal
from tui.screen import key_turns
from tui.screen.dialogs.conversations import ConversationsDialog
from tui.screen.dialogs.first_run import FirstRunDialog


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


@scene
async def test_where_nothing_is_found_the_keys_behind_enter_go_on_in_the_field(tmp_path: Path) -> None:
    with WireServer(answering(Model(ENGLISH, "exact"))) as server:
        async with live(settings(tmp_path, server.url)) as screen:
            burst(screen, "f3", *"zzq", "enter", *"x", "escape", *"hello")
            await screen.until(lambda: screen.app.prompt.text == "hello")


@scene
async def test_where_the_journal_cannot_be_read_the_keys_go_on(tmp_path: Path) -> None:
    with WireServer(answering(Model(ENGLISH, "exact"))) as server:
        async with live(settings(tmp_path, server.url)) as screen:
            file = paths.journal_file()
            for part in file.parent.glob(file.name + "*"):
                part.unlink()
            file.mkdir()
            burst(screen, "f3", *"zzq", "enter")
            await screen.shows("cannot be read")
            burst(screen, "down", "escape", *"hello")
            await screen.until(lambda: screen.app.prompt.text == "hello")
            file.rmdir()


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Searches are answered when this is set, or 5 seconds later: a thread cannot be left behind."""
    go_on, search = threading.Event(), Journal.search

    def late(journal: Journal, words: str, limit: int = 50, stop: Stop = lambda: False) -> Found:
        go_on.wait(5.0)
        return search(journal, words, limit, stop)

    monkeypatch.setattr(Journal, "search", late)
    yield go_on
    go_on.set()


def test_a_key_does_not_wait_for_ever_and_then_opens_nothing(
    tmp_path: Path, stuck: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_turns, "LONGEST_WAIT", 0.05)

    @scene
    async def play(tmp_path: Path) -> None:
        with WireServer(answering(Model(ENGLISH, "exact"))) as server:
            async with live(settings(tmp_path, server.url)) as screen:
                await screen.write(ASK)
                await screen.shows("✓ Spring")
                burst(screen, "f3", *"please", "enter")
                await screen.shows("Still searching")
                stuck.set()
                await screen.until(lambda: "Still searching" not in screen.text())
                burst(screen, "enter", *"hello")
                await screen.until(lambda: screen.app.prompt.text == "hello")

    play(tmp_path)


def test_a_dialog_that_ends_lets_the_key_go_that_waited_for_it(tmp_path: Path, stuck: threading.Event) -> None:
    @scene
    async def play(tmp_path: Path) -> None:
        with WireServer(answering(Model(ENGLISH, "exact"))) as server:
            async with live(settings(tmp_path, server.url)) as screen:
                await screen.write(ASK)
                await screen.shows("✓ Spring")
                burst(screen, "f3", *"please", "down", *"hello")
                await screen.until(lambda: screen.app._keys._held is not None)
                dialog = screen.app.screen
                assert isinstance(dialog, ConversationsDialog)
                dialog.end(None)
                await screen.until(lambda: screen.app.prompt.text == "hello")
                stuck.set()

    play(tmp_path)


@scene
async def test_what_is_typed_while_a_key_is_tested_is_the_first_prompt(tmp_path: Path) -> None:
    with WireServer(answering(Model(ENGLISH, "exact"))) as server:
        async with live(settings(tmp_path, server.url, key_env="MINE_KEY")) as screen:
            await screen.until(lambda: isinstance(screen.app.screen, FirstRunDialog))
            burst(screen, *KEY, "enter", *"hello", "enter")
            await screen.shows("✓ hello")
        assert {seen.headers["authorization"] for seen in server.seen} == {f"Bearer {KEY}"}


@scene
async def test_what_is_typed_behind_a_key_that_is_refused_is_typed_into_the_field(tmp_path: Path) -> None:
    with WireServer(lambda _: refused_key()) as server:
        async with live(settings(tmp_path, server.url, key_env="MINE_KEY")) as screen:
            await screen.until(lambda: isinstance(screen.app.screen, FirstRunDialog))
            burst(screen, *KEY, "enter", *"hello")
            await screen.until(lambda: screen.app.screen.query_one(Input).value == "hello")
            assert len(server.seen) == 1
            burst(screen, "escape", "escape")
            await screen.until(lambda: screen.app._exit)
