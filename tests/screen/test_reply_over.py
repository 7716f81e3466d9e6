"""What the screen says of a reply's end is what the keys do: from the moment in which it is shown as ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from breaking_provider import ENGLISH, JSON, answering, cut_after, posts, provider, settings
from live_app import ASK, Live, live
from model_servers import Model, stream
from test_app import STALL, scene, stored
from wire_server import Answer, Seen, WireServer

from tui.chat.send import Sending
from tui.screen.dialogs.leave import LeaveDialog
from tui.words import Event

SLOW = 0.6
"""Seconds that the server takes to say that it has stopped: longer than the end of a reply waits for it."""

LONG = 0.9
"""Seconds of silence just short of those after which the look-up is given up."""


def keeping() -> WireServer:
    """Keeps its streams; its first answer breaks, and it is slow to hear that nobody reads on."""
    model = answering(Model(ENGLISH, "exact"), cuts=[cut_after(40, ENGLISH, "rst")])

    def answer(seen: Seen) -> Answer:
        if seen.method == "DELETE":
            return Answer(status=204, headers={}, framing="length", before=SLOW)
        return model(seen)

    return WireServer(answer, lookup=Answer(b"[]", headers=JSON, framing="length"))


@asynccontextmanager
async def failed(folder: Path) -> AsyncIterator[Live]:
    """A reply is just shown as failed."""
    with keeping() as server:
        async with live(settings(folder, server.url, resume="replay", more="max_retries = 0\n")) as screen:
            await screen.write(ASK)
            await screen.until(lambda: screen.app.connection.link.state == "failed")
            yield screen


@scene
async def test_a_reply_that_is_shown_as_failed_is_resumed_at_once(tmp_path: Path) -> None:
    async with failed(tmp_path) as screen:
        screen.app.action_resume()
        await screen.shows("✓ done", "wet gate.")


@scene
async def test_a_reply_that_is_shown_as_failed_is_left_at_once(tmp_path: Path) -> None:
    async with failed(tmp_path) as screen:
        screen.app.action_new()
        assert screen.app.conversation.rows == []


@scene
async def test_quitting_right_after_a_reply_asks_nothing_and_saves_it(tmp_path: Path) -> None:
    async with failed(tmp_path) as screen:
        screen.app.action_leave()
        assert not isinstance(screen.app.screen, LeaveDialog)
    (reply,) = stored()
    assert (reply.state, len(reply.text) > 100) == ("failed", True)


@pytest.mark.parametrize("queued", [True, False], ids=["queued", "none queued"])
def test_a_prompt_sent_between_two_replies_waits_its_turn(
    queued: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task of the first has ended, and whoever follows it has not heard of that yet."""

    async def play() -> None:
        with provider(cuts=[Answer(stream(ENGLISH)), STALL]) as server:
            async with live(settings(tmp_path, server.url)) as screen:
                app, hear = screen.app, screen.app.session.log.hear
                first: list[Sending] = []

                def between() -> None:
                    if first and first[0].task.done():
                        first.clear()
                        app.asked("Third")

                def heard_first(event: Event, of: str = "") -> None:
                    asyncio.get_running_loop().call_soon(between)
                    hear(event, of)

                monkeypatch.setattr(app.session.log, "hear", heard_first)
                app.asked(ASK)
                assert app.sending is not None
                first.append(app.sending)
                if queued:
                    app.asked("Second")
                talk = app.talk
                assert talk is not None
                await screen.until(lambda: any(turn.current and turn.current.view.length for turn in talk.turns[1:]))
                assert [turn.prompt for turn in talk.turns if turn.versions] == [ASK, "Second" if queued else "Third"]

    asyncio.run(play())


@scene
async def test_a_server_that_says_nothing_at_all_is_shown_as_connecting_from_enter_on(tmp_path: Path) -> None:
    """Not only once the look-up for kept streams has had its time."""
    late = Answer(b"[]", headers=JSON, framing="length", before=LONG)
    with WireServer(answering(Model(ENGLISH, "exact")), lookup=late) as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await screen.write(ASK)
            await screen.shows("◌ connecting")
            assert not posts(server), "it is the look-up that is waited for"
            await screen.until(lambda: server.lookups == 1)
            await screen.shows("✓ done", "wet gate.")
            begun = [entry for entry in screen.app.session.log.entries if entry.what == "connecting"]
            assert [(entry.attempt, entry.connection_id > 0) for entry in begun] == [(1, True)]
            assert [len(reply.attempts) for reply in stored()] == [1]
