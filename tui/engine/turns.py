"""An attempt's beginning and its end: who reads it, what its stream is, what it cost. Pure."""

from __future__ import annotations

from tui.engine.budget import BUDGET, Budget
from tui.engine.kept import Kept, Streams
from tui.engine.ladder import Ask
from tui.engine.outcome import CutShort, Turn, WholeAtLast
from tui.engine.reader import Reader
from tui.engine.seam import Joined
from tui.words import TextSoFar


def begin(ask: Ask, kept: Kept | None, held: int, now: float, *, skip_garbled: bool) -> Turn:
    """An attempt whose answer `kept` keeps, if any does. `held`: code points of the reply."""
    reader = Reader(now, skip_garbled=skip_garbled, kept=kept is not None)
    return Turn(ask, reader, ask.joiner, ask.rung, kept, began=held)


def replay(kept: Kept, held: int, now: float) -> Turn:
    """An attempt that goes on in the middle of what its stream had begun."""
    reader = Reader(now, skip_garbled=False, kept=True, replay_from=kept.offset)
    turn = Turn(Ask("replay", b"", kept.joiner, 0), reader, kept.joiner, "replay", kept, began=held)
    turn.unverified = kept.unverified
    if kept.how is not None:
        turn.back, turn.how = kept.back, kept.how
    elif held:
        turn.back = Joined("", verified=True, again=0)
    return turn


def settle(turn: Turn, streams: Streams, budget: Budget, text: TextSoFar) -> None:
    """The attempt is over: what it cost, and what becomes of its stream."""
    budget.bill(turn, turn.reader, text)
    outcome = turn.outcome
    fault = outcome.fault if isinstance(outcome, CutShort) else None
    again = fault is not None and not fault.permanent and fault.kind not in BUDGET
    streams.after(turn, done=isinstance(outcome, WholeAtLast), again=again)
