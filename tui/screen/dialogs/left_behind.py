"""What becomes of what an earlier run left behind: a reply that was interrupted, prompts that were not sent."""

from __future__ import annotations

from typing import Literal

from tui.plain import one_line
from tui.say import say
from tui.screen.dialogs.choice import Choice
from tui.screen.dialogs.unasked import UnaskedDialog

Fate = Literal["resume", "keep", "discard", "later"]

PROMPT = 60
"""Code points of a prompt that are shown."""


class InterruptedDialog(UnaskedDialog[Fate]):
    """Ends with "resume" (r), "keep" (k), "discard" (d) or "later" (Esc)."""

    def __init__(self, prompt: str, model: str, length: int, more: int) -> None:
        """`length`: code points received. `more`: how many other replies were interrupted."""
        asked, who = one_line(prompt, PROMPT), one_line(model, PROMPT)
        words = say("screen.interrupted_text", prompt=asked, model=who, count=f"{length:,}")
        if more:
            words += "\n" + say("screen.interrupted_more", count=more)
        super().__init__(
            say("screen.interrupted_title"),
            words,
            [
                Choice("resume", "r", say("screen.interrupted_resume")),
                Choice("keep", "k", say("screen.interrupted_keep")),
                Choice("discard", "d", say("screen.interrupted_discard")),
                Choice("later", "escape", say("screen.interrupted_later")),
            ],
        )


class UnsentDialog(UnaskedDialog[Fate]):
    """Ends with "resume" (s: send them), "discard" (d) or "later" (Esc)."""

    def __init__(self, prompt: str, count: int) -> None:
        super().__init__(
            say("screen.unsent_title"),
            say("screen.unsent_text", prompt=one_line(prompt, PROMPT), count=count),
            [
                Choice("resume", "s", say("screen.unsent_send")),
                Choice("discard", "d", say("screen.unsent_discard")),
                Choice("later", "escape", say("screen.interrupted_later")),
            ],
        )
