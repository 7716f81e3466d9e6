"""How near the screen's times are to the truth: the real application over a provider that breaks in every way.

    python tests/benchmarks/screen_truth.py [ROUNDS]

Every painted frame of the connection pane and the log's TTFB and TTFT against the server's own log. Must hold: TTFB and
TTFT within 3 ms or 5 %, whichever is larger; a countdown within 150 ms of the next request, as long as it stands there;
changes on screen within 100 ms, a stream that hangs within 1 s of the threshold; a dead network by the next probe.
"""

# ruff: noqa: T201  its output is what it is for
from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

sys.path.extend(str(Path(__file__).parents[1] / room) for room in ("", "engine", "screen", "benchmarks"))

from breakages import IDLE, PROGRESS
from breaking_provider import listing
from live_app import live
from timing_truth import LEAST, PART, undisturbed
from truth_run import WIDE, Attempt, Run, attempts_of, run, settings
from wire_server import WireServer
from witness import Frame, watched

from tui import say
from tui.cli.screen_run import settle
from tui.engine.reader import stall_after
from tui.words import Timeouts

COUNTDOWN, CHANGE, NAMED = 0.150, 0.100, 1.0
"""Seconds: what must hold."""

NEXT_PROBE = 1.2 * 1.0 + 1.0
"""Seconds: the longest interval of the probes below, and their deadline."""


class Delays:
    """How late this machine lets a task of the loop run that wanted nothing but to run: no fault of the screen's."""

    STEP = 0.005

    def __init__(self) -> None:
        self.late: list[float] = []

    async def __call__(self) -> None:
        while True:
            due = time.monotonic() + self.STEP
            await asyncio.sleep(self.STEP)  # noqa: TID251  the machine's own time is what is measured
            self.late.append(time.monotonic() - due)


def latencies(told: Run) -> Iterator[tuple[str, float, float]]:
    """(which, shown, true) of each stream."""
    by_id = {attempt.id: attempt for attempt in attempts_of(told)}
    for entry in told.entries:
        if entry.what == "streaming" and entry.ttfb is not None and entry.ttft is not None:
            one = by_id[entry.connection_id]
            assert one.head_at is not None
            assert one.text_at is not None
            yield "TTFB", entry.ttfb, one.head_at - one.request_at
            yield "TTFT", entry.ttft, one.text_at - one.request_at


def countdowns(told: Run) -> Iterator[float]:
    """By how much each countdown was off: when it was painted, and just before the next painting took its place."""
    by_id = {attempt.id: attempt for attempt in attempts_of(told)}
    for frame, after in pairwise(told.frames):
        attempt = by_id.get(frame.connection)
        if frame.countdown is None or attempt is None or attempt.next_at is None:
            continue
        for moment in (frame.at, min(after.at, attempt.next_at)):
            yield moment + frame.countdown - attempt.next_at


def changes(told: Run) -> Iterator[tuple[str, float]]:
    """(state, seconds from what the server did to its first painting)."""
    for attempt in attempts_of(told):
        for state, at in _moments(attempt):
            shown = _first(told.frames, attempt.id, state)
            if shown is not None:
                yield state, shown - at


def _moments(attempt: Attempt) -> Iterator[tuple[str, float]]:
    step = attempt.step
    if step.answer is None:
        return
    yield "waiting", attempt.request_at
    if attempt.text_at is not None:
        yield "streaming", attempt.text_at
    if step.stalls and attempt.last_text_at is not None:
        yield "stalled", attempt.last_text_at + stall_after(Timeouts(idle=IDLE, progress=PROGRESS))
    elif step.kind and step.kind != "no-first-byte":
        yield ("failed" if step.final else "backing_off"), attempt.ended_at


def _first(frames: Iterable[Frame], connection: int, state: str) -> float | None:
    return next((frame.at for frame in frames if (frame.connection, frame.state) == (connection, state)), None)


async def dead_network(folder: Path) -> float:
    """Seconds until a network that died while nobody asked anything is on the screen."""
    with watched() as witness, WireServer(lambda _: listing("test-model")) as server:
        config = settings(folder, server.url, 1.0)
        config.write_text(config.read_text() + "[probe]\ninterval = 1.0\n")
        async with live(config, WIDE) as screen:
            await screen.until(lambda: "loss 0/2" in screen.text())
            server.refuse(True)
            died = time.monotonic()
            await screen.until(lambda: "lost" in witness.frames[-1].rows[2])
            return witness.frames[-1].at - died


def report(name: str, values: list[float], limit: float, over: int) -> int:
    off = sorted(abs(value) for value in values)
    middle, most = off[len(off) // 2] * 1000, off[-1] * 1000
    print(f"{name}: {len(off)}, {middle:.1f} ms (median), {most:.1f} ms (most), {over} over {limit * 1000:.0f} ms")
    return over


def judge(told: Run) -> int:
    wrong = 0
    found = list(latencies(told))
    for name in ("TTFB", "TTFT"):
        off = [shown - true for which, shown, true in found if which == name]
        over = [true for which, shown, true in found if which == name and abs(shown - true) > max(LEAST, PART * true)]
        wrong += report(f"{name} off by", off, LEAST, len(over))
        for which, shown, true in found:
            if which == name and abs(shown - true) > max(LEAST, PART * true):
                print(f"  shown {shown * 1000:.1f} ms, true {true * 1000:.1f} ms")
    counted = list(countdowns(told))
    wrong += report("countdown off by", counted, COUNTDOWN, sum(abs(one) > COUNTDOWN for one in counted))
    shown = list(changes(told))
    for state in ("waiting", "streaming", "stalled", "backing_off", "failed"):
        late, limit = [one for which, one in shown if which == state], NAMED if state == "stalled" else CHANGE
        wrong += report(f"{state} shown after", late, limit, sum(one > limit for one in late))
    return wrong


async def play(folder: Path, rounds: int, delays: Delays) -> Run:
    watching = asyncio.create_task(delays())
    settle()  # as the program itself
    try:
        return await run(folder, rounds, backoff=2.0)
    finally:
        watching.cancel()


def main() -> int:
    undisturbed()
    # The server is a thread of this process: at Python's 5 ms each would wait for the other as long as for the wire.
    sys.setswitchinterval(0.0002)
    rounds = int(sys.argv[1]) if sys.argv[1:] else 2
    say.speak("en")
    delays = Delays()
    with tempfile.TemporaryDirectory() as home:
        os.environ.update({f"XDG_{place}_HOME": f"{home}/{place}" for place in ("CONFIG", "DATA", "CACHE", "STATE")})
        told = asyncio.run(play(Path(home), rounds, delays))
        wrong = judge(told)
        died = asyncio.run(dead_network(Path(home)))
    late = sorted(delays.late)
    print(f"a dead network shown after {died:.1f} s")
    middle, most = late[len(late) // 2] * 1000, late[len(late) * 99 // 100] * 1000
    print(f"the loop itself: {middle:.1f} ms late (median), {most:.1f} ms (p99); {len(told.frames)} paintings")
    return 1 if wrong or died > NEXT_PROBE else 0


if __name__ == "__main__":
    sys.exit(main())
