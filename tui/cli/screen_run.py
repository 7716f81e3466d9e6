"""The run of the full screen: the session, the app, and the reply that outlives it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Mapping
from dataclasses import dataclass

from tui.chat.advice import duration
from tui.chat.finish import finish
from tui.chat.saving import TERMINATING, saved
from tui.chat.session import Session, Wanted
from tui.chat.turns import CUT_ASKED, HUNG_UP, Ending
from tui.cli import crash
from tui.cli.errors import Exit, tell
from tui.cli.options import ScreenOptions
from tui.clock import RealClock
from tui.config import Config
from tui.journal.trouble import JournalTrouble
from tui.journal.writer import Writer
from tui.paths import log_dir
from tui.plain import one_line, plain
from tui.providers.keys import KeyMissing
from tui.say import say
from tui.screen.app import UnbrokenApp
from tui.screen.first_run import Ready
from tui.screen.terminal.signals import install_signals

SETTLED = 1.0
"""Seconds after the start by which what stays for the whole run is loaded, what the first probe needs too."""


def settle() -> asyncio.TimerHandle:
    """The garbage collector passes over what is loaded, and in a second over what the start has made with it.

    A full pass over that takes 50 to 70 ms, every few thousand deltas, in which nothing is drawn and no byte is read;
    and there is nothing to be found: it stays. What is made later is looked through as ever.
    """
    gc.freeze()
    return asyncio.get_running_loop().call_later(SETTLED, gc.freeze)


async def show(config: Config, options: ScreenOptions) -> int:
    """The exit code, once the screen is closed and the reply is finished or stopped."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_keep)
    app: UnbrokenApp | None = None
    ending: _Ending | None = None
    early: list[JournalTrouble | None] = []

    def trouble(told: JournalTrouble | None) -> None:
        # From the journal's thread.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(heard, told)

    def heard(told: JournalTrouble | None) -> None:
        if ending is not None and ending.closed:
            ending.heard(told)
        elif app is None or not app.is_running:
            early.append(told)
        else:
            app.journal_trouble(told)

    def say_it(text: str) -> None:
        if app is not None and app.is_running:
            app.tell(text)
        else:
            tell(text)

    session = Session(config, RealClock(), trouble, say_it)
    ended = _Ended()
    try:
        wanted = Wanted(options.local, options.continue_last, options.model, options.provider)
        app = UnbrokenApp(session, wanted, await ready(session, wanted))
        app.crash_log = log_dir() / "crash.log"
        if early:
            app.call_later(app.journal_trouble, early[-1])
        ending = _Ending(app, session.writer)
        settling = settle()
        undo = install_signals(loop, app.terminal_lost, ending.terminate, ending.interrupt)
        try:
            code = await app.run_async(mouse=True)
            ended.code = code if isinstance(code, int) else app.return_code or Exit.COMPLETE
            ending.close(config.hangup_limit)
            await _finish(app, config, ending, ended)
            await ending.save()
        finally:
            undo()
            settling.cancel()
        ended.code = ended.code if ending.code is None else ending.code
    finally:
        trouble_left = session.writer.trouble
        all_saved = await session.close()
        # What is saved is said by who saved it, not by who hopes so.
        if ended.words and all_saved:
            tell(say(ended.words))
        elif not all_saved:
            tell(say("chat.not_saved"))
            if trouble_left is not None:
                tell(plain(say(f"journal.cause_{trouble_left.kind}")))
    return ended.code if all_saved else Exit.INCOMPLETE


@dataclass(slots=True)
class _Ended:
    """How the run ended."""

    code: int = Exit.COMPLETE
    words: str = ""
    """The phrase that tells what became of the reply, true where all is saved."""


def _keep(_: asyncio.AbstractEventLoop, context: Mapping[str, object]) -> None:
    """A mistake that nobody awaits goes to a file: on stderr it would tear up the screen, and could show a key."""
    error = context.get("exception")
    if isinstance(error, Exception):
        crash.report(error)


async def ready(session: Session, wanted: Wanted) -> Ready | None:
    """Who answers; None where a key is missing, which the screen asks for."""
    if wanted.local:
        return Ready(*await session.local())
    try:
        return Ready(*await asyncio.to_thread(session.provider, wanted))
    except KeyMissing:
        return None


class _Ending:
    """Somebody asks the process to end, with the screen or while it finishes a reply without one, and saves it."""

    def __init__(self, app: UnbrokenApp, writer: Writer) -> None:
        self._app, self._writer = app, writer
        self._now = asyncio.get_running_loop().time
        self.stop = asyncio.Event()
        self.code: Exit | None = None
        self.closed = False
        """There is no screen any more."""
        self._until = 0.0
        """When saving is given up, on the loop's clock."""
        self._told = False

    def terminate(self) -> None:
        self._end(Exit.TERMINATED, TERMINATING)

    def interrupt(self) -> None:
        self._end(Exit.INTERRUPTED, 0.0)

    def _end(self, code: Exit, seconds: float) -> None:
        if self.code != code:
            self.code, self._until = code, self._now() + seconds
        self.stop.set()
        self._app.terminate()

    def close(self, limit: float) -> None:
        """The screen is closed. Where nobody is there to be asked, or the user has chosen to have the reply finished,
        that and saving it have `limit` seconds together."""
        self.closed = True
        if self.code is None and (self._app.hung_up or self._app.leaving == "finish"):
            self._until = self._now() + limit

    def heard(self, trouble: JournalTrouble | None) -> None:
        """Saving has stopped, or goes well again: who still watches is told once how long it is tried."""
        left = self._until - self._now()
        if trouble is not None and left > 0 and not self._told:
            self._told = True
            cause = plain(say(f"journal.cause_{trouble.kind}"))
            tell(say("chat.saving", cause=cause, time=duration(left)))

    async def save(self) -> None:
        """Until all is saved, or it is given up."""
        self.heard(self._writer.trouble)
        while (left := self._until - self._now()) > 0:
            self.stop.clear()
            if await saved(self._writer, left, self.stop) or not self.stop.is_set():
                return


async def _finish(app: UnbrokenApp, config: Config, ending: _Ending, ended: _Ended) -> None:
    """A reply that is still on its way goes on into the journal, or is stopped, as the user chose; the prompts queued
    behind it too. 1 where it should have been finished and was not."""
    sending, talk, queue = app.sending, app.talk, app.take_queue()
    if talk is None or sending is None or not (sending.running or queue):
        return
    if app.leaving != "finish":
        ending.stop.set()
    else:
        minutes = f"{config.hangup_limit / 60:.0f}"
        tell(say("chat.finishing", model=one_line(sending.view.model, 60), minutes=minutes))

    def why() -> Ending:
        if ending.code is not None:
            return CUT_ASKED if ending.code == Exit.TERMINATED else ""
        return HUNG_UP if app.hung_up else ""

    whole = await finish(talk, sending, queue, config.hangup_limit, ending.stop, why)
    ended.words = "chat.finished" if whole else "chat.not_finished"
    if not whole and app.leaving == "finish":
        ended.code = Exit.INCOMPLETE
