"""What every dialog shares: it ends once, and ends itself and no other."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.screen import ModalScreen

from tui.say import say

Answer = TypeVar("Answer")

CORNERS = 6
"""Cells of the lower edge of a box that are no words: corners, and a line and a space on either side."""


class Settled(Message):
    """What a dialog had asked for has come, or will not come: keys that waited for it go on."""


class Dialog(ModalScreen[Answer], Generic[Answer]):
    """End it with `end`, from inside or from its owner, and not with `dismiss`.

    `dismiss` removes whatever screen is on top, and a second one (two keys in one moment, on a slow link) is an error.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-wide")]  # noqa: RUF012  a list for Textual
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-high")]  # noqa: RUF012  a list for Textual
    KEYS: ClassVar[tuple[str, ...]] = ()
    """Phrases that name its keys, the longest first: the first that fits stands at the lower edge of its box."""

    def __init__(self) -> None:
        super().__init__()
        self._answers: list[Answer] = []
        """The answer, once it is given."""
        self._over = False

    def end(self, answer: Answer) -> None:
        """Close with the first answer given; under another screen, as soon as that one has gone."""
        if not self._answers:
            self._answers.append(answer)
        self._end_if_on_top()

    def waits(self, event: events.Key | events.Paste) -> bool:
        """Whether this key is to wait, and those behind it: it acts on what was asked for, which is not there yet."""
        return not self._answers and self.acts_on_what_comes(event)

    def acts_on_what_comes(self, event: events.Key | events.Paste) -> bool:  # noqa: ARG002  for those that ask
        """The same, of a dialog that has not ended. Whoever says so calls `settled` when it has come, or cannot."""
        return False

    def settled(self) -> None:
        """Let the keys go on that waited."""
        self.app.post_message(Settled())

    def on_resize(self) -> None:
        self.call_after_refresh(self._name_keys)

    def _name_keys(self) -> None:
        # Textual's own places for news and tips are children, too.
        box = next((child for child in self.children if not child.has_class("-textual-system")), None)
        if self.KEYS and box is not None:
            room = box.outer_size.width - CORNERS
            named = [say(phrase) for phrase in self.KEYS]
            box.border_subtitle = next((words for words in named if cell_len(words) <= room), named[-1])

    def on_screen_resume(self) -> None:
        self._end_if_on_top()

    def _end_if_on_top(self) -> None:
        if self._answers and not self._over and self.is_active:
            self._over = True
            self.dismiss(self._answers[0])
            self.settled()
