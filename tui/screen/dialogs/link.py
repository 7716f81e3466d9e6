"""The connection in full, on a screen of its own (F2): the reply's attempts, what was measured, what happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer

from tui.clock import Clock
from tui.monitor.board import WINDOWS
from tui.say import say
from tui.screen.dialogs.dialog import Dialog
from tui.screen.panes.link_page import LinkPage, page_lines
from tui.screen.panes.paint import TONES, paint
from tui.screen.panes.pieces import Line
from tui.screen.panes.sparkline import Style

BUSY: Final = 0.1
"""Seconds between two looks while a reply is on its way: a countdown shows tenths."""

CALM: Final = 1.0
"""Seconds between two looks while none is."""


class LinkLines(ScrollView, can_focus=True):
    """Draws `lines`; only those that changed are drawn again."""

    DEFAULT_CSS = """
    LinkLines { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONES)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self._lines: tuple[Line, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        return self._lines

    @lines.setter
    def lines(self, lines: tuple[Line, ...]) -> None:
        old, self._lines = self._lines, lines
        if len(old) != len(lines):
            self.virtual_size = Size(1, len(lines))
            self.refresh()
            return
        top = self.scroll_offset.y
        for place, (before, after) in enumerate(zip(old, lines, strict=True)):
            if before != after:
                self.refresh_lines(place - top, 1)

    @property
    def room(self) -> int:
        """Cells of a line."""
        return self.scrollable_content_region.width

    def render_line(self, y: int) -> Strip:
        place = y + self.scroll_offset.y
        line = self._lines[place] if place < len(self._lines) else ()
        style = self.visual_style
        return Strip(paint(self, line).render_segments(style)).adjust_cell_length(self.room, style.rich_style)


class LinkScreen(Dialog[None]):
    """Asks `page` for what to show, ten times a second while `busy`, else once; posts what the keys ask for."""

    CSS_PATH = "link.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f2,q", "close", show=False),
        Binding("f", "freeze", show=False),
        Binding("w", "window", show=False),
        Binding("r", "reset", show=False),
        Binding("s", "save", show=False),
        Binding("ctrl+r", "app.resume", show=False),
        Binding("ctrl+o", "app.models", show=False),
    ]

    class Freeze(Message):
        """Freeze the measurements, or let them go on."""

    class Reset(Message):
        """Forget the measurements."""

    class Save(Message):
        """Write the log into a file."""

    def __init__(
        self, page: Callable[[float], LinkPage], busy: Callable[[], bool], clock: Clock, style: Style = "blocks"
    ) -> None:
        """`page` is given the window in seconds."""
        super().__init__()
        self._page, self._busy, self._clock, self._style = page, busy, clock, style
        self._window = WINDOWS[1]
        self._ticker: Timer | None = None
        self._pace = 0.0

    def compose(self) -> ComposeResult:
        lines = LinkLines(id="link-page")
        lines.border_title = say("connection.title")
        lines.border_subtitle = say("connection.keys")
        yield lines

    def on_mount(self) -> None:
        self.query_one(LinkLines).focus()
        self.look()

    def on_resize(self) -> None:
        self.call_after_refresh(self.look)

    def look(self) -> None:
        """Show what is so now."""
        if not self.is_mounted:
            return
        pane, busy = self.query_one(LinkLines), self._busy()
        pane.border_subtitle = say("connection.keys_live" if busy else "connection.keys")
        if pane.room > 0:
            pane.lines = page_lines(self._page(self._window), self._clock.now(), pane.room, self._style)
        pace = BUSY if busy else CALM
        if pace != self._pace:
            self._pace = pace
            if self._ticker is not None:
                self._ticker.stop()
            self._ticker = self.set_interval(pace, self.look)

    def action_close(self) -> None:
        self.end(None)

    def action_freeze(self) -> None:
        self.post_message(self.Freeze())

    def action_reset(self) -> None:
        self.post_message(self.Reset())

    def action_save(self) -> None:
        self.post_message(self.Save())

    def action_window(self) -> None:
        """The next longer window; after the longest, the shortest."""
        self._window = WINDOWS[(WINDOWS.index(self._window) + 1) % len(WINDOWS)]
        self.look()
