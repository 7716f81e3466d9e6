"""How long a resume keeps its reader waiting, against a plain request, in one run.

    python tests/benchmarks/resume_ttft.py [--rounds N]

A server on loopback without token delay, in a process of its own, closes each answer's connection in the middle once.
plain: from the request to the first text. resume: from the end of the back-off to the first NEW text; what is generated
again for the anchor does not count. Exits 1 where resume / plain (medians) is over 2.
"""

# ruff: noqa: T201  its output is what it is for
from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path
from statistics import median

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

from source import running, said  # noqa: E402

from tui.engine import stream_reply  # noqa: E402
from tui.words import Content, Done, Message, Model, Policy, Provider, Request, Retry, Seam, State  # noqa: E402

MOST = 2.0
DELTAS, EVERY = 400, 200
POLICY = Policy(retry=Retry(initial_backoff=0.01))


async def once(port: int) -> tuple[float, float]:
    """Seconds of the plain first text, and of the resume's first new one."""
    url = f"http://127.0.0.1:{port}/{DELTAS}/1/{EVERY}/v1"
    provider = Provider("bench", url, models={"m": Model("m", first_rung="prefill")})
    plain = resume = 0.0
    due: float | None = None
    began = time.monotonic()
    async for event in stream_reply(Request("m", (Message("user", "x"),)), provider, POLICY):
        match event:
            case State(state="backing_off"):
                due = event.until
            case Content() if not plain:
                plain = time.monotonic() - began
            case Content() if due is not None:
                resume = time.monotonic() - due
                due = None
            case Seam(mark=mark):
                assert mark.verified
            case Done():
                assert event.text == said(0, DELTAS)
                assert event.resumes == 1
    return plain, resume


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    asked = parser.parse_args()
    with running() as port:
        asyncio.run(once(port))  # loads httpx
        times = [asyncio.run(once(port)) for _ in range(asked.rounds)]
    plain, resume = (sorted(column) for column in zip(*times, strict=True))
    ratio = median(resume) / median(plain)
    for name, column in (("plain", plain), ("resume", resume)):
        high = column[int(len(column) * 0.95)]
        print(f"{name:6} first text: median {median(column) * 1e3:5.1f} ms, p95 {high * 1e3:5.1f} ms")
    print(f"resume / plain {ratio:.2f} (at most {MOST}), {asked.rounds} rounds")
    return 0 if ratio <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
