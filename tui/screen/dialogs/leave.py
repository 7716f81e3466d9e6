"""What becomes of a reply that is still being written when the user quits."""

from __future__ import annotations

from typing import Literal

from tui.plain import plain
from tui.say import say
from tui.screen.dialogs.choice import Choice, ChoiceDialog

Leaving = Literal["finish", "stop", "stay"]


class LeaveDialog(ChoiceDialog[Leaving]):
    """Ends with "finish" (f), "stop" (s) or "stay" (Esc)."""

    def __init__(self, trouble: str = "") -> None:
        """`trouble`: why nothing can be saved; '': it can."""
        super().__init__(
            say("screen.leave_title"),
            plain(trouble) or say("screen.leave_text"),
            [
                Choice("finish", "f", say("screen.leave_finish")),
                Choice("stop", "s", say("screen.leave_stop")),
                Choice("stay", "escape", say("screen.leave_stay")),
            ],
        )


Losing = Literal["lose", "stay"]


class UnsavedDialog(ChoiceDialog[Losing]):
    """Ends with "lose" (q) or "stay" (Esc)."""

    def __init__(self, trouble: str, answers: int) -> None:
        """`trouble`: why nothing can be saved. `answers`: how many are not, whole or in part."""
        super().__init__(
            say("screen.unsaved_title"),
            f"{plain(trouble)}\n{say('screen.unsaved_text', count=answers)}",
            [
                Choice("stay", "escape", say("screen.unsaved_stay")),
                Choice("lose", "q", say("screen.unsaved_lose", count=answers)),
            ],
        )
