"""A field above a list: one types into the field, and the arrows move in the list."""

from __future__ import annotations

from typing import ClassVar, Generic

from textual.binding import Binding, BindingType

from tui.screen.dialogs.dialog import Answer, Dialog
from tui.screen.panes.line_list import LineList


class ListDialog(Dialog[Answer], Generic[Answer]):
    """Says which list its keys move in. Esc is `action_close`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", show=False),
        Binding("up", "list('move', -1)", show=False),
        Binding("down", "list('move', 1)", show=False),
        Binding("pageup", "list('page', -1)", show=False),
        Binding("pagedown", "list('page', 1)", show=False),
    ]

    @property
    def lines(self) -> LineList:
        """The list."""
        return self.query_one(LineList)

    def action_list(self, what: str, by: int) -> None:
        if what == "page":
            self.lines.action_page(by)
        else:
            self.lines.action_move(by)
