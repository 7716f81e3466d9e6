"""A moment that is waited for, on both clocks: a machine that slept through it has waited too."""

from __future__ import annotations

from dataclasses import dataclass

from tui.clock import Clock


@dataclass(frozen=True, slots=True)
class Due:
    """When something may be done."""

    at: float
    """On the clock."""
    wall: float
    """Seconds since the epoch."""

    def left(self, clock: Clock) -> float:
        """Seconds until then; 0.0 from then on."""
        return max(0.0, min(self.at - clock.now(), self.wall - clock.wall()))


def due_after(seconds: float, since: float, clock: Clock) -> Due:
    """`seconds` after `since`, which is on the clock, and not long ago."""
    at = since + seconds
    return Due(at, clock.wall() + at - clock.now())
