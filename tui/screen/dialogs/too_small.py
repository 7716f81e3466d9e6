"""The terminal is too small to show anything right: everything goes on behind this, and it leaves by itself."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from tui.say import say

SMALLEST: Final = Size(40, 10)
"""Cells: prompt, one line of connection, footer, and seven lines of an answer."""


FILLED: Final = 0.7
"""Of the cells, by text that breaks between words; with more of it the end could fall off."""


def too_small(size: Size) -> bool:
    return size.width < SMALLEST.width or size.height < SMALLEST.height


class TooSmall(Screen[None]):
    """Push it when `too_small(app.size)`; it ends as soon as that is no longer so. The application's keys work on.

    What is typed meanwhile is posted as `Typed`: a window is resized in the middle of a sentence.
    """

    CSS_PATH = "too_small.tcss"

    class Typed(Message):
        """Text that belongs into the prompt."""

        def __init__(self, text: str) -> None:
            self.text = text
            super().__init__()

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

    def on_key(self, event: events.Key) -> None:
        if event.is_printable and event.character:
            event.stop()
            self.post_message(self.Typed(event.character))

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        self.post_message(self.Typed(event.text))

    def on_screen_resume(self) -> None:
        # It may have grown while a dialog lay above this one.
        self._check(self.app.size)

    def _check(self, size: Size) -> None:
        if not too_small(size):
            if self.is_active and not self._over:
                self._over = True
                self.dismiss(None)
            return
        needed = {"width": SMALLEST.width, "height": SMALLEST.height}
        words = say("screen.too_small", now_width=size.width, now_height=size.height, **needed)
        if cell_len(words) > FILLED * size.width * size.height:
            words = say("screen.too_small_short", **needed)
        self.query_one(Static).update(words)
