"""What every dialog shares: it ends once, and ends itself and no other."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual import events
from textual.message import Message
from textual.screen import ModalScreen

Answer = TypeVar("Answer")


class Settled(Message):
    """What a dialog had asked for has come, or will not come: keys that waited for it go on."""


class Dialog(ModalScreen[Answer], Generic[Answer]):
    """End it with `end`, from inside or from its owner, and not with `dismiss`.

    `dismiss` removes whatever screen is on top, and a second one (two keys in one moment, on a slow link) is an error.
    """

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

    def on_screen_resume(self) -> None:
        self._end_if_on_top()

    def _end_if_on_top(self) -> None:
        if self._answers and not self._over and self.is_active:
            self._over = True
            self.dismiss(self._answers[0])
            self.settled()
