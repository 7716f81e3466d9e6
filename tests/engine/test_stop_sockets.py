"""Stopping over real sockets: cancelled once or twice after any event, nothing stays open and the partial is kept."""

from __future__ import annotations

import asyncio
import gc
from contextlib import aclosing
from pathlib import Path

import pytest
from model_servers import stream
from play import KEY, REQUEST
from scenes import TEXT, head
from wire_server import Answer, Seen, WireServer

from tui.engine import stream_reply
from tui.words import Content, Done, Event, Model, Policy, Provider, Retry, State, Timeouts

POLICY = Policy(
    retry=Retry(max_retries=9, initial_backoff=0.05),
    timeouts=Timeouts(connect=30.0, write=30.0, first_byte=30.0, idle=0.5, progress=30.0),
)
FDS = Path("/proc/self/fd")
AT_ONCE = 40


class Phases:
    """Each reply (a path of its own): reset in the middle, 503, silent while the seam is undecided, whole."""

    def __init__(self) -> None:
        self._asked: dict[str, int] = {}

    def __call__(self, seen: Seen) -> Answer:
        at = self._asked[seen.path] = self._asked.get(seen.path, 0) + 1
        messages = seen.json()["messages"]
        assert isinstance(messages, list)
        held = messages[-1]["content"] if messages[-1]["role"] == "assistant" else ""
        rest = stream(TEXT.removeprefix(held))
        if at == 1:
            return Answer(head(20), end="rst", piece=900)
        if at == 2:
            return Answer(b"", 503, framing="length")
        return Answer(rest, cut=400, end="stall") if at == 3 else Answer(rest)


async def read(url: str, number: int, events: list[Event], counted: asyncio.Semaphore) -> None:
    provider = Provider("p", f"{url}/{number}", key=KEY, models={"test": Model("test", first_rung="prefill")})
    async with aclosing(stream_reply(REQUEST, provider, POLICY)) as stream_of_events:
        async for event in stream_of_events:
            events.append(event)
            counted.release()


async def stopped(url: str, number: int, after: int, turns: int, again: int | None) -> list[Event]:
    """Cancel after so many events and turns of the loop; a second time so many turns later."""
    events: list[Event] = []
    counted = asyncio.Semaphore(0)
    task = asyncio.create_task(read(url, number, events, counted))
    for _ in range(after):
        await counted.acquire()
    for _ in range(turns):
        await asyncio.sleep(0)  # noqa: TID251  exactly this many turns of the loop
    task.cancel()
    if again is not None:
        for _ in range(again):
            await asyncio.sleep(0)  # noqa: TID251
        task.cancel()
    await asyncio.wait({task})
    assert task.cancelled() or task.exception() is None
    return events


def open_files() -> int:
    return len(list(FDS.iterdir())) if FDS.exists() else 0


def test_a_cancel_after_any_event_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setattr(asyncio.BaseEventLoop, "call_exception_handler", lambda _, context: told.append(context))

    async def main(url: str) -> set[str]:
        whole: list[Event] = []
        await read(url, 0, whole, asyncio.Semaphore(0))
        assert isinstance(whole[-1], Done)
        assert (whole[-1].text, whole[-1].attempts) == (TEXT, 4)
        states = [event.state for event in whole if isinstance(event, State)]
        assert {"backing_off", "resuming"} <= set(states)
        before = open_files()
        room = asyncio.Semaphore(AT_ONCE)

        async def one(number: int, after: int, turns: int, again: int | None) -> list[Event]:
            async with room:
                return await stopped(url, number, after, turns, again)

        # Where text only flows, one place in three stands for all.
        flowing = [isinstance(event, Content) for event in whole]
        places = [at for at in range(len(whole)) if not (flowing[at] and flowing[at - 1]) or at % 3 == 0]
        ways = [(turns, again) for turns in (0, 4) for again in (None, 0, 2)]
        runs = [(at, turns, again) for at in places for turns, again in ways]
        ended = await asyncio.gather(*(one(number, *run) for number, run in enumerate(runs, 1)))
        for events in ended:
            text = "".join(event.content for event in events if isinstance(event, Content))
            assert TEXT.startswith(text)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert len(runs) > 150
        # The server's own ends of these connections close when it hears of it.
        for _ in range(500):
            if open_files() <= before:
                break
            await asyncio.sleep(0.01)  # noqa: TID251
        assert open_files() <= before
        last = [event for events in ended for event in events[-1:]]
        return {event.state if isinstance(event, State) else type(event).__name__ for event in last}

    with WireServer(Phases()) as server:
        struck = asyncio.run(main(server.url))
    gc.collect()  # a forgotten exception is told when its task is collected
    assert told == []
    assert {"connecting", "waiting", "backing_off", "resuming", "Content"} <= struck
