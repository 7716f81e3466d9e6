"""What Textual reads from the environment when it is imported, set before that. Imports none of it."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

_MANY_COLOURS = ("alacritty", "contour", "foot", "ghostty", "iterm2", "mlterm", "wezterm", "xterm-ghostty")
"""Terminals of 256 colours and more whose names do not say so: Rich takes them for 16."""

_FILLING = ("xterm", "tmux", "kitty", "alacritty", "foot", "vte", "gnome", "konsole", "rxvt", "linux", "wezterm")
"""Terminals that erase with the background colour (terminfo's bce). GNU screen, without a name here, does not."""


def prepare_environment(environ: MutableMapping[str, str] = os.environ) -> None:
    """Call before the first `import textual`. What the user has set stays."""
    # A PageDown costs 200 kB with animations and 9 without.
    environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    # Pixel-wise mouse reports cost the uplink ten times as much and move nothing here; SIGWINCH tells the size.
    environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")
    # An Esc is an Esc when nothing follows for so many milliseconds.
    environ.setdefault("ESCDELAY", "100")
    if environ.get("NO_COLOR") == "":
        del environ["NO_COLOR"]  # empty means nothing (no-color.org); Textual takes it for a wish
    if environ.get("TERM", "").startswith(_MANY_COLOURS) and not environ.get("COLORTERM"):
        environ.setdefault("TEXTUAL_COLOR_SYSTEM", "256")
    few = has_few_colours(environ)
    if few:
        # Textual writes 24-bit colours to a terminal that Rich takes for a dumb one.
        environ.setdefault("TEXTUAL_COLOR_SYSTEM", "standard")
    if few or "NO_COLOR" in environ:
        # Only a theme of the terminal's own colours stays readable in 16, or in none.
        environ.setdefault("TEXTUAL_THEME", "ansi-dark")


def has_few_colours(environ: MutableMapping[str, str]) -> bool:
    """16 colours or fewer, as far as the environment tells."""
    if environ.get("COLORTERM", "").strip().lower() in {"truecolor", "24bit"}:
        return False
    if (chosen := environ.get("TEXTUAL_COLOR_SYSTEM", "auto")) != "auto":
        return chosen == "standard"
    term = environ.get("TERM", "").strip().lower()
    return not term.endswith(("-256color", "-kitty")) and not term.startswith(_MANY_COLOURS)


def fills_with_background(environ: MutableMapping[str, str] = os.environ) -> bool:
    """Whether erasing paints with the background colour: one short sequence instead of a row of spaces."""
    if environ.get("STY"):
        return False
    return bool(environ.get("TMUX")) or environ.get("TERM", "").startswith(_FILLING)


def in_tmux(environ: MutableMapping[str, str] = os.environ) -> bool:
    """Whether tmux is the terminal; over SSH only TERM tells."""
    return bool(environ.get("TMUX")) or environ.get("TERM", "").startswith(("tmux", "screen"))
