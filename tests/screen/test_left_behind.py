"""The next start: what a killed process left behind is resumed, kept or discarded; unsent prompts are sent."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from functools import wraps
from pathlib import Path

from breaking_provider import ENGLISH, answering, cut_after, posts, settings
from live_app import ASK, live
from model_servers import Model
from wire_server import Answer, Seen, WireServer

from tui import paths
from tui.chat.session import Session, Wanted
from tui.clock import RealClock
from tui.config import load
from tui.journal.live import LiveJournal, OpenReply
from tui.journal.store import Journal
from tui.journal.stored import StoredTurn
from tui.say import speak

ROOT = Path(__file__).parents[2]
STALL = cut_after(40, ENGLISH, "stall")
HELD = "the garden walks"


def scene(play: Callable[[Path, WireServer], Awaitable[None]]) -> Callable[[Path], None]:
    """With a provider whose answers stall after forty deltas until `stalls` says otherwise."""

    @wraps(play)
    def run(tmp_path: Path) -> None:
        with stalling() as server:
            asyncio.run(play(settings(tmp_path, server.url), server))

    del run.__wrapped__  # pytest would look for its parameters
    return run


@contextlib.contextmanager
def stalling() -> Iterator[WireServer]:
    """The `ask` processes of a test get an answer that stalls; the screen, whose requests hold more, a whole one."""
    model = answering(Model(ENGLISH, "exact"))

    def answer(seen: Seen) -> Answer:
        asked_by_process = seen.method == "POST" and b"[stall]" in seen.body.rpartition(b'"user"')[2]
        return STALL if asked_by_process and b'"assistant"' not in seen.body else model(seen)

    with WireServer(answer) as server:
        yield server


def killed(config: Path, prompt: str) -> None:
    """A process that asks, and is killed in mid-answer, with its forty deltas in the journal."""
    environ = os.environ | {"UNBROKEN_CONFIG": str(config)}
    command = [sys.executable, "-m", "tui", "ask", "--json", f"{prompt} [stall]"]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            while not any(open_.next_seq >= 40 for open_ in unended()):
                assert process.poll() is None
            assert unended()[0].state == "streaming"
        finally:
            process.kill()


def unended() -> list[OpenReply]:
    if not paths.journal_file().exists():
        return []
    with LiveJournal.open(paths.journal_file()) as journal:
        return [reply for reply in journal.open_replies() if reply.state == "streaming"]


def turns() -> dict[str, StoredTurn]:
    with Journal.open(paths.journal_file()) as journal:
        found = [turn for one in journal.conversations() for turn in journal.turns(one.id)]
    return {turn.prompt.removesuffix(" [stall]"): turn for turn in found}


@scene
async def test_resume(config: Path, server: WireServer) -> None:
    killed(config, ASK)
    async with live(config) as screen:
        await screen.shows("A reply was interrupted", f"› {ASK}", "characters are kept", HELD)
        await screen.pilot.press("r")
        await screen.shows("through the wet gate.", "seam verified", "✓ done")
    (reply,) = turns()[ASK].replies
    assert (reply.text, reply.state) == (ENGLISH, "done")
    async with live(config) as screen:
        await screen.shows("Nothing asked yet")
        assert "interrupted" not in screen.text()


@scene
async def test_keep_is_asked_once_and_the_others_are_asked_about_next(config: Path, server: WireServer) -> None:
    killed(config, "First")
    killed(config, "Second")
    async with live(config) as screen:
        await screen.shows("A reply was interrupted", "› Second", "besides this one: 1")
        await screen.pilot.press("k")
        await screen.shows("A reply was interrupted", "› First")
        assert "besides" not in screen.text()
        await screen.pilot.press("d")
        await screen.shows("Discarded: its", "› First [stall]")
        assert HELD not in screen.text()
        assert len(posts(server)) == 2
    stored = turns()
    assert [(stored[name].replies[0].state, stored[name].replies[0].note) for name in ("First", "Second")] == [
        ("stopped", "discarded"),
        ("stopped", "kept"),
    ]
    assert HELD in stored["First"].replies[0].text
    async with live(config, wanted=Wanted(continue_last=True)) as screen:
        await screen.shows("■ Second", "Interrupted, and kept as it is")
        assert "A reply was interrupted" not in screen.text()


@scene
async def test_what_was_discarded_is_not_sent_and_comes_back(config: Path, server: WireServer) -> None:
    killed(config, ASK)
    async with live(config) as screen:
        await screen.shows("A reply was interrupted")
        await screen.pilot.press("d")
        await screen.shows("Discarded: its")
        await screen.write("And autumn")
        await screen.shows("✓ And autumn")
        assert HELD.encode() not in posts(server)[-1].body
        await screen.pilot.press("tab", "up")
        await screen.shows("Discarded: its")
        await screen.pilot.press("ctrl+r")
        await screen.shows("through the wet gate.", "seam verified")
    assert turns()[ASK].replies[0].state == "done"


@scene
async def test_later_leads_to_what_was_wanted_and_asks_again(config: Path, server: WireServer) -> None:
    killed(config, ASK)
    for _ in range(2):
        async with live(config) as screen:
            await screen.shows("A reply was interrupted", HELD)
            await screen.pilot.press("escape")
            await screen.shows("Nothing asked yet")
    assert len(posts(server)) == 1


@scene
async def test_of_two_windows_that_ask_one_decides(config: Path, server: WireServer) -> None:
    killed(config, ASK)
    async with live(config) as first, live(config) as second:
        for screen in (first, second):
            await screen.shows("A reply was interrupted")
        await first.pilot.press("r")
        await first.shows("through the wet gate.", "✓ done")
        await second.pilot.press("k")
        await second.shows("through the wet gate.", "✓ Spring")
    (reply,) = turns()[ASK].replies
    assert (reply.text, reply.state) == (ENGLISH, "done")


@scene
async def test_the_question_in_japanese(config: Path, server: WireServer) -> None:
    killed(config, ASK)
    speak("ja")
    async with live(config) as screen:
        await screen.shows("中断された返答があります", "再開：そこから続けます", "破棄します")
        await screen.pilot.press("k")
        await screen.shows("中断されたまま残してあります")


async def kept(config: Path, *prompts: str) -> None:
    session = Session(load(config), RealClock(), lambda _: None, lambda _: None)
    talk = session.begin(*session.provider(Wanted()), Wanted())
    for prompt in prompts:
        talk.keep(prompt)
    assert await session.close()


@scene
async def test_unsent_prompts_are_sent_in_their_order(config: Path, server: WireServer) -> None:
    await kept(config, "Spring", "Autumn")
    async with live(config) as screen:
        await screen.shows("Prompts that were not sent", "› Spring", "sent: 2", "… Spring", "… Autumn")
        await screen.pilot.press("s")
        await screen.shows("✓ Spring", "✓ Autumn")
    stored = turns()
    assert [stored[name].replies[0].state for name in ("Spring", "Autumn")] == ["done", "done"]
    assert stored["Spring"].position < stored["Autumn"].position


@scene
async def test_what_was_queued_behind_a_reply_follows_it_when_it_is_resumed(config: Path, server: WireServer) -> None:
    killed(config, ASK)
    session = Session(load(config), RealClock(), lambda _: None, lambda _: None)
    session.begin(*session.provider(Wanted()), Wanted(continue_last=True)).keep("Autumn")
    assert await session.close()
    async with live(config) as screen:
        await screen.shows("A reply was interrupted")
        await screen.pilot.press("r")
        await screen.shows("✓ Spring", "✓ Autumn")


@scene
async def test_a_prompt_queued_in_another_window_is_neither_offered_nor_asked_twice(
    config: Path, server: WireServer
) -> None:
    async with live(config) as first:
        await first.write(f"{ASK} [stall]")
        await first.shows(HELD)
        await first.write("Autumn")
        await first.shows("1 queued")
        await asyncio.wrap_future(first.app.session.writer.flush())
        async with live(config, wanted=Wanted(continue_last=True)) as second:
            await second.shows("… Autumn", HELD)
            assert "not sent" not in second.text()
            await second.pilot.press("tab", "down")
            await second.shows("Kept, but not sent")
            await second.pilot.press("ctrl+r")
            await second.shows("Another window")
            assert first.app.sending is not None
            await first.app.sending.stop()
            await first.shows("✓ Autumn")
            await second.shows("✓ Autumn")
    assert len(turns()["Autumn"].replies) == 1


@scene
async def test_unsent_prompts_wait_and_ctrl_r_sends_one(config: Path, server: WireServer) -> None:
    await kept(config, "Spring")
    async with live(config, wanted=Wanted(continue_last=True)) as screen:
        await screen.shows("Prompts that were not sent")
        await screen.pilot.press("escape")
        await screen.shows("… Spring", "Kept, but not sent")
        await screen.pilot.press("ctrl+r")
        await screen.shows("✓ Spring", "through the wet gate.")
    assert len(turns()["Spring"].replies) == 1


@scene
async def test_unsent_prompts_are_discarded(config: Path, server: WireServer) -> None:
    await kept(config, "Spring")
    async with live(config) as screen:
        await screen.shows("Prompts that were not sent")
        await screen.pilot.press("d")
        await screen.shows("Nothing asked yet")
    assert turns() == {}


@scene
async def test_the_command_line_says_what_is_interrupted(config: Path, server: WireServer) -> None:
    killed(config, ASK)

    def told(*arguments: str) -> subprocess.CompletedProcess[str]:
        environ = os.environ | {"UNBROKEN_CONFIG": str(config)}
        command = [sys.executable, "-m", "tui", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True, text=True)

    assert f"[interrupted] {ASK}" in told("history", "list").stdout
    assert '"unended": "interrupted"' in told("history", "list", "--json").stdout
    assert "interrupted: the program ended" in told("history", "show").stdout
    asked = told("ask", "-c", "And autumn")
    assert "was interrupted" in asked.stderr
    assert asked.stdout.strip() == ENGLISH


@scene
async def test_what_another_window_writes_in_is_not_deleted(config: Path, server: WireServer) -> None:
    async with live(config) as first:
        await first.write(f"{ASK} [stall]")
        await first.shows(HELD)
        async with live(config) as second:
            await second.pilot.press("f3")
            await second.shows("▸")
            await second.until(lambda: "Spring" in second.text())
            await second.pilot.press("ctrl+d")
            await second.shows("Another window is writing")
    assert ASK in turns()


@scene
async def test_the_question_of_quitting_is_over_with_the_reply(config: Path, server: WireServer) -> None:
    async with live(config) as screen:
        await screen.write(f"{ASK} [stall]")
        await screen.shows(HELD)
        await screen.pilot.press("ctrl+q")
        await screen.shows("A reply is still being written")
        assert screen.app.sending is not None
        await screen.app.sending.stop()
        await screen.shows("The reply has ended")
        assert len(screen.app.screen_stack) == 1


@scene
async def test_what_builds_on_a_reply_that_another_window_writes_says_so(config: Path, server: WireServer) -> None:
    async with live(config) as first:
        await first.write(f"{ASK} [stall]")
        await first.shows(HELD)
        async with live(config, wanted=Wanted(continue_last=True)) as second:
            await second.shows(HELD)
            await second.write("Autumn")
            await second.shows("builds on what there is of it")
