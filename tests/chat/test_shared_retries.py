"""What replies of one process share, and a wait that the user agreed to, kept in the journal like any other reply."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fakes import FakeClock, FakeWire, Script, status
from model_servers import stream
from scenes import TEXT

from tui.chat.talk import Talk, Turn
from tui.engine.retry_budget import RetryBudget
from tui.journal.writer import Writer
from tui.words import Error, Event, Fault, Policy, Provider, Retry, State

HERE = Provider("mine", "http://127.0.0.1:1/v1", local=True)
POLICY = Policy(retry=Retry(max_retries=50, max_backoff=1.0))


async def collected(talk: Talk, turn: Turn | None = None, agreed: Fault | None = None) -> list[Event]:
    events = talk.resume(turn, agreed=agreed) if turn is not None else talk.ask("Spring?")[1]
    return [event async for event in events]


def test_conversations_of_one_process_share_their_retries(tmp_path: Path) -> None:
    clock, writer, retries = FakeClock(), Writer(tmp_path / "journal"), RetryBudget(most=3)
    asked = []
    for model in ("one", "two"):
        wire = FakeWire(clock, lambda _: status(503))
        talk = Talk(HERE, model, lambda *_: POLICY, writer, clock, transport=wire, retries=retries)
        last = asyncio.run(collected(talk))[-1]
        assert isinstance(last, Error)
        assert last.fault.kind == "retry-budget"
        asked.append(len(wire.asked))
    assert asked == [4, 1]
    assert writer.close(5.0)


def test_an_agreed_wait_is_waited_for_and_a_machine_that_slept_is_not_kept_waiting(tmp_path: Path) -> None:
    clock, writer = FakeClock(), Writer(tmp_path / "journal")
    wire = FakeWire(clock, [status(429, headers={"retry-after": "7200"}), Script((stream(TEXT),))])
    talk = Talk(HERE, "m", lambda *_: POLICY, writer, clock, transport=wire)

    async def play() -> None:
        failed = (await collected(talk))[-1]
        assert isinstance(failed, Error)
        turn = talk.turns[0]
        assert talk.can_resume(turn)
        events = talk.resume(turn, agreed=failed.fault)
        first = await anext(events)
        assert isinstance(first, State)
        assert (first.state, first.until) == ("backing_off", 8200.0)
        clock.epoch += 7000.0
        rest = [event async for event in events]
        assert [event.state for event in rest if isinstance(event, State)][-1] == "done"
        assert 1200.0 <= wire.asked[1].at <= 1215.0

    asyncio.run(play())
    assert talk.turns[0].versions[0].view.whole_text() == TEXT
    assert writer.close(5.0)
