"""The rung `replay` at every byte: each answer of the matrix x each fault, on a server that keeps its streams.

    python tests/engine/matrix/replays.py [--every N]

Prints a table; exits 1 where a text is not the answer byte for byte, or another rung was needed. About 100,000 replies,
some minutes.
"""

# ruff: noqa: T201  its output is what it is for
from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[2])]

from answers import ANSWERS, WIRES  # noqa: E402
from kept_streams import FAULTS, KNOWN, Keeps  # noqa: E402
from play import played  # noqa: E402


async def exact(answer: str, fault: str, cut: int) -> bool:
    """Whether one cut is survived by replay alone, and nothing is lost or said twice."""
    serve = Keeps(WIRES[answer], [(cut, fault)], ANSWERS[answer])
    result = await played(serve, provider=KNOWN)
    replayed = serve.methods in (["POST"], ["POST", "GET"]) and all(mark.how == "replay" for mark in result.seams)
    return replayed and result.done.verified and result.replies == [ANSWERS[answer]]


async def row(answer: str, fault: str, every: int) -> tuple[int, int]:
    """(replies, those that were exact)."""
    cuts = range(0, len(WIRES[answer]) + 1, every)
    return len(cuts), sum([await exact(answer, fault, cut) for cut in cuts])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only each N-th byte")
    every: int = parser.parse_args().every
    wrong = 0
    print("answer    fault          runs    exact")
    for answer in ANSWERS:
        for fault in FAULTS:
            runs, right = asyncio.run(row(answer, fault, every))
            wrong += runs - right
            print(f"{answer:9} {fault:12} {runs:6} {right:8}", flush=True)
    print(f"{wrong} not exact")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
