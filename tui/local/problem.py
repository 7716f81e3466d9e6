"""The one error of this room: every way in which the embedded model cannot be had, each with its line for the user."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from tui.plain import one_line
from tui.say import say

Kind = Literal[
    "platform",
    "cpu",
    "runtime",
    "libgomp",
    "runtime_broken",
    "no_pip",
    "network",
    "no_wheel",
    "pip",
    "disk",
    "unwritable",
    "hash",
    "busy",
    "absent",
    "start",
    "slow",
    "died",
]
"""Each has its words under "local.problem_<kind>"."""


class LocalProblem(Exception):
    """The embedded model cannot be installed or run; `str()` is what the user reads."""

    def __init__(self, kind: Kind, **parts: object) -> None:
        super().__init__(kind)
        self.kind = kind
        self.parts = parts

    def __str__(self) -> str:
        return say(f"local.problem_{self.kind}", **{name: _shown(part) for name, part in self.parts.items()})


def _shown(part: object) -> str:
    return one_line(str(part), 1000 if isinstance(part, Path) else 300)


def megabytes(size: int) -> str:
    """`size` bytes in millions, as people are told: 92871040 is "93"."""
    return f"{size / 1e6:.0f}"
