"""How fast a reply comes: from what was received while it streams, from the provider's count at its end. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tui.chat.view import ReplyView
from tui.engine.ledger import estimate_tokens


@dataclass(frozen=True, slots=True)
class Pace:
    tokens_per_second: float | None
    """Between the first piece and the last; None where there is no time between them."""
    exact: bool
    """True: of tokens that the provider counted; False: of tokens estimated by the text, to be marked ≈."""
    longest_gap: float | None
    """Seconds between two pieces, at most, a gap that still lasts included; None before the first piece."""


def pace(view: ReplyView, now: float) -> Pace:
    """Of `view` at `now` on the clock."""
    link = view.link
    first, last = link.first_piece, link.last_piece
    if first is None or last is None:
        return Pace(None, exact=False, longest_gap=None)
    gap = link.longest_gap if view.ended else max(link.longest_gap, now - last)
    # The provider's count is of all attempts: where there was one alone, it is of what was read.
    counted = view.usage if view.ended and link.attempt == 1 and view.held == 0 else None
    exact = counted is not None and counted.exact and counted.completion > 0
    tokens = counted.completion if counted is not None and exact else _estimated(view)
    seconds = last - first
    # The first token stands at the beginning of that time, not in it.
    return Pace((tokens - 1) / seconds if seconds > 0 and tokens > 1 else None, exact, gap)


def _estimated(view: ReplyView) -> int:
    thought = view.reasoning.upto(view.reasoning_length)
    return estimate_tokens(view.text.since(view.held)) + estimate_tokens(thought)
