"""One reply, from request to last byte: the only part of the engine that waits.

`stream_reply` is a loop of attempts driven by tenacity; each reads one response (attempt.py says what it means), joins
it to the text held (seam.py) and ends in an `Outcome`, which decides what is asked next (ladder.py).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from tenacity import AsyncRetrying, retry_if_exception_type, stop_never

from tui.clock import Bell, Clock, RealClock
from tui.engine.budget import BUDGET
from tui.engine.call import lookup_call, stop_call
from tui.engine.kept import LOOKUP_LIMIT, STOP_WAIT, busy
from tui.engine.outcome import CutShort, MissedTail, Outcome, Refused, WholeAtLast
from tui.engine.policy import LEAST_INTERVAL, LONGEST_OBEYED, Dice, is_drawn, wait_for
from tui.engine.pump import fetch, read_attempt, say_stop
from tui.engine.reply import Reply
from tui.engine.retry_budget import RetryBudget, counts
from tui.engine.turns import settle
from tui.wire import Transport
from tui.words import Event, Fault, Policy, Provider, Request, Stamped, State

NAP = 15.0
"""Seconds after which a long wait looks at the wall clock: a laptop may have slept through it."""


class _AskAgain(Exception):
    """This attempt is over and another is due."""


async def stream_reply(
    request: Request,
    provider: Provider,
    policy: Policy | None = None,
    clock: Clock | None = None,
    *,
    transport: Transport | None = None,
    retries: RetryBudget | None = None,
    agreed: Fault | None = None,
    hurry: Bell | None = None,
    dice: Dice = random.random,
) -> AsyncGenerator[Event, None]:
    """One answer, resumed over every fault that can be survived; the last event is `Done` or `Error`, and with it the
    generator is at its end: it waits for nothing more.

    `request.partial` may hold text from an earlier process or model: then the first attempt resumes it. `aclose()` (or
    cancelling the task) stops the reply and ends the request. Raises nothing for what the network or the provider does.

    `retries` is shared by all replies of a process, so that a provider in trouble is not asked without end; None: this
    reply has one of its own. `agreed` is a fault whose `wait` the user has agreed to wait before the first attempt.
    Ringing `hurry` ends a back-off: the next attempt begins at once.
    """
    if transport is None:
        # httpx is loaded when the first request is made, not when the program starts.
        from tui.net import exchange

        transport = exchange
    reply = Reply(request, provider, policy or Policy(), clock or RealClock())
    retries = retries or RetryBudget()
    due = reply.budget.began
    retrying = AsyncRetrying(
        sleep=lambda seconds: _rest(reply, seconds, hurry),
        stop=stop_never,  # `decide` does: it knows verified progress, the budget and what a server asks for
        wait=lambda _: max(0.0, due - reply.clock.now()),  # whoever is slow to take an event delays no request
        retry=retry_if_exception_type(_AskAgain),
    )
    stops: set[asyncio.Task[None]] = set()
    try:
        if agreed is not None and agreed.wait is not None:
            async with aclosing(_agreed_wait(reply, agreed, agreed.wait, hurry)) as waiting:
                async for state in waiting:
                    yield state
            due = reply.budget.began
        async for turn in retrying:
            outcome: Outcome | None = None
            async with aclosing(_attempt(reply, transport, retries, hurry)) as events:
                async for event in events:
                    if isinstance(event, Stamped):
                        yield event
                    else:
                        outcome = event
            assert outcome is not None
            if isinstance(outcome, WholeAtLast):
                await _heard(stops)
                yield reply.state("done")
                yield reply.usage()
                yield reply.done(outcome)
                return
            decided = decide(reply, outcome, retries, dice)
            if isinstance(decided, Fault):
                reply.streams.drop()
                stops |= _stop_streams(reply, transport)
                await _heard(stops)
                yield replace(reply.state("failed"), fault=decided)
                yield reply.usage()
                yield reply.failed(decided)
                return
            stops |= _stop_streams(reply, transport)
            due = decided
            if isinstance(outcome, CutShort):
                if hurry is not None:
                    # An impatience of before is none about this wait.
                    hurry.clear()
                yield reply.backing_off(outcome.fault, due)
            # Inside `with turn` nothing may be yielded: tenacity's manager swallows GeneratorExit too.
            with turn:
                raise _AskAgain
    finally:
        # Also closed or cancelled: what would be generated for nobody is stopped.
        reply.streams.drop()
        stops |= _stop_streams(reply, transport)
        await _heard(stops)


def _stop_streams(reply: Reply, transport: Transport) -> set[asyncio.Task[None]]:
    """Tell the server to stop what nobody will read; each in a task of its own."""
    provider, timeouts = reply.provider, reply.policy.timeouts
    names = reply.streams.to_stop()
    return {say_stop(transport, stop_call(provider, name, timeouts), reply.clock) for name in names}


async def _heard(stops: set[asyncio.Task[None]]) -> None:
    """Until the servers have heard them, or have had their time; they are waited for once."""
    waiting = {stop for stop in stops if not stop.done()}
    stops.clear()
    if waiting:
        await asyncio.wait(waiting, timeout=STOP_WAIT)


async def _rest(reply: Reply, seconds: float, hurry: Bell | None) -> None:
    """Until the next attempt is due, or somebody cannot wait; two requests never follow in a tight loop."""
    clock = reply.clock
    if hurry is None:
        await clock.sleep(seconds)
    elif await clock.wait(hurry, clock.now() + seconds):
        await clock.sleep(max(0.0, reply.asked_at + LEAST_INTERVAL - clock.now()))


async def _agreed_wait(reply: Reply, fault: Fault, seconds: float, hurry: Bell | None) -> AsyncGenerator[State, None]:
    """Wait as long as the user agreed to, a machine asleep included; the reply's own time begins after it."""
    clock = reply.clock
    if hurry is not None:
        hurry.clear()
    due, due_wall = clock.now() + seconds, clock.wall() + seconds
    yield reply.backing_off(fault, due)
    while (left := min(due - clock.now(), due_wall - clock.wall())) > 0 and not (hurry is not None and hurry.rung):
        await _rest(reply, min(left, NAP), hurry)
    reply.budget.began = clock.now()


async def _attempt(
    reply: Reply, transport: Transport, retries: RetryBudget, hurry: Bell | None
) -> AsyncGenerator[Event | Outcome, None]:
    """One request and its answer; the last thing yielded is the Outcome."""
    if reply.asks_for_replay:
        async with aclosing(_look_up(reply, transport, retries, hurry)) as waiting:
            async for state in waiting:
                yield state
    turn, reader, call = reply.ask()
    yield reply.state("connecting")
    reads = read_attempt(transport, call, reply.policy.timeouts, reply.clock, reader, ends=reply.budget.ends)
    async with aclosing(reads):
        async for read in reads:
            for event in reply.hear(turn, reader, read):
                yield event
            if turn.outcome is not None:
                break
    assert turn.outcome is not None
    settle(turn, reply.streams, reply.budget, reply.text)
    yield turn.outcome


async def _look_up(
    reply: Reply, transport: Transport, retries: RetryBudget, hurry: Bell | None
) -> AsyncGenerator[State, None]:
    """Learn whether the server keeps streams; one that is in trouble is asked once more, no sooner than it says."""
    clock, known = reply.clock, (reply.provider, reply.streams.nobody, reply.policy.timeouts)
    reply.asked_at = clock.now()
    yield _looking_up(reply)
    answer = await fetch(transport, lookup_call(*known), clock, LOOKUP_LIMIT)
    fault = busy(answer, clock.wall()) if answer is not None and reply.budget.attempts == 0 else None
    if fault is not None and (due := _due_again(reply, fault, retries)) is not None:
        # A retry like any other, and counted as one: until the server answers, it has brought nothing.
        reply.retry_count += 1
        if hurry is not None:
            hurry.clear()
        yield reply.backing_off(fault, due)
        await _rest(reply, max(0.0, due - clock.now()), hurry)
        reply.asked_at = clock.now()
        yield _looking_up(reply)
        answer = await fetch(transport, lookup_call(*known), clock, LOOKUP_LIMIT)  # a call that was sent has no body
        if answer is not None and busy(answer, clock.wall()) is None:
            reply.retry_count = 0
    reply.learn_replay(answer)
    if reply.learned.replay is None:
        # It did not answer, or refused: the request that follows is one more at the same closed door.
        await clock.sleep(max(0.0, reply.asked_at + LEAST_INTERVAL - clock.now()))


def _looking_up(reply: Reply) -> State:
    """The server is on the line already, and may be long in answering; the attempt, with its number, is yet to come."""
    return replace(reply.state("connecting"), connection_id=0, rung=None, replay_id=None)


def _due_again(reply: Reply, fault: Fault, retries: RetryBudget) -> float | None:
    """When a lookup that met `fault` is asked again; None: it is not, for no retry is left to spend on it."""
    now = reply.clock.now()
    due = now + (fault.wait or 0.0)
    if reply.policy.retry.max_retries < 1 or due >= reply.budget.ends:
        return None
    return due if not counts(fault) or retries.take(reply.provider.base_url, now, due) else None


def decide(reply: Reply, outcome: CutShort | MissedTail | Refused, retries: RetryBudget, dice: Dice) -> Fault | float:
    """The fault that ends the reply, or the moment of the next attempt. Counts the retry that is then made."""
    fault, now = outcome.fault, reply.clock.now()
    retry = isinstance(outcome, CutShort)
    if retry and _is_final(reply, fault):
        if fault.permanent:
            reply.retry_count = 0
        return fault
    if kind := reply.budget.used_up():
        return replace(fault, kind=kind, permanent=False)
    due = now + _delay(reply, outcome, dice)
    if due >= reply.budget.ends:
        # What is waited for would come too late: the reply ends now rather than asleep.
        return replace(fault, kind="time-used", permanent=False)
    base_url = reply.provider.base_url
    if retry and counts(fault) and not retries.take(base_url, now, due):
        return replace(fault, kind="retry-budget", wait=retries.free_in(base_url, now))
    reply.retry_count += retry
    return due


def _is_final(reply: Reply, fault: Fault) -> bool:
    """Whether no retry may follow: it would not help, none is left, or only the user can agree to the wait."""
    if fault.permanent or fault.kind in BUDGET or reply.retry_count >= reply.policy.retry.max_retries:
        return True
    return fault.wait is not None and fault.wait > LONGEST_OBEYED


def _delay(reply: Reply, outcome: CutShort | MissedTail | Refused, dice: Dice) -> float:
    """Seconds until the next request. A miss and a refusal are answered at once, but never in a tight loop."""
    least = max(0.0, reply.asked_at + LEAST_INTERVAL - reply.clock.now())
    if not isinstance(outcome, CutShort):
        return least
    fault, count = outcome.fault, reply.retry_count + 1
    rate_limits = reply.count_rate_limit(fault)
    seconds = wait_for(fault, reply.policy.retry, count, rate_limits, dice, reply.backed_off)
    if is_drawn(fault):
        reply.backed_off = seconds
    return max(least, seconds)
