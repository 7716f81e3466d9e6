"""Dollars as they are shown."""

from __future__ import annotations

import math

LEAST_SHOWN = 1e-7
"""Dollars: a tenth of a token of the cheapest model."""


def dollars(cost: float) -> str:
    """Cents for what is much, two digits that mean something for what is little; without the sign."""
    if cost >= 0.001 or cost <= 0:
        return f"{cost:,.{2 if cost <= 0 or cost >= 100 else 4}f}"
    cost = max(cost, LEAST_SHOWN)
    return f"{cost:.{1 - math.floor(math.log10(cost))}f}".rstrip("0")
