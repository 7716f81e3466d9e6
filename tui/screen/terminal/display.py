"""What Textual draws, on its way to the terminal. On Textual's private ground, which test_contract.py guards.

Textual paints whole stretches of widgets; here they go into a grid, and only the cells that changed are written, only
while the terminal takes them. With another driver (headless in tests, the browser's) all is as Textual does it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from rich.color import ColorSystem
from textual import events
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import ReturnType
from textual.driver import Driver
from textual.geometry import Offset, Size
from textual.screen import Screen
from textual.strip import Strip

from tui.screen.terminal.cells import Canvas
from tui.screen.terminal.crash import CrashReports
from tui.screen.terminal.driver import TerminalDriver
from tui.screen.terminal.environment import fills_with_background
from tui.screen.terminal.glyphs import Cell, cells_of
from tui.screen.terminal.pens import DEFAULT, Pen, pen_of

_SYNC_START = "\x1b[?2026h"
_SYNC_END = "\x1b[?2026l"

_WORTH_SYNC = 256
"""Bytes; a smaller frame arrives in one piece anyway, and the brackets cost 16."""


class UnbrokenDisplay(CrashReports[ReturnType]):
    """An app that writes to its terminal only what changed, when the terminal takes it."""

    def __init__(self) -> None:
        super().__init__()
        self._canvas: Canvas | None = None
        self._fills = fills_with_background()

    # For the app

    def terminal_lost(self) -> None:
        """The terminal is gone; override to do more than to end. May come beside a SIGHUP."""
        self.exit()

    def repaint(self) -> None:
        """Draw everything again, whatever the terminal is thought to show (a key for that is a custom: Ctrl+L)."""
        if self._canvas is not None:
            self._canvas.forget()
            self._draw()

    def place_cursor(self, position: Offset) -> None:
        """Put the terminal's cursor where text goes, now: input methods draw there."""
        self.cursor_position = position
        self._draw()

    def hold_mouse(self, hold: bool) -> None:
        """Have the mouse, or leave it to the terminal's own selection."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.hold_mouse(hold)

    @property
    def bytes_written(self) -> int:
        """What the terminal has taken since the start; 0 with a driver that does not count."""
        return self._driver.written if isinstance(self._driver, TerminalDriver) else 0

    # For Textual

    def get_driver_class(self) -> type[Driver]:
        """Ours, unless TEXTUAL_DRIVER asks for another: textual-serve does."""
        return super().get_driver_class() if os.environ.get("TEXTUAL_DRIVER") else TerminalDriver

    def on_resize(self, event: events.Resize) -> None:
        """What a terminal shows after a resize is its own affair. The driver tells of one at each start, too."""
        canvas = self._canvas
        if canvas is None or event.size == (canvas.width, canvas.height):
            self.repaint()
        else:
            # Nothing of the old size is drawn any more; the layout of the new one is on its way.
            self._canvas = self._new_canvas(event.size)

    def _display(self, screen: Screen[object], renderable: object) -> None:
        if not isinstance(self._driver, TerminalDriver) or not isinstance(renderable, LayoutUpdate | ChopsUpdate):
            super()._display(screen, renderable)  # type: ignore[arg-type]  # passed on as it came
            return
        try:
            if self._running and not self._closed:
                self._take(renderable)
                if not self._batch_count:
                    self._draw()
        finally:
            self.post_display_hook()

    def _draw(self) -> None:
        """Write what differs from what is shown; while the terminal is busy, once it is not: the newest state then."""
        driver, canvas = self._driver, self._canvas
        if not isinstance(driver, TerminalDriver) or canvas is None:
            return
        if not driver.idle:
            driver.when_idle(self._draw)
            return
        frame = canvas.frame(self.cursor_position)
        if len(frame) > _WORTH_SYNC and self._sync_available:
            frame = f"{_SYNC_START}{frame}{_SYNC_END}"
        if frame:
            driver.write(frame)

    def _new_canvas(self, size: Size) -> Canvas:
        return Canvas(size.width, size.height, fills=self._fills)

    def _take(self, update: LayoutUpdate | ChopsUpdate) -> None:
        """Want what this update paints."""
        canvas = self._canvas
        if isinstance(update, LayoutUpdate):
            if canvas is None or update.region.size != (canvas.width, canvas.height):
                canvas = self._canvas = self._new_canvas(update.region.size)
            for y, strips in enumerate(update.strips, update.region.y):
                canvas.put(y, update.region.x, self._cells(strips))
        elif canvas is not None:
            for y, left, right in update.spans:
                for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                    # A piece that the span touches was rendered whole; others may lack what covers them.
                    if strip is not None and x < right and end > left:
                        canvas.put(y, x, self._cells([strip]))

    def _cells(self, strips: Iterable[Strip]) -> list[Cell]:
        system = None if self.no_color else self.console._color_system or ColorSystem.STANDARD
        cells: list[Cell] = []
        for strip in strips:
            for text, style, control in strip:
                if control or not text:
                    continue
                pen: Pen = DEFAULT
                if style is not None:
                    pen = pen_of(
                        style._attributes & style._set_attributes, style._color, style._bgcolor, style._link, system
                    )
                cells += cells_of(text, pen)
        return cells
