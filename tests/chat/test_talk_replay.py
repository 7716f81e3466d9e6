"""A reply cut by the end of its process is read on by the next one, from the stream that the server kept."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import FakeClock, FakeWire
from kept_streams import ANSWER, KEEPING, REASONED, STREAM, Keeps, content, frame

from tui.chat.talk import Talk
from tui.chat.turns import Version, grow
from tui.chat.view import fresh
from tui.journal.live import LiveJournal
from tui.journal.records import Record
from tui.journal.store import Journal
from tui.journal.stored import StoredReply
from tui.journal.writer import Writer
from tui.words import Policy, Provider, Retry, State

HALF = "春はあけぼの。 Rain and  rain,\n| 3 |\n| 3 |\nglued together "
CUTS = {
    "nothing": (3, ""),
    "reasoning alone": (STREAM.index(frame(content("春は"))), ""),
    "some text": (STREAM.index(frame(content("| 3 |\n"))) + 20, "春はあけぼの。 Rain and  rain,\n"),
    "half a character": (STREAM.index(frame(content("\udc4d and "))) + 5, HALF),
}


class Mortal(Writer):
    """Writes nothing from its death on."""

    dead = False

    def put(self, record: Record) -> int:
        return 0 if self.dead else super().put(record)


class Window:
    """One process: a clock, a journal, a conversation."""

    def __init__(self, path: Path, serve: Keeps, provider: Provider = KEEPING, model: str = "test") -> None:
        self.path, self.serve = path, serve
        self.clock = FakeClock()
        self.writer = Mortal(path)
        policy = Policy(Retry(max_retries=0))
        wire = FakeWire(self.clock, serve)
        self.talk = Talk(provider, model, lambda *_: policy, self.writer, self.clock, transport=wire)

    async def ask_and_die(self) -> None:
        """Killed when nothing more comes: neither the journal nor the server hears of it."""
        kept: dict[str, bytes] = {}
        self.serve.on_broken = lambda _: kept.update(self.serve.kept)
        _, events = self.talk.ask("Spring?")
        async for event in events:
            if isinstance(event, State) and event.state in ("stalled", "backing_off", "failed"):
                break
        self.die()
        await events.aclose()
        self.serve.kept, self.serve.stopped = kept, []

    def die(self) -> None:
        self.writer.flush().result(30)
        self.writer.dead = True
        assert self.writer.close(30)

    async def go_on(self) -> None:
        with Journal.open(self.path) as journal:
            latest = journal.latest()
            assert latest is not None
            self.talk.open(latest, journal.turns(latest.id), journal.partial)
        await self.resume()

    async def resume(self) -> None:
        (turn,) = self.talk.turns
        assert self.talk.can_resume(turn)
        async for _ in self.talk.resume(turn):
            pass
        assert self.writer.close(30)

    @property
    def shown(self) -> tuple[str, str, list[str]]:
        version = self.talk.turns[0].current
        assert version is not None
        view = version.view
        return view.whole_text(), view.reasoning.upto(view.reasoning_length), [mark.how for mark in view.seams]

    @property
    def stored(self) -> StoredReply:
        with Journal.open(self.path) as journal:
            latest = journal.latest()
            assert latest is not None
            return journal.turns(latest.id)[0].replies[-1]


@pytest.mark.parametrize("cut", CUTS)
def test_the_next_process_replays(cut: str, tmp_path: Path) -> None:
    place, received = CUTS[cut]
    serve = Keeps(STREAM, [(place, "stall")])
    path = tmp_path / "journal.sqlite3"
    first = Window(path, serve)
    asyncio.run(first.ask_and_die())
    assert (first.stored.text, first.stored.state) == (received, "interrupted")
    second = Window(path, serve)
    asyncio.run(second.go_on())
    assert second.shown == (ANSWER, REASONED, ["replay"] if received else [])
    assert serve.methods[-1] == "GET"
    assert serve.replayed[-1][1] == (0 if not received else STREAM.rindex(b"\n\n", 0, serve.replayed[-1][1]) + 2)
    (name,) = serve.ids
    reply = second.stored
    assert (reply.text, reply.reasoning, reply.state) == (ANSWER, REASONED, "done")
    assert [(attempt.rung, attempt.replay_id) for attempt in reply.attempts] == [(None, name), ("replay", name)]


def test_a_reply_that_failed_is_replayed_in_the_same_process_too(tmp_path: Path) -> None:
    """The stop did not get through either: what the server went on with is not lost."""
    serve = Keeps(STREAM, [(CUTS["some text"][0], "FIN")])
    window = Window(tmp_path / "journal.sqlite3", serve)

    async def main() -> None:
        _, events = window.talk.ask("Spring?")
        async for _ in events:
            pass
        serve.kept[serve.ids[0]] = STREAM
        await window.resume()

    asyncio.run(main())
    assert window.shown == (ANSWER, REASONED, ["replay"])
    assert serve.methods == ["lookup", "POST", "DELETE", "GET"]


@pytest.mark.parametrize("other", ["another server", "another model", "stopped"])
def test_a_stream_that_is_nobodys_any_more_is_not_asked_for(other: str, tmp_path: Path) -> None:
    serve = Keeps(STREAM, [(CUTS["some text"][0], "stall")])
    path = tmp_path / "journal.sqlite3"
    first = Window(path, serve)

    async def stop() -> None:
        _, events = first.talk.ask("Spring?")
        async for event in events:
            if isinstance(event, State) and event.state == "stalled":
                break
        await events.aclose()
        assert first.writer.close(30)

    asyncio.run(stop() if other == "stopped" else first.ask_and_die())
    provider = replace(KEEPING, base_url="http://127.0.0.1:7/v1") if other == "another server" else KEEPING
    second = Window(path, serve, provider, "other" if other == "another model" else "test")
    asyncio.run(second.go_on())
    assert serve.replayed == []
    assert second.shown[0] == ANSWER


@pytest.mark.parametrize("cut", CUTS)
def test_a_window_that_follows_knows_how_far_the_stream_was_read(cut: str, tmp_path: Path) -> None:
    """So it replays too, when it goes on with a reply whose process is gone."""
    serve = Keeps(STREAM, [(CUTS[cut][0], "stall")])
    path = tmp_path / "journal.sqlite3"
    first = Window(path, serve)
    asyncio.run(first.ask_and_die())
    name = first.stored.id
    following = Version(name, fresh("test"))
    with LiveJournal.open(path) as live, Journal.open(path) as journal:
        grow(following, live.tail(name, 0))
        held = journal.partial(name)
    assert held is not None
    assert following.view.whole_text() == held.text == CUTS[cut][1]
    assert following.replay == (held.replay_id, held.replay_offset)
    assert following.replay[0] == serve.ids[0]
