"""How one attempt ends for its reply, and what is remembered while it lasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from tui.engine.kept import Kept
from tui.engine.ladder import Ask
from tui.engine.ledger import estimate_tokens
from tui.engine.reader import Reader
from tui.engine.reads import Ended
from tui.engine.seam import Joined, Joiner
from tui.words import Fault, Rung, TextSoFar


@dataclass(frozen=True, slots=True)
class WholeAtLast:
    """The reply is complete."""

    finish_reason: str | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class CutShort:
    """A fault: a retry is counted."""

    fault: Fault


MISSED = Fault("missed", permanent=False, detail="the known text did not come back")


@dataclass(frozen=True, slots=True)
class MissedTail:
    """The known text did not come back: the whole partial is sent, at once, no retry counted."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Refused:
    """The server does not take this rung: one down, at once, no retry counted."""

    fault: Fault


Outcome = WholeAtLast | CutShort | MissedTail | Refused


class Stamp(TypedDict):
    connection_id: int
    retry_count: int
    t: float


@dataclass(slots=True)
class Turn:
    """One attempt as the reply sees it."""

    ask: Ask
    reader: Reader
    joiner: Joiner | None
    how: Rung | None
    """The rung of the seam, where there will be one."""
    kept: Kept | None = None
    """Its stream, where the server keeps it."""
    outcome: Outcome | None = None
    back: Joined | None = None
    """The known text came back, and nothing new yet."""
    flowing: bool = False
    """Its first text (or reasoning) was announced."""
    stalled: bool = False
    """It was called stalled at least once."""
    passing: bool = False
    """Every further delta is new text and nothing else."""
    began: int = 0
    """Code points of the reply when it began."""
    unverified: bool = False
    glued: bool = False
    """Its text stands behind a seam that is not verified."""
    received: int = 0
    thought: int = 0
    ended: Ended | None = None

    @property
    def replaying(self) -> bool:
        """Whether it reads on in a stream that an earlier attempt began."""
        return self.ask.rung == "replay"

    def tokens(self, text: TextSoFar) -> int:
        """Estimated completion tokens of what was received; `text` is the reply's, which holds most of it."""
        new = text.since(self.began if self.began <= len(text) else 0)
        return estimate_tokens(new) + (max(0, self.received - len(new)) + self.thought) // 4
