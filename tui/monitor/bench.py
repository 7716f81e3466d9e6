"""The benchmark: one chat of a word after another, each model on a fresh connection and on one that stands.

Decoded by the engine's own reader, and read to its last byte, so that the connection can be used again.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from tui.clock import Clock
from tui.engine.arrivals import Opened, Sent
from tui.engine.call import call_for, without
from tui.engine.ladder import plan
from tui.engine.reader import Reader
from tui.engine.reads import Delta, Ended, Thinking
from tui.monitor.models import fault_of_wire
from tui.monitor.stats import Summary, summary
from tui.timing import UNTIMED, Timing
from tui.wire import Chunk, WireError
from tui.words import Fault, Learned, Message, Provider, Request, Timeouts

if TYPE_CHECKING:
    from tui.net import Line

Connection = Literal["cold", "warm"]
"""Made for this request, with a look-up, a connect and a handshake of its own; or kept from the one before."""

CONNECTIONS: tuple[Connection, ...] = ("cold", "warm")


@dataclass(frozen=True, slots=True)
class Target:
    """One model of one provider."""

    provider: Provider
    model: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run: `count` requests for each target and connection."""

    targets: tuple[Target, ...]
    count: int = 10
    interval: float = 0.5
    """Seconds between two requests."""
    tokens: int = 10
    prompt: str = "Hi"
    deadline: float = 10.0
    """Seconds for one request, from its connect to its end; an answer that is longer is cut there."""

    @property
    def requests(self) -> int:
        return self.count * len(self.targets) * len(CONNECTIONS)


@dataclass(frozen=True, slots=True)
class Run:
    """One request. Durations are in seconds."""

    connection: Connection
    """The one that was wanted; `timing.warm` says which it was."""
    timing: Timing = UNTIMED
    gaps: tuple[float, ...] = ()
    """Between two pieces of text, each (ITL)."""
    tps: float | None = None
    """Tokens per second behind the first one, by the provider's own count; None where it counts none."""
    fault: Fault | None = None
    cut: bool = False
    """The answer was still coming at the deadline: what was measured until then stands."""

    @property
    def counts(self) -> bool:
        """Whether it may stand under its connection: a server that does not keep connections has no warm one."""
        return self.fault is None and (self.timing.warm or self.connection == "cold")


@dataclass(frozen=True, slots=True)
class Result:
    """All runs of one target on one kind of connection."""

    target: Target
    connection: Connection
    runs: tuple[Run, ...]

    @property
    def good(self) -> list[Run]:
        return [run for run in self.runs if run.counts]

    @property
    def faults(self) -> tuple[Fault, ...]:
        return tuple(run.fault for run in self.runs if run.fault is not None)

    @property
    def cut(self) -> int:
        """Answers that were still coming at the deadline."""
        return sum(run.cut for run in self.runs)

    @property
    def not_kept(self) -> int:
        """Requests that should have found the connection standing and did not."""
        return sum(run.fault is None and not run.counts for run in self.runs)

    def of(self, phase: Callable[[Timing], float | None]) -> Summary:
        """The statistics of one phase, over the runs that have it."""
        return summary([value for run in self.good if (value := phase(run.timing)) is not None])

    @property
    def ttfb(self) -> Summary:
        return self.of(lambda timing: timing.ttfb)

    @property
    def ttft(self) -> Summary:
        return self.of(lambda timing: timing.ttft)

    @property
    def itl(self) -> Summary:
        return summary([gap for run in self.good for gap in run.gaps])

    @property
    def tps(self) -> Summary:
        return summary([run.tps for run in self.good if run.tps is not None])

    def met(self, target: float) -> bool | None:
        """Mean TTFB under `target` seconds: the documents' definition. None where nothing was measured."""
        mean = self.ttfb.mean
        return None if mean is None else mean < target


def results(targets: Iterable[Target], runs: Sequence[tuple[Target, Run]]) -> tuple[Result, ...]:
    """`runs`, sorted by target and connection; those that were not begun are left out."""
    found = []
    for target in targets:
        for connection in CONNECTIONS:
            mine = tuple(run for asked, run in runs if asked is target and run.connection == connection)
            if mine:
                found.append(Result(target, connection, mine))
    return tuple(found)


async def bench(asked: Plan, clock: Clock) -> AsyncGenerator[tuple[Target, Run], None]:
    """Each run as it ends. Side by side: every target in turn, cold and then warm, before any has its second turn.

    A target whose key is refused is not asked again.
    """
    from tui.net import Line

    refused: set[int] = set()
    broken: set[int] = set()
    """Targets whose last request failed: nothing stands."""
    closing: set[int] = set()
    """Servers that do not keep a connection behind a stream."""
    due = clock.now()
    async with AsyncExitStack() as stack:
        lines = [
            await stack.enter_async_context(Line(one.provider.base_url, local=one.provider.local))
            for one in asked.targets
        ]
        for _ in range(asked.count):
            for number, (target, line) in enumerate(zip(asked.targets, lines, strict=True)):
                for connection in CONNECTIONS:
                    if number in refused:
                        continue
                    await clock.sleep(max(0.0, due - clock.now()))
                    due = clock.now() + asked.interval
                    if connection == "cold":
                        await line.hang_up()
                    if connection == "warm" and (number in closing or number in broken):
                        await _open_with_a_list(line, target, asked.deadline)
                    run = await measure(line, target, connection, asked, clock)
                    if connection == "warm" and _did_not_stand(run) and number not in closing:
                        # llama.cpp closes behind a stream and keeps behind a list, which is free: then that opens it.
                        closing.add(number)
                        await _open_with_a_list(line, target, asked.deadline)
                        run = await measure(line, target, connection, asked, clock)
                    broken.discard(number)
                    if run.cut or run.fault is not None:
                        broken.add(number)
                        # Whatever is left of that connection is no good for the next one.
                        await line.hang_up()
                        if run.fault is not None and run.fault.kind == "unauthorized":
                            refused.add(number)
                    yield target, run


def _did_not_stand(run: Run) -> bool:
    """Whether the server had closed the connection, or closed it in the moment in which it was asked again."""
    stale = run.fault is not None and run.fault.kind in ("truncated", "no-answer", "reset") and run.timing.ttfb is None
    return stale or (run.fault is None and not run.counts)


async def _open_with_a_list(line: Line, target: Target, deadline: float) -> None:
    """A fresh connection that stands, if the server keeps it behind a model list."""
    await line.hang_up()
    with suppress(WireError):
        await line.get(target.provider.base_url + "/models", target.provider.key, deadline)


@dataclass(slots=True)
class _Heard:
    """What one answer has said so far."""

    texts: list[float] = field(default_factory=list)
    """When each piece of text came."""
    pieces: list[float] = field(default_factory=list)
    """Reasoning too: the provider counts it as tokens."""
    ended: Ended | None = None
    opened: bool = False
    """Bytes of the body have come."""


async def measure(line: Line, target: Target, connection: Connection, asked: Plan, clock: Clock) -> Run:
    """One request over `line`. Raises nothing for what the network or the provider does."""
    limits = Timeouts(connect=asked.deadline, write=asked.deadline, first_byte=asked.deadline)
    request = Request(target.model, (Message("user", asked.prompt),), max_tokens=asked.tokens)
    ask = plan(request, target.provider, "", (), Learned(), missed=False)
    call = call_for(ask, target.provider, limits)
    reader, heard = Reader(clock.now(), skip_garbled=False), _Heard()

    def sent() -> None:
        _hear(heard, reader, Sent(clock.now()), clock)

    fault: Fault | None = None
    cut = False
    try:
        async with asyncio.timeout(asked.deadline), line.send(call, sent) as reply:
            _hear(heard, reader, Opened(reply.status, reply.headers, clock.now(), reply.timing), clock)
            async for chunk in reply.chunks():
                _hear(heard, reader, chunk, clock)
            if heard.ended is None:
                for read in reader.ended(None, clock.now(), clock.wall()):
                    heard.ended = read if isinstance(read, Ended) else heard.ended
    except TimeoutError:
        cut = bool(heard.pieces)
        fault = None if cut else _late(heard, reader.timing, asked.deadline)
    except WireError as error:
        fault = fault_of_wire(error)
    if heard.ended is not None:
        # What the answer said stands, also where its connection was held open too long behind it.
        fault, cut = heard.ended.fault, False
    if fault is not None and target.provider.key is not None:
        fault = replace(fault, detail=without(target.provider.key, fault.detail))
    tokens = reader.bill.completion if reader.bill is not None else 0
    gaps = tuple(after - before for before, after in pairwise(heard.texts))
    return Run(connection, reader.timing, gaps, _tps(tokens, heard.pieces), fault, cut)


def _hear(heard: _Heard, reader: Reader, arrival: Sent | Opened | Chunk, clock: Clock) -> None:
    if heard.ended is not None:
        return
    now = clock.now()
    heard.opened = heard.opened or isinstance(arrival, Chunk)
    came = arrival.at
    for read in reader.arrived(arrival, now, clock.wall()):
        if isinstance(read, Delta):
            heard.texts.append(came)
            heard.pieces.append(came)
        elif isinstance(read, Thinking):
            heard.pieces.append(came)
        elif isinstance(read, Ended):
            heard.ended = read
            return


def _tps(tokens: int, pieces: Sequence[float]) -> float | None:
    """Tokens behind the first one, in the time behind it."""
    seconds = pieces[-1] - pieces[0] if pieces else 0.0
    return (tokens - 1) / seconds if seconds > 0 and tokens > 1 else None


def _late(heard: _Heard, timing: Timing, deadline: float) -> Fault:
    """Nothing that can be measured came by the deadline."""
    if timing.ttfb is not None:
        kind = "no-text" if heard.opened else "no-bytes"
    else:
        # What was never sent found no connection to go over.
        kind = "connect-timeout" if timing.sent is None else "no-first-byte"
    return Fault(kind, permanent=False, detail=f"deadline: {deadline:g} s")


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of a histogram. Seconds."""

    low: float
    high: float
    count: int


def histogram(values: Sequence[float], most: int = 10) -> tuple[Bin, ...]:
    """Bins of equal and round width (1, 2 or 5 times a power of ten, from 1 ms), at most `most`, least to largest."""
    if not values:
        return ()
    low, high = min(values), max(values)
    width = _round_width(max((high - low) / most, 1e-3))
    while math.floor(high / width) - math.floor(low / width) + 1 > most:
        width = _round_width(width * 1.01)
    first = math.floor(low / width)
    counts = [0] * (math.floor(high / width) - first + 1)
    for value in values:
        counts[math.floor(value / width) - first] += 1
    return tuple(Bin((first + at) * width, (first + at + 1) * width, count) for at, count in enumerate(counts))


def _round_width(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not under `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= least * (1 - 1e-9))
