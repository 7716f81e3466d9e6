"""A question with a few answers, each with its key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui.screen.action import key_name
from tui.screen.dialogs.dialog import Dialog
from tui.screen.panes.line_list import LineList
from tui.screen.panes.pieces import Line

Answer = TypeVar("Answer", bound=str)

TEXT = "choice-text"
"""The class of what stands above the answers."""


@dataclass(frozen=True, slots=True)
class Choice(Generic[Answer]):
    """One answer."""

    answer: Answer
    key: str
    """Textual's name of the key that gives it at once."""
    words: str


class ChoiceList(LineList):
    """The answers, one below the other."""

    def __init__(self, lines: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._lines = lines
        """Key and words of each."""
        self.styles.height = len(lines)

    def on_mount(self) -> None:
        self.changed()

    def row_count(self) -> int:
        return len(self._lines)

    def row(self, index: int) -> Line:
        key, words = self._lines[index]
        return ((f"{key_name(key):<4}", "strong"), (words, "normal"))


class ChoiceDialog(Dialog[Answer]):
    """Ends with the answer of the key pressed, or of the row on which Enter was pressed."""

    CSS_PATH = "choice.tcss"
    KEYS = ("screen.choice_keys",)

    def __init__(self, title: str, text: str, choices: Sequence[Choice[Answer]]) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._choices = choices

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="choice-box", can_focus=False) as box:
            box.border_title = self._title
            yield Static(self._text, markup=False, classes=TEXT)
            yield ChoiceList([(choice.key, choice.words) for choice in self._choices])

    def on_mount(self) -> None:
        self.query_one(ChoiceList).focus()

    def on_key(self, event: events.Key) -> None:
        self.pressed(event)

    def pressed(self, event: events.Key) -> None:
        """A key, to be stopped where it means something here."""
        pressed = event.key.lower() if len(event.key) == 1 else event.key
        for choice in self._choices:
            if choice.key == pressed:
                event.stop()
                self.end(choice.answer)
                return

    @on(LineList.Entered)
    def _entered(self, message: LineList.Entered) -> None:
        message.stop()
        self.end(self._choices[message.index].answer)
