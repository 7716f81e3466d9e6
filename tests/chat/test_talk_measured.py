"""What a conversation measures of itself: in the journal with each attempt, and on the board."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

from fakes import FakeClock, FakeWire, Fin, Pause, Script
from model_servers import chunk, stream

from tui.chat.talk import Talk
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
