"""Lines made of pieces, cut to a width in cells by what matters most. No widget, no clock: values in, values out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rich.cells import cell_len, set_cell_size

Tone = Literal["normal", "strong", "dim", "good", "warn", "bad", "accent", "hit"]
"""What a piece means; panes/tones.tcss says how that looks. Never the only sign of anything."""

Piece = tuple[str, Tone]
Line = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Pieces that are shown together or not at all."""

    pieces: Line
    rank: int = 0
    """The higher, the sooner it gives way; 0 stays."""
    lead: str = "  "
    """What stands before it, unless it is the first."""
    least: int | None = None
    """Cells that it may be cut down to before it goes; None: it goes whole."""


def width_of(line: Iterable[Piece]) -> int:
    """Cells."""
    return sum(cell_len(text) for text, _ in line)


def text_of(line: Iterable[Piece]) -> str:
    return "".join(text for text, _ in line)


def cut(text: str, width: int) -> str:
    """`text` in at most `width` cells; "…" stands for what is missing. No character is halved."""
    if cell_len(text) <= width:
        return text
    return _ended(text, width)


def cut_start(text: str, width: int) -> str:
    """The end of `text` in at most `width` cells; "…" stands for what is missing before it."""
    if cell_len(text) <= width:
        return text
    kept = len(text)
    left = width - 1
    while kept and (left := left - cell_len(text[kept - 1])) >= 0:
        kept -= 1
    return "…" + text[kept:].lstrip() if width > 0 else ""


def _ended(text: str, width: int) -> str:
    return set_cell_size(text, width - 1).rstrip() + "…" if width > 0 else ""


def cut_line(line: Line, width: int) -> Line:
    """The line in at most `width` cells."""
    if width_of(line) <= width:
        return line
    kept: list[Piece] = []
    left = width
    for text, tone in line:
        cells = cell_len(text)
        if cells >= left:
            # The last one, even if it fits: something after it is missing, and "…" says so.
            kept.append((_ended(text, left), tone))
            break
        kept.append((text, tone))
        left -= cells
    return tuple(kept)


def wrap_line(line: Line, width: int, indent: int) -> list[Line]:
    """The line on as many rows as it takes, each in `width` cells, all but the first indented.

    It breaks at spaces, and between wide characters; what has no such place is cut.
    """
    if width_of(line) <= width or width <= 2 * indent:
        return [cut_line(line, width)]
    rows: list[list[Piece]] = [[]]
    left = width
    for text, tone in line:
        for word in _WORDS.findall(text):
            begun = left < width - (indent if len(rows) > 1 else 0)
            if cell_len(word.rstrip()) > left and begun:
                rows.append([(" " * indent, tone)])
                left = width - indent
            begins = len(rows) > 1 and left == width - indent
            rows[-1].append((word.lstrip() if begins else word, tone))
            left -= cell_len(rows[-1][-1][0])
    return [cut_line(_trimmed(row), width) for row in rows]


_WORDS = re.compile(r"[^\s\u3000-\u9fff\uff00-\uffef]+\s*|\s+|[（「『【]*.[。、，．）」』】！？ー]*\s*", re.DOTALL)
"""What stays together: a word and the space behind it; a wide character and signs that may not begin or end a row."""


def _trimmed(row: list[Piece]) -> Line:
    return (*row[:-1], (row[-1][0].rstrip(), row[-1][1])) if row else ()


def fit(chunks: Sequence[Chunk], width: int) -> Line:
    """The chunks in one line of at most `width` cells: the highest rank gives way first, it shrinks and then goes."""
    kept = [chunk for chunk in chunks if chunk.pieces]
    while len(kept) > 1:
        over = width_of(_joined(kept)) - width
        highest = max(chunk.rank for chunk in kept)
        if over <= 0 or highest == 0:
            break
        last = max(i for i, chunk in enumerate(kept) if chunk.rank == highest)
        cells = width_of(kept[last].pieces) - over
        least = kept[last].least
        if least is not None and cells >= least:
            kept[last] = replace(kept[last], pieces=cut_line(kept[last].pieces, cells))
            break
        kept.pop(last)
    return cut_line(_joined(kept), width)


def _joined(chunks: Sequence[Chunk]) -> Line:
    line: list[Piece] = []
    for chunk in chunks:
        if line and chunk.lead:
            line.append((chunk.lead, "dim"))
        line.extend(chunk.pieces)
    return tuple(line)
