"""What one answer teaches about the rungs of its server and model. Pure: values in, values out."""

from __future__ import annotations

from dataclasses import replace

from tui.engine.ladder import thinking_off
from tui.words import Fault, Learned, Model, Rung


def after_refusal(learned: Learned, rung: Rung, fault: Fault, model: Model) -> tuple[Learned, bool]:
    """A 400 or 422 to `rung`; and whether the same rung is worth one more request, without thinking."""
    if rung == "prefill" and "enable_thinking" in fault.detail and thinking_off(model) and not learned.no_thinking:
        return replace(learned, no_thinking=True), True
    return replace(learned, refused=learned.refused | {rung}), False


SAMPLED, CERTAIN = 1, 6
"""Points for a miss. Of 70 prefills that a small real model heeded at temperature 0.8, 43 missed from the first word
on, 25 after some, and 2 came back whole: one such miss says next to nothing, twelve in a row are 1 in 350."""


def after_miss(learned: Learned, rung: Rung | None, temperature: float | None, *, near: bool) -> Learned:
    """The text after the prefill was not what stood there. `near`: it began as that did, so the prefill was heeded."""
    if rung != "prefill":
        return learned
    points = CERTAIN if temperature == 0 else SAMPLED
    return replace(learned, misses=0 if near else learned.misses + points)


def after_seam(learned: Learned, rung: Rung | None) -> Learned:
    """A verified seam: whatever was thought of its rung, it works."""
    if rung == "replay":
        return replace(learned, replay=True)
    if rung != "prefill" or (not learned.misses and rung not in learned.refused):
        return learned
    return replace(learned, misses=0, refused=learned.refused - {rung})
