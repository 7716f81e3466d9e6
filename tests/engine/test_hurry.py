"""Somebody who does not want to wait for the end of a back-off."""

from __future__ import annotations

import asyncio

from fakes import Asked, FakeClock, FakeWire, Script, refuse, status
from model_servers import Model, stream
from play import PREFILL, REQUEST, replies
from scenes import TEXT

from tui.clock import Bell
from tui.engine import stream_reply
from tui.words import Done, Event, Fault, Policy, Retry, State


async def hurried(
    first: list[Script], *, ring_on: set[str], agreed: Fault | None = None
) -> tuple[list[Event], FakeWire]:
    """The first requests get these scripts, the next ones the answer; the bell is rung at each of these states."""
    clock, model, bell = FakeClock(), Model(TEXT, "exact"), Bell()
    left = list(first)

    def serve(asked: Asked) -> Script:
        return left.pop(0) if left else Script((stream(model.says(asked)),))

    wire = FakeWire(clock, serve)
    policy = Policy(Retry(initial_backoff=30.0))
    events: list[Event] = []
    reply = stream_reply(REQUEST, PREFILL, policy, clock, transport=wire, agreed=agreed, hurry=bell, dice=lambda: 1.0)
    async for event in reply:
        events.append(event)
        if isinstance(event, State) and event.state in ring_on:
            bell.ring()
    return events, wire


def test_a_back_off_ends_at_once_when_the_bell_rings() -> None:
    events, wire = asyncio.run(hurried([refuse(), refuse()], ring_on={"backing_off"}))
    assert isinstance(events[-1], Done)
    assert replies(events, "") == [TEXT]
    # The least interval between two requests is kept, whoever is impatient.
    assert [round(asked.at - 1000.0, 6) for asked in wire.asked] == [0.0, 0.1, 0.2]
    waits = [event for event in events if isinstance(event, State) and event.state == "backing_off"]
    assert [state.retry_count for state in waits] == [1, 2], "an impatient retry is counted too"


def test_a_bell_of_before_the_wait_does_not_end_it() -> None:
    _, wire = asyncio.run(hurried([refuse()], ring_on={"connecting", "waiting"}))
    assert [asked.at - 1000.0 for asked in wire.asked] == [0.0, 30.0]


def test_a_wait_that_was_agreed_to_ends_too() -> None:
    agreed = Fault("rate-limit", permanent=False, wait=7200.0)
    events, wire = asyncio.run(hurried([], ring_on={"backing_off"}, agreed=agreed))
    assert isinstance(events[-1], Done)
    assert wire.asked[0].at < 1001.0


def test_retry_after_is_the_servers_wish_and_the_users_word_is_above_it() -> None:
    _, wire = asyncio.run(hurried([status(429, headers={"retry-after": "120"})], ring_on={"backing_off"}))
    assert wire.asked[1].at - 1000.0 < 1.0
