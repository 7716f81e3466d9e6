"""What the fault that ended an attempt means for its reply. Pure."""

from __future__ import annotations

from tui.engine.outcome import CutShort, Refused, Turn
from tui.words import Fault, Learned


def came_back(turn: Turn) -> bool:
    """Whether the attempt brought all that was held, and nothing new."""
    return turn.back is not None or (turn.joiner is not None and turn.joiner.whole_again)


def bare_ends_needed(learned: Learned) -> int:
    """How many clean ends right behind the known text, in a row, prove it whole."""
    return 1 if learned.bare_end else 2


def of_fault(turn: Turn, fault: Fault, *, accepted: bool) -> CutShort | Refused:
    """A refused rung, or a fault like any other. `accepted`: this server took a request of this reply before."""
    refusable = turn.ask.rung in ("prefill", "continue") and fault.status in (400, 422) and accepted
    if refusable and fault.permanent and fault.kind == "bad-request":
        return Refused(fault)
    return CutShort(fault)
