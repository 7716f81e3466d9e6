"""The whole fault matrix: every byte of every answer x every fault x every server. Prints a table; exits 1 for a fault.

    python tests/engine/matrix/full.py [--every N] [--processes N]

About 1,300,000 replies; half an hour on two cores.
"""

# ruff: noqa: T201  its output is what it is for
from __future__ import annotations

import argparse
import itertools
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[2])]

from cuts import Cell, Verdict, complaints, every, run_all, tally  # noqa: E402

PORTION = 2000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only each N-th byte")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    cells = (cell for cell in every() if cell.cut % asked.every == 0)
    portions: list[list[Cell]] = [list(portion) for portion in iter(lambda: list(itertools.islice(cells, PORTION)), [])]
    verdicts: list[Verdict] = []
    with ProcessPoolExecutor(asked.processes) as pool:
        for done, portion in enumerate(pool.map(run_all, portions), 1):
            verdicts += portion
            if sys.stderr.isatty():
                print(f"\r{done}/{len(portions)}", end="", file=sys.stderr)
    table = tally(verdicts)
    print("answer    server            runs    right  marked  wrong  from 48  resumed      %")
    for (answer, server), counted in table.items():
        share = 100 * counted.resumed / counted.long if counted.long else 100.0
        print(
            f"{answer:9} {server:13} {counted.runs:8} {counted.right:8} {counted.marked:7} {counted.wrong:6}"
            f" {counted.long:8} {counted.resumed:8} {share:6.1f}"
        )
    found = complaints(verdicts, table)
    print(f"{len(verdicts)} replies, {sum(v.wrong for v in verdicts)} wrong and unmarked, {len(found)} complaints")
    print("\n".join(found[:40]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
