"""The end after a bug: one line on the terminal, the traceback in a file, and in neither the value of a variable.

Textual prints tracebacks with every local variable; an API key was among them (textual.md, 3).
"""

from __future__ import annotations

import os
import re
import sys
import traceback
from pathlib import Path

from textual.app import App, ReturnType

from tui.plain import one_line, plain
from tui.say import say

_KEY = re.compile(r"\b((?:hs|sk|pk|rk|gsk|xai|key)[-_]|AIza|Bearer )[A-Za-z0-9_.\-]{8,}", re.IGNORECASE)
"""What looks like an API key in an exception's words."""


def report(error: BaseException) -> str:
    """The traceback of `error` and of what caused it, without variables and without keys."""
    lines = traceback.format_exception(error)
    return plain(_KEY.sub(r"\1…", "".join(lines)))


def _append(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)


class CrashReports(App[ReturnType]):
    """An app whose crash is one clear line."""

    crash_log: Path | None = None
    """Where tracebacks go; None: nowhere."""

    def _fatal_error(self) -> None:
        """End the app after an exception that nobody handled."""
        error = sys.exc_info()[1] or self._exception or RuntimeError()
        line = self._log_crash(error)
        if not self._exit_renderables:
            self._exit_renderables.append(line)
        self._close_messages_no_wait()

    def _log_crash(self, error: BaseException) -> str:
        """Keep the traceback; the line for the user."""
        what = one_line(type(error).__name__)
        if self.crash_log is None:
            return say("terminal.crash_unlogged", what=what)
        try:
            _append(self.crash_log, f"{report(error)}\n")
        except OSError:
            return say("terminal.crash_unlogged", what=what)
        return say("terminal.crash_logged", what=what, path=one_line(str(self.crash_log)))
