"""What `unbroken ask` says of the journal, and how long it waits for it at its end.

Its answer stands on stdout whatever becomes of the journal. So nothing is promised that the end of the process would
break: what is not in the journal then is said in the last line, and why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tui.chat.advice import duration
from tui.chat.saving import saved
from tui.chat.session import FLUSH
from tui.cli.ask_leaving import Leaving
from tui.cli.errors import tell
from tui.journal.trouble import JournalTrouble
from tui.journal.writer import Writer
from tui.say import say

LOCK = 10.0
"""Seconds that the end waits for another program's lock: a backup or a `doctor --repair` takes less. What else keeps
the journal from being written does not go by itself."""


class Saving:
    """Made by the task that asks."""

    def __init__(self, say_it: Callable[[str], None]) -> None:
        """`say_it` tells a line from the task's own thread."""
        self._say = say_it
        self._loop = asyncio.get_running_loop()
        self.changed = asyncio.Event()
        """Saving has stopped or goes well again, or somebody asks the process to end."""
        self.well = True
        """Nothing is known to keep what was received from being saved."""
        self.over = False
        """The answer has ended: what is not saved then is said at the very end."""
        self._told = False

    def heard(self, trouble: JournalTrouble | None) -> None:
        """From the journal's thread."""
        self.well = trouble is None
        if trouble is not None and trouble.kind == "set_aside":
            tell(trouble.sentence())
        elif trouble is not None and not self.over:
            self._told = True
            tell(say("chat.ask_unsaved", cause=_cause(trouble)))
        elif trouble is None and self._told:
            tell(say("chat.ask_saved"))
        self._loop.call_soon_threadsafe(self.changed.set)

    async def wait(self, writer: Writer, leaving: Leaving) -> None:
        """Until all is saved, or it is given up: at the limit of a hang-up, some seconds after SIGTERM, and while
        somebody is there, when a lock does not go."""
        now = self._loop.time
        flushing, unlocking = now() + FLUSH, 0.0
        while True:
            end = leaving.until
            if end is None:
                trouble = writer.trouble
                if trouble is not None and trouble.kind != "locked":
                    return
                if trouble is not None and not unlocking:
                    unlocking, self._told = now() + LOCK, True
                    self._say(say("chat.saving", cause=_cause(trouble), time=duration(LOCK)))
                end = unlocking or flushing
            self.changed.clear()
            if await saved(writer, end - now(), self.changed) or not self.changed.is_set():
                return

    def ended(self, trouble: JournalTrouble | None, *, read: bool) -> None:
        """Not all is in the journal. `read`: somebody has what stands on stdout."""
        if trouble is None or not read:
            self._say(say("chat.not_saved"))
        else:
            advice = say(f"journal.opening_{trouble.kind}")
            self._say(say("chat.ask_not_saved", cause=_cause(trouble), advice=advice))


def _cause(trouble: JournalTrouble) -> str:
    return say(f"journal.cause_{trouble.kind}")
