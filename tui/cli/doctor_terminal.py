"""The doctor looks at the terminal, as far as the environment and the system tell."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import MutableMapping

from tui.chat.doctor import Finding
from tui.plain import one_line
from tui.say import say
from tui.screen.terminal.environment import has_few_colours

LEAST = (80, 24)
"""Columns and rows for which the screen is made; in fewer its panes fold."""


def check_terminal(environ: MutableMapping[str, str] = os.environ) -> tuple[Finding, ...]:
    """Whether there is one, its size, its colours, its characters, what stands between."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stdout and sys.stdout.isatty()):
        return (Finding("terminal.there", "ok", say("doctor.terminal_none")),)
    term = environ.get("TERM", "")
    if term in ("", "dumb"):
        return (Finding("terminal.there", "warning", say("doctor.terminal_dumb"), say("doctor.terminal_dumb_do")),)
    return (_there(term, environ), _size(), _colours(environ), _characters(environ))


def _there(term: str, environ: MutableMapping[str, str]) -> Finding:
    between = [
        name for name, sign in (("SSH", "SSH_CONNECTION"), ("tmux", "TMUX"), ("screen", "STY")) if environ.get(sign)
    ]
    words = say("doctor.terminal", term=one_line(term, 60))
    if between:
        words += " " + say("doctor.terminal_between", names=", ".join(between))
    return Finding("terminal.there", "ok", words)


def _size() -> Finding:
    columns, rows = shutil.get_terminal_size()
    words = say("doctor.size", columns=columns, rows=rows)
    if columns < LEAST[0] or rows < LEAST[1]:
        return Finding("terminal.size", "warning", words, say("doctor.size_do"))
    return Finding("terminal.size", "ok", words)


def _colours(environ: MutableMapping[str, str]) -> Finding:
    if environ.get("NO_COLOR"):
        return Finding("terminal.colours", "ok", say("doctor.no_colours"))
    if has_few_colours(environ):
        return Finding("terminal.colours", "ok", say("doctor.few_colours"))
    return Finding("terminal.colours", "ok", say("doctor.many_colours"))


def _characters(environ: MutableMapping[str, str]) -> Finding:
    names = (environ.get("LC_ALL"), environ.get("LC_CTYPE"), environ.get("LANG"))
    locale = next((name for name in names if name), "")
    if "utf-8" in locale.lower() or "utf8" in locale.lower():
        return Finding("terminal.characters", "ok", say("doctor.utf8", locale=one_line(locale, 40)))
    shown = one_line(locale, 40) or "–"
    return Finding("terminal.characters", "warning", say("doctor.no_utf8", locale=shown), say("doctor.no_utf8_do"))
