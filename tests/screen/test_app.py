"""The whole screen, headless, with a real journal, and a provider on a real socket that breaks when told."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path

import pytest
from breaking_provider import (
    ENGLISH,
    JAPANESE,
    answering,
    cut_after,
    held,
    listing,
    posts,
    provider,
    refused_key,
    settings,
)
from live_app import ASK, Live, live
from model_servers import DIFFERENT, Model, stream
from textual.widgets import Input
from wire_server import Answer, Seen, WireServer

from tui import paths
from tui.chat.session import Wanted
from tui.journal.store import Journal
from tui.journal.stored import StoredReply
from tui.screen.dialogs.first_run import FirstRunDialog
from tui.screen.dialogs.leave import LeaveDialog
from tui.screen.dialogs.models import ModelDialog
from tui.screen.dialogs.too_small import TooSmall

KEY = "hs_" + "q7" * 18
STALL = cut_after(40, ENGLISH, "stall")


def scene(play: Callable[[Path], Awaitable[None]]) -> Callable[[Path], None]:
    @wraps(play)
    def run(tmp_path: Path) -> None:
        asyncio.run(play(tmp_path))

    return run


def stored() -> list[StoredReply]:
    with Journal.open(paths.journal_file()) as journal:
        latest = journal.latest()
        assert latest is not None
        return [reply for turn in journal.turns(latest.id) for reply in turn.replies]


def gone(server: WireServer, post: int) -> Callable[[], bool]:
    """Whether the other side closed the connection of the `post`-th request for an answer."""
    return lambda: len(posts(server)) > post and "gone" in server.did(posts(server)[post].connection)


async def asked(screen: Live, prompt: str = ASK) -> None:
    await screen.write(prompt)
    await screen.shows(prompt)


@scene
async def test_a_cut_is_a_seam_and_the_answer_is_whole(tmp_path: Path) -> None:
    with provider(cuts=[40, 20]) as server:
        async with live(settings(tmp_path, server.url, resume="prefill")) as screen:
            await asked(screen)
            await screen.shows("seam verified", "gate.", "✓ done")
            text = screen.text()
            assert text.count("prefill · seam verified") == 2
            assert "✓ Spring, please" in text
            assert screen.app.prompt.text == ""
            # Three attempts' tokens, the first two of them estimated.
            await screen.until(lambda: "≈" in screen.text().splitlines()[-1])
    (reply,) = stored()
    assert (reply.text, reply.state, len(reply.seams)) == (ENGLISH, "done", 2)


@scene
async def test_japanese_is_typed_cut_and_whole(tmp_path: Path) -> None:
    with provider(JAPANESE, cuts=[60]) as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await asked(screen, "日本の四季を教えて")
            await screen.shows("seam verified", "銀世界が広がります。", "✓ done")
        assert posts(server)[0].json()["messages"] == [{"role": "user", "content": "日本の四季を教えて"}]
    assert stored()[0].text == JAPANESE


@scene
async def test_a_different_answer_stands_beside_the_partial(tmp_path: Path) -> None:
    with provider(cuts=[60], behaviour="different") as server:
        async with live(settings(tmp_path, server.url, resume="restart")) as screen:
            await asked(screen)
            await screen.shows("reply 2/2", "wholly other answer", "✓ done")
            assert "forgot to lock" not in screen.text()
    first, second = stored()
    assert (first.text, second.text) == (held(60, ENGLISH), DIFFERENT)


@scene
async def test_a_queued_prompt_is_shown_taken_back_and_sent_in_its_turn(tmp_path: Path) -> None:
    with WireServer(answering(Model(ENGLISH, "exact"), [STALL, Answer(stream("Second."))])) as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await asked(screen)
            await screen.shows("the garden walks")
            await screen.write("later")
            await screen.shows("» ", "later", "1 queued")
            await screen.write("even later")
            await screen.shows("2 queued")
            await screen.pilot.press("escape")
            await screen.until(lambda: screen.app.prompt.text == "even later")
            await screen.shows("1 queued")
            assert screen.app.replying
            await screen.pilot.press("escape")
            await screen.until(lambda: screen.app.prompt.text == "later\n\neven later", "what was typed stays")
            await screen.until(lambda: "queued" not in screen.text())
            await screen.pilot.press("enter")
            await screen.shows("1 queued")
            assert screen.app.sending is not None
            await screen.app.sending.stop()
            await screen.shows("Second.")
            assert [seen.json()["messages"][-1] for seen in posts(server)][1] == {
                "role": "user",
                "content": "later\n\neven later",
            }
            assert "queued" not in screen.text()
            assert "■ Spring, please" in screen.text()


@scene
async def test_esc_stops_and_ctrl_r_goes_on(tmp_path: Path) -> None:
    with WireServer(answering(Model(ENGLISH, "exact"), [STALL, cut_after(0, "")])) as server:
        config = settings(tmp_path, server.url, resume="prefill")
        async with live(config) as screen:
            await asked(screen)
            await screen.shows("the garden walks")
            await screen.pilot.press("escape")
            await screen.until(lambda: not screen.app.replying)
            await screen.until(gone(server, 0), "the server still has its connection")
            await screen.shows("■ stopped", "Ctrl+R goes on", "■ Spring, please")
            await screen.pilot.press("ctrl+r")
            await screen.shows("gate.", "✓ done", "seam verified")
            await screen.pilot.press("ctrl+r")
            await screen.shows("nothing to resume")
    (reply,) = stored()
    assert (reply.text, reply.state) == (ENGLISH, "done")
    assert [attempt.number for attempt in reply.attempts] == [1, 2, 3]


@scene
async def test_a_failure_says_what_is_kept_and_the_next_run_resumes_it(tmp_path: Path) -> None:
    with WireServer(answering(Model(ENGLISH, "exact"), [40, refused_key()])) as server:
        config = settings(tmp_path, server.url, resume="prefill")
        async with live(config) as screen:
            await asked(screen)
            await screen.shows("✗ failed", "The answer is not whole: the provider refuses the key", "are kept")
        async with live(config, wanted=Wanted(continue_last=True)) as screen:
            await screen.shows("the garden walks", "✗ Spring, please")
            await screen.pilot.press("ctrl+r")
            await screen.shows("gate.", "✓ done", "seam verified")
    assert stored()[0].text == ENGLISH


@scene
async def test_another_model_answers_the_next_prompt(tmp_path: Path) -> None:
    with provider() as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await asked(screen)
            await screen.shows("✓ done")
            await screen.pilot.press("ctrl+o")
            await screen.until(lambda: isinstance(screen.app.screen, ModelDialog))
            await screen.pilot.press(*"oTHER")
            await screen.until(lambda: "▸ ✓           other-model" in screen.text())
            await screen.pilot.press("enter")
            await screen.until(lambda: not isinstance(screen.app.screen, ModelDialog))
            await screen.until(lambda: "other-model" in screen.text().splitlines()[-1])
            await screen.write("again")
            await screen.until(lambda: len(posts(server)) == 2 and not screen.app.replying)
        assert [seen.json()["model"] for seen in posts(server)] == ["test-model", "other-model"]


@pytest.mark.parametrize(("key", "leaving"), [("f", "finish"), ("s", "stop"), ("escape", None)])
def test_ctrl_q_while_replying_asks(key: str, leaving: str | None, tmp_path: Path) -> None:
    async def played() -> None:
        with provider(cuts=[STALL]) as server:
            async with live(settings(tmp_path, server.url)) as screen:
                await asked(screen)
                await screen.shows("the garden walks")
                await screen.pilot.press("ctrl+q", "ctrl+q")
                await screen.until(lambda: isinstance(screen.app.screen, LeaveDialog))
                await screen.shows("A reply is still being written")
                await screen.pilot.press(key)
                if leaving is None:
                    await screen.until(lambda: not isinstance(screen.app.screen, LeaveDialog))
                    assert screen.app.is_running
                else:
                    await screen.until(lambda: screen.app._exit)
                    assert screen.app.leaving == leaving
                assert screen.app.replying, "the reply outlives the screen"

    asyncio.run(played())


@scene
async def test_ctrl_q_without_a_reply_leaves(tmp_path: Path) -> None:
    with provider() as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await screen.shows("Ask…")
            await screen.pilot.press("ctrl+q")
            await screen.until(lambda: screen.app._exit)
        assert screen.app.return_code == 0


@scene
async def test_ctrl_c_stops_then_quits_at_the_second_time(tmp_path: Path) -> None:
    with provider(cuts=[STALL]) as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await asked(screen)
            await screen.shows("the garden walks")
            await screen.pilot.press("ctrl+c")
            await screen.until(gone(server, 0))
            await screen.shows("■ stopped")
            assert screen.app.is_running
            await screen.pilot.press("ctrl+c")
            await screen.shows("Ctrl+C again quits.")
            await screen.pilot.press("ctrl+c")
            await screen.until(lambda: screen.app._exit)


@scene
async def test_the_countdown_ticks(tmp_path: Path) -> None:
    busy = Answer(b'{"error": {"message": "busy"}}', 503, {"Retry-After": "100"}, "length")
    with WireServer(answering(Model(ENGLISH, "exact"), [busy])) as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await asked(screen)
            await screen.shows("reconnecting in", "retry 1/5")
            words: set[str] = set()

            def ticked() -> bool:
                words.update(line for line in screen.text().splitlines() if "reconnecting in" in line)
                return len(words) >= 5

            await screen.until(ticked, "the countdown stands still")


@scene
async def test_a_terminal_that_is_too_small_says_so_and_goes_on(tmp_path: Path) -> None:
    with provider(cuts=[STALL]) as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await asked(screen)
            await screen.shows("the garden walks")
            await screen.pilot.resize_terminal(20, 5)
            await screen.until(lambda: isinstance(screen.app.screen, TooSmall))
            await screen.until(lambda: "40x10" in " ".join(screen.text().split()))
            assert screen.app.replying
            await screen.pilot.press("n", "e")
            await screen.pilot.resize_terminal(120, 36)
            await screen.until(lambda: not isinstance(screen.app.screen, TooSmall))
            await screen.shows("Spring, please", "the garden walks", "Conversation")
            await screen.until(lambda: screen.app.prompt.text == "ne", "what was typed blind is not lost")
            await screen.write("xt")
            await screen.shows("1 queued")


@scene
async def test_a_terminal_that_starts_too_small(tmp_path: Path) -> None:
    with provider() as server:
        async with live(settings(tmp_path, server.url), size=(20, 5)) as screen:
            await screen.until(lambda: "40x10" in " ".join(screen.text().split()))
            await screen.pilot.resize_terminal(80, 24)
            await screen.until(lambda: not isinstance(screen.app.screen, TooSmall))
            await asked(screen)
            await screen.shows("through the wet gate.")


@scene
async def test_the_panes_fold_at_80x24_and_unfold(tmp_path: Path) -> None:
    with provider(cuts=[40]) as server:
        async with live(settings(tmp_path, server.url), size=(80, 24)) as screen:
            await asked(screen)
            await screen.shows("seam verified", "gate.", "✓ done")
            app = screen.app
            assert not app.conversation.display
            assert app.connection.size.height == 1
            assert app.output.size.height >= 15
            for row in screen.text().splitlines():
                assert len(row) <= 80
            await screen.pilot.resize_terminal(120, 36)
            await screen.until(lambda: app.conversation.display and app.connection.size.height > 1)
            await screen.shows("Conversation", "✓ Spring, please")


@scene
async def test_the_first_run_takes_a_key(tmp_path: Path) -> None:
    good = [listing("test-model")]
    answers: list[Answer] = [refused_key(KEY), *good]

    def answer(seen: Seen) -> Answer:
        if seen.method == "GET":
            return answers.pop(0) if len(answers) > 1 else answers[0]
        return Answer(stream(ENGLISH))

    with WireServer(answer) as server:
        async with live(settings(tmp_path, server.url, key_env="MINE_KEY")) as screen:
            await screen.until(lambda: isinstance(screen.app.screen, FirstRunDialog))
            pictures = []
            for words in ("refuses this key", ""):
                await screen.pilot.press("enter")
                screen.app.screen.query_one(Input).insert_line(KEY)  # type: ignore[attr-defined]
                await screen.until(lambda: "Enter tests it" in screen.text())
                pictures.append(screen.app.export_screenshot())
                assert not paths.keys_file().exists()
                await screen.pilot.press("enter")
                if words:
                    await screen.shows(words)
                    pictures.append(screen.app.export_screenshot())
            await screen.until(lambda: not isinstance(screen.app.screen, FirstRunDialog))
            await screen.shows("The key is kept in")
            await asked(screen)
            await screen.shows("through the wet gate.")
            pictures.append(screen.app.export_screenshot())
        assert not any(KEY in picture or KEY[3:] in picture for picture in pictures)
        assert posts(server)[0].headers["authorization"] == f"Bearer {KEY}"
    assert json.loads(paths.keys_file().read_text()) == {"mine": KEY}
    assert stat.S_IMODE(paths.keys_file().stat().st_mode) == 0o600
    for file in paths.data_dir().rglob("journal*"):
        assert KEY.encode() not in file.read_bytes()


@scene
async def test_leaving_the_first_run_without_a_key_is_exit_code_3(tmp_path: Path) -> None:
    async with live(settings(tmp_path, "http://127.0.0.1:9/v1", key_env="MINE_KEY")) as screen:
        await screen.until(lambda: isinstance(screen.app.screen, FirstRunDialog))
        await screen.pilot.press("escape")
        await screen.until(lambda: screen.app._exit)
    assert screen.app.return_value == 3


@scene
async def test_a_lost_terminal_leaves_the_reply_to_the_configuration(tmp_path: Path) -> None:
    with provider(cuts=[STALL]) as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await asked(screen)
            await screen.shows("the garden walks")
            screen.app.terminal_lost()
            await screen.until(lambda: screen.app._exit)
            assert screen.app.leaving == "finish"
            assert screen.app.replying


@scene
async def test_a_new_conversation_begins_empty(tmp_path: Path) -> None:
    with provider() as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await asked(screen)
            await screen.shows("✓ done")
            await screen.pilot.press("ctrl+n")
            await screen.until(lambda: "wet gate" not in screen.text())
            assert "Nothing asked yet" in screen.text()
            await screen.write("fresh")
            await screen.until(lambda: len(posts(server)) == 2)
            assert posts(server)[1].json()["messages"] == [{"role": "user", "content": "fresh"}]


@scene
async def test_earlier_turns_are_shown_again(tmp_path: Path) -> None:
    with WireServer([Answer(stream("Answer one."))]) as server:
        async with live(settings(tmp_path, server.url, more="[probe]\ninterval = 1000.0\n")) as screen:
            await asked(screen, "one?")
            await screen.until(lambda: not screen.app.replying)
            await asked(screen, "two?")
            await screen.until(lambda: not screen.app.replying and len(screen.app.conversation.rows) == 2)
            screen.app.conversation.focus()
            await screen.pilot.press("up")
            await screen.until(lambda: "› one?" in screen.text())
            assert "› two?" not in screen.text()
