"""What the Output pane shows: one value."""

from __future__ import annotations

from dataclasses import dataclass, field

from tui.words import SeamMark, TextSoFar


@dataclass(frozen=True, slots=True)
class OutputView:
    """What the pane shows."""

    key: str
    """Changes when another reply or turn is shown; while it is the same, the text only grew."""
    prompt: str = ""
    text: TextSoFar = field(default_factory=TextSoFar)
    length: int = 0
    """Code points of `text` that belong to this view."""
    seams: tuple[SeamMark, ...] = ()
    """In the order of their places; `at` counts code points of the reply."""
    reasoning: str = ""
    live: bool = False
    notices: tuple[str, ...] = ()
    """Lines after the text, in the user's language."""
    queued: tuple[str, ...] = ()
    """Prompts that wait."""
