"""A reply on its way: a task of its own that outlives whoever looks at it, and the newest view for those who do.

A plain asyncio task, not a Textual worker: those are cancelled two or three times at exit and nobody waits for them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator

from tui.chat.turns import Turn, Version
from tui.chat.view import ReplyView
from tui.words import Event


class Sending:
    """Runs one reply to its end."""

    def __init__(self, turn: Turn, events: AsyncGenerator[Event, None]) -> None:
        self.turn = turn
        self._events = events
        self._changed = asyncio.Event()
        self._begun = asyncio.Event()
        assert turn.written is not None
        self._written = turn.written
        self.task = asyncio.create_task(self._run(), name="unbroken-reply")

    @property
    def view(self) -> ReplyView:
        return self._newest.view

    @property
    def lost(self) -> bool:
        """Another process writes the reply: nothing was asked here, or no more is."""
        return self._newest.elsewhere

    @property
    def _newest(self) -> Version:
        """What it writes now; what it wrote last, where the turn has become another window's meanwhile."""
        if self.turn.written is not None:
            self._written = self.turn.written
        return self._written

    @property
    def running(self) -> bool:
        return not self.task.done()

    async def views(self) -> AsyncIterator[ReplyView]:
        """The newest view whenever it changed; views that nobody had time for are passed over, the last one never."""
        while True:
            self._changed.clear()
            running = self.running
            yield self.view
            if not running:
                return
            await self._changed.wait()

    async def stop(self) -> None:
        """End it for good, its request too; what was received is kept. Returns when it has ended."""
        # A task cancelled before its first step never enters the generator, which then could not say how it ended.
        await self._begun.wait()
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(self.task)

    async def _run(self) -> None:
        self._begun.set()
        try:
            async with contextlib.aclosing(self._events) as events:
                async for _ in events:
                    self._changed.set()
        finally:
            # Followers learn of the end by the task, which is done right after this.
            asyncio.get_running_loop().call_soon(self._changed.set)
