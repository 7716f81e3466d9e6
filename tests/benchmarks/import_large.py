"""An import of 200 MB: steady progress, bounded memory, and a journal that stays as it was where it does not end well.

    python tests/benchmarks/import_large.py [--megabytes 200] [--folder DIR]

Runs `unbroken history import` as a user would, in a process of its own: once of a document that breaks off in its
middle, once ended by Ctrl+C and once by kill -9 in mid-import, each into a journal that has a conversation, which
must be as before; then of the whole document. Prints time, the longest silence and the peak of memory. Exits 1
where a promise is not kept.
"""

# ruff: noqa: T201, E402  its output is what it is for; the tests' own modules are not installed
from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "journal")]

from fixtures_journal import START, Talk

from tui.journal.export import Whole, everything, read, to_json
from tui.journal.ids import new_id
from tui.journal.records import EndReply
from tui.journal.store import Journal
from tui.journal.stored import StoredConversation, StoredReply, StoredTurn
from tui.journal.writer import Writer
from tui.words import ConversationId, ReplyId, TurnId

MEMORY = 80
"""MB that the process may have at its peak, whatever the size of the document."""

SILENCE = 5.0
"""Seconds at most between two signs of progress."""

TURNS = 20
WORDS = [*(f"word{number}" for number in range(3000)), "四季の春", "import", "naïve"]


def conversations(size: int) -> Iterator[Whole]:
    """Until their texts have `size` bytes together."""
    rng = random.Random(7)
    while size > 0:
        name = ConversationId(new_id())
        turns = []
        for place in range(TURNS):
            turn, prompt, text = (
                TurnId(new_id()),
                " ".join(rng.choices(WORDS, k=40)),
                " ".join(rng.choices(WORDS, k=300)),
            )
            size -= len(prompt) + len(text)
            reply = StoredReply(
                ReplyId(new_id()), turn, 0, "p", "u", "m", {}, "done", text, 1, "", START, START + 1, None, 0.5, "stop",
                None, "", True, (), (), None, None, False,
            )  # fmt: skip
            turns.append(StoredTurn(turn, name, place, prompt, START, (reply,)))
        yield StoredConversation(name, "", False, "", "p", "m", START, START, TURNS, None, None), tuple(turns)


@dataclass(frozen=True, slots=True)
class Run:
    code: int
    seconds: float
    silence: float
    """Seconds between two lines at most."""
    peak: float
    """MB of memory."""
    said: list[str]


def imported(document: Path, data: Path, stop_at: int | None = None, by: signal.Signals = signal.SIGINT) -> Run:
    """`unbroken history import`, ended `by` a signal after so many lines of progress."""
    environment = {**os.environ, "UNBROKEN_DATA_DIR": str(data), "UNBROKEN_CONFIG": str(data / "none.toml")}
    began = last = time.monotonic()
    command = [sys.executable, "-m", "tui", "history", "import", str(document)]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
    )
    said: list[str] = []
    silence = peak = 0.0
    assert process.stdout is not None
    for line in process.stdout:
        now = time.monotonic()
        silence, last = max(silence, now - last), now
        said.append(line.strip())
        peak = max(peak, memory(process.pid))
        if stop_at is not None and len(said) == stop_at:
            process.send_signal(by)
    code = process.wait()
    ended = time.monotonic()
    return Run(code, ended - began, max(silence, ended - last), peak, said)


def memory(pid: int) -> float:
    """MB that a process has had at most; 0 where that cannot be asked. (The system's own account of a child that has
    ended counts what its parent had when it began.)"""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    found = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(found[0].split()[1]) / 1000 if found else 0.0


def contents(path: Path) -> str:
    with Journal.open(path) as journal:
        return "".join(to_json(read(journal, everything(journal, deleted=True), deleted=True), 1.0, deleted=True))


def unharmed(
    name: str, document: Path, data: Path, stop_at: int | None = None, by: signal.Signals = signal.SIGINT
) -> bool:
    """An import that does not end well; whether the journal is as it was."""
    journal = data / "journal.sqlite3"
    before = contents(journal)
    run = imported(document, data, stop_at, by)
    left = [file.name for file in data.iterdir() if file.name.startswith(".import-")]
    well = run.code != 0 and contents(journal) == before and (not left or by == signal.SIGKILL)
    print(f"{name}: exit code {run.code} after {run.seconds:.1f} s; {'ok' if well else 'NOT KEPT'}")
    print(f"    {run.said[-1] if run.said else ''}"[:150])
    return well


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as temporary:
        data = Path(temporary)
        writer = Writer(data / "journal.sqlite3")
        talk = Talk(writer, "what was there").begin().say("before")
        writer.put(EndReply(talk.reply, "done", START))
        assert writer.close(30)
        whole, half = data / "whole.json", data / "half.json"
        with whole.open("w", encoding="utf-8") as file:
            file.writelines(to_json(conversations(asked.megabytes * 800_000), START))
        size = whole.stat().st_size
        with whole.open("rb") as source, half.open("wb") as target:
            target.write(source.read(size // 2))
        kept = unharmed("breaks off in its middle", half, data)
        kept = unharmed("Ctrl+C in mid-import", whole, data, 8) and kept
        kept = unharmed("kill -9 in mid-import", whole, data, 8, signal.SIGKILL) and kept
        run = imported(whole, data)
        well = run.code == 0 and run.peak <= MEMORY and run.silence <= SILENCE
        print(
            f"{size / 1e6:.0f} MB: {run.seconds:.0f} s, {len(run.said)} lines, at most {run.silence:.1f} s apart,"
            f" {run.peak:.0f} MB of memory at its peak; {'ok' if well else 'NOT KEPT'}"
        )
        print("\n".join(f"    {line}" for line in run.said[-4:]))
    return 0 if kept and well else 1


if __name__ == "__main__":
    sys.exit(main())
