"""Pieces given the look of the theme: the one step between pure lines and what Textual draws."""

from __future__ import annotations

from typing import Final, get_args

from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from tui.screen.panes.pieces import Line, Tone

TONES: Final[frozenset[str]] = frozenset(f"tone--{tone}" for tone in get_args(Tone))
"""The component classes of a widget that paints lines."""


def paint(widget: Widget, line: Line) -> Content:
    """The line in the widget's own colours; nothing in it is taken as markup."""
    return Content.assemble(*((text, _style(widget, tone)) for text, tone in line))


def _style(widget: Widget, tone: Tone) -> Style:
    return widget.get_visual_style(f"tone--{tone}", partial=True)
