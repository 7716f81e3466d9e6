"""Every measurement of this run, per provider and model: probes, and the replies that measured themselves.

Constant memory: so many samples a track, so many tracks. A window is chosen when it is looked at.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Literal

from tui.monitor.stats import NOTHING, Summary, summary
from tui.timing import UNTIMED, Timing

WINDOWS: tuple[float, ...] = (300.0, 900.0, 3600.0, 14400.0)
"""Seconds that can be chosen: five minutes, a quarter of an hour, an hour, four hours."""

KEPT = 1200
"""Samples of one track: four hours of probes at the shortest distance of the default interval (12 s)."""

TRACKS = 32
"""Providers and models that are remembered; the one that was measured longest ago goes first."""

Source = Literal["probe", "reply"]

BROKE = frozenset(
    {
        "content-filter",
        "line-too-long",
        "missed",
        "money-used",
        "no-bytes",
        "no-text",
        "not-http",
        "reset",
        "suspended",
        "time-used",
        "tokens-used",
        "transport",
        "truncated",
    }
)
"""Ends of a reply's attempt behind headers that were as they should be: an answer had begun."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One request that was measured."""

    at: float
    """When it ended, on the clock."""
    source: Source
    """A probe, or an attempt of a real reply (passive: nothing was asked for its sake)."""
    timing: Timing = UNTIMED
    warm: float | None = None
    """Probes: TTFB of the same request once more on the same connection; None where that was not to be had."""
    fault: str = ""
    """A fault's kind where it was lost, or where something else came than was asked for."""

    @property
    def lost(self) -> bool:
        """Nothing came, of whatever status."""
        return self.timing.ttfb is None

    @property
    def refused(self) -> bool:
        """Something came, but not what was asked for: a refusal, or a page of somebody who stands in between."""
        if self.lost or not self.fault or self.timing.ttft is not None:
            return False
        return self.source == "probe" or self.fault not in BROKE

    @property
    def latency(self) -> float | None:
        """TTFB, where an answer came: who refuses in 0.3 ms answers nothing in 0.3 ms."""
        return None if self.refused else self.timing.ttfb


@dataclass(frozen=True, slots=True)
class TrackView:
    """One provider and model in the chosen window."""

    provider: str
    model: str
    """Empty: the provider's model list, which no model answers."""
    samples: tuple[Sample, ...] = ()
    """Oldest first, both sources."""
    fresh: Summary = NOTHING
    """TTFB of the probes, each on a fresh connection."""
    warm: Summary = NOTHING
    """TTFB of the probes once more on the same connection; only those that were to be had."""
    replies: Summary = NOTHING
    """TTFB of the replies' attempts, each on a fresh connection."""
    ttft: Summary = NOTHING
    """TTFT of the replies' attempts that brought text."""

    @property
    def last(self) -> Sample | None:
        """The newest one: its `timing` has the phases of the last request."""
        return self.samples[-1] if self.samples else None


Name = tuple[str, str]


@dataclass(slots=True)
class Board:
    """Holds the samples. For one event loop."""

    _tracks: OrderedDict[Name, deque[Sample]] = field(default_factory=OrderedDict)
    _frozen: tuple[float, dict[Name, tuple[Sample, ...]]] | None = None
    changes: int = 0
    """How often it was frozen, thawed or reset."""

    def add(self, provider: str, model: str, sample: Sample) -> None:
        name = (provider, model)
        track = self._tracks.setdefault(name, deque(maxlen=KEPT))
        self._tracks.move_to_end(name)
        track.append(sample)
        while len(self._tracks) > TRACKS:
            self._tracks.popitem(last=False)

    def views(self, now: float, window: float = WINDOWS[1]) -> tuple[TrackView, ...]:
        """Each track in the `window` seconds before `now` (before the freeze, while frozen), the newest first."""
        if self._frozen is None:
            held = {name: tuple(track) for name, track in self._tracks.items()}
        else:
            now, held = self._frozen
        views = (_view(name, [one for one in held[name] if one.at >= now - window]) for name in reversed(held))
        return tuple(view for view in views if view.samples)

    def view(self, provider: str, model: str, now: float, window: float = WINDOWS[1]) -> TrackView:
        """One track; empty where it has no sample in the window."""
        for view in self.views(now, window):
            if (view.provider, view.model) == (provider, model):
                return view
        return TrackView(provider, model)

    def beside(self, provider: str, model: str, now: float, window: float = WINDOWS[1]) -> tuple[Sample, ...]:
        """Oldest first: the probes that tell of `model` (its own, and the free ones of its provider), its replies."""
        tracks = [view for view in self.views(now, window) if view.provider == provider and view.model in ("", model)]
        return tuple(sorted((one for view in tracks for one in view.samples), key=lambda one: one.at))

    @property
    def frozen_at(self) -> float | None:
        """When `freeze` was asked for, on the clock; None: live."""
        return self._frozen[0] if self._frozen else None

    def freeze(self, now: float) -> None:
        """From here on `views` shows what stood at `now`; measuring goes on behind it."""
        self.changes += 1
        self._frozen = now, {name: tuple(track) for name, track in self._tracks.items()}

    def thaw(self) -> None:
        self.changes += 1
        self._frozen = None

    def reset(self) -> None:
        """Forget everything, the frozen picture too."""
        self.changes += 1
        self._tracks.clear()
        self._frozen = None


GLANCE = 0.9
"""Seconds for which a picture stands: nobody reads statistics faster, and whoever looks once a second sees new ones."""


class Glance:
    """A board for somebody who looks often: to add up all of it takes milliseconds."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._of: tuple[float, int] | None = None
        self._at = 0.0
        self._seen: tuple[TrackView, ...] = ()

    def views(self, now: float, window: float) -> tuple[TrackView, ...]:
        """What the board showed within the last second."""
        of = window, self._board.changes
        if of != self._of or now - self._at >= GLANCE:
            self._of, self._at, self._seen = of, now, self._board.views(now, window)
        return self._seen


def _view(name: Name, samples: list[Sample]) -> TrackView:
    probes = [one for one in samples if one.source == "probe"]
    replies = [one for one in samples if one.source == "reply"]
    return TrackView(
        *name,
        samples=tuple(samples),
        fresh=_latencies(probes),
        warm=summary([one.warm for one in probes if one.warm is not None and not one.refused]),
        replies=_latencies(replies),
        ttft=summary([one.timing.ttft for one in replies if one.timing.ttft is not None]),
    )


def _latencies(samples: list[Sample]) -> Summary:
    return summary([one.latency for one in samples], sum(one.refused for one in samples))
