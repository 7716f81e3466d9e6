"""What every dialog shares: it ends once, and ends itself and no other."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual.screen import ModalScreen

Answer = TypeVar("Answer")


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

    def on_screen_resume(self) -> None:
        self._end_if_on_top()

    def _end_if_on_top(self) -> None:
        if self._answers and not self._over and self.is_active:
            self._over = True
            self.dismiss(self._answers[0])
