from __future__ import annotations

import pytest
from pane_app import PaneApp, pilot, screen_text, until
from textual import events
from textual.geometry import Size
from textual.widgets import Static

from tui.journal.trouble import JournalTrouble
from tui.screen.action import Action
from tui.screen.dialogs import unasked
from tui.screen.dialogs.choose_wait import ChooseWait
from tui.screen.dialogs.help import HelpDialog
from tui.screen.dialogs.leave import LeaveDialog
from tui.screen.dialogs.too_small import TooSmall, too_small
from tui.words import Fault

ACTIONS = (Action("help", ("f1", "question_mark"), "help"), Action("quit", ("ctrl+q",), "quit"))


def shows(app: PaneApp, words: str) -> bool:
    return words in " ".join(" ".join(line.strip(" │") for line in screen_text(app)).split())


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["f"], "finish"),
        (["F"], "finish"),
        (["s"], "stop"),
        (["escape"], "stay"),
        (["enter"], "finish"),
        (["down", "enter"], "stop"),
        (["down", "j", "enter"], "stay"),
        (["x", "end", "enter"], "stay"),
    ],
)
@pilot
async def test_leaving_a_reply(keys: list[str], answer: str) -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        answers: list[str | None] = []
        p.app.push_screen(LeaveDialog(), answers.append)
        await until(p, lambda: shows(p.app, "What has arrived so far is kept"))
        await p.press(*keys)
        assert answers == [answer]


@pilot
async def test_leaving_does_not_say_that_anything_is_kept_while_nothing_can_be_saved() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        p.app.push_screen(LeaveDialog(JournalTrouble("full").sentence()))
        await until(p, lambda: shows(p.app, "Not saved: the disk is full. What arrives is kept in memory."))
        assert not shows(p.app, "What has arrived so far is kept")


@pilot
async def test_keys_that_arrive_in_one_moment_answer_once() -> None:
    async with PaneApp(Static("still here")).run_test(size=(80, 24)) as p:
        answers: list[str | None] = []
        p.app.push_screen(LeaveDialog(), answers.append)
        await until(p, lambda: shows(p.app, "What has arrived so far is kept"))
        for key in ("escape", "f", "escape"):
            p.app.post_message(events.Key(key, None))
        await until(p, lambda: answers == ["stay"])
        await until(p, lambda: shows(p.app, "still here"))


@pilot
async def test_ended_under_another_screen_it_takes_only_itself_away() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        answers: list[str | None] = []
        below, above = LeaveDialog(), HelpDialog(ACTIONS)
        p.app.push_screen(below, answers.append)
        p.app.push_screen(above)
        await p.pause()
        below.end("stop")
        assert p.app.screen is above
        await p.press("escape")
        await until(p, lambda: answers == ["stop"])


@pytest.fixture
def seen_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to see the question first."""
    monkeypatch.setattr(unasked, "REACTION", 0.0)


@pytest.mark.usefixtures("seen_at_once")
@pytest.mark.parametrize(
    ("keys", "answer"), [(["w"], "wait"), (["escape"], "wait"), (["m"], "model"), (["s"], "stop"), (["enter"], "wait")]
)
@pilot
async def test_a_long_wait_is_chosen(keys: list[str], answer: str) -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        answers: list[str | None] = []
        p.app.push_screen(
            ChooseWait(Fault("rate-limit", permanent=False, wait=749.2), "gpt\x1b[2J", lambda: 749.2), answers.append
        )
        await until(p, lambda: shows(p.app, "gpt␛[2J is to be asked again only in 12 min 30 s."))
        await p.press(*keys)
        await until(p, lambda: answers == [answer])


@pilot
async def test_retries_that_are_used_up_are_not_the_servers_wish() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        p.app.push_screen(ChooseWait(Fault("retry-budget", permanent=False, wait=42.0), "gpt", lambda: 42.0))
        await until(p, lambda: shows(p.app, "many retries already") and shows(p.app, "again only in 42 s."))


@pilot
async def test_a_long_wait_counts_down_while_it_is_asked_about_and_may_be_over() -> None:
    left = [400.0]
    async with PaneApp().run_test(size=(80, 24)) as p:
        p.app.push_screen(ChooseWait(Fault("rate-limit", permanent=False, wait=400.0), "gpt", lambda: left[0]))
        await until(p, lambda: shows(p.app, "again only in 6 min 40 s."))
        left[0] = 381.2
        await until(p, lambda: shows(p.app, "again only in 6 min 22 s."))
        left[0] = 0.0
        await until(p, lambda: shows(p.app, "gpt can be asked again now."))


@pytest.mark.parametrize("key", ["escape", "f1", "enter", "q"])
@pilot
async def test_help_lists_the_table_and_closes(key: str) -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        p.app.push_screen(HelpDialog(ACTIONS))
        await until(p, lambda: shows(p.app, "F1 ? this list ^Q quit; while a reply is on its way"))
        await p.press(key)
        assert not isinstance(p.app.screen, HelpDialog)


@pilot
async def test_help_scrolls_where_it_is_longer_than_the_screen() -> None:
    async with PaneApp().run_test(size=(50, 10)) as p:
        p.app.push_screen(HelpDialog(ACTIONS * 12))
        await until(p, lambda: shows(p.app, "F1 ? this list"))
        scroll = p.app.screen.query_one("#help-box")
        await p.press("end")
        await until(p, lambda: scroll.scroll_offset.y == scroll.max_scroll_y > 0)


def test_the_smallest_size() -> None:
    assert not too_small(Size(40, 10))
    assert too_small(Size(39, 10))
    assert too_small(Size(40, 9))


@pilot
async def test_a_small_terminal_is_told_and_grows_out_of_it() -> None:
    behind = Static("still here")
    async with PaneApp(behind).run_test(size=(20, 5)) as p:
        ended: list[object] = []
        p.app.push_screen(TooSmall(), ended.append)
        await until(p, lambda: shows(p.app, "Needs 40x10:") and shows(p.app, "is kept."), "all of it fits")
        await p.resize_terminal(30, 9)
        await until(p, lambda: shows(p.app, "30x9 cells"))
        await p.press("f6")
        assert p.app.keys == ["f6"], "the application's keys work on"
        assert ended == []
        await p.resize_terminal(40, 10)
        await until(p, lambda: ended == [None], "its own end")
        await until(p, lambda: shows(p.app, "still here"))


@pilot
async def test_it_ends_too_when_it_grew_behind_a_dialog() -> None:
    async with PaneApp().run_test(size=(20, 5)) as p:
        ended: list[object] = []
        p.app.push_screen(TooSmall(), ended.append)
        p.app.push_screen(LeaveDialog())
        await p.pause()
        await p.resize_terminal(80, 24)
        await p.press("escape")
        await until(p, lambda: ended == [None])


@pilot
async def test_pushed_without_need_it_ends_at_once() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        ended: list[object] = []
        p.app.push_screen(TooSmall(), ended.append)
        await until(p, lambda: ended == [None])
