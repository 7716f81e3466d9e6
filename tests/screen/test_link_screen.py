"""F2, and the keys that do something about a connection in trouble, with the real application and real sockets."""

from __future__ import annotations

import json
from pathlib import Path

from breaking_provider import ENGLISH, answering, cut_after, posts, provider, refused_key, settings
from live_app import ASK, live
from model_servers import Model
from test_app import scene
from wire_server import KEEP_ALIVE, PAGE, Answer, WireServer

from tui import paths
from tui.screen.dialogs.link import LinkScreen

CUT = cut_after(40, ENGLISH)


def patient(folder: Path, url: str) -> Path:
    """A back-off that no test sees the end of."""
    file = settings(folder, url, resume="prefill")
    text = file.read_text()
    file.write_text(text.replace("initial_backoff = 0.02", "initial_backoff = 60.0").replace("0.05", "60.0"))
    return file


@scene
async def test_the_whole_story_of_a_reply(tmp_path: Path) -> None:
    with provider(cuts=[40, 20]) as server:
        async with live(settings(tmp_path, server.url, resume="prefill")) as screen:
            await screen.write(ASK)
            await screen.shows("✓ done")
            await screen.shows("3 attempts · seams: 2 · verified")
            await screen.pilot.press("f2")
            await screen.shows("This reply, attempt by attempt", "Its seams", "replies, TTFT", "What happened")
            text = screen.text()
            assert text.count("· prefill · after") == 2
            numbers = [f"#{row.connection_id}" for row in screen.app.session.log.attempts]
            assert len(numbers) == 3
            assert all(number in text for number in numbers)
            await screen.pilot.press("f")
            await screen.shows("before the freeze")
            await screen.pilot.press("w")
            await screen.shows("60 min before the freeze")
            await screen.pilot.press("s")
            await screen.shows("The log is saved")
            (file,) = paths.log_dir().glob("connection-*.json")
            told = [event["event"] for event in json.loads(file.read_text())["events"]]
            assert (told.count("seam"), told.count("connecting"), told[-2:]) == (2, 3, ["done", "usage"])
            assert file.stat().st_mode & 0o077 == 0
            await screen.pilot.press("r", "escape")
            await screen.until(lambda: not isinstance(screen.app.screen, LinkScreen))
            assert not screen.app.session.board.views(screen.app.session.clock.now())


@scene
async def test_ctrl_r_does_not_wait_for_the_end_of_a_back_off(tmp_path: Path) -> None:
    with provider(cuts=[CUT]) as server:
        async with live(patient(tmp_path, server.url)) as screen:
            await screen.write(ASK)
            await screen.shows("reconnecting in", "Ctrl+R now")
            await screen.pilot.press("f2")
            await screen.shows("attempt by attempt", "Ctrl+R now")
            await screen.pilot.press("ctrl+r")
            await screen.until(lambda: "✓ done" in screen.text())
            await screen.pilot.press("escape")
            await screen.shows("seam verified", "gate.")


@scene
async def test_another_model_goes_on_with_a_reply_in_trouble(tmp_path: Path) -> None:
    with WireServer(answering(Model(ENGLISH, "exact"), [CUT])) as server:
        async with live(patient(tmp_path, server.url)) as screen:
            await screen.write(ASK)
            await screen.shows("reconnecting in")
            await screen.write("queued")
            await screen.pilot.press("ctrl+o")
            await screen.shows("Model that goes on with this reply")
            await screen.write("other")
            await screen.until(lambda: len(posts(server)) == 3, "the reply, then the queued prompt")
            asked = [seen.json()["model"] for seen in posts(server)]
            assert asked == ["test-model", "other-model", "other-model"]
            assert posts(server)[1].json()["messages"][-1]["role"] == "assistant", "it goes on with the reply"
            talk = screen.app.talk
            assert talk is not None
            first = talk.turns[0].versions[-1].view
            assert first.whole_text() == ENGLISH
            assert first.seams[0].models == ("test-model", "other-model")


@scene
async def test_a_key_that_is_refused_is_told_before_the_first_prompt(tmp_path: Path) -> None:
    with WireServer(lambda _: refused_key()) as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await screen.shows("the provider refuses the key")


@scene
async def test_keep_alives_without_text_are_a_living_server(tmp_path: Path) -> None:
    with provider(cuts=[Answer(KEEP_ALIVE, end="stall")]) as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await screen.write(ASK)
            await screen.shows("waiting", "server alive")


PROBING = "[probe]\ninterval = 1.0\n"


@scene
async def test_a_login_page_instead_of_the_list_is_said_everywhere(tmp_path: Path) -> None:
    with WireServer(lambda _: PAGE) as server:
        async with live(settings(tmp_path, server.url, more=PROBING)) as screen:
            await screen.shows("no usable answer (a web page came")
            await screen.pilot.press("f2")
            await screen.shows(
                "The newest probe brought no usable answer: a web page came instead of an answer;",
                "probes bring no usable answer:",
            )
            told = [entry.what for entry in screen.app.session.log.entries]
            assert told == ["probe_odd"], "once, not at every probe"


@scene
async def test_a_provider_that_is_gone_while_nothing_is_asked_is_said_beside_the_state(tmp_path: Path) -> None:
    with WireServer(lambda _: PAGE) as server:
        url = server.url
    async with live(settings(tmp_path, url, more=PROBING)) as screen:
        await screen.shows("○ ready · the provider does not answer", "lost (the connection was refused)")


@scene
async def test_chat_probes_go_to_the_model_of_the_next_prompt(tmp_path: Path) -> None:
    with provider() as server:
        async with live(settings(tmp_path, server.url, more=PROBING + 'kind = "chat"\n')) as screen:
            await screen.until(lambda: [seen.json()["model"] for seen in posts(server)] == ["test-model"])
            await screen.pilot.press("ctrl+o")
            await screen.shows("Model of the next prompt")
            await screen.write("other")
            await screen.until(lambda: len(posts(server)) >= 2, "the next probe")
            assert posts(server)[1].json()["model"] == "other-model"
            await screen.shows("chat ≈ ", " tok")
