"""What a row of measurements adds up to. Pure."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

WINDOW = 60
"""Probes: a quarter of an hour at the default interval."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The statistics of one row of measurements. Durations are in seconds; None where nothing came back."""

    count: int = 0
    """How many were made, those that were lost included."""
    lost: int = 0
    """No answer came."""
    refused: int = 0
    """Something came that is no answer (a refusal, a login page): how soon says nothing of an answer's latency."""
    last: float | None = None
    """The newest one; None where it was lost or refused too."""
    mean: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    best: float | None = None
    worst: float | None = None
    stdev: float | None = None
    """Of the sample (n - 1); None under two."""
    jitter: float | None = None
    """Mean absolute difference of neighbours; one that did not come is nobody's neighbour."""

    @property
    def came(self) -> int:
        """How many were answered."""
        return self.count - self.lost - self.refused

    @property
    def loss(self) -> float:
        """The part that was lost, 0 to 1."""
        return self.lost / self.count if self.count else 0.0


NOTHING = Summary()


def summary(values: Sequence[float | None], refused: int = 0) -> Summary:
    """Of `values`, oldest first; None is one that was not answered: `refused` of them were, all others were lost."""
    came = sorted(one for one in values if one is not None)
    if not came:
        return Summary(len(values), len(values) - refused, refused)
    return Summary(
        count=len(values),
        lost=len(values) - len(came) - refused,
        refused=refused,
        last=values[-1],
        mean=statistics.fmean(came),
        p50=_ranked(came, 0.5),
        p95=_ranked(came, 0.95),
        p99=_ranked(came, 0.99),
        best=came[0],
        worst=came[-1],
        stdev=statistics.stdev(came) if len(came) > 1 else None,
        jitter=jitter(values),
    )


def jitter(values: Sequence[float | None]) -> float | None:
    """Mean absolute difference of neighbours; a lost one between two makes them none."""
    gaps = [abs(b - a) for a, b in pairwise(values) if a is not None and b is not None]
    return statistics.fmean(gaps) if gaps else None


def quantile(values: Sequence[float], part: float) -> float | None:
    """Linear between the two nearest ranks, so that one half gives the median; None where there is no value."""
    return _ranked(sorted(values), part) if values else None


def _ranked(ordered: Sequence[float], part: float) -> float:
    place = part * (len(ordered) - 1)
    low = int(place)
    if low + 1 >= len(ordered):
        return ordered[-1]
    return ordered[low] + (ordered[low + 1] - ordered[low]) * (place - low)


class Window:
    """The newest measurements, in constant memory; None is one that was not answered."""

    def __init__(self, size: int = WINDOW) -> None:
        self._samples: deque[float | None] = deque(maxlen=size)
        self._refused: deque[bool] = deque(maxlen=size)

    def add(self, seconds: float | None, *, refused: bool = False) -> None:
        """`refused`: something came, but no answer; its time is no measurement."""
        self._samples.append(None if refused else seconds)
        self._refused.append(refused)

    def clear(self) -> None:
        self._samples.clear()
        self._refused.clear()

    @property
    def samples(self) -> tuple[float | None, ...]:
        """Oldest first."""
        return tuple(self._samples)

    @property
    def summary(self) -> Summary:
        return summary(self.samples, sum(self._refused))
