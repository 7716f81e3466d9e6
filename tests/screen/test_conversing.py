"""Conversations on screen: search, open, rename, delete, branches, several replies; with a real server and journal."""

from __future__ import annotations

from pathlib import Path

from breaking_provider import posts, settings
from live_app import Live, live
from model_servers import stream
from test_app import scene
from textual.widgets import Input
from wire_server import Answer, Seen, WireServer

from tui import paths
from tui.journal.store import Journal
from tui.screen.dialogs.conversations import ConversationsDialog
from tui.screen.dialogs.settings import SettingsDialog

LONG = (
    "\n\n".join(f"Paragraph {number} of many." for number in range(60))
    + "\n\nHere blooms the 梅 at last.\n\n"
    + "end. " * 40
)


def answers(*texts: str) -> WireServer:
    left = list(texts)

    def answer(seen: Seen) -> Answer:
        if seen.method == "GET":
            return Answer(
                b'{"object":"list","data":[{"id":"test-model"}]}',
                headers={"Content-Type": "application/json"},
                framing="length",
            )
        return Answer(stream(left.pop(0) if len(left) > 1 else left[0]))

    return WireServer(answer)


async def ask(screen: Live, prompt: str, said: str) -> None:
    await screen.write(prompt)
    await screen.shows(said)
    await screen.until(lambda: not screen.app.replying)


def titles() -> list[str]:
    with Journal.open(paths.journal_file()) as journal:
        return [one.title for one in journal.conversations()]


@scene
async def test_what_was_said_is_found_while_typing_and_opened_at_its_place(tmp_path: Path) -> None:
    with answers(LONG, "Nothing of the kind.") as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await ask(screen, "Tell of plums", "end. end.")
            await screen.pilot.press("ctrl+n")
            await ask(screen, "Another matter", "Nothing of the kind.")
            await screen.pilot.press("f3")
            await screen.shows("Another matter", "Tell of plums", "← open")
            await screen.pilot.press("梅")
            await screen.shows("Here blooms the 梅 at last.")
            await screen.pilot.press("enter")
            await screen.until(lambda: not isinstance(screen.app.screen, ConversationsDialog))
            await screen.shows("Paragraph 59 of many.", "Here blooms the 梅 at last.")
            assert screen.app.prompt.past == ["Tell of plums"]


@scene
async def test_what_was_found_stands_in_its_row_however_far_on_in_its_line(tmp_path: Path) -> None:
    with answers("Not yet. " * 40 + "Here blooms the 梅 at last.") as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await ask(screen, "Tell of plums", "at last.")
            await screen.pilot.press("f3", "梅")
            await screen.shows("…yet. Here blooms the 梅 at last.")


@scene
async def test_a_word_that_nobody_said_finds_nothing(tmp_path: Path) -> None:
    with answers("Hello.") as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await ask(screen, "Hi", "Hello.")
            await screen.pilot.press("f3", "z", "z", "q")
            await screen.shows("Nothing found.")
            await screen.pilot.press("enter", "escape")
            await screen.until(lambda: not isinstance(screen.app.screen, ConversationsDialog))


@scene
async def test_a_conversation_is_renamed_deleted_and_taken_back(tmp_path: Path) -> None:
    with answers("Hello.") as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await ask(screen, "First words", "Hello.")
            await screen.pilot.press("f3")
            await screen.shows("First words", "← open")
            await screen.pilot.press("ctrl+t")
            field = screen.app.screen.query_one(Input)
            assert field.value == "First words"
            field.value = "四季"
            await screen.pilot.press("enter")
            await screen.until(lambda: titles() == ["四季"])
            await screen.shows("四季")
            await screen.pilot.press("ctrl+d")
            await screen.shows("Deleted: 四季", "No conversation yet.")
            assert titles() == []
            assert screen.app.talk is not None
            assert screen.app.talk.turns == []
            await screen.pilot.press("ctrl+z")
            await screen.shows("It is back.", "四季")
            await screen.pilot.press("enter")
            await screen.shows("› First words", "Hello.")
            assert titles() == ["四季"]
            await screen.pilot.press("ctrl+n")
            await screen.pilot.press("f3", "季")
            await screen.shows("title:", "四季")
            await screen.pilot.press("enter")
            await screen.until(lambda: not isinstance(screen.app.screen, ConversationsDialog))
            await screen.shows("› First words", "Hello.")


@scene
async def test_another_reply_and_back_again(tmp_path: Path) -> None:
    with answers("The first answer.", "The second answer.", "A third.") as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await ask(screen, "Hi", "The first answer.")
            await screen.pilot.press("f7")
            await screen.shows("There is only one reply")
            await screen.pilot.press("ctrl+g")
            await screen.shows("The second answer.", "reply 2/2")
            await screen.until(lambda: not screen.app.replying)
            await screen.pilot.press("f7")
            await screen.shows("The first answer.", "reply 1/2")
            await screen.until(lambda: "The second" not in screen.text())
            await ask(screen, "And then", "A third.")
            told = posts(server)[-1].json()["messages"]
            assert told[1] == {"role": "assistant", "content": "The first answer."}, "the reply chosen is what was said"


@scene
async def test_an_edited_prompt_branches_and_the_old_conversation_stays(tmp_path: Path) -> None:
    with answers("One.", "Two.", "Three.") as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await ask(screen, "Alpha", "One.")
            await ask(screen, "Beta", "Two.")
            await screen.pilot.press("f5")
            await screen.until(lambda: screen.app.prompt.text == "Beta")
            await screen.shows("branches at turn 2")
            await screen.pilot.press("escape")
            await screen.until(lambda: screen.app.prompt.text == "")
            await screen.pilot.press("f5", "!", "enter")
            await screen.shows("Three.", "› Beta!")
            await screen.until(lambda: not screen.app.replying)
            assert [message["content"] for message in posts(server)[-1].json()["messages"]] == [
                "Alpha",
                "One.",
                "Beta!",
            ]
            assert len(titles()) == 2
            await screen.pilot.press("f3")
            await screen.shows("⑂")
            await screen.pilot.press("down", "enter")
            await screen.shows("Two.", "› Beta")


@scene
async def test_a_turn_is_deleted_and_comes_back(tmp_path: Path) -> None:
    with answers("One.", "Two.", "Three.") as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await ask(screen, "Alpha", "One.")
            await ask(screen, "Beta", "Two.")
            await screen.pilot.press("f6")
            await screen.shows("Turn 2")
            await screen.pilot.press("d")
            await screen.shows("› Alpha", "Turn 2 is deleted")
            await screen.until(lambda: "✓ Beta" not in screen.text())
            await screen.pilot.press("f6", "u")
            await screen.shows("› Beta", "✓ Beta")
            await screen.pilot.press("f6", "b")
            await ask(screen, "Gamma", "Three.")
            assert len(posts(server)[-1].json()["messages"]) == 5
            assert len(titles()) == 2


@scene
async def test_system_prompt_and_sampling_go_with_the_next_prompt(tmp_path: Path) -> None:
    with answers("One.", "Two.") as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await ask(screen, "Alpha", "One.")
            await screen.pilot.press("f9")
            await screen.until(lambda: isinstance(screen.app.screen, SettingsDialog))
            await screen.pilot.press(*"Terse.", "tab", *"9", "ctrl+s")
            await screen.shows("a number from 0 to 2")
            await screen.pilot.press("backspace", *"0.5", "tab", *"64", "ctrl+s")
            await screen.shows("From the next prompt on.")
            await ask(screen, "Beta", "Two.")
            body = posts(server)[-1].json()
            assert (body["messages"][0], body["temperature"], body["max_tokens"]) == (
                {"role": "system", "content": "Terse."},
                0.5,
                64,
            )
        async with live(settings(tmp_path, server.url)) as screen:
            await screen.pilot.press("f3", "enter")
            await screen.shows("Two.")
            assert screen.app.talk is not None
            assert (screen.app.talk.system, screen.app.talk.sampling.temperature) == ("Terse.", 0.5)


@scene
async def test_the_only_turn_deleted_comes_back_from_a_menu_of_its_own(tmp_path: Path) -> None:
    with answers("One.") as server:
        async with live(settings(tmp_path, server.url)) as screen:
            await screen.write("First")
            await screen.shows("✓ First")
            await screen.pilot.press("f6", "d")
            await screen.shows("Nothing asked yet")
            await screen.pilot.press("f6", "u")
            await screen.shows("✓ First", "One.")


@scene
async def test_a_deletion_is_taken_back_also_by_the_next_run_and_what_was_open_is_again(tmp_path: Path) -> None:
    with answers("One.") as server:
        config = settings(tmp_path, server.url)
        async with live(config) as screen:
            await screen.write("First")
            await screen.shows("✓ First")
            await screen.pilot.press("f3")
            await screen.shows("▸")
            await screen.pilot.press("ctrl+d")
            await screen.shows("Nothing asked yet")
            await screen.pilot.press("ctrl+z")
            await screen.shows("✓ First", "It is back")
            await screen.pilot.press("ctrl+d")
            await screen.shows("Nothing asked yet")
        async with live(config) as screen:
            await screen.shows("Nothing asked yet")
            await screen.pilot.press("f3", "ctrl+z")
            with Journal.open(paths.journal_file()) as journal:
                await screen.until(lambda: journal.conversations())
