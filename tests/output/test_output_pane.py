"""The Output pane in a running app: it follows, it never jumps, it copies, and it is idle when nothing changes."""

from __future__ import annotations

import asyncio
import functools
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import ClassVar, ParamSpec

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.selection import Selection

from tui.say import speak
from tui.screen.panes import output
from tui.screen.panes.output import OutputPane
from tui.screen.panes.output_view import OutputView
from tui.words import SeamMark, TextSoFar

STYLE = Path(output.__file__).with_suffix(".tcss")


P = ParamSpec("P")


def in_loop(test: Callable[P, Coroutine[None, None, None]]) -> Callable[P, None]:
    """Runs an async test in a loop of its own."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


class PaneApp(App[None]):
    CSS_PATH: ClassVar[list[str | Path]] = [STYLE]

    def compose(self) -> ComposeResult:
        yield OutputPane()


def pane_of(pilot: Pilot[None]) -> OutputPane:
    return pilot.app.query_one(OutputPane)


def view_of(text: str, *, key: str = "1", **more: object) -> OutputView:
    return OutputView(key, text=TextSoFar(text), length=len(text), **more)  # type: ignore[arg-type]


def on_screen(pane: OutputPane) -> list[str]:
    height = pane.scrollable_content_region.height
    return [pane.render_line(y).text.rstrip() for y in range(height)]


async def until(pilot: Pilot[None], true: Callable[[], bool]) -> None:
    for _ in range(400):
        if true():
            return
        await pilot.pause(0.01)
    pytest.fail("it never came true")


def lines(count: int, start: int = 0) -> str:
    return "".join(f"line {number}\n" for number in range(start, start + count))


@in_loop
async def test_before_the_first_turn_it_says_what_it_is() -> None:
    async with PaneApp().run_test(size=(60, 20)) as pilot:
        pane = pane_of(pilot)
        await until(pilot, lambda: on_screen(pane)[0] == "unbroken")
        assert any("Ctrl+J" in row for row in on_screen(pane))


@in_loop
async def test_prompt_reply_notices_and_queue_stand_below_each_other() -> None:
    async with PaneApp().run_test(size=(60, 20)) as pilot:
        pane = pane_of(pilot)
        pane.view = view_of("The *answer*.", prompt="The\nquestion", notices=("Stopped.",), queued=("next\none",))
        await until(pilot, lambda: "Stopped." in on_screen(pane))
        shown = [row for row in on_screen(pane) if row]
        assert shown == ["› The", "  question", "The answer.", "Stopped.", "» queued: next one"]


@in_loop
async def test_reasoning_is_folded_and_goes_when_the_answer_begins() -> None:
    async with PaneApp().run_test(size=(40, 12)) as pilot:
        pane = pane_of(pilot)
        pane.view = view_of("", prompt="q", live=True, reasoning="first\nso I think " + "very " * 30 + "hard")
        await until(pilot, lambda: any("thinking" in row for row in on_screen(pane)))
        row = next(row for row in on_screen(pane) if "thinking" in row)
        assert row.endswith("very hard")
        pane.view = view_of("Yes.", prompt="q", live=True, reasoning="first")
        await until(pilot, lambda: "Yes." in on_screen(pane))
        assert not any("thinking" in row for row in on_screen(pane))


@in_loop
async def test_a_growing_text_gives_the_rows_of_the_whole() -> None:
    source = "# Title\n\n- one **two**\n- 三\r\n\r\n```python\ndef f():\n    pass\n```\nend \x1b[31mred\u202e"
    async with PaneApp().run_test(size=(60, 24)) as pilot:
        pane = pane_of(pilot)
        text = TextSoFar()
        for character in source:
            text.add(character)
            pane.view = OutputView("1", text=text, length=len(text), live=True)
            await pilot.pause()
        pane.view = OutputView("1", text=text, length=len(text))
        await until(pilot, lambda: any("red" in row for row in on_screen(pane)))
        grown = [pane.row(number) for number in range(pane.row_count)]
        pane.view = view_of(source, key="2")
        await until(pilot, lambda: pane._shown is pane.view)
        assert [pane.row(number) for number in range(pane.row_count)] == grown
        assert "\x1b" not in "".join(on_screen(pane))


@in_loop
async def test_it_turns_pages_while_it_follows() -> None:
    async with PaneApp().run_test(size=(40, 12)) as pilot:
        pane = pane_of(pilot)
        text = TextSoFar()
        tops: list[int] = []
        for number in range(60):
            text.add(f"line {number}\n")
            pane.view = OutputView("1", text=text, length=len(text), live=True)
            pane._draw()
            await pilot.pause()
            tops.append(pane.scroll_offset.y)
            assert any(row == f"line {number}" for row in on_screen(pane))
        assert len(set(tops)) < 15  # ten rows: a line of scroll each would be fifty


@pytest.mark.parametrize(("count", "top"), [(10, 0), (11, 1), (12, 2), (13, 8)])
@in_loop
async def test_an_answer_does_not_end_on_a_page_that_is_mostly_empty(count: int, top: int) -> None:
    async with PaneApp().run_test(size=(40, 12)) as pilot:
        pane = pane_of(pilot)
        text = TextSoFar()
        for number in range(count):
            text.add(f"line {number}\n")
            pane.view = OutputView("1", text=text, length=len(text), live=True)
            pane._draw()
            await pilot.pause()
        pane.view = OutputView("1", text=text, length=len(text))
        await until(pilot, lambda: pane._shown is pane.view)
        await until(pilot, lambda: on_screen(pane)[0] == f"line {top}")
        assert f"line {count - 1}" in on_screen(pane)


@in_loop
async def test_reading_back_never_moves_and_end_returns() -> None:
    async with PaneApp().run_test(size=(40, 12)) as pilot:
        pane = pane_of(pilot)
        text = TextSoFar(lines(50))
        pane.view = OutputView("1", text=text, length=len(text), live=True)
        await until(pilot, lambda: "line 49" in on_screen(pane))
        pane.focus()
        for key in ("up", "k", "pageup"):
            await pilot.press(key)
        assert not pane.following
        before = on_screen(pane)
        for number in range(50, 150):
            text.add(f"line {number}\n")
            pane.view = OutputView("1", text=text, length=len(text), live=True)
            if number % 10 == 0:
                pane._draw()
                await pilot.pause()
                assert on_screen(pane) == before
        await pilot.press("end")
        assert pane.following
        await until(pilot, lambda: "line 149" in on_screen(pane))


@in_loop
async def test_keys_move_by_rows_and_pages() -> None:
    async with PaneApp().run_test(size=(40, 12)) as pilot:
        pane = pane_of(pilot)
        pane.view = view_of(lines(80))
        await until(pilot, lambda: on_screen(pane)[0] == "line 0")
        pane.focus()
        for key, top in (("down", 1), ("j", 2), ("k", 1), ("pagedown", 10), ("pageup", 1), ("end", 70), ("home", 0)):
            await pilot.press(key)
            await until(pilot, lambda top=top: on_screen(pane)[0] == f"line {top}")  # type: ignore[misc]


@in_loop
async def test_scrolling_down_to_the_end_follows_again() -> None:
    async with PaneApp().run_test(size=(40, 12)) as pilot:
        pane = pane_of(pilot)
        text = TextSoFar(lines(40))
        pane.view = OutputView("1", text=text, length=len(text), live=True)
        await until(pilot, lambda: "line 39" in on_screen(pane))
        pane.focus()
        await pilot.press("pageup")
        assert not pane.following
        for _ in range(6):
            await pilot.press("pagedown")
        assert pane.following


@in_loop
async def test_an_old_reply_is_read_from_its_top() -> None:
    async with PaneApp().run_test(size=(40, 12)) as pilot:
        pane = pane_of(pilot)
        pane.view = view_of(lines(50), live=True)
        await until(pilot, lambda: "line 49" in on_screen(pane))
        pane.view = view_of(lines(50), key="2", prompt="old")
        await until(pilot, lambda: on_screen(pane)[0] == "› old")


@in_loop
async def test_nothing_is_drawn_when_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    async with PaneApp().run_test(size=(40, 12)) as pilot:
        pane = pane_of(pilot)
        text = TextSoFar("The answer")
        pane.view = OutputView("1", text=text, length=len(text), live=True)
        await until(pilot, lambda: "The answer" in on_screen(pane))
        drawn: list[object] = []
        monkeypatch.setattr(pane, "refresh", lambda *regions, **_more: drawn.append(regions))
        pane.view = OutputView("1", text=text, length=len(text), live=True)
        assert pane._due is None
        pane.view = OutputView("1", text=text, length=len(text), live=False)
        await until(pilot, lambda: pane._shown is pane.view)
        assert drawn == []


@in_loop
async def test_only_the_rows_that_changed_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    async with PaneApp().run_test(size=(40, 12)) as pilot:
        pane = pane_of(pilot)
        text = TextSoFar("one\n\ntwo\n\nthr")
        pane.view = OutputView("1", text=text, length=len(text), live=True)
        await until(pilot, lambda: "thr" in on_screen(pane))
        regions: list[tuple[int, int]] = []
        refresh = pane.refresh

        def spy(*areas: object, **_more: object) -> OutputPane:
            regions.extend((area.y, area.height) for area in areas if hasattr(area, "height"))
            return refresh(*areas)  # type: ignore[arg-type]

        monkeypatch.setattr(pane, "refresh", spy)
        text.add("ee")
        pane.view = OutputView("1", text=text, length=len(text), live=True)
        await until(pilot, lambda: "three" in on_screen(pane))
        await until(pilot, lambda: bool(regions))
        assert regions == [(4, 1)]


@in_loop
async def test_seams_are_rows_of_their_own() -> None:
    source = "- Spring opens\n- and ends"
    seams = (
        SeamMark(source.index("opens"), "prefill", True, 2.34, 9, ("m", "m")),
        SeamMark(source.index("ends"), "continue", False, 12, 9, ("old", "new")),
    )
    async with PaneApp().run_test(size=(90, 12)) as pilot:
        pane = pane_of(pilot)
        text = TextSoFar(source)
        pane.view = OutputView("1", text=text, length=len(text), seams=seams[:1], live=True)
        await until(pilot, lambda: any("resumed" in row for row in on_screen(pane)))
        pane.view = OutputView("1", text=text, length=len(text), seams=seams, live=True)
        await until(pilot, lambda: any("NOT" in row for row in on_screen(pane)))
        shown = [row for row in on_screen(pane) if row]
        assert shown[:3] == ["• Spring", "┄┄ resumed after 2.3 s · prefill · seam verified ┄┄", "  opens"]
        assert shown[3] == "• and"
        assert shown[4].startswith("!! resumed after 12.0 s · continue · old → new · seam NOT verified")
        assert "  ends" in shown[5:]
        assert pane.plain_text() == source


@in_loop
async def test_a_seam_finds_its_place_behind_text_that_is_not_shown() -> None:
    source = "a\u200b\u200b\u200b\r\nb\n\nc"
    seam = SeamMark(source.index("b") + 1, "prefill", True, 1, 0, ("m", "m"))
    async with PaneApp().run_test(size=(90, 12)) as pilot:
        pane = pane_of(pilot)
        pane.view = OutputView("1", text=TextSoFar(source), length=len(source), seams=(seam,))
        await until(pilot, lambda: "c" in on_screen(pane))
        assert [row[:3] for row in on_screen(pane)[:5]] == ["a", "b", "┄┄ ", "", "c"]


@in_loop
async def test_another_width_lays_out_again() -> None:
    async with PaneApp().run_test(size=(60, 12)) as pilot:
        pane = pane_of(pilot)
        pane.view = view_of("word " * 30, prompt="q " * 20)
        await until(pilot, lambda: any("word" in row for row in on_screen(pane)))
        await pilot.resize_terminal(30, 12)
        await until(pilot, lambda: pane.scrollable_content_region.width < 30)
        await until(pilot, lambda: all(len(row) <= 28 for row in on_screen(pane)))
        assert sum(row.count("word") for row in map(str, [pane.row(n).text for n in range(pane.row_count)])) == 30  # type: ignore[union-attr]


@in_loop
async def test_selected_text_is_the_text_and_not_its_drawing() -> None:
    source = "> " + "quoted words " * 5 + "\n\n```\n  code\n```"
    async with PaneApp().run_test(size=(36, 14)) as pilot:
        pane = pane_of(pilot)
        pane.view = view_of(source)
        await until(pilot, lambda: any("code" in row for row in on_screen(pane)))
        pane.screen.selections = {pane: Selection(None, None)}
        assert pane.selected_text() == ("quoted words " * 5).rstrip() + "\n\n  code"
        pane.screen.selections = {pane: Selection(Offset(2, 0), Offset(8, 0))}
        assert pane.selected_text() == "quoted"
        styles = {segment.text: segment.style for segment in pane.render_line(0)}
        assert styles["quoted"].bgcolor != styles["▎ "].bgcolor  # type: ignore[union-attr]


@in_loop
async def test_the_mouse_selects() -> None:
    async with PaneApp().run_test(size=(40, 12)) as pilot:
        pane = pane_of(pilot)
        pane.view = view_of("春夏秋冬 four seasons")
        await until(pilot, lambda: "春夏秋冬 four seasons" in on_screen(pane))
        left = pane.content_region.x
        top = pane.content_region.y
        await pilot.mouse_down(offset=(left + 2, top))
        await pilot.hover(offset=(left + 8, top))
        await pilot.mouse_up(offset=(left + 8, top))
        assert pane.selected_text().startswith("夏秋冬")


@in_loop
async def test_a_long_text_is_laid_out_in_steps() -> None:
    async with PaneApp().run_test(size=(80, 12)) as pilot:
        pane = pane_of(pilot)
        source = "word " * 40_000
        pane.view = view_of(source, live=True)
        await until(pilot, lambda: pane._shown is not None and pane._due is None and pane.row_count > 2000)
        assert sum(pane.row(n).text.count("word") for n in range(pane.row_count)) == 40_000  # type: ignore[union-attr]


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark"])
@in_loop
async def test_looks_do_not_rest_on_colour(theme: str) -> None:
    async with PaneApp().run_test(size=(60, 20)) as pilot:
        pilot.app.theme = theme
        pane = pane_of(pilot)
        pane.view = view_of("# head\n\n**strong** *em* ~~gone~~ [link](http://a.b)\n\n```python\nreturn # why\n```")
        await until(pilot, lambda: any("return" in row for row in on_screen(pane)))
        styles = {segment.text.strip(): segment.style for y in range(8) for segment in pane.render_line(y)}
        assert styles["head"].bold  # type: ignore[union-attr]
        assert styles["head"].underline  # type: ignore[union-attr]
        assert styles["strong"].bold  # type: ignore[union-attr]
        assert styles["em"].italic  # type: ignore[union-attr]
        assert styles["gone"].strike  # type: ignore[union-attr]
        assert styles["link"].underline  # type: ignore[union-attr]
        assert styles["return"].bold  # type: ignore[union-attr]
        assert styles["# why"].italic  # type: ignore[union-attr]


@in_loop
async def test_it_speaks_japanese() -> None:
    speak("ja")
    try:
        async with PaneApp().run_test(size=(60, 20)) as pilot:
            pane = pane_of(pilot)
            await until(pilot, lambda: any("改行" in row for row in on_screen(pane)))
            pane.view = view_of("答え", queued=("次の質問",))
            await until(pilot, lambda: "» 送信待ち: 次の質問" in on_screen(pane))
    finally:
        speak("en")


@in_loop
async def test_a_reply_that_is_resumed_is_followed_again() -> None:
    async with PaneApp().run_test(size=(40, 12)) as pilot:
        pane = pane_of(pilot)
        text = TextSoFar(lines(50))
        pane.view = OutputView("1", text=text, length=len(text))
        await until(pilot, lambda: on_screen(pane)[0] == "line 0")
        text.add(lines(30, 50))
        pane.view = OutputView("1", text=text, length=len(text), live=True)
        await until(pilot, lambda: "line 79" in on_screen(pane))


def test_the_pane_loads_neither_markdown_it_nor_pygments_before_it_needs_them() -> None:
    code = "import sys, tui.screen.panes.output; print({'markdown_it', 'pygments'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
