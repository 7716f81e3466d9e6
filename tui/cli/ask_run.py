"""The run of `unbroken ask`: events to stdout, status to stderr, and the exit code."""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing
from typing import assert_never

from tui.chat import advice
from tui.chat.jsonl import line
from tui.chat.session import Session, Wanted
from tui.chat.talk import Talk
from tui.chat.turns import INTERRUPTED, UNREAD, Turn
from tui.chat.window import Fit
from tui.cli.ask_leaving import Leaving
from tui.cli.ask_saving import Saving
from tui.cli.errors import Exit, tell
from tui.clock import RealClock
from tui.config import Config
from tui.journal.bring_back import BroughtBack
from tui.plain import one_line, plain
from tui.say import say
from tui.words import Content, Done, Error, Event, Fault, NewReply, Reasoning, Seam, SeamMark, State, Usage

FITS_ANYWHERE = 2000
"""Tokens, estimated, that any model takes: for less, nobody is asked how much it is."""

RULE = 40
"""Cells of the rule between two different answers."""


class Asking:
    """One prompt, one answer."""

    def __init__(self, config: Config, wanted: Wanted, *, as_json: bool) -> None:
        self._config, self._wanted, self._json = config, wanted, as_json
        self._clock = RealClock()
        self._terminal = sys.stdout is not None and sys.stdout.isatty()
        self._ends_in_newline = True
        self._doubt = False
        """What comes next on stdout stands behind a seam that is not verified."""
        self._last: Event | None = None
        self._saving: Saving | None = None
        self._leaving: Leaving | None = None
        self._back: BroughtBack | None = None
        self._code = Exit.INCOMPLETE
        self._interrupted = False
        """By Ctrl+C or SIGTERM, or by what a hang-up does."""

    async def run(self, prompt: str) -> int:
        """Ask; the exit code."""
        saving = self._saving = Saving(self._tell)
        session = Session(self._config, self._clock, saving.heard, tell)
        session.writer.on_brought_back = self._brought_back
        try:
            if self._wanted.local:
                provider, model = await session.local()
                self._tell(say("chat.local_note"))
            else:
                provider, model = await asyncio.to_thread(session.provider, self._wanted)
            talk = session.begin(provider, model, self._wanted)
            if (fit := talk.fit(prompt)).window is None and fit.wanted > FITS_ANYWHERE:
                await session.ask_windows(talk)
                fit = talk.fit(prompt)
            self._fits(fit)
            self._tell_of_last(talk)
            await self._answer(talk, prompt)
        finally:
            try:
                self._end_line()
            finally:
                saved = await self._close(session, saving)
        ended = self._leaving is not None and self._leaving.until is not None
        return Exit.INCOMPLETE if ended and not saved else self._code

    async def _close(self, session: Session, saving: Saving) -> bool:
        """Also where nobody reads any more: what was received is kept. Whether all of it is."""
        leaving, saved, saving.over = self._leaving, False, True
        by_key = self._interrupted and (leaving is None or leaving.code is None)
        try:
            if leaving is not None and not by_key:
                await saving.wait(session.writer, leaving)
        finally:
            before = session.writer.trouble
            saved = await session.close()
            if self._interrupted:
                self._tell(say("chat.interrupted_ask" if saved else "chat.interrupted_unsaved"))
            if not saved:
                read = session.talk is None or session.talk.ending != UNREAD
                saving.ended(session.writer.trouble or before, read=read)
            if self._back is not None:
                self._tell(say(f"talks.{'' if self._back.turn is None else 'turn_'}brought_back"))
        return saved

    async def _answer(self, talk: Talk, prompt: str) -> None:
        """Tell the events as they come, to whoever is still there."""
        began = self._clock.now()
        turn, events = talk.ask(prompt)
        told = 0
        assert self._saving is not None
        leaving = self._leaving = Leaving(talk, self._config, self._clock, self._saving.changed)
        try:
            async with aclosing(events):
                async for event in events:
                    self._last = event
                    try:
                        for handed in turn.handed[told:]:
                            self._tell(advice.handed_on(handed.before, handed.model, handed.fault))
                            self._fits(turn.fit)
                        told = len(turn.handed)
                        if self._json:
                            self._write(line(event, began) + "\n")
                        self._hear(event)
                    except OSError as error:
                        if not await leaving.forgives(error):
                            raise
        except asyncio.CancelledError:
            leaving.over()
            self._interrupted = True
            self._stopped(talk, turn, began)
            if leaving.code is None:
                raise
            self._code = leaving.code
        finally:
            leaving.over()

    def _stopped(self, talk: Talk, turn: Turn, began: float) -> None:
        """The last line of an answer that somebody stopped."""
        self._end_line()
        version, last = turn.current, self._last
        if self._json and version is not None:
            stopped = Error(
                fault=Fault("interrupted", permanent=False),
                failed_after_retries=0,
                text=version.view.whole_text(),
                attempts=version.attempts,
                resumes=len(version.view.seams),
                learned=talk.provider.learned,
                connection_id=0 if last is None else last.connection_id,
                retry_count=0 if last is None else last.retry_count,
                t=self._clock.now(),
            )
            self._write(line(stopped, began) + "\n")

    def _fits(self, fit: Fit) -> None:
        """What the model will not be told is said before it is asked."""
        window = f"{fit.window or 0:,}"
        if fit.left_out:
            self._tell(
                say("chat.left_out", count=len(fit.left_out), tokens=f"{fit.wanted + fit.kept:,}", window=window)
            )
        if fit.too_long:
            self._tell(say("chat.too_long", tokens=f"{fit.tokens + fit.kept:,}", window=window))

    def _tell_of_last(self, talk: Talk) -> None:
        """What is asked builds on a reply that is not whole: that is said."""
        last = talk.turns[-1].current if talk.turns else None
        if last is not None and last.elsewhere:
            self._tell(say("chat.ask_elsewhere"))
        elif last is not None and last.view.note == INTERRUPTED:
            self._tell(say("chat.ask_interrupted"))

    def _brought_back(self, back: BroughtBack) -> None:
        """From the journal's thread: said at the end, where it breaks no line of the answer."""
        self._back = back

    def _write(self, text: str) -> None:
        if not text:
            return
        sys.stdout.write(text)
        sys.stdout.flush()
        self._ends_in_newline = text.endswith("\n")

    def _tell(self, text: str) -> None:
        """Status on a line of its own, where the answer and the status share a terminal."""
        if self._terminal and not self._ends_in_newline and sys.stderr is not None and sys.stderr.isatty():
            sys.stderr.write("\n")
        tell(text)

    def _hear(self, event: Event) -> None:
        match event:
            case Content(content=text):
                if not self._json and text:
                    self._mark_doubt()
                    self._write(plain(text) if self._terminal else text)
            case State():
                self._state(event)
            case Seam(mark=mark):
                self._seam(mark)
            case NewReply():
                self._tell(say("chat.other_answer"))
                if not self._json:
                    self._end_line()
                    self._write("─" * RULE + "\n")
                self._doubt = False
            case Done():
                self._done(event)
            case Error():
                self._failed(event)
            case Reasoning() | Usage():
                pass
            case _:
                assert_never(event)

    def _done(self, done: Done) -> None:
        self._code = Exit.COMPLETE
        if done.note == "bare-end-lost":
            self._tell(say("chat.bare_end_lost"))
        if not done.verified:
            self._tell(say("chat.unverified"))
        elif done.note == "bare-end":
            self._tell(say("chat.bare_end"))
        elif not done.text:
            self._tell(say("chat.empty"))
        if done.finish_reason in ("length", "model_length"):
            self._tell(say("chat.length_ask"))

    def _failed(self, error: Error) -> None:
        self._code = Exit.KEY if error.fault.kind == "unauthorized" else Exit.INCOMPLETE
        self._end_line()
        retries, length = error.failed_after_retries, len(error.text)
        well = self._saving is None or self._saving.well
        self._tell(advice.failed(error.fault, length, retries=retries, saved=well, place="ask"))

    def _state(self, state: State) -> None:
        if state.state == "backing_off" and state.fault is not None and state.until is not None:
            seconds = f"{max(0.0, state.until - self._clock.now()):.1f}"
            reason = advice.reason(state.fault)
            counted = {"retry": state.retry_count, "most": state.max_retries}
            self._tell(say("chat.backing_off", reason=reason, seconds=seconds, **counted))

    def _end_line(self) -> None:
        if not self._json and not self._ends_in_newline:
            self._write("\n")

    def _mark_doubt(self) -> None:
        """Two texts that may not fit are never glued: a line of its own says so, in a file too."""
        if self._doubt:
            self._doubt = False
            self._end_line()
            self._write(say("chat.seam_mark") + "\n")

    def _seam(self, mark: SeamMark) -> None:
        if not mark.verified:
            self._end_line()
            self._doubt = True
        name = "chat.resumed" if mark.verified else "chat.resumed_unverified"
        self._tell(say(name, gap=f"{mark.gap:.1f}", how=one_line(mark.how)))
