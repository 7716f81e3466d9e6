"""A retry storm, simulated: 100,000 clients lose one provider at the same moment.

    python tests/benchmarks/retry_storm.py [--clients N] [--svg FILE]

At time 0 every client's request fails. The provider is away for AWAY seconds; then it is back and serves a tenth of the
clients at once, each for SERVICE seconds, and answers the others with 503. Each client asks again as its policy says
until it is served or has made RETRIES retries (the same for all: it is the shape of the waits that is compared, not the
patience). Three policies:

none    1, 2, 4 … 60 s, as in the user's documents: everybody asks in the same moment
25 %    0.5, 1, 2 … 8 s less up to a quarter, as the SDKs of the large providers do
ours    tui/engine/policy.py `wait_for` and tui/engine/retry_budget.py: full jitter with a floor, and the budget that
        the replies of a process share; the very code of the engine

Time is simulated, in steps of the requests themselves. Prints a table; writes the picture.
"""

# ruff: noqa: T201  its output is what it is for
from __future__ import annotations

import argparse
import heapq
import random
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tui.engine.policy import wait_for
from tui.engine.retry_budget import RetryBudget, counts
from tui.words import Fault, Retry

CLIENTS = 100_000
AWAY = 10.0
"""Seconds without a provider: connections are refused."""
SERVICE = 1.0
"""Seconds that one request keeps its place."""
RETRIES = 8
"""Of each client; with the documents' 5 half of them would be gone before it is their turn."""
SHOWN = 120
"""Seconds of the picture."""
BIN = 0.1
"""Seconds in which requests are counted together."""

REFUSED = Fault("refused", permanent=False)
BUSY = Fault("overloaded", permanent=False, status=503)

Wait = Callable[[Fault, int, float, float], float | None]
"""(fault, retry from 1, now, dice) -> seconds, or None to give up."""


def no_jitter(_fault: Fault, retry: int, _now: float, _dice: float) -> float | None:
    return min(60.0, 2.0 ** (retry - 1))


def quarter(_fault: Fault, retry: int, _now: float, dice: float) -> float | None:
    """openai-python `_calculate_retry_timeout`: 0.5 * 2^n, at most 8, times 1 - 0.25 * random."""
    return min(8.0, 0.5 * 2.0 ** (retry - 1)) * (1 - 0.25 * dice)


class Ours:
    """One client of ours: the engine's wait, the process's budget."""

    def __init__(self) -> None:
        self.retry = Retry()
        self.budget = RetryBudget()

    def __call__(self, fault: Fault, retry: int, now: float, dice: float) -> float | None:
        wait = wait_for(fault, self.retry, retry, 0, lambda: dice)
        if counts(fault) and not self.budget.take("http://provider/v1", now, now + wait):
            return None
        return wait


@dataclass(slots=True)
class Storm:
    """What the provider saw."""

    per_bin: Counter[int] = field(default_factory=Counter)
    served: int = 0
    gave_up: int = 0
    requests: int = 0
    last: float = 0.0
    """When the last one was served."""

    @property
    def peak(self) -> int:
        """Requests in one BIN, at most, once the provider is back."""
        return max(count for at, count in self.per_bin.items() if at >= round(AWAY / BIN))

    @property
    def turned_away(self) -> int:
        """Requests that the provider, back again, had to answer with 503."""
        return sum(count for at, count in self.per_bin.items() if at >= round(AWAY / BIN)) - self.served


def storm(clients: int, policy: Callable[[], Wait], seed: int = 6) -> Storm:
    """Run it to its end."""
    dice = random.Random(seed)
    capacity = clients // 10
    seen = Storm()
    waits = [policy() for _ in range(clients)]
    due: list[tuple[float, int, int]] = []
    busy: deque[float] = deque()

    def fails(client: int, retry: int, now: float, fault: Fault) -> None:
        wait = waits[client](fault, retry, now, dice.random()) if retry <= RETRIES else None
        if wait is None:
            seen.gave_up += 1
        else:
            heapq.heappush(due, (now + wait, client, retry + 1))

    for client in range(clients):
        fails(client, 1, 0.0, REFUSED)
    while due:
        now, client, retry = heapq.heappop(due)
        seen.per_bin[int(now / BIN + 1e-9)] += 1
        seen.requests += 1
        if now < AWAY:
            fails(client, retry, now, REFUSED)
            continue
        while busy and busy[0] <= now:
            busy.popleft()
        if len(busy) < capacity:
            busy.append(now + SERVICE)
            seen.served += 1
            seen.last = now
        else:
            fails(client, retry, now, BUSY)
    return seen


POLICIES: Sequence[tuple[str, str, Callable[[], Wait]]] = (
    ("no jitter (the documents)", "#d1495b", lambda: no_jitter),
    ("25 % jitter (the SDKs)", "#edae49", lambda: quarter),
    ("unbroken: full jitter + budget", "#2e86ab", Ours),
)


def picture(storms: Sequence[tuple[str, str, Storm]], clients: int) -> str:
    """Requests at the provider over time, one row a policy on one scale, as SVG. No font is fetched."""
    width, row, left, top = 960, 160, 78, 66
    plot, high = width - left - 24, row - 44
    most = max(max(found.per_bin.values()) for _, _, found in storms)
    height = top + row * len(storms) + 14
    x = plot / SHOWN
    words = 'font-family="DejaVu Sans, Verdana, sans-serif"'

    def text(at: float, line: float, said: str, size: int = 11, colour: str = "#555555", anchor: str = "start") -> str:
        where = f'x="{at:.1f}" y="{line:.1f}" text-anchor="{anchor}"'
        return f'<text {where} {words} font-size="{size}" fill="{colour}">{said}</text>'

    title = f"{clients:,} clients lose one provider; after {AWAY:.0f} s it is back, for {clients // 10:,} at a time"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        text(left, 26, title, 17, "#1b1b1b"),
        text(left, 48, "requests in each tenth of a second at the provider; grey: it is away", 13),
    ]
    for number, (name, colour, found) in enumerate(storms):
        base = top + row * number + row - 24
        parts.append(f'<rect x="{left}" y="{base - high}" width="{AWAY * x:.1f}" height="{high}" fill="#e8e8e8"/>')
        parts.append(f'<line x1="{left}" y1="{base}" x2="{left + plot}" y2="{base}" stroke="#888888"/>')
        for at, count in sorted(found.per_bin.items()):
            if at * BIN < SHOWN:
                tall = max(1.0, high * count / most)
                place = f'x="{left + at * BIN * x:.1f}" y="{base - tall:.1f}" width="1.6" height="{tall:.1f}"'
                parts.append(f'<rect {place} fill="{colour}"/>')
        told = (
            f"{found.peak:,} in a tenth of a second once it is back",
            f"503 to each client: {found.turned_away / clients:.1f} times",
            f"{found.served / clients:.0%} served, the last after {found.last:.0f} s",
        )
        parts += [
            text(left - 8, base - high + 10, f"{most:,}", anchor="end"),
            text(left - 8, base + 4, "0", anchor="end"),
            text(left + plot, base - high + 14, name, 15, colour, "end"),
            *(text(left + plot, base - high + 33 + 17 * at, one, 12, "#333333", "end") for at, one in enumerate(told)),
        ]
    base = top + row * len(storms) - 24
    parts += [text(left + at * x, base + 18, f"{at} s", anchor="middle") for at in range(0, SHOWN + 1, 10)]
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    options = argparse.ArgumentParser(description="A retry storm, simulated.")
    options.add_argument("--clients", type=int, default=CLIENTS)
    options.add_argument("--svg", type=Path)
    chosen = options.parse_args()
    storms = [(name, colour, storm(chosen.clients, policy)) for name, colour, policy in POLICIES]
    print("| policy | requests a client | 503 a client | most in 0.1 s once back | served | last served | gave up |")
    print("|---|---|---|---|---|---|---|")
    for name, _, found in storms:
        each = (f"{found.requests / chosen.clients:.2f}", f"{found.turned_away / chosen.clients:.2f}")
        parts = (*each, f"{found.peak:,}", f"{found.served / chosen.clients:.1%}", f"{found.last:.0f} s")
        print(f"| {name} | {' | '.join(parts)} | {found.gave_up:,} |")
    if chosen.svg:
        chosen.svg.write_text(picture(storms, chosen.clients), encoding="utf-8")


if __name__ == "__main__":
    main()
