"""Play a reply through the engine: from scripts to its events, with the fake clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import pytest
from fakes import Asked, FakeClock, FakeWire, Script

from tui.clock import Bell
from tui.engine import stream_reply
from tui.engine.retry_budget import RetryBudget
from tui.words import (
    Content,
    Done,
    Error,
    Event,
    Fault,
    Key,
    Message,
    Model,
    NewReply,
    Partial,
    Policy,
    Provider,
    Request,
    Seam,
    SeamMark,
    State,
    Usage,
)

KEY = Key("hs_0123456789abcdef0123456789abcdef")
PREFILL = Provider("test", "http://127.0.0.1:9/v1", key=KEY, models={"test": Model("test", first_rung="prefill")})
UNKNOWN = Provider("test", "http://127.0.0.1:9/v1", key=KEY)
REQUEST = Request("test", (Message("user", "Tell me of spring."),))

E = TypeVar("E")


@dataclass(slots=True)
class Played:
    events: list[Event]
    clock: FakeClock
    wire: FakeWire
    replies: list[str] = field(default_factory=list)
    """The text of each reply of the turn, as a reader of the events has it."""

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def states(self) -> list[str]:
        """The state words, each change once."""
        words = [event.state for event in self.of(State)]
        return [word for at, word in enumerate(words) if at == 0 or words[at - 1] != word]

    @property
    def last(self) -> Done | Error:
        last = self.events[-1]
        assert isinstance(last, Done | Error)
        return last

    @property
    def done(self) -> Done:
        assert isinstance(self.last, Done), self.last
        return self.last

    @property
    def fault(self) -> Fault:
        assert isinstance(self.last, Error), self.last
        return self.last.fault

    @property
    def text(self) -> str:
        return self.replies[-1]

    @property
    def seams(self) -> list[SeamMark]:
        return [event.mark for event in self.of(Seam)]

    @property
    def usage(self) -> Usage:
        return self.of(Usage)[-1]

    @property
    def faults(self) -> list[str]:
        """Kinds of the faults that were waited for, and the one that ended it."""
        kinds = [event.fault.kind for event in self.of(State) if event.state == "backing_off" and event.fault]
        return [*kinds, self.last.fault.kind] if isinstance(self.last, Error) else kinds


def replies(events: Iterable[Event], held: str = "") -> list[str]:
    """What a reader of the events holds: one text for each reply of the turn."""
    texts = [held]
    pieces: list[str] = []
    for event in events:
        if isinstance(event, Content):
            pieces.append(event.content)
        elif isinstance(event, NewReply):
            texts[-1] += "".join(pieces)
            pieces.clear()
            texts.append("")
    texts[-1] += "".join(pieces)
    return texts


async def to_the_end(stream: AsyncGenerator[Event, None]) -> list[Event]:
    """Its events. With the last one the stream is over: whoever is told that a reply has ended waits for nothing."""
    events: list[Event] = []
    async for event in stream:
        events.append(event)
        if isinstance(event, Done | Error):
            with pytest.raises(StopAsyncIteration):
                stream.__anext__().send(None)
    return events


async def played(
    serve: Callable[[Asked], Script] | Sequence[Script],
    *,
    request: Request = REQUEST,
    provider: Provider = PREFILL,
    policy: Policy | None = None,
    partial: Partial | None = None,
    dice: Callable[[], float] = lambda: 0.5,
    retries: RetryBudget | None = None,
    agreed: Fault | None = None,
    hurry: Bell | None = None,
    started: float = 1000.0,
) -> Played:
    clock = FakeClock(started)
    wire = FakeWire(clock, serve)
    if partial is not None:
        request = replace(request, partial=partial)
    stream = stream_reply(
        request, provider, policy, clock, transport=wire, retries=retries, agreed=agreed, hurry=hurry, dice=dice
    )
    events = await to_the_end(stream)
    result = Played(events, clock, wire, replies(events, request.partial.text if request.partial else ""))
    assert wire.open == 0
    assert isinstance(events[-1], Done | Error)
    assert events[-1].text == result.text
    return result


def play(
    serve: Callable[[Asked], Script] | Sequence[Script],
    *,
    request: Request = REQUEST,
    provider: Provider = PREFILL,
    policy: Policy | None = None,
    partial: Partial | None = None,
    dice: Callable[[], float] = lambda: 0.5,
    retries: RetryBudget | None = None,
    agreed: Fault | None = None,
    hurry: Bell | None = None,
    started: float = 1000.0,
) -> Played:
    """One reply from beginning to end; what every reply must hold is checked here."""
    return asyncio.run(
        played(
            serve,
            request=request,
            provider=provider,
            policy=policy,
            partial=partial,
            dice=dice,
            retries=retries,
            agreed=agreed,
            hurry=hurry,
            started=started,
        )
    )
