"""The real application with a real Session, headless; and waiting for what it shows instead of for time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual._context import visible_screen_stack
from textual.pilot import Pilot

from tui.chat.session import Session, Wanted
from tui.clock import RealClock
from tui.config import load
from tui.providers.keys import KeyMissing
from tui.screen.app import UnbrokenApp
from tui.screen.first_run import Ready

LONG = 8.0
"""Seconds after which something that is waited for counts as never coming."""

ASK = "Spring, please"


class Live:
    """One run of the screen."""

    def __init__(self, app: UnbrokenApp, pilot: Pilot[int]) -> None:
        self.app, self.pilot = app, pilot

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Let the application run until `condition` holds."""
        loop = asyncio.get_running_loop()
        end = loop.time() + LONG
        while not condition():
            assert loop.time() < end, f"{what or condition}\n{self.text()}"
            await self.pilot.pause(0.01)

    async def shows(self, *words: str) -> None:
        await self.until(lambda: all(word in self.text() for word in words), f"never shown: {words}")

    async def told(self, words: str) -> None:
        """Until a notice says `words`, however its lines are broken."""
        await self.until(
            lambda: any(words in notice.message for notice in self.app._notifications), f"never told: {words}"
        )

    def text(self) -> str:
        """What stands on the screen, row by row."""
        screen = self.app.screen
        width, height = self.app.size
        if not width or not height:
            return ""
        # Where a dialog has to be drawn again, so has what shines through around it.
        visible_screen_stack.set(self.app._background_screens)
        strips = screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    async def write(self, text: str) -> None:
        """Type `text` and send it."""
        await self.pilot.press(*("space" if char == " " else char for char in text), "enter")

    def link(self) -> str:
        """The connection pane's words."""
        return "\n".join("".join(words for words, _ in line) for line in self.app.connection.lines())


@asynccontextmanager
async def live(config: Path, size: tuple[int, int] = (120, 36), wanted: Wanted | None = None) -> AsyncIterator[Live]:
    """The screen of `config`, as cli/screen_run.py starts it, and everything of it ended afterwards."""
    told: list[str] = []
    wanted = wanted or Wanted()
    session = Session(load(config), RealClock(), lambda _: None, told.append)
    try:
        provider, model = session.provider(wanted)
        ready: Ready | None = Ready(provider, model)
    except KeyMissing:
        ready = None
    app = UnbrokenApp(session, wanted, ready)
    try:
        async with app.run_test(size=size, notifications=True) as pilot:
            yield Live(app, pilot)
    finally:
        if app.sending is not None and app.sending.running:
            await app.sending.stop()
        assert await session.close()
