"""Two processes and one conversation: what one writes the other shows, and goes on with it where the one is killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from functools import wraps
from pathlib import Path

import pytest
from breaking_provider import ENGLISH, cut_after, posts, provider, settings
from live_app import ASK, live
from wire_server import rate_limited

from tui import paths
from tui.chat.session import Wanted
from tui.journal.records import DeleteConversation, DeleteTurn
from tui.journal.store import Journal
from tui.journal.stored import StoredTurn
from tui.journal.writer import Writer
from tui.screen.dialogs.choose_wait import ChooseWait
from tui.screen.dialogs.left_behind import UnsentDialog

ROOT = Path(__file__).parents[2]
STALL = cut_after(40, ENGLISH, "stall")
"""Forty deltas, and then nothing for as long as the test runs."""

LAST = Wanted(continue_last=True)


def scene(play: Callable[[Path], Awaitable[None]]) -> Callable[[Path], None]:
    @wraps(play)
    def run(tmp_path: Path) -> None:
        asyncio.run(play(tmp_path))

    return run


def turns() -> tuple[StoredTurn, ...]:
    with Journal.open(paths.journal_file()) as journal:
        latest = journal.latest()
        return journal.turns(latest.id) if latest else ()


@contextlib.contextmanager
def another(config: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that asks the provider of `config`, as another window does; the journal has what it received."""
    environ = os.environ | {"UNBROKEN_CONFIG": str(config)}
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", "ask", ASK], cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def written(deltas: int = 40) -> None:
    """Until the other process's deltas are in the journal."""
    loop = asyncio.get_running_loop()
    end = loop.time() + 30
    while not any(reply.next_seq >= deltas for turn in turns() for reply in turn.replies):
        assert loop.time() < end
        await asyncio.sleep(0.01)  # noqa: TID251


@pytest.mark.parametrize("without", ["nothing", "fifos", "pidfd"])
def test_a_reply_of_another_process_is_live_here_and_goes_on_here_when_that_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without: str
) -> None:
    def none(*_: object) -> None:
        raise OSError

    if without == "fifos":
        monkeypatch.setattr("os.mkfifo", none)
    elif without == "pidfd":
        monkeypatch.delattr("os.pidfd_open", raising=False)

    async def play() -> None:
        with provider(cuts=[STALL]) as server, another(config := settings(tmp_path, server.url)) as writer:
            await written()
            async with live(config, wanted=LAST) as screen:
                await screen.shows("the garden walks", "written by another window", "⟳ Spring, please")
                writer.send_signal(signal.SIGKILL)
                await screen.shows("gate.", "seam verified", "✓ done", "✓ Spring, please")
                assert "another window" not in screen.text()
            assert len(posts(server)) == 2

    asyncio.run(play())
    ((reply,),) = [turn.replies for turn in turns()]
    assert (reply.text, reply.state) == (ENGLISH, "done")


@scene
async def test_of_two_windows_that_follow_one_goes_on_and_both_show_it(tmp_path: Path) -> None:
    with provider(cuts=[STALL]) as server, another(config := settings(tmp_path, server.url)) as writer:
        await written()
        async with live(config, wanted=LAST) as first, live(config, wanted=LAST) as second:
            for screen in (first, second):
                await screen.shows("the garden walks", "written by another window")
            writer.kill()
            for screen in (first, second):
                await screen.shows("gate.", "seam verified", "✓ done")
        assert len(posts(server)) == 2
    ((reply,),) = [turn.replies for turn in turns()]
    assert (reply.text, reply.state, len(reply.attempts)) == (ENGLISH, "done", 2)


@scene
async def test_a_writer_that_is_suspended_keeps_its_reply(tmp_path: Path) -> None:
    with provider(cuts=[STALL]) as server, another(config := settings(tmp_path, server.url)) as writer:
        await written()
        async with live(config, wanted=LAST) as screen:
            await screen.shows("written by another window")
            writer.send_signal(signal.SIGSTOP)
            # It cannot be known from here what the other one does: only that nothing has come.
            await screen.until(lambda: "◔ written by another window · nothing new for" in screen.link())
            assert "streaming" not in screen.link()
            await screen.pilot.press("ctrl+r")
            await screen.shows("Another window is writing this reply")
            await screen.pilot.press("escape")
            assert len(posts(server)) == 1
            writer.send_signal(signal.SIGCONT)


@scene
async def test_both_windows_show_what_either_asks_and_each_turn_has_a_place(tmp_path: Path) -> None:
    with provider(cuts=[STALL, STALL]) as server:
        config = settings(tmp_path, server.url)
        async with live(config) as first:
            await first.write(ASK)
            await first.shows("the garden walks")
            async with live(config, wanted=LAST) as second:
                await second.shows("the garden walks", "written by another window")
                await second.write("And autumn")
                # Nobody waits for the other one: two replies are on their way, each in its window.
                await first.shows("⟳ Spring, please", "⟳ And autumn")
                await second.shows("› And autumn", "the garden walks")
                assert "written by another window" not in second.text()
                assert "› Spring, please" in first.text()
                assert first.app.sending is not None
                await first.app.sending.stop()
                await second.shows("■ Spring, please")
                assert second.app.sending is not None
                await second.app.sending.stop()
                await first.shows("■ Spring, please", "■ And autumn")
                await first.write("And winter")
                await first.shows("through the wet gate.", "✓ And winter")
                await second.shows("› And winter", "through the wet gate.", "✓ And winter", "✓ done")
    found = turns()
    assert [(turn.position, turn.prompt) for turn in found] == [(0, ASK), (1, "And autumn"), (2, "And winter")]
    assert [reply.state for turn in found for reply in turn.replies] == ["stopped", "stopped", "done"]


@scene
async def test_what_waits_behind_a_long_wait_is_asked_by_one_window(tmp_path: Path) -> None:
    """A dialog stands in one window, its queue behind it; the other window sends what was queued."""
    with provider(cuts=[rate_limited({"Retry-After": "600"})]) as server:
        config = settings(tmp_path, server.url)
        async with live(config) as first:
            await first.write(ASK)
            talk = first.app.talk
            assert talk is not None
            first.app._queue.append(talk.keep("And autumn"))
            first.app.list_turns()
            await first.until(lambda: isinstance(first.app.screen, ChooseWait))
            waits = first.app.screen
            async with live(config, wanted=LAST) as second:
                await second.until(lambda: isinstance(second.app.screen, UnsentDialog))
                # In the same moment, before either can have heard of the other.
                for dialog in (waits, second.app.screen):
                    assert isinstance(dialog, ChooseWait | UnsentDialog)
                    dialog.end("resume" if dialog is not waits else "stop")
                first.app.send_queued()
                await second.shows("› And autumn", "through the wet gate.", "✓ done")
                await first.until(lambda: not first.app.replying)
                await first.shows("✓ And autumn")
        assert [seen.json()["messages"][-1]["content"] for seen in posts(server)] == [ASK, "And autumn"]
    assert [len(turn.replies) for turn in turns()] == [1, 1]


@scene
async def test_a_reply_that_is_followed_has_nothing_of_the_one_before_on_its_connection(tmp_path: Path) -> None:
    with provider(cuts=[20]) as server:
        config = settings(tmp_path, server.url)
        async with live(config) as first:
            await first.write(ASK)
            await first.until(lambda: "seams: 1 · verified" in first.link())
            await first.until(lambda: not first.app.replying)
            async with live(config, wanted=LAST) as second:
                await second.write("And autumn")
                await first.shows("› And autumn", "✓ And autumn", "✓ done")
                await first.until(lambda: "seams" not in first.link(), first.link())
                assert "tok/s" not in first.link()


def listed() -> list[str]:
    """The conversations that a list has."""
    with Journal.open(paths.journal_file()) as journal:
        return [found.id for found in journal.conversations()]


@scene
async def test_what_is_asked_in_a_conversation_deleted_elsewhere_brings_it_back(
    tmp_path: Path,
) -> None:
    with provider() as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await screen.write(ASK)
            await screen.shows("✓ done")
            talk = screen.app.talk
            assert talk is not None
            assert talk.id is not None
            other = Writer(paths.journal_file())
            other.put(DeleteConversation(talk.id, 1.0))
            await screen.told("Another window deleted this conversation")
            await screen.shows("✓ Spring, please")
            assert listed() == []
            await screen.write("And autumn")
            await screen.told("What was written here brought it back")
            await screen.shows("✓ And autumn")
            assert listed() == [talk.id]
            # Again: that it was told of once is no reason to be silent.
            other.put(DeleteConversation(talk.id, 2.0))
            await screen.told("Another window deleted this conversation")
            assert other.close(30)


@scene
async def test_a_turn_deleted_elsewhere_while_it_is_written_is_there_when_it_has_ended(tmp_path: Path) -> None:
    with provider(cuts=[STALL]) as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await screen.write(ASK)
            await screen.shows("the garden walks")
            await written()
            talk = screen.app.talk
            assert talk is not None
            assert talk.id is not None
            other = Writer(paths.journal_file())
            other.put(DeleteTurn(talk.id, talk.turns[0].id, 1.0))
            await screen.told("Another window deleted turn 1 (“Spring, please”) while it is written")
            assert turns() == ()
            assert screen.app.sending is not None
            await screen.app.sending.stop()
            await screen.told("Its answer brought it back")
            await screen.shows("■ Spring, please", "the garden walks")
            assert [turn.prompt for turn in turns()] == [ASK]
            other.put(DeleteTurn(talk.id, talk.turns[0].id, 2.0))
            await screen.told("Another window deleted turn 1 (“Spring, please”). It")
            assert other.close(30)
            assert talk.turns == []
