"""What a keystroke in the search of conversations costs: a journal opened for each, and one kept open.

    python tests/benchmarks/search_typing.py [--messages 100000] [--folder DIR]

Words are typed letter by letter. "One by one": each letter when the rows for the last one are there; the median of the
times until they are. "At once": all letters of a word with 5 ms between them (a burst on a slow link, or fast fingers);
the median of the time from the last letter until its rows are there, which is where the letters before stand in the
way if they are searched for to the end.
"""

# ruff: noqa: T201, E402  its output is what it is for; the tests' own modules are not installed
from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1] / "journal"), str(Path(__file__).parent)]

from journal_million import Speaker, fill

from tui.journal.questions import Questions
from tui.journal.search import Found
from tui.journal.store import Journal

BETWEEN = 0.005
"""Seconds between letters that come at once."""

RANKS = (30, 60, 100, 200, 300, 600, 1000, 3000)
"""Of the words typed, in both languages."""

ROUNDS = 5

Search = Callable[[str], Future[Found]]


def opening_each(path: Path) -> tuple[Search, Callable[[], None]]:
    pool = ThreadPoolExecutor()

    def search(words: str) -> Found:
        with Journal.open(path) as journal:
            return journal.search(words)

    return lambda words: pool.submit(search, words), pool.shutdown


def kept_open(path: Path) -> tuple[Search, Callable[[], None]]:
    questions = Questions(path)
    return (
        lambda words: questions.ask(lambda journal, stop: journal.search(words, stop=stop)),
        questions.close,
    )


def one_by_one(search: Search, words: list[str]) -> list[float]:
    spent: list[float] = []
    for word in words:
        for end in range(1, len(word) + 1):
            began = time.perf_counter()
            search(word[:end]).result()
            spent.append((time.perf_counter() - began) * 1000)
    return spent


def at_once(search: Search, words: list[str]) -> list[float]:
    spent: list[float] = []
    pause = threading.Event()
    for word in words:
        for end in range(1, len(word)):
            search(word[:end])
            pause.wait(BETWEEN)
        began = time.perf_counter()
        search(word).result()
        spent.append((time.perf_counter() - began) * 1000)
    return spent


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="keep the journal there, and use that of the last run")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(exist_ok=True)
        path, speaker = folder / f"journal-{asked.messages}.sqlite3", Speaker()
        if not path.exists():
            fill(path, asked.messages, speaker)
        words = [said[rank] for rank in RANKS for said in (speaker.latin, speaker.japanese)]
        print(f"{asked.messages:,} messages, ms: median (90th percentile)")
        for name, typed in (("one by one", one_by_one), ("at once, last letter", at_once)):
            spent: dict[str, list[float]] = {"opened for each": [], "kept open": []}
            for _ in range(ROUNDS):
                for kind, way in (("opened for each", opening_each), ("kept open", kept_open)):
                    search, end = way(path)
                    spent[kind] += typed(search, words)
                    end()
            for kind, times in spent.items():
                tenth = statistics.quantiles(times, n=10)[-1]
                print(f"{name:<22} {kind:<16} {statistics.median(times):7.2f} ({tenth:.2f})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
