"""What the screen offers at any time, whoever answers: help, news, and the mouse."""

from __future__ import annotations

import os

from textual.screen import ModalScreen

from tui.plain import plain
from tui.say import say
from tui.screen.actions import HELP
from tui.screen.dialogs.help import HelpDialog
from tui.screen.terminal.display import UnbrokenDisplay


class Helping(UnbrokenDisplay[int]):
    """An app with help, news and a mouse that can be given back."""

    def __init__(self) -> None:
        super().__init__()
        self._mouse_held = True

    def tell(self, text: str) -> None:
        """Something to know."""
        if self.is_running and self.screen_stack:
            self.notify(plain(text), markup=False)

    def action_help(self) -> None:
        if not isinstance(self.screen, HelpDialog):
            self.push_screen(HelpDialog(HELP))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A dialog may have another use for the key that stops the program."""
        if action == "suspend_process" and isinstance(self.screen, ModalScreen):
            return False
        return super().check_action(action, parameters)

    def action_suspend_process(self) -> None:
        """Back to the shell, whose `fg` goes on. Where there is none (a command of ssh, a tmux pane of its own), nobody
        could wake a program that has stopped."""
        if os.getsid(0) == os.getpgrp():
            self.notify(say("screen.no_shell"), markup=False)
        else:
            super().action_suspend_process()

    def action_mouse(self) -> None:
        self._mouse_held = not self._mouse_held
        self.hold_mouse(self._mouse_held)
        self.notify(say("screen.mouse_taken" if self._mouse_held else "screen.mouse_given"), markup=False)
