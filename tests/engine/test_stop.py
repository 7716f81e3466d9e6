"""Stopping: wherever it strikes, the request ends, nothing leaks, nobody is told of a forgotten exception."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import pytest
from fakes import Asked, Clean, FakeClock, FakeWire, Fin, Pause, Script, Stall, refuse
from model_servers import Model, stream
from play import PREFILL, REQUEST
from scenes import TEXT, head

from tui.engine import stream_reply
from tui.words import Content, Done, Event, State


def serving() -> Callable[[Asked], Script]:
    """Every phase of a reply: refused, cut, undecided, stalled, whole."""
    model = Model(TEXT, "exact")
    kinds = iter(["refused", "cut", "late", "short"])

    def serve(asked: Asked) -> Script:
        kind = next(kinds, "whole")
        if kind == "refused":
            return refuse()
        body = stream(model.says(asked))
        if kind == "cut":
            return Script((head(20)[:700], Pause(1.0), head(20)[700:]), Fin())
        if kind == "late":
            return Script((body[:300], Pause(2.0)), Stall())
        return Script((body[:2500],), Clean()) if kind == "short" else Script((body,))

    return serve


class Run:
    """One reply in a task of its own."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.wire = FakeWire(self.clock, serving())
        self.events: list[Event] = []

    def stream(self) -> AsyncGenerator[Event, None]:
        return stream_reply(REQUEST, PREFILL, None, self.clock, transport=self.wire, dice=lambda: 0.5)

    async def read(self) -> None:
        async with aclosing(self.stream()) as events:
            async for event in events:
                self.events.append(event)


async def settled(run: Run) -> None:
    """No task but this one is left, and no connection."""
    for _ in range(10):
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if not others:
            break
        await asyncio.wait(others, timeout=5)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert run.wire.open == 0


@pytest.fixture
def complaints(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the event loop complains of: exceptions that nobody took."""
    found: list[object] = []
    monkeypatch.setattr(asyncio.BaseEventLoop, "call_exception_handler", lambda _, context: found.append(context))
    return found


async def ticks(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)  # noqa: TID251  exactly this many turns of the loop


async def whole_run() -> int:
    """Turns of the loop that an undisturbed reply takes."""
    run = Run()
    task = asyncio.create_task(run.read())
    count = 0
    while not task.done():
        await ticks(1)
        count += 1
    assert isinstance(run.events[-1], Done)
    assert run.events[-1].text == TEXT
    assert run.events[-1].attempts == 5
    return count


def test_the_reply_that_is_stopped_below_goes_through_every_phase() -> None:
    assert asyncio.run(whole_run()) > 100


@pytest.mark.parametrize("again", [None, 0, 1, 2, 3], ids=["once", "twice-0", "twice-1", "twice-2", "twice-3"])
def test_a_cancel_at_any_turn_of_the_loop(again: int | None, complaints: list[object]) -> None:
    async def cancel_at(turn: int) -> None:
        run = Run()
        task = asyncio.create_task(run.read())
        await ticks(turn)
        task.cancel()
        if again is not None:
            await ticks(again)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()
        await settled(run)

    async def everywhere() -> None:
        for turn in range(await whole_run()):
            await cancel_at(turn)

    asyncio.run(everywhere())
    gc.collect()  # a forgotten exception is told when its task is collected
    assert complaints == []


def test_a_close_after_any_event(complaints: list[object]) -> None:
    async def close_after(count: int) -> bool:
        run = Run()
        events = run.stream()
        seen = 0
        async for _ in events:
            seen += 1
            if seen > count:
                break
        await events.aclose()
        await settled(run)
        return seen > count

    async def everywhere() -> None:
        count = 0
        while await close_after(count):
            count += 1
        assert count > 50

    asyncio.run(everywhere())
    gc.collect()  # a forgotten exception is told when its task is collected
    assert complaints == []


def test_a_close_from_a_task_that_was_cancelled_before_is_no_new_cancel() -> None:
    """An app that stops a reply in its `finally` has more to do there."""

    async def reading() -> str:
        run = Run()
        events = run.stream()
        try:
            async for event in events:
                if isinstance(event, State) and event.state == "streaming":
                    await asyncio.Event().wait()
        except asyncio.CancelledError:
            await events.aclose()
            await settled_wire(run)
            return "the partial is saved"
        return "never"

    async def settled_wire(run: Run) -> None:
        assert run.wire.open == 0

    async def main() -> None:
        task = asyncio.create_task(reading())
        await ticks(200)
        task.cancel()
        assert await task == "the partial is saved"

    asyncio.run(main())


def test_a_reader_that_goes_away_without_a_word(complaints: list[object]) -> None:
    async def leave() -> None:
        run = Run()
        async for event in run.stream():
            if isinstance(event, Content):
                break
        del event
        gc.collect()
        await ticks(20)
        await settled(run)

    asyncio.run(leave())
    assert complaints == []


def test_a_timeout_around_a_reply_is_a_timeout() -> None:
    async def main() -> None:
        run = Run()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await run.read()
        await settled(run)

    asyncio.run(main())


def test_a_reader_that_is_slow_delays_no_request() -> None:
    """The countdown was announced; whoever takes long over the event finds it shorter."""

    async def main() -> None:
        run = Run()
        announced: list[float] = []
        async for event in run.stream():
            if isinstance(event, State) and event.state == "backing_off":
                assert event.until is not None
                announced.append(event.until)
                run.clock.time += 0.2
        assert [asked.at for asked in run.wire.asked[1:]] == pytest.approx(announced)

    asyncio.run(main())
