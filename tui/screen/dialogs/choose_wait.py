"""A longer wait than is obeyed without asking: a server asks for it, or the retries of ten minutes are used up."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.widgets import Static

from tui.chat.advice import duration
from tui.plain import one_line
from tui.say import say
from tui.screen.dialogs.choice import TEXT, Choice
from tui.screen.dialogs.unasked import UnaskedDialog
from tui.words import Fault

TICK = 0.5
"""Seconds between two looks at how long it still is; it is told in whole ones."""

Waiting = Literal["wait", "model", "stop"]


class ChooseWait(UnaskedDialog[Waiting]):
    """Ends with "wait" (w or Esc: the reply stays on its way), "model" (m) or "stop" (s)."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "wait", show=False)]

    def __init__(self, fault: Fault, model: str, left: Callable[[], float]) -> None:
        """`left`: seconds until `model` may be asked again, as of now."""
        self._model, self._left = one_line(model, 60), left
        spent = fault.kind == "retry-budget"
        super().__init__(
            say("screen.wait_budget_title" if spent else "screen.wait_title"),
            self._words(),
            [
                Choice("wait", "w", say("screen.wait_wait")),
                Choice("model", "m", say("screen.wait_model")),
                Choice("stop", "s", say("screen.wait_stop")),
            ],
        )

    def on_mount(self) -> None:
        # Textual calls the base classes' handlers by itself.
        self.set_interval(TICK, self._count)

    def _count(self) -> None:
        words = self._words()
        if words != self._text:
            self._text = words
            self.query_one(f".{TEXT}", Static).update(words)

    def _words(self) -> str:
        left = self._left()
        if left <= 0:
            return say("screen.wait_over", model=self._model)
        return say("screen.wait_text", model=self._model, time=duration(left))

    def action_wait(self) -> None:
        self.end("wait")
