"""Names for conversations, turns and replies, made by whoever begins one."""

from __future__ import annotations

import os
import threading
import time

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no i, l, o, u, so that an id can be read aloud; ascending: text order is number order."""

_RANDOM_BITS = 80
_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """26 characters: 48 bits of milliseconds and 80 of chance. They sort by time, strictly within a process."""
    global _last  # noqa: PLW0603  the order of one process's ids is process-wide
    fresh = (time.time_ns() // 1_000_000 << _RANDOM_BITS) | int.from_bytes(os.urandom(_RANDOM_BITS // 8), "big")
    with _lock:
        # In the same millisecond, or where the clock was set back: the next number keeps the order.
        _last = number = max(fresh, _last + 1)
    return "".join(_DIGITS[number >> shift & 31] for shift in range(125, -1, -5))
