"""What an attempt is and what each thing that arrives does to it: a pure step function. A pair not listed raises.

Complete means a finish_reason other than null, `error` and `content_filter`, or [DONE]; from then on nothing is a fault
(design, section 4). The end of the stream alone is a cut, whatever the transport says.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui.engine.chunks import Counted, Finish, Garbled, Ignored, Piece, Text, Thought, Trouble
from tui.engine.faults import CONTENT_FILTER, TRUNCATED
from tui.words import Fault


@dataclass(frozen=True, slots=True)
class Open:
    """Nothing said yet that ends it."""


@dataclass(frozen=True, slots=True)
class Whole:
    """Complete; only usage may still come."""

    reason: str | None


@dataclass(frozen=True, slots=True)
class Over:
    """Ended. `fault` is None where it was complete."""

    fault: Fault | None
    reason: str | None = None
    clean: bool = False
    """The stream just ended, without an error and without a finish."""


Phase = Open | Whole | Over


@dataclass(frozen=True, slots=True)
class Eof:
    """The body ended cleanly."""


@dataclass(frozen=True, slots=True)
class Broke:
    """The wire broke, or a limit did."""

    fault: Fault


Input = Piece | Eof | Broke


@dataclass(frozen=True, slots=True)
class Bill:
    """Tokens of this attempt; the last bill counts."""

    prompt: int
    completion: int


Effect = Text | Thought | Bill | None
"""Text for the reader (once the seam allows it), reasoning, tokens to count, or nothing."""


class IllegalStep(RuntimeError):
    """An input that cannot come in this phase: a mistake of ours, not of the network."""


OPEN = Open()


def step(phase: Phase, got: Input) -> tuple[Phase, Effect]:
    """The phase after `got`, and what to do with it."""
    match got:
        case Text() | Thought() if not isinstance(phase, Over):
            return phase, got
        case Ignored() if not isinstance(phase, Over):
            return phase, None
    if isinstance(phase, Open):
        return _while_open(phase, got)
    if isinstance(phase, Whole):
        return _when_whole(phase, got)
    raise IllegalStep(f"{phase} cannot take {got}")


def _while_open(phase: Open, got: Input) -> tuple[Phase, Effect]:
    match got:
        case Counted(prompt, completion):
            return phase, Bill(prompt, completion)
        case Finish("content_filter"):
            return Over(CONTENT_FILTER), None
        case Finish(None):
            return Over(None), None
        case Finish(reason):
            return Whole(reason), None
        case Trouble(fault) | Broke(fault):
            return Over(fault), None
        case Garbled(start):
            return Over(Fault("garbled", permanent=False, detail=start)), None
        case Eof():
            return Over(TRUNCATED, clean=True), None
        case _:
            raise IllegalStep(f"{phase} cannot take {got}")


def _when_whole(phase: Whole, got: Input) -> tuple[Phase, Effect]:
    match got:
        case Counted(prompt, completion):
            return phase, Bill(prompt, completion)
        case Finish(None) | Eof() | Broke() | Trouble() | Garbled():
            return Over(None, phase.reason), None
        case Finish():
            return phase, None
        case _:
            raise IllegalStep(f"{phase} cannot take {got}")
