"""Conversations over a network in memory, in a journal of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from pathlib import Path

from fakes import Asked, FakeClock, FakeWire, Script

from tui.chat.talk import Talk
from tui.chat.turns import Sampling
from tui.journal.store import Journal
from tui.journal.stored import StoredReply, StoredTurn
from tui.journal.writer import Writer
from tui.words import Content, Event, Model, Policy, Price, Provider, Retry, Rung


class Place:
    """A journal of its own, a network in memory, and conversations in them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = FakeClock()
        self.writer = Writer(path)
        self.wire = FakeWire(self.clock, [])

    def talk(
        self,
        serve: Callable[[Asked], Script] | Iterable[Script],
        *,
        resume: Rung = "prefill",
        system: str = "",
        retries: int = 5,
        sampling: Sampling | None = None,
    ) -> Talk:
        self.wire = FakeWire(self.clock, serve)
        models = {"m": Model("m", price=Price(1.0, 2.0)), "other": Model("other", price=Price(1.0, 2.0))}
        provider = Provider("mine", "http://127.0.0.1:1/v1", models=models, resume=resume, local=True)
        policy = Policy(retry=Retry(max_retries=retries))
        return Talk(
            provider, "m", lambda *_: policy, self.writer, self.clock,
            system=system, sampling=sampling, transport=self.wire,
        )  # fmt: skip

    def again(self, talk: Talk) -> None:
        """Open in `talk` what the journal has, as the next start does."""
        self.saved()
        with Journal.open(self.path) as journal:
            latest = journal.latest()
            assert latest is not None
            talk.open(latest, journal.turns(latest.id), journal.partial)

    def saved(self) -> None:
        self.writer.flush().result(10)

    def turns(self) -> tuple[StoredTurn, ...]:
        self.saved()
        with Journal.open(self.path) as journal:
            latest = journal.latest()
            return journal.turns(latest.id) if latest else ()

    def reply(self) -> StoredReply:
        (turn,) = self.turns()
        (reply,) = turn.replies
        return reply


def heard(events: AsyncGenerator[Event, None]) -> list[Event]:
    async def hear() -> list[Event]:
        async with aclosing(events):
            return [event async for event in events]

    return asyncio.run(hear())


def asked(talk: Talk, prompt: str = "Tell me.") -> list[Event]:
    return heard(talk.ask(prompt)[1])


def text_of(events: list[Event]) -> str:
    return "".join(event.content for event in events if isinstance(event, Content))
