"""What can be shown of the probes: one value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from tui.monitor.board import TrackView
from tui.monitor.chat_probe import Spent
from tui.monitor.stats import NOTHING, Summary
from tui.timing import UNTIMED, Timing

IDLE_REASON = "idle"
"""Why probes rest while nobody looks."""


@dataclass(frozen=True, slots=True)
class ProbeView:
    """The measurements of the rolling window. Every duration is in seconds."""

    samples: tuple[float | None, ...] = ()
    """TTFB of each probe, each on a fresh connection, as replies are asked; oldest first; None: lost or refused."""
    last: float | None = None
    """The newest one; None where no usable answer came or none was made."""
    p50: float | None = None
    p95: float | None = None
    jitter: float | None = None
    loss: tuple[int, int] = (0, 0)
    """How many were lost, of how many."""
    refused: int = 0
    """How many of them brought something else than an answer: a refusal, a login page."""
    target: float = 0.05
    """The provider's own promise, which the configuration may change."""
    paused: bool = False
    paused_for: str = ""
    """Why: "reply" (one is on its way) or "idle" (nobody has pressed a key for long)."""
    what: Literal["models", "chat"] = "models"
    """What is asked: the model list (free), or a chat of one word (costs)."""
    reason: str = ""
    """Why the newest one was lost, or what came instead of the answer: a fault's kind."""
    at: float | None = None
    """When the newest one ended, on the clock."""
    summary: Summary = NOTHING
    """The rolling window in all its statistics; `last` to `loss` above are a part of it."""
    warm: float | None = None
    """TTFB of the newest probe's request once more on the same connection; None where that was not to be had."""
    timing: Timing = UNTIMED
    """The phases of the newest probe."""
    spent: Spent | None = None
    """What the chat probes cost; None: they are free."""

    @property
    def odd(self) -> bool:
        """Something came to the newest probe, but no usable answer; `reason` says what."""
        return bool(self.samples) and self.last is None and bool(self.reason) and self.timing.ttfb is not None

    @property
    def lost(self) -> bool:
        """Nothing came to the newest probe."""
        return bool(self.samples) and self.last is None and not self.odd


def in_window(probes: ProbeView, track: TrackView) -> ProbeView:
    """`probes` as those that `track` holds: of its window, and of the freeze. `at` tells of the newest one of all."""
    held = [one for one in track.samples if one.source == "probe"]
    found, newest = track.fresh, held[-1] if held else None
    return replace(
        probes,
        samples=tuple(one.latency for one in held),
        last=found.last,
        p50=found.p50,
        p95=found.p95,
        jitter=found.jitter,
        loss=(found.lost, found.count),
        refused=found.refused,
        reason=newest.fault if newest else "",
        at=newest.at if newest else probes.at,
        summary=found,
        warm=newest.warm if newest else None,
        timing=newest.timing if newest else UNTIMED,
    )
