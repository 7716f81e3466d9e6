from __future__ import annotations

from dataclasses import replace

import pytest
from pane_app import HandClock, PaneApp, pilot, screen_text, until

from tui.chat.view import LinkView, ReplyView
from tui.monitor.view import ProbeView
from tui.screen.panes.connection import RATE, ConnectionPane
from tui.words import TextSoFar, TokenCount

STEADY = ProbeView((0.041, None, 0.041), 0.041, 0.041, 0.041, 0.0, (1, 3))


def shows(app: PaneApp, words: str) -> bool:
    return any(words in line for line in screen_text(app))


@pilot
async def test_a_countdown_ticks_by_itself_at_least_five_times_a_second() -> None:
    clock = HandClock()
    pane = ConnectionPane(clock)
    async with PaneApp(pane).run_test(size=(90, 12)) as p:
        pane.link = LinkView(
            state="backing_off", until=clock.time + 3.2, since=clock.time, retry_count=1, max_retries=5
        )
        await until(p, lambda: shows(p.app, "reconnecting in 3.2 s"))
        pace = pane.pace()
        assert pace is not None
        assert pace <= 0.2
        clock.time += 1.1
        await until(p, lambda: shows(p.app, "reconnecting in 2.1 s"), "a drawing nobody asked for")
        assert shows(p.app, "retry 1/5")


@pilot
async def test_seconds_of_silence_tick_too() -> None:
    clock = HandClock()
    pane = ConnectionPane(clock)
    async with PaneApp(pane).run_test(size=(90, 12)) as p:
        pane.link = LinkView(state="waiting", last_byte=clock.time, last_text=clock.time)
        await until(p, lambda: shows(p.app, "waiting 0 s"))
        clock.time += 12
        await until(p, lambda: shows(p.app, "no bytes for 12 s"), "a drawing nobody asked for")


@pilot
async def test_nothing_ticks_while_nothing_moves() -> None:
    clock = HandClock()
    pane = ConnectionPane(clock)
    async with PaneApp(pane).run_test(size=(90, 12)) as p:
        assert pane.pace() is None
        pane.link = LinkView(state="backing_off", until=clock.time + 9, since=clock.time)
        ticking = pane._ticker
        assert ticking is not None
        pane.link = replace(pane.link, retry_count=1)
        assert pane._ticker is ticking, "the same pace keeps its timer"
        for state in ("idle", "done", "failed", "stopped"):
            pane.link = LinkView(state=state)  # type: ignore[arg-type]
            assert pane._ticker is None, state
        await p.pause()


@pilot
async def test_a_view_with_the_same_words_is_not_drawn_again() -> None:
    clock = HandClock()
    drawn = 0

    class Counted(ConnectionPane):
        def render(self):  # type: ignore[no-untyped-def]
            nonlocal drawn
            drawn += 1
            return super().render()

    pane = Counted(clock)
    async with PaneApp(pane).run_test(size=(90, 12)) as p:
        pane.link = LinkView(state="streaming", connection_id=3)
        await until(p, lambda: shows(p.app, "streaming · conn #3"))
        before = drawn
        for _ in range(20):
            clock.time += 0.1
            pane.link = replace(pane.link, last_text=clock.time, last_byte=clock.time)
            await p.pause(0.001)
        assert drawn == before


@pilot
async def test_what_the_provider_counted_is_shown_though_the_connection_stays_as_it_is() -> None:
    pane = ConnectionPane(HandClock())
    async with PaneApp(pane).run_test(size=(90, 12)) as p:
        pane.link = LinkView(state="done", connection_id=3, attempt=1, last_piece=12.0, flow=2.0)
        pane.view = ReplyView(text=TextSoFar("word " * 40), length=200, link=pane.link, ended=True)
        await until(p, lambda: shows(p.app, "≈ "))
        pane.view = replace(pane.view, usage=TokenCount(7, 101))
        await until(p, lambda: shows(p.app, "50.0 tok/s") and not shows(p.app, "≈"), "the exact rate")


@pilot
async def test_the_pace_of_a_stream_is_shown_by_its_own_clock() -> None:
    clock = HandClock()
    pane = ConnectionPane(clock)
    async with PaneApp(pane).run_test(size=(90, 12)) as p:
        link = LinkView(state="streaming", connection_id=3, attempt=1, last_piece=12.0, flow=2.0)
        pane.link, pane.view = link, ReplyView(text=TextSoFar("word " * 40), length=200, link=link)
        await until(p, lambda: shows(p.app, "24.5 tok/s"))
        assert pane.pace() == RATE


@pilot
async def test_folded_it_is_one_line_and_loses_neither_state_nor_measurement() -> None:
    pane = ConnectionPane(HandClock())
    async with PaneApp(pane).run_test(size=(80, 12)) as p:
        pane.probes = STEADY
        await until(p, lambda: shows(p.app, "TTFB ▂·▂ 41 ms"))
        assert pane.outer_size.height == 5
        pane.compact = True
        await until(p, lambda: pane.outer_size.height == 1)
        await until(p, lambda: shows(p.app, "○ ready  TTFB 41 ms ✓"))


@pytest.mark.parametrize("width", [1, 5, 20, 33])
@pilot
async def test_it_stands_any_width(width: int) -> None:
    pane = ConnectionPane(HandClock())
    async with PaneApp(pane).run_test(size=(width, 8)) as p:
        pane.link = LinkView(state="backing_off", until=1003.2, since=1000.0, model="日本語のモデル")
        pane.probes = STEADY
        await p.pause()
        await p.resize_terminal(120, 30)
        await until(p, lambda: shows(p.app, "日本語のモデル"))
