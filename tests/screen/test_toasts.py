"""What is said of one thing does not stand over the next."""

from __future__ import annotations

import asyncio
from pathlib import Path

from breaking_provider import ENGLISH, provider, settings
from live_app import ASK, live
from textual.widgets._toast import Toast

from tui.journal.rescued import Rescued
from tui.journal.trouble import JournalTrouble
from tui.screen.dialogs.too_small import TooSmall
from tui.screen.showing import TOLD_ONCE

WHOLE = "This reply is whole"


def test_a_toast_goes_with_the_next_prompt(tmp_path: Path) -> None:
    async def play() -> None:
        with provider(ENGLISH) as server:
            async with live(settings(tmp_path, server.url)) as screen:
                await screen.write(ASK)
                await screen.shows("✓ done")
                await screen.pilot.press("ctrl+r")
                await screen.shows(WHOLE)
                screen.app.notify("lasts", timeout=600)
                await screen.write("And then?")
                assert not list(screen.app._notifications)
                await screen.until(lambda: "lasts" not in screen.text(), "the toast stays")

    asyncio.run(play())


def test_a_toast_does_not_cover_what_a_small_terminal_says(tmp_path: Path) -> None:
    async def play() -> None:
        with provider(ENGLISH) as server:
            async with live(settings(tmp_path, server.url)) as screen:
                await screen.write(ASK)
                await screen.shows("✓ done")
                screen.app.notify("lasts", timeout=600)
                await screen.shows("lasts")
                await screen.pilot.resize_terminal(36, 8)
                await screen.until(lambda: isinstance(screen.app.screen, TooSmall))
                await screen.shows("40x10")
                await screen.until(lambda: screen.app.screen.query(Toast), "the toast comes along")
                await screen.pilot.pause()
                assert "lasts" not in screen.text()
                await screen.pilot.resize_terminal(120, 36)
                await screen.until(lambda: not isinstance(screen.app.screen, TooSmall))

    asyncio.run(play())


def test_what_became_of_a_damaged_journal_stands_long_enough_to_be_read(tmp_path: Path) -> None:
    async def play() -> None:
        with provider(ENGLISH) as server:
            async with live(settings(tmp_path, server.url)) as screen:
                app = screen.app
                app.journal_trouble(JournalTrouble("set_aside", "journal-damaged-1.sqlite3", Rescued(2, 3, 3)))
                app.journal_trouble(None)
                await screen.shows("journal-damaged-1.sqlite3")
                (told,) = app._notifications
                assert told.timeout == TOLD_ONCE

    asyncio.run(play())
