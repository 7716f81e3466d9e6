"""What stood on the screen and when: every frame of the connection pane, read from what was painted."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.screen import Screen

from tui.screen.app import UnbrokenApp
from tui.screen.panes.link_words import SIGNS, ShownState

_STATES: dict[str, ShownState] = {sign: state for state, (sign, _) in SIGNS.items()}


@dataclass(frozen=True, slots=True)
class Frame:
    """The connection pane, as painted."""

    at: float
    """time.monotonic(), once it was painted."""
    rows: tuple[str, ...]

    @property
    def state(self) -> ShownState:
        return _STATES[self.rows[0].strip()[0]]

    @property
    def connection(self) -> int:
        return self._number(r"conn #(\d+)")

    @property
    def retry(self) -> int:
        return self._number(r"retry (\d+)/")

    @property
    def countdown(self) -> float | None:
        found = re.search(r"reconnecting in ([\d.]+) s", self.rows[0])
        return float(found[1]) if found else None

    @property
    def ttft(self) -> float | None:
        """Seconds."""
        found = re.search(r"TTFT ([\d,]+) ms", self.rows[0])
        return int(found[1].replace(",", "")) / 1000 if found else None

    def _number(self, pattern: str) -> int:
        found = re.search(pattern, self.rows[0])
        return int(found[1]) if found else 0


class Witness:
    """Looks at every frame that the application paints."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.on_frame: Callable[[Frame], None] = lambda _: None

    def saw(self, app: UnbrokenApp, renderable: object) -> None:
        """`renderable` was painted just now."""
        now = time.monotonic()
        if not isinstance(renderable, LayoutUpdate | ChopsUpdate):
            return
        # The screen's own way from a paint to cells, without a terminal behind it.
        app._take(renderable)
        if app._canvas is None or not app.connection.is_mounted or len(app.screen_stack) > 1:
            return
        region = app.connection.content_region
        text = app._canvas.text(region.y, region.bottom)
        rows = tuple(row[region.x : region.right].rstrip() for row in text)
        if rows and rows[0].strip() and (not self.frames or rows != self.frames[-1].rows):
            self.frames.append(Frame(now, rows))
            self.on_frame(self.frames[-1])


@contextmanager
def watched() -> Iterator[Witness]:
    """Every application that runs meanwhile is looked at."""
    witness, paint = Witness(), UnbrokenApp._display

    def display(app: UnbrokenApp, screen: Screen[object], renderable: object) -> None:
        paint(app, screen, renderable)
        witness.saw(app, renderable)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(UnbrokenApp, "_display", display)
        yield witness
