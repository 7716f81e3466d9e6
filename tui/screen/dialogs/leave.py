"""What becomes of a reply that is still being written when the user quits."""

from __future__ import annotations

from typing import Literal

from tui.say import say
from tui.screen.dialogs.choice import Choice, ChoiceDialog

Leaving = Literal["finish", "stop", "stay"]


class LeaveDialog(ChoiceDialog[Leaving]):
    """Ends with "finish" (f), "stop" (s) or "stay" (Esc)."""

    def __init__(self) -> None:
        super().__init__(
            say("screen.leave_title"),
            say("screen.leave_text"),
            [
                Choice("finish", "f", say("screen.leave_finish")),
                Choice("stop", "s", say("screen.leave_stop")),
                Choice("stay", "escape", say("screen.leave_stay")),
            ],
        )
