"""The configuration as a command gets it: read, checked, and its language spoken."""

from __future__ import annotations

from tui.config import Config, load
from tui.say import speak


def configured() -> Config:
    """The user's configuration; ConfigError where anything in it is wrong, so that nothing starts half-configured."""
    from tui.providers import resolve

    config = load()
    resolve.check(config)
    speak(config.language)
    return config
