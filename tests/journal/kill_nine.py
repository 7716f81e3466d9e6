"""Kill -9 at random moments of a streaming reply: what the journal holds then, and whether it can be gone on with.

    python tests/journal/kill_nine.py [--times 300] [--jobs 2] [--seed N]

Each time: `unbroken ask` in a process of its own, a server that notes what it has sent when, SIGKILL. Then the journal
must open, pass SQLite's check, hold all that was sent 150 ms before the kill and nothing that was not sent, and the
reply must be resumed to the whole answer. Exits 1 where one of them does not.
"""

# ruff: noqa: T201, E402  its output is what it is for; the tests' own modules are not installed
from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from tui.chat.talk import Talk
from tui.clock import RealClock
from tui.journal.store import Journal
from tui.journal.writer import Writer
from tui.words import Done, Event, Policy, Provider

MARGIN = 0.15
"""Seconds before the kill: what was sent until then must be held."""

PIECES = [f"word {number} of the answer" + (", " if number % 9 else ".\n四季の春。") for number in range(4000)]
TEXT = "".join(PIECES)


def frame(text: str | None) -> bytes:
    choice = {"index": 0, "delta": {} if text is None else {"content": text}, "finish_reason": None if text else "stop"}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


@dataclass
class Sent:
    """What one reply's server has sent, and when."""

    pieces: list[tuple[float, str]] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)
    asked: int = 0

    def until(self, moment: float) -> str:
        return "".join(piece for at, piece in list(self.pieces) if at <= moment)


class Server(ThreadingHTTPServer):
    """Streams TEXT slowly to whoever asks first, and the rest of it at once to whoever resumes."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.sent: dict[str, Sent] = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_: object) -> None:
        """Whoever asked was killed; what else goes wrong shows in what the journal holds."""

    def url(self, name: str) -> str:
        self.sent[name] = Sent()
        return f"http://127.0.0.1:{self.server_address[1]}/{name}/v1"


class Answering(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.send_error(404)

    do_DELETE = do_GET  # noqa: N815  the base class's name

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.path.endswith("/chat/completions"):
            self.send_error(404)
            return
        sent = self.server.sent[self.path.split("/")[1]]
        sent.asked += 1
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            if sent.asked == 1:
                self._stream(sent)
            else:
                self._rest(body["messages"][-1])
        except OSError:
            pass  # its reader was killed

    def _stream(self, sent: Sent) -> None:
        pace = random.Random(self.path)
        for piece in PIECES:
            self.wfile.write(frame(piece))
            sent.pieces.append((time.monotonic(), piece))
            sent.begun.set()
            time.sleep(pace.choice((0.0, 0.001, 0.004, 0.02)))  # noqa: TID251  a model thinks

    def _rest(self, last: dict[str, str]) -> None:
        held = last["content"] if last["role"] == "assistant" else ""
        assert TEXT.startswith(held), "the resume quotes what was never sent"
        rest = TEXT[len(held) :]
        self.wfile.write(b"".join(frame(rest[at : at + 400]) for at in range(0, len(rest), 400)))
        self.wfile.write(frame(None) + b"data: [DONE]\n\n")


CONTROL = """
import sys, time
due = time.monotonic()
while True:
    due = max(due + 0.005, time.monotonic())
    time.sleep(max(0.0, due - time.monotonic()))
    sum(range(10_000))
    now = time.monotonic()
    if now - due > 0.01:
        print(now, now - due, flush=True)
"""


class Control:
    """A process that has as little to do as the one that is killed, and notes how late it gets to it: so it is known
    where the machine stood still, and not the program."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-c", CONTROL], stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Control:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()

    def stood_still(self, until: float) -> float:
        """Seconds that it was late at most, within the last second before `until` (monotonic); ends it."""
        self._process.terminate()
        said, _ = self._process.communicate()
        lines = [line.split() for line in said.splitlines()]
        late = [float(line[1]) for line in lines if len(line) == 2 and until - 1 <= float(line[0]) <= until + 0.2]
        return max(late, default=0.0)


@dataclass(frozen=True, slots=True)
class Result:
    """What one kill left behind."""

    held: int
    """Code points in the journal."""
    behind: float
    """Seconds between the last text held and the kill."""
    complaints: tuple[str, ...] = ()
    stood_still: float = 0.0
    """Seconds that the machine itself did, just before the kill; only where that was asked for."""


def one(server: Server, folder: Path, name: str, wait: float, control: Control | None = None) -> Result:
    """One reply, killed `wait` seconds after its first text. What `control` says of the machine is allowed for."""
    home = folder / name
    home.mkdir()
    url = server.url(name)
    config = home / "config.toml"
    config.write_text(f'provider = "mine"\nmodel = "m"\n[providers.mine]\nbase_url = "{url}"\n', encoding="utf-8")
    environment = {**os.environ, "UNBROKEN_CONFIG": str(config), "UNBROKEN_DATA_DIR": str(home)}
    asking = subprocess.Popen(
        [sys.executable, "-m", "tui", "ask", "Tell me."],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    sent = server.sent[name]
    try:
        if not sent.begun.wait(60):
            return Result(0, 0.0, ("the reply never began",))
        threading.Event().wait(wait)
    finally:
        killed = time.monotonic()
        asking.send_signal(signal.SIGKILL)
        asking.communicate()
    stood_still = control.stood_still(killed) if control else 0.0
    return judged(home / "journal.sqlite3", url, sent, killed, stood_still)


def judged(path: Path, url: str, sent: Sent, killed: float, stood_still: float) -> Result:
    complaints = []
    margin = MARGIN + stood_still
    db = sqlite3.connect(path)
    if db.execute("pragma integrity_check").fetchone()[0] != "ok":
        complaints.append("damaged")
    db.close()
    with Journal.open(path) as journal:
        latest = journal.latest()
        replies = [reply for turn in (journal.turns(latest.id) if latest else ()) for reply in turn.replies]
    text = replies[0].text if replies else ""
    if not replies or replies[0].state != "interrupted":
        complaints.append(f"not interrupted: {[reply.state for reply in replies]}")
    if not text.startswith(sent.until(killed - margin)):
        complaints.append(f"{len(sent.until(killed - margin)) - len(text)} characters are missing")
    if not TEXT.startswith(text):
        complaints.append("holds what was not sent")
    length, behind = 0, killed - sent.pieces[0][0]
    for at, piece in sent.pieces:
        length += len(piece)
        if length <= len(text):
            behind = killed - at
    if (whole := asyncio.run(resumed(path, url))) != TEXT:
        complaints.append(f"resumed to {len(whole)} characters of {len(TEXT)}")
    return Result(len(text), behind, tuple(complaints), stood_still)


async def resumed(path: Path, url: str) -> str:
    """The text that going on with the reply ends in, as the journal has it afterwards."""
    writer = Writer(path)
    talk = Talk(Provider("mine", url, resume="prefill", local=True), "m", lambda *_: Policy(), writer, RealClock())
    with Journal.open(path) as journal:
        latest = journal.latest()
        assert latest is not None
        talk.open(latest, journal.turns(latest.id), journal.partial)
        assert talk.can_resume(talk.turns[-1])
        last: Event | None = None
        async with aclosing(talk.resume(talk.turns[-1])) as events:
            async for event in events:
                last = event
        assert await asyncio.to_thread(writer.close, 30)
        reply = journal.turns(latest.id)[-1].replies[-1]
    return reply.text if isinstance(last, Done) and last.verified and reply.state == "done" else ""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=None)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)
    server = Server()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(asked.jobs) as pool:
        waits = [rng.uniform(0, 1.5) for _ in range(asked.times)]
        rounds = [pool.submit(one, server, Path(folder), f"r{number}", wait) for number, wait in enumerate(waits)]
        results = [done.result() for done in rounds]
    server.shutdown()
    wrong = [(number, result) for number, result in enumerate(results) if result.complaints]
    for number, result in wrong:
        print(f"kill {number}, {waits[number]:.3f} s after the first text: {'; '.join(result.complaints)}")
    behind = sorted(result.behind * 1000 for result in results)
    print(
        f"{len(results)} kills, {len(results) - len(wrong)} journals open, whole up to {MARGIN * 1000:.0f} ms, resumed"
    )
    print(f"last text held before the kill: median {behind[len(behind) // 2]:.0f} ms, most {behind[-1]:.0f} ms")
    print(f"{sum(result.held for result in results):,} characters held; {time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
