"""What can be shown of the probes: one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ProbeView:
    """The measurements of the rolling window. Every duration is in seconds."""

    samples: tuple[float | None, ...] = ()
    """TTFB of each probe, oldest first; None: the probe was lost."""
    last: float | None = None
    """The newest one; None where it was lost or none was made."""
    p50: float | None = None
    p95: float | None = None
    jitter: float | None = None
    loss: tuple[int, int] = (0, 0)
    """How many were lost, of how many."""
    target: float = 0.05
    """The provider's own promise, which the configuration may change."""
    paused: bool = False
    what: Literal["models", "chat"] = "models"
    """What is asked: the model list (free), or a chat of one word (costs)."""
    reason: str = ""
    """Why the last lost one was lost: a fault's kind."""
