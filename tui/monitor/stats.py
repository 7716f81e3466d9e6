"""The rolling window of the probes: constant memory, whatever the hours."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import pairwise

WINDOW = 60
"""Probes: a quarter of an hour at the default interval."""


class Window:
    """The newest measurements; None is a probe that was lost."""

    def __init__(self, size: int = WINDOW) -> None:
        self._samples: deque[float | None] = deque(maxlen=size)

    def add(self, seconds: float | None) -> None:
        self._samples.append(seconds)

    @property
    def samples(self) -> tuple[float | None, ...]:
        """Oldest first."""
        return tuple(self._samples)

    @property
    def last(self) -> float | None:
        return self._samples[-1] if self._samples else None

    @property
    def loss(self) -> tuple[int, int]:
        """How many were lost, of how many."""
        return self._samples.count(None), len(self._samples)

    def quantile(self, part: float) -> float | None:
        """The value that `part` (0 to 1) of those that came back are not above."""
        return quantile([one for one in self._samples if one is not None], part)

    def jitter(self) -> float | None:
        """Mean absolute difference of neighbours; a lost probe between two makes them none."""
        gaps = [abs(b - a) for a, b in pairwise(self._samples) if a is not None and b is not None]
        return sum(gaps) / len(gaps) if gaps else None


def quantile(values: Sequence[float], part: float) -> float | None:
    """Linear between the two nearest ranks, so that one half gives the median; None where there is no value."""
    if not values:
        return None
    ordered = sorted(values)
    place = part * (len(ordered) - 1)
    low = int(place)
    if low + 1 >= len(ordered):
        return ordered[-1]
    return ordered[low] + (ordered[low + 1] - ordered[low]) * (place - low)
