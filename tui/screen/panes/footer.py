"""The last line: who answers, what it cost, what is wrong, which keys help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tui.plain import one_line
from tui.say import say
from tui.screen.action import Action, key_name
from tui.screen.panes.money import dollars
from tui.screen.panes.paint import TONES, paint
from tui.screen.panes.pieces import Chunk, Line, fit, width_of

GAP: Final = 2
"""Cells between the status and the hints."""

ROOM_FOR_A_HINT: Final = 60
"""Cells of width from which at least one hint is shown."""


ROOM_FOR_WORDS: Final = 100
"""Cells of width from which what the embedded model is stands there in full."""


@dataclass(frozen=True, slots=True)
class StatusView:
    """What the footer says."""

    provider: str = ""
    model: str = ""
    tokens: int | None = None
    """Of the reply, prompt and completion; None: not told."""
    exact: bool = True
    """False: the tokens are estimated, because an attempt was cut before it told."""
    cost_usd: float | None = None
    """None: no price is known; then no cost is shown."""
    at_least: bool = False
    """The cost is a lower bound."""
    queued: int = 0
    """Prompts that wait for the reply to end."""
    trouble: str = ""
    """What is wrong with saving, in the user's words; empty: nothing."""
    demonstration: bool = False
    """It is the embedded model: small, and for demonstration."""


class StatusFooter(Widget):
    """Shows `status`, and the keys of `actions` that have a place in the footer."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONES)

    status: reactive[StatusView] = reactive(StatusView(), init=False)
    actions: reactive[tuple[Action, ...]] = reactive((), init=False)

    def __init__(
        self,
        actions: tuple[Action, ...] = (),
        *,
        id: str | None = None,  # noqa: A002  Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.set_reactive(StatusFooter.actions, actions)

    def render(self) -> Content:
        return paint(self, footer_line(self.status, self.actions, self.content_size.width))


def footer_line(status: StatusView, actions: tuple[Action, ...], width: int) -> Line:
    """One line of `width` cells: the status at the left, as many key hints as fit at the right."""
    by_rank = sorted((action for action in actions if action.footer), key=lambda action: action.footer)
    # The first hint leads to all the others: in a terminal of usual width the status makes room for it.
    reserved = width_of(_hints(by_rank[:1])) + GAP if width >= ROOM_FOR_A_HINT and by_rank else 0
    left = fit(_status_chunks(status, wide=width >= ROOM_FOR_WORDS), width - reserved)
    spare = width - width_of(left)
    for shown in range(len(by_rank), 0, -1):
        right = _hints([action for action in actions if action in by_rank[:shown]])
        if width_of(right) + GAP <= spare:
            return (*left, (" " * (spare - width_of(right)), "normal"), *right)
    return left


def tokens_words(status: StatusView) -> str:
    """ "1,204 tok", "≈ 1,204 tok" where estimated; empty where nothing was told."""
    if status.tokens is None:
        return ""
    return ("" if status.exact else "≈ ") + say("screen.tokens", n=f"{status.tokens:,}")


def cost_words(status: StatusView) -> str:
    """ "$0.0181", "≥ $0.0181" where a part has no price, "≈ $0.0181" where estimated; empty where none is known."""
    cost = status.cost_usd
    if cost is None:
        return ""
    mark = "≥ " if status.at_least else "" if status.exact else "≈ "
    return f"{mark}${dollars(cost)}"


def _status_chunks(status: StatusView, *, wide: bool) -> list[Chunk]:
    provider, model = one_line(status.provider, 40), one_line(status.model, 80)
    if status.demonstration:
        model = say("screen.demo_model" if wide else "screen.demo_model_short", model=model)
    trouble = one_line(status.trouble)
    return [
        Chunk(((f"! {trouble}", "bad"),) if trouble else (), rank=1, least=20),
        Chunk(((provider, "dim"),) if provider else (), rank=6),
        Chunk(((model, "strong"),) if model else (), rank=2, lead=" · "),
        Chunk(((words, "normal"),) if (words := tokens_words(status)) else (), rank=5),
        Chunk(((words, "normal"),) if (words := cost_words(status)) else (), rank=4),
        Chunk(((say("screen.queued", n=status.queued), "accent"),) if status.queued else (), rank=3),
    ]


def _hints(actions: list[Action]) -> Line:
    line: Line = ()
    for action in actions:
        gap = "  " if line else ""
        line = (*line, (gap + key_name(action.keys[0]), "strong"), (" " + say(f"screen.key_{action.words}"), "dim"))
    return line
