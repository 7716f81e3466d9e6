"""Cells of the fault matrix over real sockets: httpx through tui/net.py, a loopback server exact to the byte.

A reset is a real one (SO_LINGER 0). Each cell has its own path, so that one server can play them all at once; how the
body is framed and in which pieces it is written is drawn from a seed.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from dataclasses import replace

from answers import ANSWERS
from cuts import Cell, Serving, Verdict, judge
from fakes import Asked, Clean, FakeClock, FakeWire, Fin, Rst, Script, Stall
from play import PREFILL, REQUEST, Played, replies
from wire_server import Answer, Ending, Framing, Seen, WireServer

from tui.engine import stream_reply
from tui.words import Event, Policy, Retry, Timeouts

AT_ONCE = 24
"""Replies on their way at the same time: most of each is waiting."""
QUICK = Policy(
    retry=Retry(max_retries=10, initial_backoff=0.01, max_backoff=0.05),
    timeouts=Timeouts(connect=30.0, write=30.0, first_byte=30.0, idle=1.0, progress=30.0),
)
"""idle: only a stall may last so long, on a busy machine too."""
NO_REPLAY = Answer(b"", 404, framing="length")
"""To the question whether streams are kept here."""
_ENDS: dict[type[object], Ending] = {Clean: "clean", Fin: "fin", Rst: "rst", Stall: "stall"}


class Server(WireServer):
    """Plays cell n at /n/v1."""

    def __init__(self, cells: list[Cell], seed: int) -> None:
        super().__init__(self._play)
        self._dice = random.Random(seed)
        self.plays = [Serving(ANSWERS[cell.answer], cell.server, [(cell.cut, cell.fault)]) for cell in cells]

    def _play(self, seen: Seen) -> Answer:
        if not seen.path.endswith("/chat/completions"):
            return NO_REPLAY
        play = self.plays[int(seen.path.split("/")[1])]
        script = play(Asked(seen.path, seen.headers, seen.json(), 0.0, local=True))
        return self._on_the_wire(script)

    def _on_the_wire(self, script: Script) -> Answer:
        body = b"".join(step for step in script.steps if isinstance(step, bytes))
        if script.status != 200:
            return Answer(body, script.status, script.headers, "length")
        framing: Framing = self._dice.choice(("chunked", "chunked", "close", "http10"))
        piece = self._dice.choice((0, 0, 1400, 333))
        return Answer(body, headers=script.headers, framing=framing, end=_ENDS[type(script.end)], piece=piece)


async def over_sockets(cells: list[Cell], seed: int) -> list[Verdict]:
    """Every cell once. Nothing may be left open, and no task be left."""
    room = asyncio.Semaphore(AT_ONCE)
    clock = FakeClock()
    with Server(cells, seed) as server:

        async def one(number: int, cell: Cell) -> Verdict:
            provider = replace(PREFILL, base_url=f"http://127.0.0.1:{server.port}/{number}/v1", local=True)
            async with room:
                events: list[Event] = [event async for event in stream_reply(REQUEST, provider, QUICK)]
            result = Played(events, clock, FakeWire(clock, ()), replies(events))
            assert result.last.text == result.text, cell
            return judge(cell, server.plays[number], result)

        verdicts = await asyncio.gather(*(one(number, cell) for number, cell in enumerate(cells)))
        assert asyncio.all_tasks() == {asyncio.current_task()}
    requests = sum(seen.path.endswith("/chat/completions") for seen in server.seen)
    assert requests == sum(verdict.attempts for verdict in verdicts)
    return list(verdicts)


def run_over_sockets(cells: Iterable[Cell], seed: int) -> list[Verdict]:
    return asyncio.run(over_sockets(list(cells), seed))
