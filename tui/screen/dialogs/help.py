"""All keys, from the same table that binds them."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static

from tui.say import say
from tui.screen.action import Action, key_name
from tui.screen.dialogs.dialog import Dialog


def help_rows(actions: tuple[Action, ...]) -> list[tuple[str, str]]:
    """Keys and what they do, in the table's order."""
    return [(" ".join(key_name(key) for key in a.keys), say(f"screen.do_{a.words}")) for a in actions]


class HelpDialog(Dialog[None]):
    """Goes away on Esc, F1, Enter or q."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,enter,q", "close", show=False)]

    def __init__(self, actions: tuple[Action, ...]) -> None:
        super().__init__()
        self._actions = actions

    def compose(self) -> ComposeResult:
        rows = help_rows(self._actions)
        column = max((cell_len(keys) for keys, _ in rows), default=0)
        with VerticalScroll(id="help-box") as box:
            box.border_title = say("screen.help_title")
            box.border_subtitle = say("screen.help_close")
            for keys, words in rows:
                with Horizontal():
                    shown = Static(keys, markup=False, classes="keys")
                    shown.styles.width = column + 2
                    yield shown
                    yield Static(words, markup=False, classes="words")

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_close(self) -> None:
        self.end(None)
