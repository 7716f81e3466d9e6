"""Time as a parameter: real here, moved by hand in tests."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Bell:
    """One waiter, rung from the same event loop. Cheaper than asyncio.Event on the path of every delta."""

    __slots__ = ("_waiter", "rung")

    def __init__(self) -> None:
        self.rung = False
        self._waiter: asyncio.Future[None] | None = None

    def ring(self) -> None:
        self.rung = True
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def clear(self) -> None:
        self.rung = False

    def waiter(self) -> asyncio.Future[None]:
        """A future that is done at the next ring (at once where it has rung)."""
        self._waiter = asyncio.get_running_loop().create_future()
        if self.rung:
            self._waiter.set_result(None)
        return self._waiter


class Clock(Protocol):
    """What a reply may know of time."""

    def now(self) -> float:
        """Seconds, monotonic."""

    def wall(self) -> float:
        """Seconds since the epoch; may jump (a lid closed, a clock set)."""

    async def sleep(self, seconds: float) -> None: ...

    async def wait(self, bell: Bell, until: float) -> bool:
        """Until `bell` rings (True) or `now()` reaches `until` (False)."""


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


class RealClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)  # noqa: TID251  the one place

    async def wait(self, bell: Bell, until: float) -> bool:
        if bell.rung:
            return True
        left = until - time.monotonic()
        if left <= 0:
            return False
        waiter = bell.waiter()
        timer = asyncio.get_running_loop().call_later(left, _wake, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
        return bell.rung
