"""How often a struggling provider may be asked again, over all replies of a process. A value that its owner keeps.

Each reply has its own retries; without this, twenty replies in a row would each spend theirs on a provider that
answers 429 or 5xx to all of them.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field

from tui.words import Fault

MOST = 30
"""Retries per provider within `WINDOW`: six replies that use up their five."""
WINDOW = 600.0
"""Seconds."""

STRUGGLING = ("rate-limit", "overloaded", "server", "server-timeout")
"""Kinds that count where the provider gave no status: an error inside a 200 stream."""


@dataclass(slots=True)
class RetryBudget:
    """Retries after 429 and 5xx by base_url, of all models and replies that are given this same object."""

    most: int = MOST
    window: float = WINDOW
    _made: dict[str, list[float]] = field(default_factory=dict)
    """When, ascending, on the clock; a retry that is waited for stands at the moment it is due."""

    def take(self, base_url: str, now: float, due: float) -> bool:
        """Whether a retry may be made at `due`; if so it counts from now on, also where it is never made."""
        made = self._fresh(base_url, now)
        if sum(1 for moment in made if moment > due - self.window) >= self.most:
            return False
        insort(made, due)
        return True

    def free_in(self, base_url: str, now: float) -> float:
        """Seconds until one more retry may be made; 0: at once."""
        made = self._fresh(base_url, now)
        return max(0.0, made[-self.most] + self.window - now) if len(made) >= self.most else 0.0

    def _fresh(self, base_url: str, now: float) -> list[float]:
        """What still counts; the rest is forgotten."""
        made = [moment for moment in self._made.get(base_url, ()) if moment > now - self.window]
        self._made[base_url] = made
        return made


def counts(fault: Fault) -> bool:
    """Whether a retry after `fault` is one of those: 429 or 5xx, as a status or inside a stream."""
    if fault.status is not None and fault.status != 200:
        return fault.status == 429 or 500 <= fault.status < 600
    return fault.kind in STRUGGLING
