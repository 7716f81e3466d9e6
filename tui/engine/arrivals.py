"""What comes from the wire, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sent:
    """The request is on its way."""


@dataclass(frozen=True, slots=True)
class Opened:
    status: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class End:
    """The body ended; `error` where it broke."""

    error: BaseException | None


Arrival = bytes | Sent | Opened | End
