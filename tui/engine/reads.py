"""What a response says, as far as its reply is concerned: Reader makes these of what arrives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from tui.words import Fault


class Delta(NamedTuple):
    text: str
    offset: int
    """Body bytes up to the end of its frame."""


@dataclass(frozen=True, slots=True)
class Thinking:
    text: str


@dataclass(frozen=True, slots=True)
class Underway:
    """The request is sent."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """No text for STALL seconds."""


@dataclass(frozen=True, slots=True)
class Alive:
    """Bytes without text, while text is waited for: told at the first, then once in ALIVE seconds."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A garbled frame was passed over: text may be missing here."""

    start: str


@dataclass(frozen=True, slots=True)
class Ended:
    fault: Fault | None
    reason: str | None = None
    clean: bool = False
    """The stream just ended: no error, and nothing that says complete."""
    said: bool = False
    """The other side said so itself: it was not the wire that broke, nor a limit of ours."""


Read = Delta | Thinking | Underway | Quiet | Alive | Skipped | Ended
