"""A server asks for a longer wait than is obeyed without asking."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.binding import Binding, BindingType

from tui.plain import one_line
from tui.say import say
from tui.screen.dialogs.choice import Choice, ChoiceDialog

Waiting = Literal["wait", "model", "stop"]


class ChooseWait(ChoiceDialog[Waiting]):
    """Ends with "wait" (w or Esc: the request stays as it is), "model" (m) or "stop" (s)."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "wait", show=False)]

    def __init__(self, seconds: float, model: str) -> None:
        super().__init__(
            say("screen.wait_title"),
            say("screen.wait_text", model=one_line(model, 60), time=duration(seconds)),
            [
                Choice("wait", "w", say("screen.wait_wait")),
                Choice("model", "m", say("screen.wait_model")),
                Choice("stop", "s", say("screen.wait_stop")),
            ],
        )

    def action_wait(self) -> None:
        self.end("wait")


def duration(seconds: float) -> str:
    """ "12 min 30 s", "2 h 5 min": what a person plans with."""
    whole = max(0, round(seconds))
    if whole >= 3600:
        return say("screen.hours_minutes", hours=whole // 3600, minutes=whole % 3600 // 60)
    return say("screen.minutes_seconds", minutes=whole // 60, seconds=whole % 60)
