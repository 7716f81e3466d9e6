"""The connection on screen: probes and replies put on the pane, the page in full, the log saved."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import datetime
from pathlib import Path

from textual import on, work

from tui import paths
from tui.chat import link_log
from tui.chat.send import Sending
from tui.chat.session import Session, Wanted
from tui.chat.talk import Talk
from tui.chat.view import ReplyView
from tui.monitor.board import Glance, TrackView
from tui.monitor.probe import Prober
from tui.monitor.view import ProbeView, in_window
from tui.plain import one_line
from tui.say import say
from tui.screen.dialogs.link import LinkScreen
from tui.screen.panes.link_page import LinkPage
from tui.screen.panes.probe_words import reason_words
from tui.screen.panes.sparkline import style_of
from tui.screen.showing import Showing

TELLING = ("unauthorized",)
"""Kinds of answers to a probe that the user should hear of before the first prompt meets them."""


class Linking(Showing):
    """The app as far as it shows the connection."""

    def __init__(self, session: Session, wanted: Wanted) -> None:
        super().__init__(session, wanted)
        self._prober: Prober | None = None
        self._probing: asyncio.Task[None] | None = None
        self._told_of = ""
        self._followed: Sending | None = None
        """The reply whose end is still to be shown."""
        self._glance = Glance(session.board)
        # Not sys.stdout: Textual puts something of its own in its place while an app runs.
        terminal = sys.__stdout__
        self.bars = style_of(os.environ.get("TERM", ""), terminal.encoding if terminal is not None else "")

    def probe(self, talk: Talk) -> None:
        """Measure the provider of `talk` from now on, by its model where the probes are chats."""
        if self._prober is not None and self._prober.provider.name == talk.provider.name:
            self._prober.use(talk.model)
            return
        if self._probing is not None:
            self._probing.cancel()
        settings = self.session.config.probe
        self._prober = Prober(
            talk.provider, settings, self.session.clock, self._probed, model=talk.model, board=self.session.board
        )
        self._probing = asyncio.create_task(self._prober.run(), name="unbroken-probe")
        if settings.kind == "chat":
            # Its answers tell nothing of the models.
            self._ask_windows(talk)

    @work(group="windows", exclusive=True)
    async def _ask_windows(self, talk: Talk) -> None:
        if await self.session.ask_windows(talk):
            self.windows_told()

    def _probed(self, view: ProbeView) -> None:
        if not (self.is_running and self.screen_stack):
            return
        if view.samples:
            self.session.log.probed(view.reason, lost=view.lost)
        self.connection.probes = view
        prober = self._prober
        windows = prober.windows if prober is not None else {}
        if prober is not None and windows and self.session.told_windows(prober.provider.name, windows):
            self.windows_told()
        if view.reason in TELLING and view.reason != self._told_of:
            self.notify(say("screen.probe_says", words=reason_words(view.reason)), severity="warning", markup=False)
        self._told_of = view.reason
        self._look()

    def windows_told(self) -> None:
        """How much fits the models of the open conversation is known now, or known otherwise."""

    def show_link(self, view: ReplyView) -> None:
        """The newest view of the reply on its way."""
        changed = view.link.state != self.connection.link.state
        self.connection.view = view
        if changed:
            # What flows is looked at by the page itself, ten times a second: not at every delta.
            self._look()

    @property
    def replying(self) -> bool:
        """Whether a reply is on its way: until the screen shows its end. Its task is done a moment sooner; what is
        sent in that moment waits its turn as before."""
        return self.sending is not None and self.sending is self._followed

    def action_link(self) -> None:
        if not isinstance(self.screen, LinkScreen):
            self.push_screen(LinkScreen(self._page, lambda: self.replying, self.session.clock, self.bars))

    def _page(self, window: float) -> LinkPage:
        session, probes = self.session, self.connection.probes
        tracks = self._glance.views(session.clock.now(), window)
        probed = self._prober.track if self._prober is not None else ("", "")
        mine = next((one for one in tracks if (one.provider, one.model) == probed), TrackView(*probed))
        return LinkPage(
            view=self.connection.view,
            probes=probes,
            measured=in_window(probes, mine),
            tracks=tracks,
            attempts=session.log.attempts,
            entries=session.log.entries,
            window=window,
            frozen=session.board.frozen_at is not None,
        )

    @on(LinkScreen.Freeze)
    def _freeze(self) -> None:
        board = self.session.board
        if board.frozen_at is None:
            board.freeze(self.session.clock.now())
        else:
            board.thaw()
        self._look()

    @on(LinkScreen.Reset)
    def _reset(self) -> None:
        self.session.board.reset()
        if self._prober is not None:
            self._prober.reset()
        self.notify(say("connection.reset"), markup=False)
        self._look()

    def _look(self) -> None:
        if isinstance(self.screen, LinkScreen):
            self.screen.look()

    @on(LinkScreen.Save)
    @work(group="save", exclusive=True)
    async def _save(self) -> None:
        text = link_log.as_json(self.session.log.entries)
        name = datetime.fromtimestamp(self.session.clock.wall()).astimezone().strftime("connection-%Y%m%d-%H%M%S.json")
        file = paths.log_dir() / name
        try:
            await asyncio.to_thread(_write, file, text)
        except OSError as error:
            reason = one_line(error.strerror or type(error).__name__)
            self.notify(say("connection.unsaved", reason=reason), severity="warning", markup=False)
        else:
            self.notify(say("connection.saved", file=one_line(str(file), 300)), markup=False)


def _write(file: Path, text: str) -> None:
    """For its owner alone: it names models and servers."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as opened:
        opened.write(text)
