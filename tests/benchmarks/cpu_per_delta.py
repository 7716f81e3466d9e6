"""CPU of one delta through the whole engine, against the least that any client must do with the same bytes.

    python tests/benchmarks/cpu_per_delta.py [--deltas N] [--rounds N] [--openai PYTHON]

bare: httpx `aiter_bytes`, our decoder, `json.loads`, nothing else. PYTHON is an interpreter that has the openai
package; its asynchronous stream reads the same bytes. Each in turn, round by round, from a server in a process of its
own; CPU of this process alone. Exits 1 where engine / bare is over 1.5, engine / openai over 0.25, or a delta of a long
answer costs over 1.25 of one of a short (slopes: starting is left out).
"""

# ruff: noqa: T201  its output is what it is for
from __future__ import annotations

import argparse
import asyncio
import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

import httpx  # noqa: E402
from source import running, said  # noqa: E402

from tui.engine import stream_reply  # noqa: E402
from tui.engine.sse import Decoder  # noqa: E402
from tui.words import Content, Done, Message, Policy, Provider, Request, Timeouts  # noqa: E402

MOST_OF_BARE, MOST_OF_OPENAI, MOST_GROWTH = 1.5, 0.25, 1.25
PATIENT = Policy(timeouts=Timeouts(connect=60, first_byte=60, idle=60, progress=60))
OPENAI = """
import asyncio, gc, sys, time
from openai import AsyncOpenAI
async def main():
    client = AsyncOpenAI(base_url=sys.argv[1], api_key="x")
    stream = await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}], stream=True)
    count = 0
    async for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            count += 1
    return count
best = []
for _ in range(int(sys.argv[2])):
    gc.collect()
    began = time.process_time()
    count = asyncio.run(main())
    best.append((time.process_time() - began) / count)
print(" ".join(str(x) for x in best))
"""


async def through_the_engine(url: str, deltas: int) -> None:
    request = Request("m", (Message("user", "x"),))
    provider = Provider("bench", url, local=True)
    count = 0
    async for event in stream_reply(request, provider, PATIENT):
        if isinstance(event, Content):
            count += 1
        elif isinstance(event, Done):
            assert event.text == said(0, deltas)
    assert count == deltas


async def bare(url: str, deltas: int) -> None:
    decoder = Decoder()
    count = 0
    body = json.dumps({"messages": [{"role": "user", "content": "x"}]}).encode()
    async with (
        httpx.AsyncClient(timeout=60, trust_env=False) as client,
        client.stream("POST", url + "/chat/completions", content=body) as response,
    ):
        async for chunk in response.aiter_bytes():
            for frame in decoder.feed(chunk):
                if frame.data != "[DONE]":
                    json.loads(frame.data)
                    count += 1
    assert count == deltas + 1


def cost(work: Callable[[str, int], object], url: str, deltas: int) -> float:
    """Seconds of CPU for each delta."""
    gc.collect()
    began = time.process_time()
    asyncio.run(work(url, deltas))  # type: ignore[arg-type]  # one of the two above
    return (time.process_time() - began) / deltas


def compare(port: int, deltas: int, per_chunk: int, rounds: int, openai: str) -> bool:
    url = f"http://127.0.0.1:{port}/{deltas}/{per_chunk}/0/v1"
    ours: list[float] = []
    least: list[float] = []
    theirs: list[float] = []
    for at in range(rounds + 1):
        pair = cost(through_the_engine, url, deltas), cost(bare, url, deltas)
        if at:  # the first warms up
            ours.append(pair[0])
            least.append(pair[1])
        if openai and at:
            told = subprocess.run([openai, "-c", OPENAI, url, "1"], check=True, capture_output=True, text=True)
            theirs.append(float(told.stdout))
    ratio = median(a / b for a, b in zip(ours, least, strict=True))
    line = f"{deltas:7} deltas, {per_chunk:2} in a chunk: engine {median(ours) * 1e6:5.1f} us, bare"
    line += f" {median(least) * 1e6:5.1f} us, engine / bare {ratio:.2f} (at most {MOST_OF_BARE})"
    well = ratio <= MOST_OF_BARE
    if theirs:
        share = median(a / b for a, b in zip(ours, theirs, strict=True))
        line += f", openai {median(theirs) * 1e6:5.1f} us, engine / openai {share:.3f} (at most {MOST_OF_OPENAI})"
        well = well and share <= MOST_OF_OPENAI
    print(line, flush=True)
    return well


def growth(port: int, rounds: int) -> bool:
    """What one more delta costs in a long answer, against one more in a short: slopes, so that starting costs neither.

    From 1,000 to 10,000, and from 10,000 to 100,000. A cost that grows with the length shows: were each delta to copy
    the text so far, the second slope would be a multiple of the first.
    """
    ratios = []
    for _ in range(rounds):
        spent = {}
        for deltas, times in ((1_000, 9), (10_000, 5), (100_000, 1)):
            url = f"http://127.0.0.1:{port}/{deltas}/1/0/v1"
            spent[deltas] = median(cost(through_the_engine, url, deltas) * deltas for _ in range(times))
        short = (spent[10_000] - spent[1_000]) / 9_000
        long = (spent[100_000] - spent[10_000]) / 90_000
        ratios.append(long / short)
    line = f"one more delta between 10,000 and 100,000 costs {median(ratios):.2f} of one between 1,000 and 10,000"
    print(f"{line} (at most {MOST_GROWTH})")
    return median(ratios) <= MOST_GROWTH


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deltas", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--per-chunk", default="1,50", help="frames in an HTTP chunk")
    parser.add_argument("--openai", default="", help="a Python with the openai package")
    asked = parser.parse_args()
    with running() as port:
        sizes = [int(size) for size in asked.per_chunk.split(",")]
        well = [compare(port, asked.deltas, size, asked.rounds, asked.openai) for size in sizes]
        well.append(growth(port, 3))
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
