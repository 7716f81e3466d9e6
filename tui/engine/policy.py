"""How long to wait before the next attempt, and when to give up. Pure; dice are passed in."""

from __future__ import annotations

from collections.abc import Callable

from tui.words import Fault, Retry

FLOOR = 0.25
"""Seconds; full jitter alone could answer a fault with an instant retry."""
GROWTH = 1.25
"""A back-off is at least so many times the one before it: full jitter alone makes a quarter of all pairs shrink."""
RATE_LIMIT_FIRST, RATE_LIMIT_MOST = 60.0, 300.0
"""Seconds a 429 waits that does not say how long; doubled up to the second."""
LONGEST_OBEYED = 300.0
"""Seconds; a server that asks for more is not obeyed without asking the user."""
LEAST_INTERVAL = 0.1
"""Seconds between two requests of one reply."""

Dice = Callable[[], float]
"""A number from 0 up to 1."""


def backoff(retry: Retry, retry_count: int, dice: Dice, before: float = 0.0) -> float:
    """Seconds before retry number `retry_count` (from 1): full jitter, which costs the provider least, with a floor.

    AWS Architecture Blog, "Exponential Backoff and Jitter": rand(0, min(cap, base * 2^n)). `before`: the back-off
    before this one, where no progress was made since; 0 for the first.
    """
    ceiling = min(retry.max_backoff, retry.initial_backoff * 2.0 ** min(retry_count - 1, 60))
    floor = min(FLOOR, ceiling)
    return min(ceiling, max(floor + dice() * (ceiling - floor), before * GROWTH))


def is_drawn(fault: Fault) -> bool:
    """Whether the wait after `fault` is a back-off of ours: nobody asks for another."""
    return fault.wait is None and fault.kind != "rate-limit"


def wait_for(fault: Fault, retry: Retry, retry_count: int, rate_limits: int, dice: Dice, before: float = 0.0) -> float:
    """Seconds to wait after `fault`. `rate_limits`: how many 429 came in a row, this one included."""
    if fault.wait is not None:
        return max(fault.wait, min(FLOOR, retry.initial_backoff))
    if fault.kind == "rate-limit":
        return min(RATE_LIMIT_MOST, RATE_LIMIT_FIRST * 2.0 ** min(rate_limits - 1, 8))
    return backoff(retry, retry_count, dice, before)


def asks_for_a_wait(fault: Fault) -> bool:
    """Whether a reply that ended with `fault` may go on after a wait that is the user's to agree to."""
    return fault.wait is not None and (fault.wait > LONGEST_OBEYED or fault.kind == "retry-budget")
