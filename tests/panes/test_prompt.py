from __future__ import annotations

from typing import ClassVar

import pytest
from pane_app import PaneApp, pilot, screen_text, until
from textual import events
from textual.binding import Binding
from textual.geometry import Offset
from textual.widgets import Static, TextArea

from tui.screen.panes.prompt import Prompt


def asked(app: PaneApp) -> list[str]:
    return [message.text for message in app.of(Prompt.Asked)]


@pilot
async def test_enter_sends_and_empties() -> None:
    prompt = Prompt()
    async with PaneApp(prompt).run_test() as p:
        await until(p, lambda: any("Ask…" in line for line in screen_text(p.app)), "the placeholder")
        await p.press("enter", "space", "enter")
        assert asked(p.app) == [], "an empty prompt does nothing"
        await p.press("backspace", *"hi", "enter")
        assert asked(p.app) == ["hi"]
        assert prompt.text == ""


@pytest.mark.parametrize("key", ["ctrl+j", "alt+enter", "shift+enter", "ctrl+enter"])
@pilot
async def test_keys_that_make_a_new_line(key: str) -> None:
    async with PaneApp(Prompt()).run_test() as p:
        await p.press("a", key, "b", "enter")
        assert asked(p.app) == ["a\nb"]


@pilot
async def test_a_paste_never_sends_and_is_made_safe() -> None:
    prompt = Prompt()
    async with PaneApp(prompt).run_test() as p:
        await p.press("x")
        prompt.post_message(events.Paste("one\r\ntwo\x1b[31m\u202e\n"))
        await until(p, lambda: prompt.text == "xone\ntwo␛[31m\n")
        assert asked(p.app) == []
        await p.press("enter")
        assert asked(p.app) == ["xone\ntwo␛[31m"]


@pilot
async def test_the_clipboard_of_the_application_is_made_safe_too() -> None:
    prompt = Prompt()
    async with PaneApp(prompt).run_test() as p:
        p.app.copy_to_clipboard("a\x1b[2Jb")
        await p.press("ctrl+v")
        assert prompt.text == "a␛[2Jb"


@pilot
async def test_it_grows_from_one_to_eight_lines() -> None:
    prompt = Prompt()
    async with PaneApp(Static("above"), prompt).run_test(size=(40, 30)) as p:
        assert prompt.content_size.height == 1
        for n in range(2, 12):
            await p.press("ctrl+j")
            want = min(n, 8)
            await until(p, lambda want=want: prompt.content_size.height == want, f"{want} lines")
        prompt.put("日本語" * 20)
        await until(p, lambda: prompt.content_size.height == 4, "120 cells wrapped at 36")


@pilot
async def test_up_browses_and_down_comes_back_to_the_draft() -> None:
    prompt = Prompt(["first", "second\nof two lines"])
    async with PaneApp(prompt).run_test() as p:
        await p.press(*"draft", "up")
        assert prompt.text == "second\nof two lines"
        await p.press("up")
        assert prompt.text == "first"
        await p.press("up")
        assert prompt.text == "first", "there is nothing earlier"
        await p.press("!", "down")
        assert prompt.text == "second\nof two lines"
        await p.press("up", "up")
        assert prompt.text == "first!", "a change made while browsing is kept"
        await p.press("down", "down")
        assert prompt.text == "draft"
        await p.press("down", "enter")
        assert asked(p.app) == ["draft"]


@pilot
async def test_up_inside_a_text_only_moves() -> None:
    prompt = Prompt(["earlier"])
    async with PaneApp(prompt).run_test() as p:
        await p.press("a", "ctrl+j", "b", "up")
        assert prompt.text == "a\nb"
        await p.press("up")
        assert prompt.text == "earlier"
        await p.press("enter", "up")
        assert prompt.text == "earlier", "browsing began anew"


@pilot
async def test_history_from_outside_is_made_safe() -> None:
    prompt = Prompt(["\x1b]0;pwn\x07"])
    async with PaneApp(prompt).run_test() as p:
        await p.press("up")
        assert "\x1b" not in prompt.text


@pilot
async def test_keys_of_the_application_reach_it() -> None:
    prompt = Prompt()
    async with PaneApp(prompt).run_test() as p:
        await p.press(*"text")
        for key in ("ctrl+o", "ctrl+r", "escape", "f1", "f6", "f7", "pageup", "pagedown"):
            await p.press(key)
            assert p.app.keys[-1:] == [key]
        assert prompt.selected_text == ""


@pilot
async def test_ctrl_c_is_its_own_only_while_something_is_selected() -> None:
    class Asking(PaneApp):
        BINDINGS: ClassVar = [Binding("ctrl+c", "seen('ctrl+c')", "")]

    prompt = Prompt()
    app = Asking(prompt)
    async with app.run_test() as p:
        await p.press(*"text", "ctrl+c")
        assert app.keys == ["ctrl+c"]
        await p.press("shift+home", "ctrl+c")
        assert app.keys == ["ctrl+c"]
        assert app.clipboard == "text"


def test_no_key_of_a_text_area_was_lost_but_those_meant() -> None:
    def keys(bindings: list[object]) -> set[str]:
        return {b.key for b in bindings if isinstance(b, Binding)}

    assert keys(list(TextArea.BINDINGS)) - keys(list(Prompt.BINDINGS)) == {"pageup", "pagedown", "f6", "f7"}


@pilot
async def test_the_real_cursor_stands_where_text_goes() -> None:
    prompt = Prompt()
    above = Static("above")
    async with PaneApp(above, prompt).run_test(size=(40, 20)) as p:
        await until(p, lambda: p.app.cursor_position == prompt.cursor_screen_offset != (0, 0), "the first frame")
        await p.press(*"日本")
        assert p.app.cursor_position == prompt.cursor_screen_offset
        assert p.app.cursor_position.x == prompt.content_region.x + 4
        p.app.cursor_position = Offset(0, 0)
        above.styles.height = 5  # the prompt moves, but keeps its size
        await until(p, lambda: p.app.cursor_position.y == prompt.content_region.y == 6, "the move of the pane")
        await p.resize_terminal(30, 20)
        await until(p, lambda: p.app.cursor_position == prompt.cursor_screen_offset)


@pilot
async def test_the_caret_does_not_blink() -> None:
    prompt = Prompt()
    async with PaneApp(prompt).run_test():
        assert prompt.has_focus
        assert prompt.cursor_blink is False


@pilot
async def test_a_queued_prompt_can_be_put_back() -> None:
    prompt = Prompt()
    async with PaneApp(prompt).run_test() as p:
        prompt.put("taken back")
        await p.press("!", "enter")
        assert asked(p.app) == ["taken back!"]
