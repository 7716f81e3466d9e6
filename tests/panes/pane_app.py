"""An application that shows panes as the real one does, and a clock that is moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget

from tui.clock import Bell
from tui.screen import panes

PANES = Path(panes.__file__).parent


class HandClock:
    """Time that only a test moves."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds

    async def wait(self, bell: Bell, until: float) -> bool:
        self.time = until
        return bell.rung


class PaneApp(App[None]):
    """Shows the widgets it is given and remembers every message that reaches it."""

    CSS_PATH = sorted(PANES.glob("*.tcss"))
    BINDINGS: ClassVar = [
        (key, f"seen('{key}')", "") for key in ("ctrl+o", "ctrl+r", "escape", "f1", "f6", "f7", "pageup", "pagedown")
    ]

    def __init__(self, *widgets: Widget) -> None:
        super().__init__()
        self.shown = widgets
        self.posted: list[Message] = []
        self.keys: list[str] = []

    def compose(self) -> ComposeResult:
        yield from self.shown

    def action_seen(self, key: str) -> None:
        self.keys.append(key)

    async def on_event(self, event: Any) -> None:
        await super().on_event(event)

    async def _dispatch_message(self, message: Message) -> None:
        if type(message).__module__.startswith("tui."):
            self.posted.append(message)
        await super()._dispatch_message(message)

    def of(self, kind: type[Any]) -> list[Any]:
        return [message for message in self.posted if type(message) is kind]


def pilot(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an async test to its end on a loop of its own."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


async def until(pilot: Pilot[Any], true: Callable[[], object], what: str = "the condition") -> None:
    """Wait for what a test expects, not for a time; 10 s without it is a failure."""
    loop = asyncio.get_running_loop()
    end = loop.time() + 10
    while not true():
        assert loop.time() < end, f"waited in vain for {what}"
        await pilot.pause(0.01)


def screen_text(app: App[Any]) -> list[str]:
    """The lines of the screen as characters."""
    width, height = app.size
    rows = []
    for strip in app.screen._compositor.render_strips():
        rows.append("".join(segment.text for segment in strip))
    assert len(rows) <= height
    assert width
    return rows
