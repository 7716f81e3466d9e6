"""A reply measures itself: the sample of each attempt, taken from its events. Pure."""

from __future__ import annotations

from tui.monitor.board import Sample
from tui.timing import Timing
from tui.words import Event, Fault, State

OURS = ("suspended", "attempts-used", "time-used", "tokens-used", "money-used", "missed")
"""Kinds of fault that say nothing of the provider or the way to it."""

RUNG_REFUSED = "bad-request"
"""How a refused way to resume stands among the measurements: a refusal is no answer, however soon it came."""


class Passive:
    """Hears one stream of events; one sample an attempt, as soon as its first text has come or it has ended."""

    def __init__(self) -> None:
        self._attempt = 0
        """The attempt that is on its way; 0: none, or its sample was given."""

    def hear(self, event: Event) -> Sample | None:
        """The sample that `event` completes."""
        if not isinstance(event, State) or (event.state == "connecting" and not event.connection_id):
            return None
        timing = event.timing
        if event.state == "connecting":
            before, self._attempt = self._attempt, event.attempt
            # A refused rung, or a tail that did not come back: the attempt ended without a word of its own.
            if not before or timing.ttfb is None:
                return None
            return Sample(event.t, "reply", timing, None, RUNG_REFUSED if timing.ttft is None else "")
        if not self._attempt:
            return None
        ended = event.state in ("backing_off", "failed", "done")
        if ended or timing.ttft is not None:
            self._attempt = 0
            return _sample(event, timing, event.fault if ended else None)
        return None


def _sample(event: State, timing: Timing, fault: Fault | None = None) -> Sample | None:
    if fault is not None and fault.kind in OURS and timing.ttfb is None:
        return None
    return Sample(event.t, "reply", timing, None, fault.kind if fault else "")
