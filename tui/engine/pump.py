"""The one task that reads the wire, apart from the one that thinks.

The reply waits for "the next bytes, or this moment"; a read that is cancelled half-way would be lost, so the reading
has a task of its own. It is cancelled once and cleans up after itself, however often its owner is cancelled: that is
also the cure for httpx's leak on a double cancel (encode/httpx#3782).
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import AsyncGenerator

from tui.clock import Bell, Clock
from tui.engine.arrivals import Arrival, End, Opened, Sent, Short
from tui.engine.kept import STOP_LIMIT, STOP_PAUSE
from tui.engine.reader import SUSPENDED, TICK, Reader
from tui.engine.reads import Ended, Read
from tui.wire import Chunk, HttpCall, Transport, WireError
from tui.words import Fault, Timeouts

HIGH_WATER = 1024 * 1024
"""Bytes waiting to be thought about before the reading pauses."""
SHORT = 1024 * 1024
"""Bytes of an answer that should be short."""


class Pump:
    """Reads one response into `arrivals` and rings `bell`."""

    def __init__(self, transport: Transport, call: HttpCall, clock: Clock) -> None:
        self.bell = Bell()
        self.arrivals: deque[Arrival] = deque()
        self._transport = transport
        self._call = call
        self._clock = clock
        self._waiting_bytes = 0
        self._room = asyncio.Event()
        self._task = asyncio.create_task(self._read(), name="unbroken-pump")
        self._task.add_done_callback(self._ended)

    def take(self) -> Arrival:
        """The next arrival; IndexError where there is none."""
        arrival = self.arrivals.popleft()
        if isinstance(arrival, Chunk):
            self._waiting_bytes -= len(arrival.data)
            if self._waiting_bytes < HIGH_WATER:
                self._room.set()
        return arrival

    async def close(self) -> None:
        """End the request for good: the socket is closed when this returns, or soon after if it is cancelled too."""
        self._task.cancel()
        owner = asyncio.current_task()
        # A cancel that came before this is on its way already; one that comes while we wait is passed on.
        before = owner.cancelling() if owner is not None else 0
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(self._task)
        if owner is not None and owner.cancelling() > before:
            raise asyncio.CancelledError

    async def _read(self) -> None:
        try:
            async with self._transport(self._call, self._sent) as reply:
                self._put(Opened(reply.status, reply.headers, self._clock.now(), reply.timing))
                async for chunk in reply.chunks():
                    self._waiting_bytes += len(chunk.data)
                    self._put(chunk)
                    if self._waiting_bytes >= HIGH_WATER:
                        self._room.clear()
                        await self._room.wait()
                self._put(End(None))
        except WireError as error:
            self._put(End(error.__cause__ or error))

    def _sent(self) -> None:
        self._put(Sent(self._clock.now()))

    def _put(self, arrival: Arrival) -> None:
        self.arrivals.append(arrival)
        self.bell.ring()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            # A mistake of ours, not of the wire: whoever waits must hear of it rather than wait for ever.
            self._put(End(error))


async def read_attempt(
    transport: Transport,
    call: HttpCall,
    limits: Timeouts,
    clock: Clock,
    reader: Reader,
    *,
    ends: float = math.inf,
) -> AsyncGenerator[Read, None]:
    """Send `call` and say what comes, an Ended last. Closing it ends the request.

    `ends`: the moment from which the reply may take no more time, whether bytes come or not.
    """
    ahead = clock.wall() - clock.now()
    slept = False
    pump = Pump(transport, call, clock)
    try:
        while True:
            while pump.arrivals:
                for read in reader.arrived(pump.take(), clock.now(), clock.wall()):
                    yield read
                    if isinstance(read, Ended):
                        return
            if slept:
                # After what had come before the machine slept: that is good text.
                yield Ended(Fault("suspended", permanent=False, wait=0.0))
                return
            if clock.now() >= ends:
                yield reader.out_of_time()
                return
            pump.bell.clear()
            if pump.arrivals:
                continue
            due = reader.deadline(limits)
            rung = await clock.wait(pump.bell, min(due, ends, clock.now() + TICK))
            now, wall = clock.now(), clock.wall()
            if wall - now - ahead > SUSPENDED:
                slept = True
            elif not rung and now >= due:
                for read in reader.overdue(now, wall, limits):
                    yield read
                    if isinstance(read, Ended):
                        return
    finally:
        await pump.close()


async def fetch(transport: Transport, call: HttpCall, clock: Clock, limit: float) -> Short | None:
    """A short answer; None where it did not come whole within `limit` seconds."""
    due = clock.now() + limit
    opened: Opened | None = None
    body = bytearray()
    pump = Pump(transport, call, clock)
    try:
        while True:
            while pump.arrivals:
                match pump.take():
                    case Opened() as opened:
                        pass
                    case End(error):
                        if error is not None or opened is None:
                            return None
                        return Short(opened.status, opened.headers, bytes(body))
                    case Chunk(data):
                        body += data
                    case Sent():
                        pass
            if len(body) > SHORT:
                return None
            pump.bell.clear()
            if not pump.arrivals and not await clock.wait(pump.bell, due) and clock.now() >= due:
                return None
    finally:
        await pump.close()


_goodbyes: set[asyncio.Task[None]] = set()
"""Held here so that they live: they outlast the reply that sent them, but not the program."""


def say_stop(transport: Transport, call: HttpCall, clock: Clock) -> asyncio.Task[None]:
    """Tell a server to stop generating, in a task of its own: whoever stops a reply waits for nothing."""
    task = asyncio.create_task(_stop(transport, call, clock), name="unbroken-stop")
    _goodbyes.add(task)
    task.add_done_callback(_goodbyes.discard)
    return task


async def _stop(transport: Transport, call: HttpCall, clock: Clock) -> None:
    """Whatever it answers, it has heard it; where the wire breaks, once more, for as long as it makes sense."""
    due = clock.now() + STOP_LIMIT
    while (left := due - clock.now()) > 0:
        if await fetch(transport, call, clock, left) is not None:
            return
        if due - clock.now() > STOP_PAUSE:
            await clock.sleep(STOP_PAUSE)
        else:
            return


async def stops_sent() -> None:
    """Wait until every server that generates for nobody has been told to stop, or could not be: 3 s at most.

    For the end of a program; an event loop that is closed before ends these tasks with all others.
    """
    loop = asyncio.get_running_loop()
    mine = [task for task in _goodbyes if task.get_loop() is loop]
    if mine:
        await asyncio.wait(mine)
