"""A longer wait than is obeyed without asking: a server asks for it, or the retries of ten minutes are used up."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.binding import Binding, BindingType

from tui.chat.advice import duration
from tui.plain import one_line
from tui.say import say
from tui.screen.dialogs.choice import Choice
from tui.screen.dialogs.unasked import UnaskedDialog
from tui.words import Fault

Waiting = Literal["wait", "model", "stop"]


class ChooseWait(UnaskedDialog[Waiting]):
    """Ends with "wait" (w or Esc: the reply stays on its way), "model" (m) or "stop" (s)."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "wait", show=False)]

    def __init__(self, fault: Fault, model: str) -> None:
        spent = fault.kind == "retry-budget"
        super().__init__(
            say("screen.wait_budget_title" if spent else "screen.wait_title"),
            say("screen.wait_text", model=one_line(model, 60), time=duration(fault.wait or 0.0)),
            [
                Choice("wait", "w", say("screen.wait_wait")),
                Choice("model", "m", say("screen.wait_model")),
                Choice("stop", "s", say("screen.wait_stop")),
            ],
        )

    def action_wait(self) -> None:
        self.end("wait")
