"""A server that keeps streams generates on when its reader goes: whoever stops a reply tells it, wherever that is."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from fakes import FakeClock, FakeWire, Script, Stall, status
from kept_streams import ANSWER, KEEPING, STREAM, Keeps
from play import REQUEST

from tui.engine import stream_reply
from tui.engine.pump import stops_sent
from tui.words import Content, Done, Event, State


class Run:
    """One reply through lookup, POST, two replays, a lost stream, another POST and its replay."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.serve = Keeps(STREAM, [(500, "FIN"), (200, "stall"), status(404), (400, "RST")])
        self.wire = FakeWire(self.clock, self.serve)
        self.events: list[Event] = []

    def stream(self) -> AsyncGenerator[Event, None]:
        return stream_reply(REQUEST, KEEPING, None, self.clock, transport=self.wire, dice=lambda: 0.5)

    async def read(self) -> None:
        async with aclosing(self.stream()) as events:
            async for event in events:
                self.events.append(event)

    async def settled(self) -> None:
        """What was begun is over, and nothing is generated for nobody."""
        await stops_sent()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=5)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert self.wire.open == 0
        whole = any(isinstance(event, State) and event.state == "done" for event in self.events)
        assert set(self.serve.ids) - set(self.serve.stopped) == (set(self.serve.ids[-1:]) if whole else set())
        assert len(self.serve.stopped) == len(set(self.serve.stopped))


async def ticks(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)  # noqa: TID251  exactly this many turns of the loop


async def whole_run() -> int:
    run = Run()
    task = asyncio.create_task(run.read())
    count = 0
    while not task.done():
        await ticks(1)
        count += 1
    await run.settled()
    assert run.serve.methods == ["lookup", "POST", "GET", "GET", "DELETE", "POST", "GET"]
    assert isinstance(run.events[-1], Done)
    assert run.events[-1].text == ANSWER
    return count


@pytest.fixture
def complaints(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    found: list[object] = []
    monkeypatch.setattr(asyncio.BaseEventLoop, "call_exception_handler", lambda _, context: found.append(context))
    return found


@pytest.mark.parametrize("again", [None, 0, 1, 2, 3], ids=["once", "twice-0", "twice-1", "twice-2", "twice-3"])
def test_a_cancel_at_any_turn_of_the_loop(again: int | None, complaints: list[object]) -> None:
    async def everywhere() -> None:
        for turn in range(await whole_run()):
            run = Run()
            task = asyncio.create_task(run.read())
            await ticks(turn)
            task.cancel()
            if again is not None:
                await ticks(again)
                task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await run.settled()

    asyncio.run(everywhere())
    gc.collect()  # a forgotten exception is told when its task is collected
    assert complaints == []


def test_a_close_after_any_event(complaints: list[object]) -> None:
    async def everywhere() -> None:
        count = 0
        while True:
            run = Run()
            events = run.stream()
            async for event in events:
                run.events.append(event)
                if len(run.events) > count:
                    break
            else:
                break
            await events.aclose()
            if isinstance(run.events[-1], Done):
                break
            await run.settled()
            count += 1
        assert count > 40

    asyncio.run(everywhere())
    gc.collect()
    assert complaints == []


def test_a_close_waits_for_a_stop_that_gets_through() -> None:
    """A program of ten lines ends its loop right after: the server has heard it by then."""
    run = Run()

    async def main() -> None:
        async with aclosing(run.stream()) as events:
            async for event in events:
                if isinstance(event, Content):
                    break

    asyncio.run(main())
    assert run.serve.stopped == run.serve.ids


def test_a_close_does_not_wait_for_a_server_that_says_nothing() -> None:
    async def main() -> None:
        run = Run()
        run.serve.on_stop = lambda: Script((), Stall())
        await run.read()
        await stops_sent()
        await run.settled()

    asyncio.run(main())


def test_a_loop_that_ends_at_once_takes_the_stop_with_it(complaints: list[object]) -> None:
    """Nothing leaks, and nothing is complained of."""
    run = Run()

    async def main() -> None:
        task = asyncio.create_task(run.read())
        await ticks(40)
        task.cancel()
        await ticks(2)
        task.cancel()

    asyncio.run(main())
    gc.collect()
    assert complaints == []
    assert run.wire.open == 0
