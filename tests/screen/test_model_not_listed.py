"""A model that the provider does not list is told before the first prompt runs into it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from breaking_provider import ENGLISH, answering, settings
from live_app import ASK, live
from model_servers import Model
from wire_server import WireServer

from tui.screen.dialogs.models import ModelDialog


def gateway(*models: str) -> WireServer:
    return WireServer(answering(Model(ENGLISH, "exact"), models=models))


def test_the_first_run_opens_the_list_and_later_ones_say_so(tmp_path: Path) -> None:
    async def play() -> None:
        with gateway("one-model", "other-model") as server:
            config = settings(tmp_path, server.url)
            async with live(config) as screen:
                await screen.until(lambda: isinstance(screen.app.screen, ModelDialog))
                await screen.pilot.press("escape")
                await screen.until(lambda: not isinstance(screen.app.screen, ModelDialog))
                await screen.write(ASK)
                await screen.shows("gate.", "✓ done")
            async with live(config) as screen:
                await screen.shows("does not list the model")
                assert not isinstance(screen.app.screen, ModelDialog)

    asyncio.run(play())


def test_nothing_is_said_of_a_model_that_is_there_or_of_a_list_that_is_not(tmp_path: Path) -> None:
    async def play(*models: str) -> None:
        with gateway(*models) as server:
            async with live(settings(tmp_path, server.url)) as screen:
                await screen.until(lambda: any(seen.method == "GET" for seen in server.seen))
                await screen.until(lambda: screen.app._prober and screen.app._prober.models_present is not None)
                await screen.pilot.pause()
                assert not isinstance(screen.app.screen, ModelDialog)
                assert not list(screen.app._notifications)

    asyncio.run(play("test-model"))
    asyncio.run(play())
