"""Every word that a user sees, in the user's language.

`say("faults.reset")` finds the phrase "reset" in tui/phrases/<language>/faults.py; a section is loaded when first used.
"""

from __future__ import annotations

import importlib
import os
from typing import Literal

Language = Literal["en", "ja"]

_chosen: Language = "en"
_sections: dict[tuple[Language, str], dict[str, str]] = {}


def language_of_environment() -> Language:
    """What LC_ALL, LC_MESSAGES, LANG ask for, by POSIX's order; English where they name anything else."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "ja" if value.lower().startswith("ja") else "en"
    return "en"


def speak(language: Language | Literal["auto"]) -> None:
    """Choose the language of everything said from here on."""
    global _chosen  # noqa: PLW0603  one process speaks one language, chosen once at its start
    _chosen = language_of_environment() if language == "auto" else language


def spoken() -> Language:
    return _chosen


def phrases(language: Language, section: str) -> dict[str, str]:
    """One section's phrases; ModuleNotFoundError where there is no such section."""
    found = _sections.get((language, section))
    if found is None:
        found = _sections[language, section] = importlib.import_module(f"tui.phrases.{language}.{section}").PHRASES
    return found


def say(name: str, /, **parts: object) -> str:
    """The phrase `section.name` with its {parts} filled in; a test reads every call for names that do not exist."""
    section, _, key = name.partition(".")
    phrase = phrases(_chosen, section)[key]
    return phrase.format(**parts) if parts else phrase


def known(name: str) -> bool:
    """Whether a phrase of that name exists: for names that come from data, such as a fault's kind."""
    section, _, key = name.partition(".")
    return key in phrases("en", section)
