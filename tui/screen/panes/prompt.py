"""Where the user writes: many lines, Enter sends, a paste never does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import TextArea

from tui.plain import plain
from tui.say import say

NEW_LINE: Final = frozenset({"ctrl+j", "alt+enter", "shift+enter", "ctrl+enter", "shift+\r"})
"""`shift+\\r` is how Textual calls Shift+Enter where the terminal sends `CSI 27;2;13~`."""

NOT_OURS: Final = frozenset({"pageup", "pagedown", "f6", "f7"})
"""Keys that a TextArea would take: here the first two turn the pages of the answer."""


def _bindings() -> list[BindingType]:
    """The keys of a TextArea, but for those that belong to the application."""
    ours = [b for b in TextArea.BINDINGS if isinstance(b, Binding) and not set(b.key.split(",")) & NOT_OURS]
    return list(ours)


class Prompt(TextArea, inherit_bindings=False):
    """Posts `Asked(text)` on Enter and empties itself; `past` are the prompts that Up goes back through."""

    BINDINGS: ClassVar[list[BindingType]] = _bindings()

    class Asked(Message):
        """The user sent `text`; never empty."""

        def __init__(self, text: str) -> None:
            self.text = text
            super().__init__()

    def __init__(
        self,
        past: Sequence[str] = (),
        *,
        id: str | None = None,  # noqa: A002  Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(
            id=id,
            classes=classes,
            soft_wrap=True,
            tab_behavior="focus",
            highlight_cursor_line=False,
            placeholder=say("screen.ask"),
        )
        self.cursor_blink = False
        self.match_cursor_bracket = False
        self._past = past
        self._place: int | None = None
        """Which of the past prompts is shown; None: the draft."""
        self._edited: dict[int | None, str] = {}
        """The draft, and past prompts that were changed, while browsing: going through them loses nothing."""

    @property
    def past(self) -> Sequence[str]:
        """Earlier prompts, oldest first. Kept, not copied, so the list may grow."""
        return self._past

    @past.setter
    def past(self, past: Sequence[str]) -> None:
        self._past = past
        self._place = None
        self._edited.clear()

    def on_mount(self) -> None:
        self.screen.screen_layout_refresh_signal.subscribe(self, self._layout_done)

    def place_cursor(self) -> None:
        """Put the terminal's real cursor where text goes: input methods draw there (textual#6082)."""
        if self.has_focus and self.screen.is_active:
            self.app.cursor_position = self.cursor_screen_offset

    def put(self, text: str) -> None:
        """Replace what is written, cursor at the end: a queued prompt that was taken back, for example."""
        self._load(plain(text))
        self.move_cursor(self.document.end)
        self._place = None
        self._edited.clear()

    def add(self, text: str) -> None:
        """Write `text` where the cursor stands, as if it had been pasted."""
        self._insert(plain(text))

    def _layout_done(self, _: Screen[object]) -> None:
        self.place_cursor()

    def on_resize(self) -> None:
        self.call_after_refresh(self.place_cursor)

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self._send()
        elif event.key in NEW_LINE:
            event.stop()
            event.prevent_default()
            self._insert("\n")
        # Any other key: Textual calls the base class's handler by itself.

    async def _on_paste(self, event: events.Paste) -> None:
        # Textual calls the handler of each class in turn: prevented, or the text would stand there twice.
        event.stop()
        event.prevent_default()
        self._insert(plain(event.text))
        if event.text.endswith(("\n", "\r")):
            # It may have been typed, with Enter, and come in one piece over a link that lags.
            self.notify(say("screen.pasted_line_end"), markup=False)

    def action_paste(self) -> None:
        self._insert(plain(self.app.clipboard))

    def _insert(self, text: str) -> None:
        if text:
            result = self.replace(text, *self.selection, maintain_selection_offset=False)
            self.move_cursor(result.end_location)

    def _send(self) -> None:
        text = self.text.rstrip().lstrip("\n")
        if not text:
            return
        self._load("")
        self._place = None
        self._edited.clear()
        self.post_message(self.Asked(text))

    def action_cursor_up(self, select: bool = False) -> None:
        if not select and self.navigator.is_first_wrapped_line(self.cursor_location) and self._past:
            self._browse(-1)
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        last = self.navigator.is_last_wrapped_line(self.cursor_location)
        if not select and last and self._place is not None:
            self._browse(1)
        else:
            super().action_cursor_down(select)

    def _browse(self, by: int) -> None:
        """One prompt back (-1) or forward (1); after the newest comes the draft."""
        here = len(self._past) if self._place is None else self._place
        there = here + by
        if not 0 <= there <= len(self._past):
            return
        self._edited[self._place] = self.text
        self._place = None if there == len(self._past) else there
        kept = self._edited.get(self._place)
        if kept is None:
            kept = "" if self._place is None else plain(self._past[self._place])
        self._load(kept)
        # Where the next press of the same key goes on.
        self.move_cursor(self.document.end)
        if by < 0 and not self.navigator.is_first_wrapped_line(self.cursor_location):
            self.move_cursor((0, 0))

    def _load(self, text: str) -> None:
        self.load_text(text)
        self.call_after_refresh(self.place_cursor)
