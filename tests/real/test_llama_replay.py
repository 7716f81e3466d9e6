"""The real llama.cpp keeps its streams: cut answers are read on byte for byte, and what nobody reads is stopped."""

from __future__ import annotations

import asyncio
import json
import random
import time
import urllib.request
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

import pytest
from cutting_proxy import Cut, CuttingProxy
from watched import Watched, watch

from tui.engine import stream_reply
from tui.engine.pump import stops_sent
from tui.local.server import MODEL
from tui.words import Content, Event, Limits, Message, Partial, Policy, Provider, Request, Retry, State, Timeouts, Usage

QUESTION = "Give me three tips for writing good e-mails, with two sentences for each of them."
REQUEST = Request(MODEL.id, (Message("user", QUESTION),), max_tokens=160, temperature=0.8, seed=7)
POLICY = Policy(Retry(40, 0.05, 0.1), Timeouts(first_byte=60, idle=60, progress=60), Limits(attempts=60))


def asked(provider: Provider, path: str, body: object = None) -> object:
    """One request to the server itself, past every proxy."""
    assert provider.key is not None
    headers = {"authorization": f"Bearer {provider.key.reveal()}", "content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(provider.base_url.removesuffix("/v1") + path, data, headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as response:
        found: object = json.loads(response.read())
    return found


def busy(provider: Provider) -> bool:
    slots = asked(provider, "/slots")
    assert isinstance(slots, list)
    return any(slot["is_processing"] for slot in slots)


def known(provider: Provider, *names: str) -> list[object]:
    """What the server says of these streams."""
    found = asked(provider, "/v1/streams/lookup", {"conversation_ids": list(names)})
    assert isinstance(found, list)
    return found


async def idle(provider: Provider, within: float = 3.0) -> None:
    """The server has nothing to do; within a fraction of what its answer would take."""
    until = time.monotonic() + within
    while await asyncio.to_thread(busy, provider):
        assert time.monotonic() < until, "it still generates"
        await asyncio.sleep(0.02)  # noqa: TID251  another process's time


def name_of(events: list[Event]) -> str:
    (name,) = {event.replay_id for event in events if isinstance(event, State) and event.attempt}
    assert name is not None
    return name


def assert_replayed(seen: Watched, whole: Watched) -> None:
    assert seen.done.text == whole.done.text
    assert seen.done.verified
    assert {mark.how for mark in seen.seams} <= {"replay"}
    assert seen.done.learned.replay is True
    assert seen.of(Usage)[-1].usage.exact


def test_an_answer_cut_many_times_is_the_answer_uncut(local_server: Provider) -> None:
    dice = random.Random(23)
    whole = asyncio.run(watch(REQUEST, local_server, POLICY))
    assert whole.done.learned.replay is True
    for run in range(6):
        cuts = [None, *(Cut(dice.randrange(200, 12_000), "rst" if run % 2 else "fin") for _ in range(6))]
        with CuttingProxy(local_server.base_url, cuts) as proxy:
            seen = asyncio.run(watch(REQUEST, replace(local_server, base_url=proxy.base_url), POLICY))
            assert len(proxy.struck) >= 3
        assert_replayed(seen, whole)
        assert known(local_server, name_of(seen.events))


def test_a_cut_at_each_of_many_bytes(local_server: Provider) -> None:
    """Head, chunk sizes and frames: a short answer is cut at every 41st byte of what comes over the wire."""
    short = replace(REQUEST, max_tokens=12)
    whole = asyncio.run(watch(short, local_server, POLICY))
    struck = 0
    for cut in range(1, 4200, 41):
        with CuttingProxy(local_server.base_url, [None, Cut(cut)]) as proxy:
            seen = asyncio.run(watch(short, replace(local_server, base_url=proxy.base_url), POLICY))
            struck += len(proxy.struck)
        assert seen.done.text == whole.done.text
        assert {mark.how for mark in seen.seams} <= {"replay"}
    assert struck > 60


@pytest.mark.parametrize("how", ["closed", "cancelled", "cancelled twice"])
def test_a_reply_that_is_stopped_is_generated_no_more(local_server: Provider, how: str) -> None:
    long = replace(REQUEST, max_tokens=1500, messages=(Message("user", "Write a long story about the sea."),))
    events: list[Event] = []
    enough = asyncio.Event()

    async def read() -> None:
        async with aclosing(stream_reply(long, local_server, POLICY)) as stream:
            async for event in stream:
                events.append(event)
                if isinstance(event, Content) and len(event.accumulated) > 60:
                    enough.set()
                    if how == "closed":
                        return

    async def main() -> None:
        reading = asyncio.create_task(read())
        await enough.wait()
        if how != "closed":
            assert await asyncio.to_thread(busy, local_server)
            reading.cancel()
            if how == "cancelled twice":
                await asyncio.sleep(0)  # noqa: TID251
                reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await stops_sent()
        await idle(local_server)

    asyncio.run(main())
    assert known(local_server, name_of(events)) == []


def test_without_a_stop_the_server_generates_on(local_server: Provider) -> None:
    """What the stop is for: a reader that just goes away changes nothing, and a process that dies can be followed."""
    whole = asyncio.run(watch(replace(REQUEST, max_tokens=200), local_server, POLICY))
    text, name, offset = "", "", 0

    async def die() -> None:
        nonlocal text, name, offset
        stream: AsyncGenerator[Event, None] = stream_reply(replace(REQUEST, max_tokens=200), local_server, POLICY)
        async for event in stream:
            if isinstance(event, Content):
                text, offset = event.accumulated, event.offset
                if len(text) > 80:
                    break
            elif isinstance(event, State) and event.replay_id:
                name = event.replay_id
        # As a process that is killed: its loop ends before it can say anything.
        asyncio.get_running_loop().stop()

    loop = asyncio.new_event_loop()
    task = loop.create_task(die())
    loop.run_forever()
    assert len(known(local_server, name)) == 1
    partial = Partial(text, (), name, offset, MODEL.id)
    seen = asyncio.run(watch(replace(REQUEST, max_tokens=200, partial=partial), local_server, POLICY))
    assert_replayed(seen, whole)
    assert [mark.how for mark in seen.seams] == ["replay"]
    loop.run_until_complete(loop.shutdown_asyncgens())
    assert task.done()
    loop.close()
