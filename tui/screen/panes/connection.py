"""What the connection is doing, and what the probes measured."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Final

from textual.content import Content
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from tui.chat.view import LinkView, ReplyView
from tui.clock import Clock
from tui.monitor.view import ProbeView
from tui.say import say
from tui.screen.panes.link_words import compact_line, detail_line, link_line
from tui.screen.panes.paint import TONES, paint
from tui.screen.panes.pieces import Line
from tui.screen.panes.probe_words import probe_line
from tui.screen.panes.sparkline import Style, plainly

COUNTDOWN: Final = 0.05
"""Seconds between two looks at a countdown, which shows tenths: half of one, so that what stands there is never older
than that. Drawn is only what has changed."""

SECONDS: Final = 0.25
"""Seconds between two looks at "waiting 12 s"."""

RATE: Final = 0.5
"""Seconds between two looks at the pace of a stream: it changes with every delta, and nobody reads it faster."""


class ConnectionPane(Widget):
    """Shows `link` and `probes`; ticks only while a time on it moves."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONES)

    probes: reactive[ProbeView] = reactive(ProbeView(), repaint=False, init=False)
    compact: reactive[bool] = reactive(False, layout=True, toggle_class="-compact")
    """One line without a border, for small terminals."""
    view: reactive[ReplyView] = reactive(ReplyView(), repaint=False, init=False)
    """The reply whose connection it is, with its pace and seams."""
    style_of_bars: Style = "blocks"

    def __init__(
        self,
        clock: Clock,
        *,
        id: str | None = None,  # noqa: A002  Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.clock = clock
        self.border_title = say("screen.connection")
        self._shown: tuple[Line, ...] = ()
        self._ticker: Timer | None = None
        self._pace: float | None = None

    @property
    def link(self) -> LinkView:
        """The connection itself; set alone where nothing else of a reply is known."""
        return self.view.link

    @link.setter
    def link(self, link: LinkView) -> None:
        self.view = replace(self.view, link=link)

    def on_mount(self) -> None:
        self._set_pace()

    def watch_view(self) -> None:
        self._set_pace()
        self._redraw_at_once()

    def watch_probes(self) -> None:
        self._redraw()

    def lines(self) -> tuple[Line, ...]:
        """What stands in the pane now."""
        return tuple(plainly(line, self.style_of_bars) for line in self._lines())

    def _lines(self) -> tuple[Line, ...]:
        now, width = self.clock.now(), self.content_size.width
        if self.compact:
            return (compact_line(self.link, self.probes, now, width, self.style_of_bars),)
        return (
            link_line(self.link, now, width, self.probes),
            detail_line(self.view, now, width),
            probe_line(self.probes, width, self.style_of_bars),
        )

    def render(self) -> Content:
        self._shown = self.lines()
        return Content("\n").join(paint(self, line) for line in self._shown)

    def _redraw(self) -> None:
        """Draw again where the words have changed."""
        if self.is_mounted and self.lines() != self._shown:
            self.refresh()

    def _redraw_at_once(self) -> None:
        """What changed, but for the pace of a stream, which has a time of its own."""
        if self.pace() != RATE:
            self._redraw()
        elif self.is_mounted and self._first_line() != self._shown[:1]:
            self.refresh()

    def _first_line(self) -> tuple[Line, ...]:
        if self.compact:
            return self.lines()
        first = link_line(self.link, self.clock.now(), self.content_size.width, self.probes)
        return (plainly(first, self.style_of_bars),)

    def _set_pace(self) -> None:
        pace = self.pace()
        if pace == self._pace or not self.is_mounted:
            return
        if self._ticker is not None:
            self._ticker.stop()
        self._pace = pace
        self._ticker = None if pace is None else self.set_interval(pace, self._redraw)

    def pace(self) -> float | None:
        """Seconds between two drawings; None where nothing on the pane moves by itself."""
        match self.link.state:
            case "backing_off":
                return COUNTDOWN
            case "connecting" | "waiting" | "resuming" | "stalled":
                return SECONDS
            case "streaming":
                return RATE
            case _:
                return None
