"""What a very long answer over a very bad line costs in memory: 1,000,000 deltas, a fault every 10,000.

    python tests/benchmarks/million_deltas.py [--deltas N] [--every N]

The answer (7 MB of text) comes from a process of its own, whose connection is closed after each 10,000 deltas; each
resume is a prefill with all of the text before its anchor. Attempts are not limited. Counted by tracemalloc: what is
alive at the last delta and was not at the first, less the answer's own text. Exits 1 where that is over 5 MB, or where
the text is not exact. The peak is told beside it: a resume joins the text and writes it into a request, so for that
moment there are some copies of it. Two minutes.
"""

# ruff: noqa: T201  its output is what it is for
from __future__ import annotations

import argparse
import asyncio
import gc
import sys
import time
import tracemalloc
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

from source import running, said  # noqa: E402

from tui.engine import stream_reply  # noqa: E402
from tui.words import (  # noqa: E402
    Content,
    Done,
    Limits,
    Message,
    Model,
    Policy,
    Provider,
    Request,
    Retry,
    Seam,
    Timeouts,
)

MOST = 5_000_000
"""Bytes."""
POLICY = Policy(
    retry=Retry(initial_backoff=0.01),
    timeouts=Timeouts(connect=60, first_byte=120, idle=120, progress=120),
    limits=Limits(attempts=0),
)


async def grown(port: int, deltas: int, every: int) -> tuple[int, int, int, int]:
    """Bytes alive beyond the text at the last delta; the most at any moment, text and all; resumes; code points."""
    url = f"http://127.0.0.1:{port}/{deltas}/50/{every}/v1"
    provider = Provider("bench", url, models={"m": Model("m", first_rung="prefill")})
    first = last = peak = count = 0
    async for event in stream_reply(Request("m", (Message("user", "x"),)), provider, POLICY):
        if isinstance(event, Content):
            count += 1
            if count == 1000:
                gc.collect()
                first = tracemalloc.get_traced_memory()[0]
                tracemalloc.reset_peak()
            elif count == deltas:
                peak = tracemalloc.get_traced_memory()[1]
                gc.collect()
                last = tracemalloc.get_traced_memory()[0]
        elif isinstance(event, Seam):
            assert event.mark.verified
        elif isinstance(event, Done):
            assert event.text == said(0, deltas)
            return last - first - len(event.text), peak - first, event.resumes, len(event.text)
    raise AssertionError("it was not completed")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deltas", type=int, default=1_000_000)
    parser.add_argument("--every", type=int, default=10_000)
    asked = parser.parse_args()
    began = time.monotonic()
    tracemalloc.start()
    with running() as port:
        growth, peak, resumes, length = asyncio.run(grown(port, asked.deltas, asked.every))
    print(f"{asked.deltas} deltas, {length} characters, {resumes} resumes, all verified, text exact")
    print(f"beyond the text: {growth / 1e6:.2f} MB (at most {MOST / 1e6:.0f}), {time.monotonic() - began:.0f} s")
    print(f"peak, with the text and what a resume copies of it: {peak / 1e6:.1f} MB, {peak / length:.1f} of the text")
    return 0 if growth <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
