"""What the user decides: a long wait agreed to, counted down, ended; an answer gone on with at its limit."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from breaking_provider import ENGLISH, answering, cut_after, posts, settings
from live_app import ASK, live
from model_servers import DONE, Model, chunk, frames
from wire_server import Answer, WireServer, rate_limited

from tui.screen.dialogs.choose_wait import ChooseWait
from tui.screen.dialogs.models import ModelDialog

BUSY = Answer(b'{"error": {"message": "busy"}}', 503, {"Retry-After": "0"}, "length")


def test_a_long_wait_that_is_chosen_counts_down_and_esc_ends_it(tmp_path: Path) -> None:
    async def play(server: WireServer) -> None:
        async with live(settings(tmp_path, server.url)) as screen:
            await screen.write(ASK)
            await screen.until(lambda: isinstance(screen.app.screen, ChooseWait))
            await screen.shows("asked again only in 10 min 0 s", "waits for your word, until ")
            assert "✗ failed" not in screen.text()
            due = screen.app.connection.link.asks_until
            assert due is not None
            await screen.shows("asked again only in 9 min 59 s")
            await screen.pilot.press("w")
            await screen.until(lambda: screen.app.connection.link.until is not None)
            clock, link = screen.app.session.clock, screen.app.connection.link
            assert link.until is not None
            assert link.until - clock.now() == pytest.approx(due - clock.wall(), abs=0.1), "from when it was said"
            await screen.shows("reconnecting in 9 min", "the garden walks")
            seen: set[str] = set()

            def ticked() -> bool:
                seen.update(line for line in screen.text().splitlines() if "reconnecting in" in line)
                return len(seen) >= 2

            await screen.until(ticked, "the countdown stands still")
            assert screen.app.replying
            await screen.pilot.press("escape")
            await screen.until(lambda: not screen.app.replying)
            await screen.shows("■ stopped", "Ctrl+R goes on")
            assert len(posts(server)) == 2
            await screen.pilot.press("ctrl+r")
            await screen.shows("gate.", "✓ done", "seam verified")

    cuts = [cut_after(40, ENGLISH), rate_limited({"Retry-After": "600"})]
    with WireServer(answering(Model(ENGLISH, "exact"), cuts)) as server:
        asyncio.run(play(server))


def test_retries_that_are_used_up_ask_the_user(tmp_path: Path) -> None:
    more = "max_retries = 99\n[limits]\nattempts = 0\n"

    async def play(server: WireServer) -> None:
        async with live(settings(tmp_path, server.url, more=more)) as screen:
            await screen.write(ASK)
            await screen.until(lambda: isinstance(screen.app.screen, ChooseWait))
            await screen.shows("many retries already", "again only in 9 min")
            # The answer that broke off, the request after it, and thirty retries after a 503.
            assert len(posts(server)) == 32
            await screen.pilot.press("s")
            await screen.shows("30 retries within 10 minutes", "the garden walks")

    cuts = [cut_after(40, ENGLISH), *[BUSY] * 40]
    with WireServer(answering(Model(ENGLISH, "exact"), cuts)) as server:
        asyncio.run(play(server))


def test_the_next_model_of_the_chain_goes_on_and_the_screen_says_so(tmp_path: Path) -> None:
    async def play(server: WireServer) -> None:
        config = settings(tmp_path, server.url)
        config.write_text('fallback = ["other-model"]\n' + config.read_text())
        async with live(config) as screen:
            await screen.write(ASK)
            await screen.shows("other-model goes")
            (told,) = [one.message for one in screen.app._notifications]
            assert told.startswith("test-model failed (")
            await screen.shows("test-model → other-model", "gate.", "✓ done")
            await screen.until(lambda: not screen.app.replying)
            assert not isinstance(screen.app.screen, ChooseWait)
            assert screen.app.talk is not None
            assert screen.app.talk.model == "test-model"
            models = [seen.json()["model"] for seen in posts(server)]
            assert models == ["test-model", "test-model", "other-model"]

    cuts = [cut_after(40, ENGLISH), rate_limited({"Retry-After": "600"})]
    with WireServer(answering(Model(ENGLISH, "exact"), cuts)) as server:
        asyncio.run(play(server))


def test_an_answer_at_its_limit_says_how_to_go_on_and_does(tmp_path: Path) -> None:
    async def play(server: WireServer) -> None:
        async with live(settings(tmp_path, server.url)) as screen:
            await screen.write(ASK)
            await screen.shows("✓ done", "the limit of tokens. Ctrl+R goes on from there.")
            await screen.pilot.press("ctrl+r")
            await screen.shows("seam verified", "gate.", "✓ done")
            await screen.until(lambda: "limit of tokens" not in screen.text())

    short = Answer(b"".join(frames(ENGLISH)[:40]) + chunk({}, "length") + DONE)
    with WireServer(answering(Model(ENGLISH, "exact"), [short])) as server:
        asyncio.run(play(server))


def test_another_model_goes_on_at_once_instead_of_waiting(tmp_path: Path) -> None:
    async def play(server: WireServer) -> None:
        async with live(settings(tmp_path, server.url)) as screen:
            await screen.write(ASK)
            await screen.until(lambda: isinstance(screen.app.screen, ChooseWait))
            await screen.shows("asked again only in")
            await screen.pilot.press("m")
            await screen.until(lambda: isinstance(screen.app.screen, ModelDialog))
            await screen.shows("Model that goes on with this reply")
            await screen.pilot.press(*"other")
            await screen.until(lambda: "▸ ✓           other-model" in screen.text())
            await screen.pilot.press("enter")
            await screen.shows("seam verified", "through the wet gate.", "✓ done")
            assert [seen.json()["model"] for seen in posts(server)] == ["test-model", "test-model", "other-model"]

    cuts = [cut_after(40, ENGLISH), rate_limited({"Retry-After": "600"})]
    with WireServer(answering(Model(ENGLISH, "exact"), cuts)) as server:
        asyncio.run(play(server))
