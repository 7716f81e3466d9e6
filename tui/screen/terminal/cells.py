"""What changed on the screen, in the fewest bytes: two grids, the wanted and the shown, and the writes between. Pure.

Cells are compared with what the terminal shows; only those that differ are written, with the shortest cursor moves, pen
changes and erasures. Because the wanted grid is kept, a frame may be left out at any time: the next one makes it good.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from tui.screen.terminal.glyphs import BLANK, UNKNOWN, Cell, is_sure, reach
from tui.screen.terminal.pens import Pen, blank_pen, change, fits_space

_GAP = 4
"""Columns; as many unchanged cells are written again rather than jumped over: a jump is 3 or 4 bytes."""

_WORTH_ERASING = 9
"""Blank cells; below, `CSI n X` and the move behind it cost more than the spaces."""


class Canvas:
    """One terminal screen."""

    def __init__(self, width: int, height: int, *, fills: bool) -> None:
        """`fills`: erasing paints with the background colour here (terminfo's bce)."""
        self.width = width
        self.height = height
        self._fills = fills
        self._wanted: list[list[Cell]] = [[UNKNOWN] * width for _ in range(height)]
        self._shown: list[list[Cell]] = [[UNKNOWN] * width for _ in range(height)]
        self._touched: set[int] = set()
        self._pen: Pen | None = None
        self._x: int | None = None
        self._y: int | None = None
        self._out: list[str] = []

    def forget(self) -> None:
        """The terminal may show anything: the next frame paints all that is wanted."""
        self._shown = [[UNKNOWN] * self.width for _ in range(self.height)]
        self._touched = set(range(self.height))
        self._pen = self._x = self._y = None

    def text(self, first: int = 0, last: int | None = None) -> list[str]:
        """The wanted rows as text, from row `first` up to row `last`."""
        return ["".join(cell[0] or " " for cell in row if cell is not None) for row in self._wanted[first:last]]

    def put(self, y: int, x: int, cells: Sequence[Cell]) -> None:
        """Want `cells` at column `x` of row `y`; what does not fit is cut, and half a wide glyph is a space."""
        if not (0 <= y < self.height and 0 <= x < self.width):
            return
        row = self._wanted[y]
        end = min(x + len(cells), self.width)
        new = list(cells[: end - x])
        if row[x:end] == new:
            return
        if end - x < len(cells) and cells[end - x] is None:
            _halve(new, len(new) - 1)
        if new[0] is None:
            new[0] = BLANK
        if row[x] is None:
            _halve(row, x - 1)
        if end < self.width and row[end] is None:
            row[end] = BLANK
        row[x:end] = new
        self._touched.add(y)

    def frame(self, cursor: tuple[int, int]) -> str:
        """All that must be written now; the terminal's cursor ends at `cursor` (x, y). Empty: nothing has changed."""
        for y in sorted(self._touched):
            self._paint_row(y)
        self._touched.clear()
        self._move(min(max(cursor[0], 0), self.width - 1), min(max(cursor[1], 0), self.height - 1))
        frame = "".join(self._out)
        self._out.clear()
        return frame

    def _paint_row(self, y: int) -> None:
        new, old = self._wanted[y], self._shown[y]
        if new == old:
            return
        done = 0
        stale = _stale(new, old)
        for place, x in enumerate(stale):
            cell = new[x]
            if x < done or cell is None or cell is UNKNOWN:
                continue
            self._go(x, y)
            done = self._erase(x, stale[place:], new) if cell[0] == " " else 0
            if not done:
                done = self._draw(x, cell, new)
        old[:] = new

    def _go(self, x: int, y: int) -> None:
        """To (x, y): over a short gap by writing again what stands there, else by a move."""
        if y == self._y and self._x is not None and 0 < x - self._x <= _GAP:
            gap = self._wanted[y][self._x : x]
            if all(cell and self._goes_unsaid(cell) for cell in gap):
                self._out.extend(cell[0] for cell in gap if cell)
                self._x = x
                return
        self._move(x, y)

    def _goes_unsaid(self, cell: tuple[str, Pen]) -> bool:
        """Whether this cell can be written as it is with the pen in hand, for one byte."""
        glyph, pen = cell
        return fits_space(self._pen, pen) if glyph == " " else pen == self._pen and "!" <= glyph <= "~"

    def _erase(self, x: int, stale: list[int], row: list[Cell]) -> int:
        """Blank the cells from `x` that want the same blank, if that is shorter than writing them and looks the same.

        The column behind them; 0: it is not.
        """
        blank = row[x]
        assert blank is not None, "half a glyph is not blank"
        pen = blank[1]
        if pen.shows_on_space or pen.link or (pen.ground and not self._fills):
            return 0
        end = next((column for column in range(x, self.width) if row[column] != blank), self.width)
        count = bisect_left(stale, end)
        if count < (4 if end == self.width else _WORTH_ERASING):
            return 0
        self._take(pen, space=True)
        self._out.append("\x1b[K" if end == self.width else f"\x1b[{stale[count - 1] - x + 1}X")
        return end

    def _draw(self, x: int, cell: tuple[str, Pen], row: list[Cell]) -> int:
        """Write one glyph; the column behind it."""
        glyph, pen = cell
        end = x + 1
        while end < self.width and row[end] is None:
            end += 1
        if len(glyph) > 1 and end - x > 1:
            # A terminal that draws the cluster narrower than we count would leave the old glyph in its right half.
            self._take(blank_pen(pen), space=True)
            self._out.append(" " * (end - x))
            self._x = None
            self._move(x, self._row_now())
        self._take(pen, space=glyph == " ")
        self._out.append(glyph)
        # At the right edge terminals differ about where the cursor is; after a cluster, about how far it went.
        self._x = end if end < self.width and is_sure(glyph) else None
        return end

    def _row_now(self) -> int:
        assert self._y is not None, "a glyph is drawn after a move"
        return self._y

    def _take(self, pen: Pen, *, space: bool) -> None:
        """Have `pen` in hand; for a space, one that looks the same will do."""
        if space and fits_space(self._pen, pen):
            return
        self._out.append(change(self._pen, pen))
        self._pen = pen

    def _move(self, x: int, y: int) -> None:
        """The cursor to (x, y), by the shortest way."""
        if (x, y) == (self._x, self._y):
            return
        ways = [f"\x1b[{y + 1}H" if x == 0 else f"\x1b[{y + 1};{x + 1}H"]
        if y == self._y:
            ways += _along(self._x, x)
        elif self._y is not None and x == self._x:
            ways.append(_step("A", self._y - y) if y < self._y else _step("B", y - self._y))
        elif self._y == y - 1 and x == 0:
            ways.append("\r\n")
        self._out.append(min(ways, key=len))
        self._x, self._y = x, y


def _along(now: int | None, x: int) -> list[str]:
    """Ways to column `x` in the same row."""
    ways = [f"\x1b[{x + 1}G"]
    if x == 0:
        ways.append("\r")
    if now is not None:
        ways.append(_step("C", x - now) if x > now else _step("D", now - x))
        if x < now:
            ways.append("\b" * (now - x))
    return ways


def _step(letter: str, count: int) -> str:
    return f"\x1b[{letter}" if count == 1 else f"\x1b[{count}{letter}"


def _halve(row: list[Cell], x: int) -> None:
    """The wide glyph that covers `x` loses its right half: what is left of it is blank."""
    while x > 0 and row[x] is None:
        row[x] = BLANK
        x -= 1
    cell = row[x]
    row[x] = BLANK if cell is None else (" ", blank_pen(cell[1]))


def _stale(new: list[Cell], old: list[Cell]) -> list[int]:
    """The columns to write, in order: those that differ, and those that writing them may spoil."""
    stale = [x for x, (a, b) in enumerate(zip(new, old, strict=True)) if a is not b and a != b]
    # Only clusters reach beyond their columns; most rows have none.
    spoilers = [x for x in stale if (cell := new[x]) and len(cell[0]) > 1]
    if not spoilers:
        return stale
    known = set(stale)
    while spoilers:
        x = spoilers.pop()
        cell = new[x]
        end = min(x + reach(cell[0]), len(new)) if cell else x
        fresh = [column for column in range(x + 1, end) if column not in known]
        known.update(fresh)
        spoilers += fresh
    return sorted(known)
