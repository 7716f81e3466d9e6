"""Questions that come up by themselves: whoever is typing just then goes on typing, and answers nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TypeVar

from textual import events
from textual.message import Message
from textual.timer import Timer

from tui.say import say
from tui.screen.dialogs.choice import Choice, ChoiceDialog

Answer = TypeVar("Answer", bound=str)

REACTION = 1.0
"""Seconds that a question is on screen before a key can be meant for it, and that a key after typed text still belongs
to it. Seeing something unexpected, reading its title and pressing a key takes a person longer."""

TOGETHER = 0.4
"""Seconds within which a further letter tells that the one before was typed, no answer. Even slow typing, 30 words a
minute, has a letter every 0.4 s."""


class UnaskedDialog(ChoiceDialog[Answer]):
    """What is typed here is posted as `Typed`; a single letter, and nothing near it, is an answer."""

    class Typed(Message):
        """Text that belongs into the prompt."""

        def __init__(self, text: str) -> None:
            self.text = text
            super().__init__()

    def __init__(self, title: str, text: str, choices: Sequence[Choice[Answer]]) -> None:
        super().__init__(title, text, choices)
        self._shown = float("inf")
        """Since when it has been on screen; the clock of Textual's events."""
        self._typed = float("-inf")
        """When text was typed last."""
        self._told = False
        self._held = ""
        """A letter that is an answer, unless another one follows."""
        self._wait: Timer | None = None

    def on_mount(self) -> None:
        # Textual calls the base class's handler by itself. It is drawn some milliseconds later.
        self._shown = time.monotonic()

    def pressed(self, event: events.Key) -> None:
        letter = event.character if event.is_printable else None
        if letter is not None:
            event.stop()
            self._letter(letter, event.time)
        elif event.key == "enter" and self._held:
            event.stop()
            self._answer_held()
        elif event.key == "enter" and self._is_typing(event.time):
            # The end of a prompt that was typed at nobody's question: it stays in the field.
            event.stop()
        else:
            self._keep(self._let_go(), None)
            super().pressed(event)

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        self._keep(self._let_go() + event.text, event.time)

    def _letter(self, letter: str, at: float) -> None:
        answers = any(choice.key == letter.lower() for choice in self._choices)
        if self._held or not answers or self._is_typing(at):
            self._keep(self._let_go() + letter, at)
        else:
            self._held = letter
            self._wait = self.set_timer(TOGETHER, self._answer_held)

    def _is_typing(self, at: float) -> bool:
        return at < self._shown + REACTION or at < self._typed + REACTION

    def _let_go(self) -> str:
        """The letter that was held: it is no answer."""
        if self._wait is not None:
            self._wait.stop()
        held, self._held = self._held, ""
        return held

    def _keep(self, text: str, at: float | None) -> None:
        if not text:
            return
        if at is not None:
            self._typed = at
        self.post_message(self.Typed(text))
        if not self._told:
            self._told = True
            self.notify(say("screen.typed_kept"), markup=False)

    def _answer_held(self) -> None:
        letter = self._let_go().lower()
        for choice in self._choices:
            if choice.key == letter:
                self.end(choice.answer)
                return
