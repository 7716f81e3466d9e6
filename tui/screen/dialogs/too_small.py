"""The terminal is too small to show anything right: everything goes on behind this, and it leaves by itself."""

from __future__ import annotations

from typing import Final

from textual import events
from textual.app import ComposeResult
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

from tui.say import say

SMALLEST: Final = Size(40, 10)
"""Cells: prompt, one line of connection, footer, and seven lines of an answer."""


def too_small(size: Size) -> bool:
    return size.width < SMALLEST.width or size.height < SMALLEST.height


class TooSmall(Screen[None]):
    """Push it when `too_small(app.size)`; it ends as soon as that is no longer so. The application's keys work on."""

    CSS_PATH = "too_small.tcss"

    def __init__(self) -> None:
        super().__init__()
        self._over = False
        """It has said that it ends: a second time would be an error."""

    def compose(self) -> ComposeResult:
        yield Static(id="too-small", markup=False)

    def on_mount(self) -> None:
        self._check(self.app.size)

    def on_resize(self, event: events.Resize) -> None:
        self._check(event.size)

    def on_screen_resume(self) -> None:
        # It may have grown while a dialog lay above this one.
        self._check(self.app.size)

    def _check(self, size: Size) -> None:
        if not too_small(size):
            if self.is_active and not self._over:
                self._over = True
                self.dismiss(None)
            return
        words = say(
            "screen.too_small",
            width=SMALLEST.width,
            height=SMALLEST.height,
            now_width=size.width,
            now_height=size.height,
        )
        self.query_one(Static).update(words)
