"""The one table of what keys do: it feeds the bindings, the footer and the help."""

from __future__ import annotations

from textual.binding import Binding

from tui.screen.action import Action

ACTIONS = (
    Action("", ("enter",), "send"),
    Action("", ("ctrl+j", "alt+enter", "shift+enter"), "newline"),
    Action("stop", ("escape",), "stop"),
    Action("resume", ("ctrl+r",), "resume", footer=3),
    Action("models", ("ctrl+o",), "model", footer=2),
    Action("link", ("f2",), "link", footer=6),
    Action("talks", ("f3",), "talks", footer=5),
    Action("again", ("ctrl+g",), "again"),
    Action("other_reply(-1)", ("f7", "alt+left"), "other_reply"),
    Action("other_reply(1)", ("f8", "alt+right"), "other_reply"),
    Action("edit", ("f5",), "edit"),
    Action("turn_menu", ("f6",), "turn"),
    Action("settings", ("f9",), "settings"),
    Action("copy_or_stop", ("ctrl+c",), "copy"),
    Action("leave", ("ctrl+q",), "quit", footer=4),
    Action("help", ("f1",), "help", footer=1),
    Action("page(-1)", ("pageup",), "pages"),
    Action("page(1)", ("pagedown",), "pages"),
    Action("to_end", ("ctrl+end",), "end"),
    Action("", ("up",), "past"),
    Action("", ("tab",), "turns"),
    Action("new", ("ctrl+n",), "new"),
    Action("mouse", ("f4",), "mouse"),
    Action("suspend_process", ("ctrl+z",), "suspend"),
)

HELP = tuple(action for action in ACTIONS if action.name not in ("page(1)", "other_reply(1)"))

EVERYWHERE = ("leave", "suspend_process")
"""Actions whose key no widget takes for itself."""

BINDINGS = [
    Binding(",".join(action.keys), action.name, show=False, id=action.words, priority=action.name in EVERYWHERE)
    for action in ACTIONS
    if action.name
]
