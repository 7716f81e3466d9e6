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


def after_miss(learned: Learned, rung: Rung | None, *, near: bool) -> Learned:
    """The text after the prefill was not what stood there. `near`: it began as that did.

    A sampled model that goes on from a prefill often takes another turn after some words: that is no fault of the
    rung. Something else from the first word on, twice in a row, is a server that does not heed the prefill.
    """
    if rung != "prefill":
        return learned
    return replace(learned, misses=0 if near else learned.misses + 1)


def after_seam(learned: Learned, rung: Rung | None) -> Learned:
    """A verified seam: whatever was thought of its rung, it works."""
    if rung == "replay":
        return replace(learned, replay=True)
    if rung != "prefill" or (not learned.misses and rung not in learned.refused):
        return learned
    return replace(learned, misses=0, refused=learned.refused - {rung})
