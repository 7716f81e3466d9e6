"""What a journal of a million messages costs: list, open, search; and what writing it costs the event loop.

    python tests/benchmarks/journal_million.py [--messages 1000000] [--against 10000] [--folder DIR]

Prints medians in milliseconds for both sizes, the ratio, and whether each keeps its promise: under 100 ms by the clock
on the wall, and at most twice the small one in processor time, which other programs do not change. A word that is rarer
fills a page of 50 hits only in the large journal: its ratio is shown, and not judged. The journals are filled by SQL
(a million prompts and replies would stream for days), then taken into the full-text index by the program's own steps.
A third of the texts is Japanese.
"""

# ruff: noqa: T201, E402  its output is what it is for; the tests' own modules are not installed
from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1] / "journal")]

from fixtures_journal import Talk

from tui.journal.connect import open_file
from tui.journal.index import take_in
from tui.journal.store import Journal
from tui.journal.writer import Writer
from tui.words import ConversationId

TURNS = 10
"""Of a conversation."""

WORDS = 20_000
"""Different words of each language; how often each is said falls with its rank (Zipf)."""

RANKS = (30, 100, 300, 1000, 3000)
"""Of the words that are searched for: from one that stands in every tenth text to a rare one."""

CALLS = 41
"""Measurements of each; the median counts."""

PROMISE = 100.0
"""Milliseconds."""

RATIO = 2.0

LOOP = 2.0
"""Milliseconds that the 99th percentile of the event loop's delay may differ with and without the journal."""


def vocabulary(rng: random.Random) -> tuple[list[str], list[str]]:
    """English-like words, and pairs of Chinese characters, each list without repetitions."""
    onsets, vowels, ends = "bcdfghjklmnprstvw", "aeiou", ["", "n", "r", "st", "l", "nd"]
    latin: dict[str, None] = {}
    while len(latin) < WORDS:
        syllables = rng.choice((2, 2, 3, 3, 4))
        latin["".join(rng.choice(onsets) + rng.choice(vowels) + rng.choice(ends) for _ in range(syllables))] = None
    kanji = [chr(code) for code in range(0x4E00, 0x4E00 + 2000)]
    japanese: dict[str, None] = {}
    while len(japanese) < WORDS:
        japanese[rng.choice(kanji) + rng.choice(kanji)] = None
    return list(latin), list(japanese)


class Speaker:
    """Says things by Zipf's law, the same things for the same seed."""

    def __init__(self) -> None:
        self._rng = random.Random(7)
        self.latin, self.japanese = vocabulary(self._rng)
        total, self._weights = 0.0, []
        for rank in range(1, WORDS + 1):
            total += 1 / rank
            self._weights.append(total)

    def text(self, words: int) -> str:
        if self._rng.random() < 1 / 3:
            said = self._rng.choices(self.japanese, cum_weights=self._weights, k=words)
            return "".join(word + self._rng.choice("のはがをにと、。") for word in said)
        return " ".join(self._rng.choices(self.latin, cum_weights=self._weights, k=words))


def fill(path: Path, messages: int, speaker: Speaker) -> None:
    """A journal of so many prompts and replies, half each, all in the index."""
    db = open_file(path)
    db.execute("pragma synchronous = off")  # of the filling alone
    db.execute("begin")
    for number in range(messages // 2 // TURNS):
        name = f"c{number:025}"
        db.execute(
            "insert into conversations (id, provider, model, created, updated, system) values (?, 'p', 'm', ?, ?, '')",
            (name, number, number),
        )
        for position in range(TURNS):
            turn = f"t{number:020}{position:05}"
            at = number + position / TURNS
            row = (turn, name, position, at, speaker.text(10))
            db.execute("insert into turns (id, conversation, position, created, prompt) values (?, ?, ?, ?, ?)", row)
            db.execute(
                "insert into replies (id, turn, position, provider, base_url, model, parameters, state, started, ended,"
                " through, text) values (?, ?, 0, 'p', 'u', 'm', '{}', 'done', ?, ?, 0, ?)",
                (f"r{turn[1:]}", turn, at, at, speaker.text(60)),
            )
    db.execute(
        "update search_backfill set turns = (select max(rowid) from turns), replies = (select max(rowid) from replies)"
    )
    db.execute("commit")
    while take_in(db, 3_000_000, 10_000):
        pass
    db.execute("pragma wal_checkpoint(truncate)")
    db.close()


@dataclass(frozen=True, slots=True)
class Cost:
    ms: float
    """By the clock on the wall, the median."""
    cpu: float
    """Milliseconds of processor time, the median."""
    rows: int
    """How much was found."""


BEGINNINGS = (2, 3, 4, 5)
"""Letters of words that are longer; these have an index of their own."""

LONG_BEGINNINGS = (6, 7)
"""These have none: the words that begin so are asked for by their names."""

PIECES = (3, 4, 5)
"""Letters from the middle of a word."""

LONG_RANKS = (30, 300, 3000)
"""Of those words, or of the next that is long enough."""

Calls = dict[str, Callable[[], int]]
"""What is measured: each says how much it found."""


def calls(journal: Journal, speaker: Speaker) -> Calls:
    page = journal.conversations(50)[-1]
    name = ConversationId(f"c{7:025}")

    def searched(words: str) -> Callable[[], int]:
        return lambda: len(journal.search(words).hits)

    found: Calls = {
        "list, 50 conversations": lambda: len(journal.conversations(50)),
        "list, the next 50": lambda: len(journal.conversations(50, page)),
        "open, 10 turns": lambda: len(journal.turns(name)),
    }
    for rank in RANKS:
        found[f"search, Latin, rank {rank:,}"] = searched(speaker.latin[rank])
        found[f"search, 2 Japanese characters, rank {rank:,}"] = searched(speaker.japanese[rank])
    found["search, 1 Japanese character"] = searched(speaker.japanese[300][0])
    found["search, two words"] = searched(f"{speaker.latin[30]} {speaker.latin[100]}")
    found["search, a word and a letter"] = searched(f"{speaker.latin[300]} {speaker.latin[30][0]}")
    found["search, a single letter that nothing holds"] = searched("q")
    found["search, nothing found"] = searched("qqxqq")
    for letters in (*BEGINNINGS, *LONG_BEGINNINGS):
        for rank in LONG_RANKS:
            beginning = next(word for word in speaker.latin[rank:] if len(word) > letters)[:letters]
            found[f"search, {letters} letters of a word, rank {rank:,}"] = searched(beginning)
    for letters in PIECES:
        for rank in LONG_RANKS:
            word = next(word for word in speaker.latin[rank:] if len(word) > letters + 1)
            found[f"search, {letters} letters from its middle, rank {rank:,}"] = searched(word[1 : 1 + letters])
    return found


def measured(sides: tuple[Calls, Calls]) -> Iterator[tuple[str, Cost, Cost]]:
    """In turns, so that whatever else the machine does befalls both."""
    for name in sides[0]:
        rows = [side[name]() for side in sides]
        times: tuple[list[tuple[float, float]], list[tuple[float, float]]] = ([], [])
        for _ in range(CALLS):
            for side, spent in zip(sides, times, strict=True):
                began, used = time.perf_counter(), time.thread_time()
                side[name]()
                spent.append(((time.perf_counter() - began) * 1000, (time.thread_time() - used) * 1000))
        walls, cpus = ([statistics.median(took[kind] for took in spent) for spent in times] for kind in (0, 1))
        small, large = (Cost(*cost) for cost in zip(walls, cpus, rows, strict=True))
        yield name, small, large


async def delays(writer: Writer | None, seconds: float) -> float:
    """The event loop's delay, 99th percentile in ms, while 200 deltas a second come; kept where there is a writer."""
    talk = Talk(writer).begin() if writer else None
    loop, late = asyncio.get_running_loop(), []
    due = loop.time()
    for _ in range(round(seconds * 200)):
        due += 0.005
        await asyncio.sleep(max(0.0, due - loop.time()))  # noqa: TID251  what is measured is how late it wakes
        late.append(loop.time() - due)
        if talk:
            talk.say("Some ten characters, or twenty. ")
    late.sort()
    return late[int(len(late) * 0.99)] * 1000


def loop_delay(folder: Path) -> bool:
    """In turns, five seconds each, in one run; the median of each side."""
    writer = Writer(folder / "loop.sqlite3")
    sides: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(5):
        for writing in (False, True):
            sides[writing].append(asyncio.run(delays(writer if writing else None, 5.0)))
    assert writer.close(30)
    without, written = statistics.median(sides[False]), statistics.median(sides[True])
    kept = written - without <= LOOP
    verdict = "ok" if kept else "NOT KEPT"
    print(f"\nevent loop delay, p99: {without:.2f} ms without the journal, {written:.2f} ms with it  {verdict}")
    return kept


def compare(sides: tuple[Calls, Calls]) -> bool:
    """The table; whether every promise is kept."""
    kept = True
    print(f"\n{'median, ms (what was found)':<52} {'small':>12} {'large':>12}   ratio")
    for name, small, large in measured(sides):
        judged = small.rows == large.rows
        well = large.ms < PROMISE and (large.cpu <= RATIO * small.cpu or not judged)
        kept = kept and well
        verdict = ("ok" if judged else "ok, ratio not judged") if well else "NOT KEPT"
        columns = f"{small.ms:7.2f} ({small.rows:>2}) {large.ms:7.2f} ({large.rows:>2})"
        print(f"{name:<52} {columns:>25}   {large.cpu / small.cpu:.2f}  {verdict}", flush=True)
    return kept


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--against", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="keep the journals there, and use those of the last run")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(exist_ok=True)
        journals: list[Journal] = []
        for messages in (asked.against, asked.messages):
            path = folder / f"journal-{messages}.sqlite3"
            began = time.perf_counter()
            if not path.exists():
                fill(path, messages, Speaker())
            spent, size = time.perf_counter() - began, path.stat().st_size / 1e6
            print(f"{messages:,} messages, {size:,.0f} MB, {spent:.0f} s to fill", flush=True)
            journals.append(Journal.open(path))
        speaker = Speaker()
        kept = compare((calls(journals[0], speaker), calls(journals[1], speaker)))
        kept = loop_delay(folder) and kept
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
