"""The turns of the conversation, one line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, assert_never

from tui.plain import one_line
from tui.say import say
from tui.screen.panes.line_list import LineList
from tui.screen.panes.pieces import Line, Piece

TurnState = Literal["done", "live", "failed", "stopped", "queued", "unverified"]

START: Final = 200
"""Code points of a prompt that are looked at: no pane is wider, and a prompt may be a megabyte."""


@dataclass(frozen=True, slots=True)
class TurnRow:
    """One turn as it is listed."""

    number: int
    state: TurnState
    start: str
    """The start of the prompt; outside text, made safe here."""


class ConversationPane(LineList):
    """Shows `rows`; posts `Chosen(index)` when the user moves and `Entered(index)` on Enter or a click."""

    class Chosen(LineList.Chosen):
        """The user moved to the turn in row `index`."""

    class Entered(LineList.Entered):
        """The user pressed Enter on the turn in row `index`."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id, classes=classes)
        self._rows: Sequence[TurnRow] = ()
        self.border_title = say("screen.conversation")

    @property
    def rows(self) -> Sequence[TurnRow]:
        """The turns, oldest first. Kept, not copied: after adding to a list, set it again."""
        return self._rows

    @rows.setter
    def rows(self, rows: Sequence[TurnRow]) -> None:
        self._rows = rows
        self.changed()

    def row_count(self) -> int:
        return len(self._rows)

    def row(self, index: int) -> Line:
        row = self._rows[index]
        digits = len(str(self._rows[-1].number))
        return ((f"{row.number:>{digits}} ", "dim"), sign(row.state), (f" {one_line(row.start, START)}", "normal"))

    def when_empty(self) -> Line:
        return ((f" {say('screen.no_turns')}", "dim"),)


def sign(state: TurnState) -> Piece:
    """The sign of a turn's state; its shape tells it, its tone only helps."""
    match state:
        case "done":
            return "✓", "good"
        case "live":
            return "⟳", "accent"
        case "failed":
            return "✗", "bad"
        case "stopped":
            return "■", "dim"
        case "queued":
            return "…", "dim"
        case "unverified":
            return "?", "warn"
        case _:
            assert_never(state)
