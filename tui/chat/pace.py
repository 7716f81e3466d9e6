"""How fast a reply comes: from what was received while it streams, from the provider's count at its end. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tui.chat.view import ReplyView
from tui.engine.ledger import estimate_tokens

STILL = 3.0
"""Seconds without a piece after which a reply that is on its way has no rate; from here on the pane says so too."""


@dataclass(frozen=True, slots=True)
class Pace:
    tokens_per_second: float | None
    """Over the time in which text flowed, reconnects not counted; None where there is none, or nothing comes now."""
    exact: bool
    """True: of tokens that the provider counted; False: of tokens estimated by the text, to be marked ≈."""
    longest_gap: float | None
    """Seconds between two pieces of one attempt, at most, a gap that still lasts included; None before the first."""
    longest_break: float | None = None
    """Seconds without text from one attempt to the next, at most, a break that still lasts included: a hang that ended
    in a cut is a break, and no number on the screen shrinks. None: there was none."""


def pace(view: ReplyView, now: float) -> Pace:
    """Of `view` at `now` on the clock."""
    link = view.link
    last = link.last_piece
    if last is None:
        return Pace(None, exact=False, longest_gap=None)
    flows = not view.ended and link.piece_of == link.attempt and link.state not in ("backing_off", "failed")
    gap = max(link.longest_gap, now - last) if flows else link.longest_gap
    # The provider's count is of all attempts: where there was one alone, it is of what was read.
    counted = view.usage if view.ended and link.attempt == 1 and view.held == 0 else None
    exact = counted is not None and counted.exact and counted.completion > 0
    tokens = counted.completion if counted is not None and exact else _estimated(view)
    # As text comes, not as it came: a rate that stands while nothing comes would be none.
    still = flows and now - last >= STILL
    # The first token stands at the beginning of that time, not in it.
    rate = (tokens - 1) / link.flow if link.flow > 0 and tokens > 1 and not still else None
    breaks = link.longest_break if flows or view.ended else max(link.longest_break or 0.0, now - last)
    return Pace(rate, exact, gap, breaks)


def _estimated(view: ReplyView) -> int:
    thought = view.reasoning.upto(view.reasoning_length)
    return estimate_tokens(view.text.since(view.held)) + estimate_tokens(thought)
