"""What a layout is made of: runs of text that look alike, and rows of runs."""

from __future__ import annotations

from dataclasses import dataclass

Run = tuple[str, str]
"""Text, and how it looks: names with a space between them, "" for plain text."""
Runs = tuple[Run, ...]

DECORATION = frozenset({"quote-bar", "pad"})
"""Looks of what is drawn but is not text: never copied."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the screen."""

    lead: Runs = ()
    """Quote bars, list markers and indents, left of the text."""
    runs: Runs = ()
    tail: str = "\n"
    """What the source has between this row and the next: a wrapped row ends in a space or in nothing."""
    base: str = ""
    """The look of the whole row, to the right edge."""

    @property
    def text(self) -> str:
        return "".join([run[0] for run in self.lead] + [run[0] for run in self.runs])

    @property
    def lead_length(self) -> int:
        return sum(len(run[0]) for run in self.lead)


def both(look: str, more: str) -> str:
    """The look of text that looks both ways."""
    if not look or not more:
        return look or more
    return f"{look} {more}"


def cut(runs: Runs, start: int, end: int) -> Runs:
    """The code points from `start` to `end` of `runs`."""
    found: list[Run] = []
    at = 0
    for text, look in runs:
        after = at + len(text)
        if after > start and at < end:
            found.append((text[max(0, start - at) : end - at], look))
        at = after
        if at >= end:
            break
    return tuple(found)


def text_of(runs: Runs) -> str:
    return runs[0][0] if len(runs) == 1 else "".join([run[0] for run in runs])
