"""Keys in their turn: what one key does is done before the next one is looked at.

A slow link delivers many keys in one read. A widget inserts a character at once, while a key that it does not know
bubbles up to the application: `F3`, words and Enter in one read sent the words to the model. So behind every key that
may change who has the focus a marker goes the same way, and the next key waits until the marker is back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial

from textual import events
from textual.app import App
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, TextArea

from tui.screen.dialogs.dialog import Dialog
from tui.screen.dialogs.field import Field

ROUNDS = 3
"""Ways up for a marker: the key itself, what its handler posted, and the screen that this opened, mounted and with its
focus."""

PATIENCE = 0.5
"""Seconds after which a marker counts as lost, with the widget that it was given to."""

LONGEST_WAIT = 8.0
"""Seconds that a key waits at most for what its dialog has asked for: a key is tested for 5, a search takes 0.1."""


class Marker(Message):
    """Follows a key through the queues of the widgets."""

    def __init__(self, key: int, left: int) -> None:
        """`key`: the number of the key that it follows. `left`: rounds after this one."""
        self.key, self.left = key, left
        super().__init__()


class KeyTurns:
    """The keys that have arrived at `app` and wait for `give`, which has Textual handle one."""

    def __init__(self, app: App[int], give: Callable[[events.Event], Awaitable[None]]) -> None:
        self._app, self._give = app, give
        self._waiting: deque[events.Key | events.Paste] = deque()
        self._key = 0
        self._busy = False
        """A marker is on its way."""
        self._unfollowed = False
        """Text was given to a field, and no marker since."""
        self._lost: Timer | None = None
        self._held: Timer | None = None
        """The first key waits for its dialog, until this."""
        self._overdue = False
        """It has waited long enough."""

    async def arrived(self, event: events.Key | events.Paste) -> None:
        self._waiting.append(event)
        await self._next()

    async def back(self, marker: Marker) -> None:
        """The marker has come up to the application."""
        if not self._busy or marker.key != self._key or self._over:
            return
        if marker.left:
            self._send(marker.left - 1)
        else:
            await self._go_on(marker.key)

    async def settled(self) -> None:
        """What a dialog had asked for is there, or the dialog has ended."""
        if self._held is not None and not self._over and not self._acts_on_what_comes(self._waiting[0]):
            await self._release()

    async def _release(self) -> None:
        if self._held is not None:
            self._held.stop()
            self._held = None
            await self._next()

    async def _out_of_patience(self) -> None:
        self._overdue = True
        await self._release()

    async def _go_on(self, key: int) -> None:
        if self._busy and key == self._key:
            self._busy = self._unfollowed = False
            if self._lost is not None:
                self._lost.stop()
            await self._next()

    async def _next(self) -> None:
        while self._waiting and not self._busy and self._held is None and not self._over:
            event = self._waiting[0]
            inserts = self._only_inserts(event)
            if self._unfollowed and not inserts and isinstance(self._app.screen, Dialog):
                # The dialog has not heard yet of what was typed into its field.
                self._busy = True
                self._follow()
            elif self._acts_on_what_comes(event) and not self._overdue:
                self._held = self._app.set_timer(LONGEST_WAIT, self._out_of_patience)
            else:
                self._waiting.popleft()
                self._overdue = False
                self._busy, self._unfollowed = not inserts, inserts
                await self._give(event)
                if not inserts:
                    self._follow()

    @property
    def _over(self) -> bool:
        """The application is ending: there is no screen any more that a key could be for."""
        return not self._app.screen_stack

    def _follow(self) -> None:
        self._key += 1
        self._lost = self._app.set_timer(PATIENCE, partial(self._go_on, self._key))
        self._send(ROUNDS - 1)

    def _send(self, left: int) -> None:
        if self._over:
            return
        target = self._app.focused or self._app.screen
        marker = Marker(self._key, left)
        if not target.post_message(marker):
            self._app.post_message(marker)

    def _only_inserts(self, event: events.Key | events.Paste) -> bool:
        """Whether it is text for the field that has the focus, which can change nothing else."""
        typed = isinstance(event, events.Paste) or event.is_printable
        field = self._app.focused
        return typed and isinstance(field, Input | TextArea) and not (isinstance(field, Field) and field.MOVES_FOCUS)

    def _acts_on_what_comes(self, event: events.Key | events.Paste) -> bool:
        screen = self._app.screen
        return isinstance(screen, Dialog) and screen.waits(event)
