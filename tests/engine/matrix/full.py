"""The whole fault matrix: every byte of every answer x every fault x every server. Prints a table; exits 1 for a fault.

    python tests/engine/matrix/full.py [--every N] [--processes N] [--sockets N]

1,892,352 replies in memory with a fake clock (over an hour of one core), then N of each answer, server and fault
over real sockets: 4,480 with N = 20 (two minutes).
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

from cuts import Cell, Table, Tally, complaints, every, run_all, sample, tally  # noqa: E402
from sockets import run_over_sockets  # noqa: E402

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


def in_memory(step: int, processes: int) -> Table:
    table: Table = {}
    done = 0
    with ProcessPoolExecutor(processes) as pool:
        for part in pool.map(counted, portions(step)):
            for place, figures in part.items():
                table.setdefault(place, Tally()).plus(figures)
            done += sum(figures.runs for figures in part.values())
            print(f"\r{done}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return table


def told(title: str, table: Table) -> bool:
    """Print one table; whether all of it is as it must be."""
    found = complaints(table)
    replies = sum(row.runs for row in table.values())
    wrong = sum(len(row.wrong) for row in table.values())
    print(f"{title}\n{written(table)}\n{replies} replies, {wrong} wrong and unmarked, {len(found)} complaints")
    print("\n".join(found[:40]), flush=True)
    return not found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="in memory, only each N-th byte; 0: none")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--sockets", type=int, default=20, help="over sockets, N of each answer, server and fault")
    parser.add_argument("--seed", type=int, default=20261123, help="which bytes are cut over sockets")
    asked = parser.parse_args()
    well = True
    if asked.every:
        well = told("In memory", in_memory(asked.every, asked.processes))
    if asked.sockets:
        cells = sample(asked.seed, asked.sockets)
        well = told("Over sockets", tally(run_over_sockets(cells, asked.seed))) and well
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
