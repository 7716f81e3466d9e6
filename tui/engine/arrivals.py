"""What comes from the wire, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tui.timing import UNTIMED, Timing
from tui.wire import Chunk


@dataclass(frozen=True, slots=True)
class Sent:
    """The request is on its way."""

    at: float


@dataclass(frozen=True, slots=True)
class Opened:
    status: int
    headers: Mapping[str, str]
    at: float
    timing: Timing = UNTIMED
    """As the wire measured it."""


@dataclass(frozen=True, slots=True)
class End:
    """The body ended; `error` where it broke."""

    error: BaseException | None


@dataclass(frozen=True, slots=True)
class Short:
    """A short answer, whole."""

    status: int
    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes


Arrival = Chunk | Sent | Opened | End
