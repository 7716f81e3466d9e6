"""What a reader of Markdown has open: containers (quotes, list items) and, inside them, at most one leaf."""

from __future__ import annotations

from dataclasses import dataclass, field

from tui.screen.markdown.code import Painter
from tui.screen.markdown.pieces import Table
from tui.screen.markdown.rows import Run


@dataclass(frozen=True, slots=True)
class Quote:
    """A block quote: its lines begin with >."""


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list: its lines are indented."""

    indent: int
    marker: Run


@dataclass(slots=True)
class Paragraph:
    start: int
    lines: list[str] = field(default_factory=list)
    source: str = ""
    joins: bool = False
    """Goes on in the row where its last part ended."""
    parted: bool = False
    """A part of it is out already."""


@dataclass(slots=True)
class Fence:
    mark: str
    indent: int
    painter: Painter
    begun: bool = False
    """A row of it is out: the next stands directly under it."""


@dataclass(slots=True)
class Indented:
    """Code by indentation; empty lines count once another line of it follows."""

    empty: int = 0
    begun: bool = False


@dataclass(slots=True)
class OpenTable:
    start: int
    table: Table
    out: bool = False
    """Its widths are settled and its first rows given out."""


Container = Quote | Item
Leaf = Paragraph | Fence | Indented | OpenTable | None


def indent_of(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def heading_text(text: str) -> str:
    """What stands between the hashes of a heading."""
    text = text.strip(" \t")
    shorter = text.rstrip("#")
    return shorter.rstrip(" \t") if not shorter or shorter[-1] in " \t" else text


def tabs(text: str, column: int) -> str:
    """`text` with the tabs of its indentation as spaces, as they fall when it begins at `column`."""
    body = text.lstrip(" \t")
    white = text[: len(text) - len(body)]
    if "\t" not in white:
        return text
    return (" " * column + white).expandtabs(4)[column:] + body
