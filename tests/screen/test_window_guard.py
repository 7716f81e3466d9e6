"""What does not fit the model is told before the request is made, whichever way it is asked: on a real screen, with a
real server that looks at the screen in the moment in which it is asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from breaking_provider import JSON, cut_after, posts, settings
from live_app import Live, live
from model_servers import stream
from test_app import scene
from wire_server import Answer, Seen, WireServer

from tui.screen.dialogs.models import ModelDialog

OLD = "plums " * 200
"""A prompt of 1,200 characters, 345 tokens, estimated."""

LEFT = "the oldest turns ({}) are left out"

KNOWN = "[providers.mine.context]\ntest-model = 700\n"
"""525 of them for what is sent."""


class Looking:
    """Answers one text after the other; what the screen said when each was asked is kept."""

    def __init__(self, *said: str | Answer, listed: dict[str, object] | None = None) -> None:
        self.said, self.told = list(said), list[str]()
        self.look: Callable[[], str] = str
        self.listed = {"id": "test-model", **(listed or {})}
        self.server = WireServer(self.answer)

    def answer(self, seen: Seen) -> Answer:
        if seen.method == "GET":
            body = json.dumps({"object": "list", "data": [self.listed, {"id": "other-model"}]})
            return Answer(body.encode(), headers=JSON, framing="length")
        self.told.append(self.look())
        said = self.said.pop(0)
        return said if isinstance(said, Answer) else Answer(stream(said))

    def sent(self) -> list[list[str]]:
        """The first five letters of each message of each request."""
        return [[message["content"][:5] for message in seen.json()["messages"]] for seen in posts(self.server)]


def watch(looking: Looking, screen: Live) -> None:
    """The toasts and the prompt's border, as its user has them: read by the server's thread, changed by nobody then."""

    def look() -> str:
        toasts = [notification.message for notification in screen.app._notifications]
        return "\n".join([*toasts, str(screen.app.prompt.border_subtitle)])

    looking.look = look


async def told(screen: Live, prompt: str, said: str) -> None:
    screen.app.prompt.put(prompt)
    await screen.pilot.pause()
    await screen.pilot.press("enter")
    await screen.shows(said)
    await screen.until(lambda: not screen.app.replying)


@scene
async def test_a_prompt_tells_it_while_it_is_typed(tmp_path: Path) -> None:
    looking = Looking("One.", "Two.")
    with looking.server as server:
        async with live(settings(tmp_path, server.url, more=KNOWN)) as screen:
            await told(screen, OLD, "One.")
            screen.app.prompt.put("n" * 800)
            await screen.shows(LEFT.format(1), "≈ ", "with the answer, the model takes 700")
            await screen.pilot.press("enter")
            await screen.shows("Two.")
            assert looking.sent() == [["plums"], ["nnnnn"]]
            assert [len(seen.json()["messages"]) for seen in posts(server)] == [1, 1]


@scene
async def test_again_tells_it(tmp_path: Path) -> None:
    looking = Looking("One.", "Two.", "Three.")
    config = KNOWN.replace("700", "70000")
    with looking.server as server:
        async with live(settings(tmp_path, server.url, more=config)) as screen:
            watch(looking, screen)
            await told(screen, OLD, "One.")
            await told(screen, "next", "Two.")
            assert looking.sent()[1] == ["plums", "One.", "next"]
            talk = screen.app.talk
            assert talk is not None
            screen.app.session.told_windows("mine", {"other-model": 400})
            talk.use("other-model", screen.app.session.learned)
            await screen.pilot.press("ctrl+g")
            await screen.shows("Three.")
            assert LEFT.format(1) in looking.told[2]
            assert looking.sent()[2] == ["next"]
            looking.said.append("Four.")
            await screen.until(lambda: not screen.app.replying)
            screen.app.clear_notifications()
            await screen.pilot.press("ctrl+g")
            await screen.shows("Four.")
            assert LEFT.format(1) in looking.told[3], "what was said of the reply before is not said of this one"


@scene
async def test_a_resume_tells_it_and_counts_what_is_held(tmp_path: Path) -> None:
    half = "words that go on and on, " * 60
    looking = Looking("One.", cut_after(240, half), Answer(b"", 404, JSON, "length"), "Three.")
    with looking.server as server:
        async with live(settings(tmp_path, server.url, more=KNOWN)) as screen:
            watch(looking, screen)
            await told(screen, OLD, "One.")
            await screen.write("next")
            await screen.until(lambda: len(looking.told) == 3 and not screen.app.replying)
            assert looking.sent()[1] == ["plums", "One.", "next"]
            # So much is held that it does not fit beside the first turn any more.
            await screen.pilot.press("ctrl+r")
            await screen.until(lambda: len(looking.told) > 3)
            assert LEFT.format(1) in looking.told[3]
            assert looking.sent()[3][0] == "next"


@scene
async def test_a_queued_prompt_tells_it_when_its_turn_comes(tmp_path: Path) -> None:
    looking = Looking(Answer(stream("a long answer " * 150), lead=400, thinking=1.0), "Two.")
    with looking.server as server:
        async with live(settings(tmp_path, server.url, more=KNOWN)) as screen:
            watch(looking, screen)
            screen.app.prompt.put("short")
            await screen.pilot.press("enter")
            await screen.until(lambda: screen.app.replying)
            await screen.write("next")
            assert LEFT.format(1) not in screen.text(), "nothing is known of what is not written"
            await screen.until(lambda: len(looking.told) == 2)
            assert LEFT.format(1) in looking.told[1]
            assert looking.sent()[1] == ["next"]


@scene
async def test_a_branch_tells_it_of_what_it_begins_with(tmp_path: Path) -> None:
    looking = Looking("One.", "Two.", "Three.")
    with looking.server as server:
        async with live(settings(tmp_path, server.url, more=KNOWN)) as screen:
            await told(screen, OLD, "One.")
            await told(screen, "next", "Two.")
            await screen.pilot.press("f5")
            await screen.shows("branches at turn 2")
            assert LEFT.format(1) not in screen.text()
            screen.app.prompt.put("n" * 800)
            await screen.shows("Enter asks", LEFT.format(1))
            await screen.pilot.press("enter")
            await screen.shows("Three.")
            assert looking.sent()[2] == ["nnnnn"]


@scene
async def test_the_provider_tells_it_by_its_list(tmp_path: Path) -> None:
    looking = Looking("One.", "Two.", listed={"max_model_len": 700})
    with looking.server as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await told(screen, OLD, "One.")
            await screen.until(lambda: screen.app.talk and screen.app.talk.provider.windows)
            screen.app.prompt.put("n" * 800)
            await screen.shows(LEFT.format(1))


@scene
async def test_the_list_is_asked_once_where_the_probes_are_chats(tmp_path: Path) -> None:
    looking = Looking("Hi.", "One.", "Two.", "Three.", listed={"max_model_len": 700})
    with looking.server as server:
        config = settings(tmp_path, server.url, more='[probe]\nkind = "chat"\ninterval = 3600.0\n')
        async with live(config) as screen:
            await screen.until(lambda: screen.app.talk and screen.app.talk.provider.windows)
            await screen.until(lambda: posts(server))
            await told(screen, OLD, "One.")
            screen.app.prompt.put("n" * 800)
            await screen.shows(LEFT.format(1))
            assert sum(seen.method == "GET" for seen in server.seen) == 1


@scene
async def test_what_is_configured_goes_before_what_the_provider_tells(tmp_path: Path) -> None:
    looking = Looking("One.", listed={"max_model_len": 700})
    with looking.server as server:
        config = settings(tmp_path, server.url, more=KNOWN.replace("700", "9000"))
        async with live(config) as screen:
            await told(screen, OLD, "One.")
            await screen.until(lambda: screen.app._prober is not None and screen.app._prober.windows)
            talk = screen.app.talk
            assert talk is not None
            assert talk.fit("x").window == 9000
            await screen.pilot.press("ctrl+o")
            await screen.until(lambda: isinstance(screen.app.screen, ModelDialog))
