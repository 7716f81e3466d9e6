"""How the program ends: one enum of exit codes, and every error of the product as one or two lines."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, runtime_checkable

from tui.plain import plain
from tui.say import say


class Exit(IntEnum):
    """The exit codes; README.md documents them."""

    COMPLETE = 0
    INCOMPLETE = 1
    """Or refused by the provider, or a search without a hit."""
    USAGE = 2
    """Usage, configuration, or no terminal for the full screen."""
    KEY = 3
    """Missing or refused."""
    INTERRUPTED = 130
    TERMINATED = 143
    """By SIGTERM, everything saved."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What a person needs to hear when something did not work."""

    what: str
    """What happened."""
    kept: str = ""
    """What is kept or safe."""
    do: str = ""
    """What to do next."""

    def __str__(self) -> str:
        first = f"{self.what} {self.kept}".rstrip()
        return f"{first}\n{self.do}" if self.do else first


class Stop(Exception):
    """A command ends here, with these words and this code."""

    def __init__(self, advice: Advice, code: Exit = Exit.INCOMPLETE) -> None:
        super().__init__(str(advice))
        self.advice, self.code = advice, code


CODES: Mapping[str, Exit] = {
    "ConfigError": Exit.USAGE,
    "UnknownProvider": Exit.USAGE,
    "KeyMissing": Exit.KEY,
    "BadKey": Exit.KEY,
    "KeyCommandFailed": Exit.KEY,
    "KeysFileError": Exit.KEY,
    "LocalProblem": Exit.USAGE,
    "JournalUnusable": Exit.INCOMPLETE,
    "BadExport": Exit.INCOMPLETE,
}
"""The errors that rooms raise for a person, by name, so that no room is loaded for it.

Their words: sentence(), else str()."""


@runtime_checkable
class _Speaks(Protocol):
    def sentence(self) -> str: ...


def code_of(error: BaseException) -> Exit | None:
    """The exit code of an error of the product; None for a mistake in the program."""
    if isinstance(error, Stop):
        return error.code
    ours = (kind.__name__ for kind in type(error).__mro__ if kind.__module__.startswith("tui."))
    return next((CODES[name] for name in ours if name in CODES), None)


def words_of(error: BaseException) -> str:
    """The one or two lines for an error that has a code."""
    if isinstance(error, _Speaks):
        return error.sentence()
    nothing = say("config.nothing_started") if type(error).__name__ == "ConfigError" else ""
    return f"{error}\n{nothing}".rstrip()


def tell(text: str) -> None:
    """Something to know, on stderr; where nobody listens it is not worth an error of its own."""
    stream = sys.stderr
    if stream is None:
        return
    try:
        print(f"unbroken: {plain(text)}", file=stream, flush=True)
    except (OSError, ValueError):
        return
