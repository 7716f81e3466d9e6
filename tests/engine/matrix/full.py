"""The whole fault matrix: every byte of every answer x every fault x every server. Prints a table; exits 1 for a fault.

    python tests/engine/matrix/full.py [--every N] [--processes N]

1,300,992 replies; about 50 minutes of one core.
"""

# ruff: noqa: T201  its output is what it is for
from __future__ import annotations

import argparse
import itertools
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[2])]

from cuts import Cell, Table, Tally, complaints, every, run_all, tally  # noqa: E402

PORTION = 2000


def portions(step: int) -> Iterator[list[Cell]]:
    cells = (cell for cell in every() if cell.cut % step == 0)
    while portion := list(itertools.islice(cells, PORTION)):
        yield portion


def counted(cells: list[Cell]) -> Table:
    """In a process of its own; only figures come back."""
    return tally(run_all(cells))


def written(table: Table) -> str:
    lines = ["answer    server            runs    right  marked  wrong  from 48  resumed      %"]
    for (answer, server), row in table.items():
        share = 100 * row.resumed / row.long if row.long else 100.0
        lines.append(
            f"{answer:9} {server:13} {row.runs:8} {row.right:8} {row.marked:7} {len(row.wrong):6}"
            f" {row.long:8} {row.resumed:8} {share:6.1f}"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only each N-th byte")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    table: Table = {}
    done = 0
    with ProcessPoolExecutor(asked.processes) as pool:
        for part in pool.map(counted, portions(asked.every)):
            for place, figures in part.items():
                table.setdefault(place, Tally()).plus(figures)
            done += sum(figures.runs for figures in part.values())
            print(f"\r{done}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(written(table))
    found = complaints(table)
    wrong = sum(len(row.wrong) for row in table.values())
    print(f"{done} replies, {wrong} wrong and unmarked, {len(found)} complaints")
    print("\n".join(found[:40]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
