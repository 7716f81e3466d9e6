"""A reply as rows, while it grows.

What is closed is laid out once; the open end is laid out again by each `update`. Cutting the text into other deltas
gives the same rows: pieces are made at line ends, and at places in long lines that depend on the text alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tui.screen.markdown.blocks import PART, Reader
from tui.screen.markdown.layout import Layout, Mark
from tui.screen.markdown.pieces import Piece
from tui.screen.markdown.rows import Row

MOST_AT_ONCE = 16_000
"""Code points that one `update` lays out: 0.04 s of common text, 0.2 s of the worst (a wall of `![`)."""
_UNDECIDED = re.compile(r"[ \t>]*(?:[-=*_+#`~|: \t]{1,80}|[0-9]{1,9}[.)]?)$")
"""The start of a line that may turn out to be a mark: not shown while more is on its way."""
_FENCE_END = re.compile(r"[ \t>]*(?:`+|~+)$")


def _cut(line: str, start: int) -> int:
    """Where a part of a long line ends: before its last space, or between two characters that stand alone."""
    end = start + PART
    space = line.rfind(" ", max(start, end - 200), end)
    if space > start:
        return space
    for place in range(end, max(start, end - 32), -1):
        if ord(line[place]) < 0x300 or 0x3040 <= ord(line[place]) < 0xD800:
            return place
    return end


class Document:
    """`feed` text, `update`, then read `rows`."""

    def __init__(self, width: int, marks: Sequence[Mark] = ()) -> None:
        self._reader = Reader()
        self._pieces: list[Piece] = []
        self._marks: tuple[Mark, ...] = tuple(marks)
        self._marked = 0  # marks that stand among the rows
        self._text = ""  # not yet read: what follows the last newline, or more
        self._at = 0  # code points of the text before it
        self._layout = Layout(width)
        self._closed = 0  # rows that are final
        self._last: Row | None = None  # the last closed row: an open piece may join it
        self._all_new = False  # everything was laid out again since the last update

    @property
    def rows(self) -> list[Row]:
        return self._layout.rows

    @property
    def length(self) -> int:
        """Code points fed so far."""
        return self._at + len(self._text)

    def feed(self, text: str) -> None:
        """More of the text, already made safe."""
        self._text += text

    def update(self, *, live: bool) -> tuple[int, bool]:
        """Lay out what came: the first row that changed, and whether more is left for another call."""
        old = self._open_off()
        closed = self._closed
        left = self._read()
        out, self._reader.out = self._reader.out, []
        self._pieces += out
        self._lay(out)
        self._close()
        if not left:
            self._open_on(live=live)
        if self._all_new:
            self._all_new = False
            return 0, left
        start = max(0, closed - 1)
        new = self._layout.rows
        changed = start
        for before in old:
            if changed >= len(new) or new[changed] != before:
                break
            changed += 1
        return changed, left

    def mark(self, marks: Sequence[Mark]) -> None:
        """Other marks than before, in their order; call `update` after it."""
        old, self._marks = self._marks, tuple(marks)
        added = self._marks[len(old) :]
        if self._marks != (*old, *added) or any(mark.at < self._at for mark in added):
            self._again(self._layout.width)

    def resize(self, width: int) -> None:
        """Another width; call `update` after it."""
        if max(1, width) != self._layout.width:
            self._again(width)

    def _again(self, width: int) -> None:
        self._layout = Layout(width)
        self._all_new = True
        self._marked = 0
        self._lay(self._pieces)
        self._close()

    def _close(self) -> None:
        rows = self._layout.rows
        self._closed = len(rows)
        self._last = rows[-1] if rows else None

    def _lay(self, pieces: Sequence[Piece]) -> None:
        """Lay out pieces at the end, each mark where its place comes."""
        for piece in pieces:
            if self._marked == len(self._marks):
                self._layout.add(piece)
                continue
            start = piece.place.start
            self._mark_up_to(start)
            inside = self._until(start + len(piece.place.source))
            self._layout.add(piece, inside)
            self._marked += len(inside)

    def _mark_up_to(self, at: int) -> None:
        for mark in self._until(at):
            self._layout.mark(mark)
            self._marked += 1

    def _until(self, at: int) -> list[Mark]:
        """The marks that do not stand among the rows yet, up to the place `at`."""
        return [mark for mark in self._marks[self._marked :] if mark.at <= at]

    # The open end

    def _open_off(self) -> list[Row]:
        """Take the open rows away; those that were there, from the last closed one on."""
        rows = self._layout.rows
        start = max(0, self._closed - 1)
        old = rows[start:]
        del rows[start:]
        if self._last is not None:
            rows.append(self._last)
        return old

    def _open_on(self, *, live: bool) -> None:
        reader = self._reader.branch()
        hidden = _FENCE_END if reader.in_fence else _UNDECIDED
        if self._text and not (live and hidden.match(self._text)):
            reader.line(self._text, self._at, ended=True)
        reader.end()
        marked = self._marked
        self._lay(reader.out)
        self._mark_up_to(self.length)
        self._marked = marked  # the open rows go again, and their marks with them

    # The closed part

    def _read(self) -> bool:
        """Read whole lines, and the parts of long ones; True when some are left for later."""
        text, at = self._text, 0
        stop = min(len(text), MOST_AT_ONCE)
        left = False
        while True:
            if at >= stop and at < len(text):
                left = True
                break
            newline = text.find("\n", at)
            end = len(text) if newline < 0 else newline
            if end - at > PART:
                cut = _cut(text, at)
                self._reader.line(text[at:cut], self._at + at, ended=False)
                at = cut
            elif newline >= 0:
                self._reader.line(text[at:newline], self._at + at)
                at = newline + 1
            else:
                break
        self._text = text[at:]
        self._at += at
        return left
