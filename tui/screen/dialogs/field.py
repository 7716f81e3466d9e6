"""One line of input in a dialog."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.screen import Screen
from textual.widgets import Input

from tui.plain import one_line

LONGEST = 4096
"""Code points taken from a paste: no name and no key is longer."""


class Field(Input):
    """An Input whose pastes are made safe, whose caret does not blink, and whose secret cannot be copied out."""

    MOVES_FOCUS: ClassVar[bool] = False
    """Text that it is given may move the focus: the next key waits until it has."""

    def __init__(self, *, placeholder: str = "", password: bool = False, id: str | None = None) -> None:  # noqa: A002
        super().__init__(placeholder=placeholder, password=password, select_on_focus=False, compact=True, id=id)
        self.cursor_blink = False

    def on_mount(self) -> None:
        self.screen.screen_layout_refresh_signal.subscribe(self, self._layout_done)

    def _layout_done(self, _: Screen[object]) -> None:
        # Where input methods draw, before the first key too (textual#6082).
        if self.has_focus and self.screen.is_active:
            self.app.cursor_position = self.cursor_screen_offset

    def insert_line(self, text: str) -> None:
        """Put `text` in place of what is selected, made safe and on one line."""
        self.replace(one_line(text, LONGEST), *self.selection)

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.insert_line(event.text)

    def action_copy(self) -> None:
        if not self.password:
            super().action_copy()

    def action_cut(self) -> None:
        if self.password:
            self.delete_selection()
        else:
            super().action_cut()
