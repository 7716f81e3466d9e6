"""What a conversation measures of itself: in the journal with each attempt, and on the board."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

from fakes import FakeClock, FakeWire, Fin, Pause, Script
from model_servers import chunk, stream
from wire_server import Answer, WireServer

from tui.chat.talk import Talk
from tui.clock import RealClock
from tui.journal.store import Journal
from tui.journal.writer import Writer
from tui.monitor.board import Board
from tui.words import Policy, Provider


def test_each_attempt_keeps_its_own_first_byte_and_first_text(tmp_path: Path) -> None:
    clock, board = FakeClock(), Board()
    writer = Writer(tmp_path / "journal.sqlite3")
    cut = Script((Pause(1.0), chunk({"content": "Hel"})), Fin(), before=(Pause(2.0),))
    whole = Script((Pause(4.0), stream("Hello")), before=(Pause(3.0),))
    provider = Provider("mine", "http://127.0.0.1:1/v1", resume="restart", local=True)
    wire = FakeWire(clock, [cut, whole])
    talk = Talk(provider, "m", lambda *_: Policy(), writer, clock, transport=wire, board=board)

    async def main() -> None:
        async with aclosing(talk.ask("Hi")[1]) as events:
            async for _ in events:
                pass

    asyncio.run(main())
    assert writer.close(10)
    with Journal.open(tmp_path / "journal.sqlite3") as journal:
        latest = journal.latest()
        assert latest is not None
        ((reply,),) = (turn.replies for turn in journal.turns(latest.id))
    assert [(attempt.ttfb, attempt.first_text) for attempt in reply.attempts] == [(2.0, 3.0), (3.0, 7.0)]
    view = board.view("mine", "m", clock.now())
    assert [(one.timing.ttfb, one.timing.ttft, one.source) for one in view.samples] == [
        (2.0, 3.0, "reply"),
        (3.0, 7.0, "reply"),
    ]
    assert talk.turns[0].versions[0].view.link.timing.ttft == 7.0


def test_each_attempt_keeps_how_long_it_took_to_connect(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "journal.sqlite3")

    async def main(url: str) -> None:
        provider = Provider("mine", url, resume="restart", local=True)
        talk = Talk(provider, "m", lambda *_: Policy(), writer, RealClock())
        async with aclosing(talk.ask("Hi")[1]) as events:
            async for _ in events:
                pass

    with WireServer(lambda seen: Answer(stream("Hello"))) as server:
        asyncio.run(main(f"{server.url}/v1"))
    assert writer.close(10)
    with Journal.open(tmp_path / "journal.sqlite3") as journal:
        latest = journal.latest()
        assert latest is not None
        ((reply,),) = (turn.replies for turn in journal.turns(latest.id))
    (attempt,) = reply.attempts
    assert attempt.tcp is not None
    assert attempt.ttfb is not None
    assert 0 < attempt.tcp < 10
    assert (attempt.dns, attempt.tls) == (None, None), "an address is not looked up, and http shakes no hands"
