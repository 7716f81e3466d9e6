"""One row of the table of actions: it feeds bindings, footer and help."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a key does."""

    name: str
    """The action's name for Textual, "open_models"; empty where a widget does it itself (Enter in the prompt)."""
    keys: tuple[str, ...]
    """Textual's names, "ctrl+o"; the first is the one shown in the footer."""
    words: str
    """What it does: `screen.do_<words>` in the help, `screen.key_<words>` in the footer."""
    footer: int = 0
    """0: not in the footer; else its rank there, 1 the last to give way."""


_NAMES = {
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "space": "Space",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "backspace": "⌫",
    "delete": "Del",
    "question_mark": "?",
}


def key_name(key: str) -> str:
    """How a key is written on screen: "ctrl+o" is ^O, "alt+enter" Alt+Enter, "f1" F1."""
    *held, last = key.split("+")
    name = _NAMES.get(last) or (last.upper() if len(last) == 1 or last[1:].isdigit() else last.capitalize())
    if held == ["ctrl"] and len(name) == 1:
        return "^" + name
    if not held and len(last) == 1:
        return last
    return "+".join([*(part.capitalize() for part in held), name])
