"""Leaving the first run while the embedded model is on its way: nothing stays, and nothing is said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path

from breaking_provider import provider, settings
from live_app import Live, live
from package_index import Index
from textual import events
from wire_server import WireServer

from tui.local import weights
from tui.screen.dialogs.first_run import FirstRunDialog

KEY = "hs_" + "q7" * 18


def scene(play: Callable[[Path, Index], Coroutine[None, None, None]]) -> Callable[[Path, Index], None]:
    """Run `play` as the program does: the loop ends only once its threads have."""

    @wraps(play)
    def run(tmp_path: Path, index: Index) -> None:
        index.hold = True
        asyncio.run(play(tmp_path, index))
        assert index.client_gone.wait(10), "pip still fetches"
        assert list(weights.models_dir().glob("*")) == [], "something half installed stays"

    return run


def silent() -> list[object]:
    """What the loop complains of from here on."""
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    return complaints


async def fetching(screen: Live, index: Index) -> None:
    """Into the middle of the fetch."""
    await screen.until(lambda: isinstance(screen.app.screen, FirstRunDialog))
    await screen.pilot.press("down", "enter")
    await screen.until(index.half_sent.is_set, "the fetch")
    await screen.shows("Fetching")


def no_key(tmp_path: Path, server: WireServer) -> Path:
    return settings(tmp_path, server.url, key_env="UNBROKEN_TEST_ABSENT")


@scene
async def test_escape_ends_the_install(tmp_path: Path, index: Index) -> None:
    complaints = silent()
    with provider() as server:
        async with live(no_key(tmp_path, server)) as screen:
            await fetching(screen, index)
            await screen.pilot.press("escape")
            await screen.until(lambda: screen.app._exit, "the end")
        assert screen.app.return_value == 3
    assert complaints == []


@scene
async def test_the_key_for_quitting_ends_the_install(tmp_path: Path, index: Index) -> None:
    complaints = silent()
    with provider() as server:
        async with live(no_key(tmp_path, server)) as screen:
            await fetching(screen, index)
            await screen.pilot.press("ctrl+q")
            await screen.until(lambda: screen.app._exit, "the end")
    assert complaints == []


@scene
async def test_a_key_that_is_accepted_meanwhile_ends_the_install(tmp_path: Path, index: Index) -> None:
    complaints = silent()
    with provider() as server:
        async with live(no_key(tmp_path, server)) as screen:
            await fetching(screen, index)
            await screen.pilot.press(*KEY, "enter")
            await screen.until(lambda: not isinstance(screen.app.screen, FirstRunDialog), "the prompt")
            await screen.until(index.client_gone.is_set, "pip's end")
            assert screen.app.talk is not None
            assert screen.app.talk.provider.name != "local"
    assert complaints == []


@scene
async def test_a_key_in_one_burst_of_typing_goes_hidden_to_its_field_and_is_not_asked(
    tmp_path: Path, index: Index
) -> None:
    with provider() as server:
        async with live(no_key(tmp_path, server)) as screen:
            await fetching(screen, index)
            for key in (*KEY, "enter"):
                screen.app.post_message(events.Key(key, key if len(key) == 1 else None))
            await screen.until(lambda: not isinstance(screen.app.screen, FirstRunDialog), "the prompt")
            await screen.until(index.client_gone.is_set, "pip's end")
            assert screen.app.prompt.text == ""
        assert f"Bearer {KEY}" in {seen.headers["authorization"] for seen in server.seen}
        assert not any(KEY[3:].encode() in seen.body for seen in server.seen)
