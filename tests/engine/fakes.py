"""A clock moved by hand and a network in memory: all that an engine asks of the world, exact and without waiting.

clock = FakeClock()
wire = FakeWire(clock, [Script((frames,), Fin()), Script((whole,))])
events = [event async for event in stream_reply(request, provider, clock=clock, transport=wire)]
assert clock.slept == [...]; assert wire.asked[1].messages[-1]["role"] == "assistant"
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from tui.clock import Bell
from tui.timing import Timing
from tui.wire import Chunk, HttpCall, HttpReply, WireError


class FakeClock:
    """tui.clock.Clock, for one event loop. Time passes only while somebody waits for it; `slept` remembers."""

    def __init__(self, start: float = 1000.0, epoch: float = 1_800_000_000.0) -> None:
        self.time = start
        self.epoch = epoch - start
        """What the wall clock is ahead; a test (or Suspend) makes it jump."""
        self.slept: list[float] = []
        self._alarms: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return self.time + self.epoch

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)  # noqa: TID251  only gives way: a place where a cancel can strike
        self.time += seconds

    async def until(self, moment: float) -> None:
        """For the fakes themselves: over when time has come to `moment`; does not make it pass."""
        alarm = asyncio.get_running_loop().create_future()
        heapq.heappush(self._alarms, (moment, next(self._order), alarm))
        await alarm

    async def wait(self, bell: Bell, until: float) -> bool:
        while True:
            await quiet(bell)
            if bell.rung:
                return True
            while self._alarms and self._alarms[0][2].done():
                heapq.heappop(self._alarms)
            if self._alarms and self._alarms[0][0] <= until:
                moment, _, alarm = heapq.heappop(self._alarms)
                self.time = max(self.time, moment)
                alarm.set_result(None)
                continue
            self.time = max(self.time, until)
            return False


QUIET_TURNS = 8


async def quiet(bell: Bell) -> None:
    """Give way until `bell` rings or every other task waits for something; a while, where one of them never does."""
    ready = asyncio.get_running_loop()._ready  # the only exact answer to "is anything left to run"
    for _ in range(QUIET_TURNS):
        await asyncio.sleep(0)  # noqa: TID251
        if bell.rung or not ready:
            return


@dataclass(frozen=True, slots=True)
class Pause:
    """Seconds in which nothing comes."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Suspend:
    """The machine sleeps: the wall clock goes on, the monotonic one does not, and nothing ever comes after it."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Clean:
    """The body ends as HTTP says it should."""


@dataclass(frozen=True, slots=True)
class Fin:
    """The connection is closed in the middle of a chunked body."""


@dataclass(frozen=True, slots=True)
class Rst:
    """The connection is reset."""


@dataclass(frozen=True, slots=True)
class Stall:
    """Nothing more ever comes."""


@dataclass(frozen=True, slots=True)
class Fails:
    """The HTTP library raises `error`."""

    error: Exception


End = Clean | Fin | Rst | Stall | Fails
Step = bytes | Pause | Suspend

SSE: Mapping[str, str] = {"content-type": "text/event-stream; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Script:
    """What one request gets: pieces of a body, each read whole, then an end. `refused`: not even a connection."""

    steps: tuple[Step, ...] = ()
    end: End = Clean()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: SSE)
    refused: Exception | None = None
    before: tuple[Pause, ...] = ()
    """Until the headers come."""


def refuse(error: Exception | None = None) -> Script:
    return Script(refused=error or httpx.ConnectError("All connection attempts failed"))


def status(code: int, body: str | bytes = b"", headers: Mapping[str, str] | None = None) -> Script:
    data = body.encode() if isinstance(body, str) else body
    return Script((data,) if data else (), status=code, headers=dict(headers or {}))


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as it arrived."""

    url: str
    headers: Mapping[str, str]
    body: dict[str, object]
    at: float
    local: bool
    method: str = "POST"

    @property
    def messages(self) -> list[dict[str, object]]:
        messages = self.body["messages"]
        assert isinstance(messages, list)
        return messages


class FakeWire:
    """tui.wire.Transport in memory. `serve` makes the script for each request, or is the list of scripts."""

    def __init__(self, clock: FakeClock, serve: Callable[[Asked], Script] | Iterable[Script]) -> None:
        self.asked: list[Asked] = []
        self.lookups = 0
        """Questions whether streams are kept: 404, and not in `asked`; a server with `keeps_streams` gets them all."""
        self.open = 0
        """Connections not closed yet."""
        self.closed_early = 0
        """Responses that their reader closed before they ended."""
        self._clock = clock
        if callable(serve):
            self._serve = serve
        else:
            scripts = iter(serve)
            self._serve = lambda _: next(scripts, None) or pytest.fail("one request more than there are scripts")

    @asynccontextmanager
    async def __call__(self, call: HttpCall, sent: Callable[[], None]) -> AsyncIterator[HttpReply]:
        self.open += 1
        try:
            now = self._clock.now()
            # Taken, as net.py takes it: a call that is sent twice has no body the second time, here too.
            body = json.loads(b"".join(call.take_body()) or b"{}")
            asked = Asked(call.url, dict(call.headers), body, now, call.local, call.method)
            if asked.url.endswith("/streams/lookup") and not getattr(self._serve, "keeps_streams", False):
                self.lookups += 1
                script = status(404)
            else:
                self.asked.append(asked)
                script = self._serve(asked)
            await asyncio.sleep(0)  # noqa: TID251  connecting takes a moment
            if script.refused is not None:
                raise WireError from script.refused
            sent()
            for pause in script.before:
                await self._clock.until(self._clock.now() + pause.seconds)
            reply = _FakeReply(script, self._clock)
            try:
                yield reply
            finally:
                self.closed_early += not reply.ended
        finally:
            self.open -= 1


class _FakeReply:
    def __init__(self, script: Script, clock: FakeClock) -> None:
        self.status = script.status
        self.headers = script.headers
        self.timing = Timing()
        self.ended = False
        self._script = script
        self._clock = clock

    async def chunks(self) -> AsyncIterator[Chunk]:
        for step in self._script.steps:
            if isinstance(step, Pause):
                await self._clock.until(self._clock.now() + step.seconds)
            elif isinstance(step, Suspend):
                self._clock.epoch += step.seconds
                await asyncio.get_running_loop().create_future()
            elif step:
                await asyncio.sleep(0)  # noqa: TID251  each piece is a read of its own
                yield Chunk(step, self._clock.now())
        match self._script.end:
            case Clean():
                self.ended = True
            case Fin():
                self.ended = True
                words = "peer closed connection without sending complete message body (incomplete chunked read)"
                raise WireError from httpx.RemoteProtocolError(words)
            case Rst():
                self.ended = True
                raise WireError from httpx.ReadError("")
            case Fails(error):
                self.ended = True
                raise WireError from error
            case Stall():
                await asyncio.get_running_loop().create_future()
