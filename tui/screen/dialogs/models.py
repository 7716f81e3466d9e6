"""Which model answers next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from tui.plain import one_line
from tui.say import say
from tui.screen.dialogs.field import Field
from tui.screen.dialogs.list_dialog import ListDialog
from tui.screen.panes.line_list import LineList
from tui.screen.panes.paint import TONES, paint
from tui.screen.panes.pieces import Line, Piece, width_of
from tui.words import Model

PRICE_CELLS = 9
"""Cells of the column of prices: "$1,000.00"."""


WIDEST_NAME = 32
"""Cells from which a name no longer moves the titles of the others to the right."""


def price_words(usd: float | None) -> str:
    """ "$8.00", "$0.075"; empty where none is published."""
    if usd is None:
        return ""
    whole, _, digits = f"{usd:,.4f}".partition(".")
    return f"${whole}.{digits.rstrip('0'):0<2}"


def matching(models: Sequence[Model], typed: str) -> list[Model]:
    """The models in whose name or title every typed word stands, in any case."""
    words = typed.casefold().split()
    return [m for m in models if all(word in f"{m.id} {m.title}".casefold() for word in words)]


def with_present(models: Sequence[Model], present: frozenset[str] | None) -> list[Model]:
    """`models`, then those that only the provider's list knows, by name."""
    known = {model.id for model in models}
    return [*models, *(Model(name) for name in sorted((present or frozenset()) - known))]


class ModelList(LineList, can_focus=False):
    """The models; the keys come from the field above it."""

    def __init__(self, current: str) -> None:
        super().__init__(classes="-lit")
        self._current = current
        self._models: Sequence[Model] = ()
        self._present: frozenset[str] | None = None
        self._names = 0
        """Cells of the column of names."""

    def show(self, models: Sequence[Model], present: frozenset[str] | None, selected: str) -> None:
        """Show these, `selected` selected where it is among them."""
        self._models, self._present = models, present
        widths = [width_of(((one_line(model.id, 80), "strong"),)) for model in models]
        self._names = max((width for width in widths if width <= WIDEST_NAME), default=0)
        self.changed()
        self.selected = next((i for i, model in enumerate(models) if model.id == selected), 0)

    @property
    def chosen(self) -> str | None:
        return self._models[self.selected].id if self._models else None

    def row_count(self) -> int:
        return len(self._models)

    def row(self, index: int) -> Line:
        model = self._models[index]
        used = ((f"  ← {say('screen.model_in_use')}", "accent"),) if model.id == self._current else ()
        title = one_line(model.title, 60)
        name = one_line(model.id, 80)
        gap = " " * (self._names - width_of(((name, "strong"),))) if title else ""
        return (
            self._mark(model.id),
            (f"{price_words(model.price.output):>{PRICE_CELLS}}  ", "normal"),
            (name, "strong"),
            (f"{gap}  {title}" if title else "", "dim"),
            *used,
        )

    def when_empty(self) -> Line:
        return ((f"  {say('screen.model_no_match')}", "dim"),)

    def _mark(self, name: str) -> Piece:
        if self._present is None:
            return "·", "dim"
        return ("✓", "good") if name in self._present else ("✗", "bad")


class Legend(Static):
    """What the marks mean."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONES)

    def show(self, asked: bool) -> None:
        if asked:
            line: Line = (
                ("✓ ", "good"),
                (say("screen.model_present"), "dim"),
                ("  ✗ ", "bad"),
                (say("screen.model_absent"), "dim"),
            )
        else:
            line = (("· ", "dim"), (say("screen.model_unknown"), "dim"))
        self.update(paint(self, line))


class ModelDialog(ListDialog[str | None]):
    """Ends with the chosen model's name, or with None on Esc."""

    CSS_PATH = "models.tcss"
    KEYS = ("screen.models_keys",)

    def __init__(
        self,
        models: Sequence[Model] | Mapping[str, Model],
        current: str = "",
        present: frozenset[str] | None = None,
        *,
        waiting: bool = False,
    ) -> None:
        """`present`: what `GET /models` says is there; None: not (yet) known. `waiting`: a reply waits, and the model
        chosen goes on with it at once."""
        super().__init__()
        self._waiting = waiting
        self._models = list(models.values()) if isinstance(models, Mapping) else list(models)
        self._current = current
        self._present = present

    def set_present(self, present: frozenset[str] | None) -> None:
        """The provider's list has come; the row under the cursor stays the same model."""
        self._present = present
        if self.is_mounted:
            self._show(self.query_one(ModelList).chosen or self._current)

    def compose(self) -> ComposeResult:
        with Vertical(id="models-box") as box:
            box.border_title = say("screen.models_title_now" if self._waiting else "screen.models_title")
            yield Field(placeholder=say("screen.models_filter"), id="models-filter")
            yield Static(f"   {say('screen.models_price'):>{PRICE_CELLS}}", markup=False, id="models-head")
            yield ModelList(self._current)
            yield Legend(id="models-legend")

    def on_mount(self) -> None:
        self.query_one(Field).focus()
        self._show(self._current)

    def _show(self, selected: str) -> None:
        models = matching(with_present(self._models, self._present), self.query_one(Field).value)
        self.query_one(ModelList).show(models, self._present, selected)
        self.query_one(Legend).show(asked=self._present is not None)

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        message.stop()
        self._show(self.query_one(ModelList).chosen or self._current)

    @on(Input.Submitted)
    @on(LineList.Entered)
    def _chosen(self, message: Input.Submitted | LineList.Entered) -> None:
        message.stop()
        chosen = self.query_one(ModelList).chosen
        if chosen is not None:
            self.end(chosen)

    def action_close(self) -> None:
        self.end(None)
