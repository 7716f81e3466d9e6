"""How `unbroken ask` ends before its answer does: the terminal goes away, its reader does, or somebody asks it to end.

A terminal that is lost is the configuration's to judge, as on the screen: the answer is finished into the journal, or
stopped. A pipe that nobody reads any more ends it, without a word: who wrote `| head` has what he wanted.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from contextlib import suppress

from tui.chat.saving import TERMINATING
from tui.chat.talk import Talk
from tui.chat.turns import CUT_LIMIT, HUNG_UP, UNREAD, Ending
from tui.cli.errors import Exit
from tui.clock import Clock
from tui.config import Config

MOMENT = 0.1
"""Seconds after a pipe has broken in which a hang-up is looked for: it ends the reader of the pipe as well."""


class Leaving:
    """Made by the task that asks, when the request is about to be made; it cancels that task."""

    def __init__(self, talk: Talk, config: Config, clock: Clock, changed: asyncio.Event) -> None:
        """`changed` is set when `until` is another."""
        self._talk, self._config, self._clock = talk, config, clock
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        self._terminals = [fd for fd in (0, 1, 2) if os.isatty(fd)]
        self._timer: asyncio.TimerHandle | None = None
        self._over = self._terminated = False
        self._changed = changed
        self.hung_up = False
        """The terminal is gone."""
        self.until: float | None = None
        """When saving is given up, on the loop's clock, where the terminal is gone or somebody asked it to end."""
        self.code: Exit | None = None
        """With which code it was asked to end."""
        self._loop.add_signal_handler(signal.SIGTERM, self._terminate)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            # Else somebody has decided that no hang-up concerns it (nohup).
            self._loop.add_signal_handler(signal.SIGHUP, self._hang_up)

    def over(self) -> None:
        """The answer has ended: nothing is left to cancel but saving it, which nobody may."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()

    async def forgives(self, error: OSError) -> bool:
        """Whether the answer goes on although `error` came of writing it: the terminal is gone, not just a reader."""
        if error.errno == errno.EIO and self._terminals:
            self._hang_up()
        elif isinstance(error, BrokenPipeError):
            if not self.hung_up:
                await self._clock.sleep(MOMENT)
            if self.hung_up:
                _nowhere([1])
            else:
                self._talk.ending = UNREAD
        return self.hung_up

    def _terminate(self) -> None:
        """Whoever asks the process to stop gets what Ctrl+C gets: the request ends, and what came is kept."""
        if not self._terminated:
            self._terminated = True
            self._give_up_in(TERMINATING)
        self._end("", Exit.TERMINATED)

    def _hang_up(self) -> None:
        """From the signal and from a write that fails: once."""
        if self.hung_up:
            return
        self.hung_up = True
        _nowhere(self._terminals)
        if not self._terminated:
            self._give_up_in(self._config.hangup_limit)
        if self._config.on_hangup == "stop":
            self._end(HUNG_UP, Exit.INCOMPLETE)
        elif not self._over:
            self._timer = self._loop.call_later(self._config.hangup_limit, self._end, CUT_LIMIT, Exit.INCOMPLETE)

    def _give_up_in(self, seconds: float) -> None:
        self.until = self._loop.time() + seconds
        self._changed.set()

    def _end(self, why: Ending, code: Exit) -> None:
        if self._over or self._task is None:
            return
        self._talk.ending, self.code = why, code
        self._task.cancel()


def _nowhere(descriptors: list[int]) -> None:
    """What is still written there goes nowhere; a failed flush at the end would change the exit code."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        with suppress(OSError):
            os.dup2(nowhere, descriptor)
    os.close(nowhere)
