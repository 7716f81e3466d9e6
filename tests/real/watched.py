"""A reply through the real engine, its clock and its sockets, with something done when an event comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from play import replies

from tui.engine import stream_reply
from tui.words import Content, Done, Error, Event, Policy, Provider, Request, Seam, SeamMark, State

E = TypeVar("E")


@dataclass(slots=True)
class Watched:
    """All events of one reply."""

    events: list[Event] = field(default_factory=list)

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
    def failed(self) -> Error:
        assert isinstance(self.last, Error), self.last
        return self.last

    @property
    def seams(self) -> list[SeamMark]:
        return [event.mark for event in self.of(Seam)]

    @property
    def faults(self) -> list[str]:
        """Kinds of the faults that were waited for."""
        return [event.fault.kind for event in self.of(State) if event.state == "backing_off" and event.fault]


async def watch(
    request: Request, provider: Provider, policy: Policy, act: Callable[[Event], object] | None = None
) -> Watched:
    """One reply to its end; `act` hears every event before the next is asked for. Nothing may be left behind."""
    seen = Watched()
    before = asyncio.all_tasks()
    async for event in stream_reply(request, provider, policy):
        seen.events.append(event)
        if act is not None:
            act(event)
    assert isinstance(seen.events[-1], Done | Error)
    left = [task for task in asyncio.all_tasks() - before if task.get_name() == "unbroken-pump"]
    assert not left
    held = request.partial.text if request.partial else ""
    assert replies(seen.events, held)[-1] == seen.last.text
    return seen


def once(wanted: Callable[[Event], bool], do: Callable[[], object]) -> Callable[[Event], None]:
    """Does it at the first event that is wanted."""
    left = [do]

    def act(event: Event) -> None:
        if left and wanted(event):
            left.pop()()

    return act


def has_text(length: int) -> Callable[[Event], bool]:
    """So many characters of the reply are there."""
    return lambda event: isinstance(event, Content) and len(event.accumulated) >= length


def is_state(name: str) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, State) and event.state == name
