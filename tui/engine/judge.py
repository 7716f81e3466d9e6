"""What the fault that ended an attempt means for its reply. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal

from tui.engine.kept import Kept
from tui.engine.outcome import CutShort, Refused, Turn
from tui.engine.reads import Ended
from tui.words import Fault, Learned


def came_back(turn: Turn) -> bool:
    """Whether the attempt brought all that was held, and nothing new. A replay brings nothing that was held."""
    return (turn.back is not None and turn.how != "replay") or (turn.joiner is not None and turn.joiner.whole_again)


def lost(turn: Turn) -> bool:
    """Whether the attempt, had it been whole, would have missed: it went on elsewhere, or stands unproved."""
    return turn.glued or (turn.joiner is not None and turn.joiner.astray)


def doubts_repeated(turn: Turn, held: str, text: str, doubts: Sequence[int]) -> list[int]:
    """Places in `text`, another answer, that are in doubt for they were in `held`.

    A server that echoes says our own text again, with whatever was glued there, before it goes on with something else.
    And its start is, under a rung that asks to go on: what begins as the answer did may be a refrain, and only a part.
    """
    if turn.ask.rung not in ("prefill", "continue"):
        return []
    bare, again = held.lstrip(), text.lstrip()
    shared = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(bare, again, strict=False)))
    cut, lead = len(held) - len(bare), len(text) - len(again)
    return [0, *(at - cut + lead for at in doubts if cut < at < cut + shared)]


class CleanEnds:
    """Ends of a stream that say nothing, in a row: two of a kind show a server that never says its end."""

    def __init__(self) -> None:
        self._known = 0
        """Right behind the known text."""
        self._lost = 0
        """Elsewhere."""

    def new_text(self, *, verified: bool) -> None:
        """The reply has grown."""
        self._known = 0
        if verified:
            self._lost = 0

    def what(self, turn: Turn, ended: Ended, learned: Learned) -> Literal["", "proved", "lost"]:
        """What this end shows: the text is whole; or no more will ever come, though the known text did not come."""
        needed = 1 if learned.bare_end else 2
        if ended.clean and came_back(turn):
            self._known += 1
            return "proved" if self._known >= needed else ""
        if ended.clean and lost(turn):
            self._known, self._lost = 0, self._lost + 1
            return "lost" if self._lost >= needed else ""
        if not turn.replaying:
            self._known = self._lost = 0
        return ""


def of_fault(turn: Turn, ended: Ended, fault: Fault, *, accepted: bool) -> CutShort | Refused:
    """A refused rung, or a fault like any other. `accepted`: this server took a request of this reply before."""
    if turn.kept is not None and turn.replaying:
        return _of_replay(turn, ended, turn.kept, fault)
    refusable = turn.ask.rung in ("prefill", "continue") and fault.status in (400, 422) and accepted
    if refusable and fault.permanent and fault.kind == "bad-request":
        return Refused(fault)
    return CutShort(fault)


def _of_replay(turn: Turn, ended: Ended, kept: Kept, fault: Fault) -> CutShort | Refused:
    """One rung down where the server has the stream no more, or has no more of it than is held.

    What the wire does to a replay is a fault like any other, and the same bytes are asked for again. What the server
    says is believed when it is permanent, else when it says it twice: a gateway may speak for a moment.
    """
    if not ended.said:
        return CutShort(fault)
    if fault.permanent:
        return CutShort(fault) if turn.reader.streamed else Refused(fault)
    return Refused(fault) if kept.fruitless and turn.reader.kept_to <= kept.offset else CutShort(fault)
