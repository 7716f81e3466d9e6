"""Reads Markdown a line at a time, and gives out pieces that later text cannot change.

CommonMark's own method (containers that a line must match, then one open leaf), and GFM's tables, made for text that
grows: the cost of a line does not depend on what came before, and the pieces do not depend on how the text was cut
into deltas. Two parts of CommonMark reach back over whole documents and are left as text: link reference definitions
(which would vanish), and HTML blocks. markdown-it reads what is inside the blocks (inline.py).
"""

from __future__ import annotations

import copy
import re
from dataclasses import replace

from tui.screen.markdown.code import Painter
from tui.screen.markdown.inline import inline
from tui.screen.markdown.leaves import (
    Container,
    Fence,
    Indented,
    Item,
    Leaf,
    OpenTable,
    Paragraph,
    Quote,
    heading_text,
    indent_of,
    tabs,
)
from tui.screen.markdown.pieces import CodeLine, Piece, Place, Prose, Rule, Table, TableLine, TableMore
from tui.screen.markdown.rows import Run, Runs
from tui.screen.markdown.tables import aligns_of, split_cells

PART = 4000
"""Code points of a paragraph that are laid out again while it grows; what is before them is final."""
DEEPEST = 12
"""Quotes and lists within each other; what is deeper is text."""
TABLE_LINES, TABLE_TEXT = 40, 6000
"""Rows and code points of a table that set the widths of its columns; later rows follow them."""

_FENCE = re.compile(r"(`{3,})([^`]*)$|(~{3,})(.*)$")
_HEADING = re.compile(r"(#{1,6})(?=[ \t]|$)")
_SETEXT = re.compile(r"(=+|-+)[ \t]*$")
_RULE = re.compile(r"(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_ITEM = re.compile(r"([-*+]|[0-9]{1,9}[.)])(?=[ \t]|$)")
_TASK = re.compile(r"(\[[ xX]\])[ \t]+(?=\S)")
_BULLETS = "•◦▪"
APART = frozenset({"heading", "code", "table", "rule"})
"""Kinds of pieces that have an empty row around them even where the source has none."""


class Reader:
    """Feed it lines; take pieces from `out`."""

    def __init__(self) -> None:
        self.out: list[Piece] = []
        self._containers: tuple[Container, ...] = ()
        self._marked = 0  # containers whose marker is on the screen
        self._leaf: Leaf = None
        self._empty = False  # an empty line since the last piece
        self._last = ""  # the kind of the last piece
        self._begun = False  # in the middle of a long line
        self._line_start = 0
        self._column = 0  # of the line, behind the containers read so far: tabs need it
        self._source = ""

    def branch(self) -> Reader:
        """A copy, to try how the text would look if it ended here."""
        other = copy.copy(self)
        other.out = []
        leaf = self._leaf
        if isinstance(leaf, Paragraph):
            other._leaf = replace(leaf, lines=leaf.lines.copy())
        elif isinstance(leaf, Fence):
            other._leaf = replace(leaf, painter=leaf.painter.copy())
        elif leaf is not None:
            other._leaf = replace(leaf)
        return other

    @property
    def in_fence(self) -> bool:
        return isinstance(self._leaf, Fence)

    def line(self, text: str, start: int, *, ended: bool = True) -> None:
        """The next line without its newline, or a part of a long one (`ended` False while more of it follows)."""
        goes_on, self._begun = self._begun, not ended
        self._line_start, self._source = start, text + ("\n" if ended else "")
        if goes_on:
            self._more(text)
        else:
            self._whole(text)
        leaf = self._leaf
        if isinstance(leaf, Paragraph) and leaf.lines and (not ended or len(leaf.source) > PART):
            self._part(leaf, joins=not ended)

    def end(self) -> None:
        """The text ends here: what is open is given out."""
        self._close_leaf()
        self._leave(0)

    # Lines

    def _more(self, text: str) -> None:
        """A long line goes on: as code in code, else as a paragraph."""
        leaf = self._leaf
        text = text.expandtabs(4)
        if isinstance(leaf, Fence | Indented):
            joins = leaf.begun
            self._give(CodeLine(self._code_place(leaf), ((text, "fence"),), joins))
        elif isinstance(leaf, Paragraph) and not leaf.lines:
            leaf.lines.append(text)
            leaf.source, leaf.start = self._source, self._line_start
        else:
            self._close_leaf()
            self._leaf = Paragraph(self._line_start, [text], self._source)

    def _whole(self, text: str) -> None:
        rest, matched = self._match(tabs(text, 0))
        if isinstance(self._leaf, Fence):
            if matched == len(self._containers):
                self._code(self._leaf, rest)
                return
            self._close_leaf()
        entered = False
        while rest.strip(" \t") and indent_of(rest) < 4:
            inside = self._enter(rest, matched)
            if inside is None:
                if self._starts(rest, matched):
                    return
                break
            rest = inside
            matched = len(self._containers)
            entered = True
        lazy = isinstance(self._leaf, Paragraph) and not entered and rest.strip(" \t") != ""
        if not lazy:
            self._leave(matched)
        if not entered or rest.strip(" \t"):
            self._text(rest)

    def _match(self, rest: str) -> tuple[str, int]:
        """What is left of a line behind the containers that it goes on in, and how many they are."""
        self._column = 0
        for count, container in enumerate(self._containers):
            indent = indent_of(rest)
            if isinstance(container, Quote):
                if indent > 3 or not rest.startswith(">", indent):
                    return rest, count
                self._column += indent + 1
                rest = tabs(rest[indent + 1 :], self._column)
                self._column += rest.startswith(" ")
                rest = rest.removeprefix(" ")
            elif rest.strip(" "):
                if indent < container.indent:
                    return rest, count
                self._column += container.indent
                rest = tabs(rest[container.indent :], self._column)
        return rest, len(self._containers)

    def _enter(self, rest: str, matched: int) -> str | None:
        """What is left of a line that opens a quote or an item, inside it; None where it does not."""
        if matched >= DEEPEST:
            return None
        indent = indent_of(rest)
        body = rest[indent:]
        if body.startswith(">"):
            self._column += indent + 1
            inside = tabs(body[1:], self._column)
            self._column += inside.startswith(" ")
            self._open(Quote(), matched)
            return inside.removeprefix(" ")
        found = _ITEM.match(body)
        if found is None or _RULE.match(body):
            return None
        marker = found.group(1)
        inside = tabs(body[len(marker) :], self._column + indent + len(marker))
        in_paragraph = isinstance(self._leaf, Paragraph) and matched == len(self._containers)
        if in_paragraph and (not inside.strip(" ") or (marker[0].isdigit() and int(marker[:-1]) != 1)):
            return None
        space = indent_of(inside)
        if not inside.strip(" ") or space > 4:
            space = 1
        self._column += indent + len(marker) + space
        task = _TASK.match(inside[space:])
        ordered = marker[0].isdigit()
        depth = sum(isinstance(container, Item) for container in self._containers[:matched])
        shown = marker if ordered else _BULLETS[min(depth, 2)]
        if task is not None:
            shown = f"{marker} {task.group(1)}" if ordered else task.group(1)
        self._open(Item(indent + len(marker) + space, (shown + " ", "marker")), matched)
        return inside[space:] if task is None else inside[space + task.end() :]

    def _has_lines(self) -> bool:
        return isinstance(self._leaf, Paragraph) and bool(self._leaf.lines) and not self._leaf.parted

    def _starts(self, rest: str, matched: int) -> bool:
        """Whether a line is or opens a leaf by its first characters."""
        indent = indent_of(rest)
        body = rest[indent:]
        leaf = self._leaf
        if isinstance(leaf, Paragraph) and matched == len(self._containers) and self._has_lines():
            setext = _SETEXT.match(body)
            if setext is not None:
                self._leaf = None
                source = leaf.source + self._source
                level = 1 if body.startswith("=") else 2
                runs = inline("\n".join(leaf.lines), f"h{level}")
                self._give(Prose(self._place("heading", leaf.start, source), runs))
                return True
            if self._table(leaf, body):
                return True
        if fence := _FENCE.match(body):
            mark = fence.group(1) or fence.group(3)
            info = (fence.group(2) or fence.group(4) or "").expandtabs(4).strip(" ")
            self._leave(matched)
            self._close_leaf()
            language = re.split(r"[\s{},:]", info.lstrip("{."), maxsplit=1)[0]
            self._leaf = Fence(mark, indent, Painter(language, "fence"), begun=bool(info))
            if info:
                self._give(CodeLine(self._place("code"), ((info, "fence-label"),)))
            return True
        if heading := _HEADING.match(body):
            self._leave(matched)
            self._close_leaf()
            level = len(heading.group(1))
            self._give(Prose(self._place("heading"), inline(heading_text(body[level:]), f"h{level}")))
            return True
        if _RULE.match(body):
            self._leave(matched)
            self._close_leaf()
            self._give(Rule(self._place("rule")))
            return True
        return False

    def _text(self, rest: str) -> None:
        """A line that opens nothing: it goes on in the open leaf, or begins a paragraph or indented code."""
        leaf = self._leaf
        body = rest.strip(" \t")
        if not body:
            if isinstance(leaf, Indented):
                leaf.empty += 1
            else:
                self._close_leaf()
            self._empty = True
        elif isinstance(leaf, Paragraph):
            if not leaf.lines:
                leaf.start = self._line_start
            leaf.lines.append(body)
            leaf.source += self._source
        elif isinstance(leaf, OpenTable) and indent_of(rest) < 4:
            self._table_line(leaf, body)
        elif indent_of(rest) >= 4:
            if not isinstance(leaf, Indented):
                self._close_leaf()
                leaf = self._leaf = Indented()
            empty, leaf.empty = leaf.empty, 0
            for _ in range(empty):
                self._give(CodeLine(self._code_place(leaf, ""), ()))
            self._give(CodeLine(self._code_place(leaf), ((rest[4:].expandtabs(4), "fence"),)))
        else:
            self._close_leaf()
            self._leaf = Paragraph(self._line_start, [body], self._source)

    def _code(self, fence: Fence, rest: str) -> None:
        indent = indent_of(rest)
        body = rest[indent:].rstrip(" \t")
        if indent < 4 and len(body) >= len(fence.mark) and body.strip(fence.mark[0]) == "":
            self._leaf = None
            return
        code = rest[min(indent, fence.indent) :]
        self._give(CodeLine(self._code_place(fence), fence.painter.paint(code.expandtabs(4))))

    def _code_place(self, leaf: Fence | Indented, source: str | None = None) -> Place:
        begun, leaf.begun = leaf.begun, True
        return self._place("code", source=source, follows=begun)

    def _table(self, leaf: Paragraph, body: str) -> bool:
        """Whether the last line of a paragraph and this one are the head of a table."""
        aligns = aligns_of(body)
        if aligns is None or len(split_cells(leaf.lines[-1])) != len(aligns):
            return False
        line = leaf.lines.pop()
        source = leaf.source.split("\n")[-2] + "\n"
        start = self._line_start - len(source)
        leaf.source = leaf.source[: -len(source)]
        self._close_leaf()
        head = TableLine(self._cells(line, len(aligns), "table-head"), source + self._source)
        self._leaf = OpenTable(start, Table(self._place("table", start, head.source), head, aligns, ()))
        return True

    def _table_line(self, leaf: OpenTable, body: str) -> None:
        table = leaf.table
        line = TableLine(self._cells(body, len(table.aligns), ""), self._source)
        if leaf.out:
            self._give(TableMore(self._place("table", follows=True), table, line))
            return
        place = replace(table.place, source=table.place.source + self._source)
        leaf.table = replace(table, place=place, lines=(*table.lines, line))
        if len(leaf.table.lines) >= TABLE_LINES or len(place.source) > TABLE_TEXT:
            self._give(leaf.table)
            leaf.out = True

    @staticmethod
    def _cells(text: str, columns: int, look: str) -> tuple[Runs, ...]:
        cells = split_cells(text)
        if len(cells) > columns:  # GFM drops what is too much; here nothing vanishes
            cells = [*cells[: columns - 1], " | ".join(cells[columns - 1 :])]
        return tuple(inline(cell, look) for cell in [*cells, *[""] * (columns - len(cells))])

    # Giving out

    def _open(self, container: Container, matched: int) -> None:
        self._leave(matched)
        self._close_leaf()
        self._containers = (*self._containers, container)

    def _leave(self, matched: int) -> None:
        """Close the containers beyond the first `matched`; an item that never had text still shows its marker."""
        if matched == len(self._containers):
            return
        self._close_leaf()
        if any(isinstance(container, Item) for container in self._containers[self._marked :]):
            self._give(Prose(self._place("text", source=""), ()))
        self._containers = self._containers[:matched]
        self._marked = min(self._marked, matched)

    def _close_leaf(self) -> None:
        leaf, self._leaf = self._leaf, None
        if isinstance(leaf, Paragraph) and leaf.lines:
            self._paragraph(leaf)
        elif isinstance(leaf, OpenTable) and not leaf.out:
            self._give(leaf.table)

    def _paragraph(self, leaf: Paragraph) -> None:
        place = self._place("part" if leaf.parted else "text", leaf.start, leaf.source)
        self._give(Prose(place, inline("\n".join(leaf.lines)), leaf.joins))

    def _part(self, leaf: Paragraph, *, joins: bool) -> None:
        """Give out what stands of a long paragraph; the rest of it follows."""
        self._paragraph(leaf)
        self._leaf = Paragraph(self._line_start, joins=joins, parted=True)

    def _place(self, kind: str, start: int | None = None, source: str | None = None, *, follows: bool = False) -> Place:
        """Where a piece of that kind stands now; `follows`: directly under the one before it."""
        first: list[Run] = []
        rest: list[Run] = []
        gap: list[Run] = []
        for number, container in enumerate(self._containers):
            fresh = number >= self._marked
            match container:
                case Quote():
                    bar = ("▎ ", "quote-bar")
                    first.append(bar)
                    rest.append(bar)
                    if not fresh:
                        gap.append(bar)
                case Item(marker=(text, look)):
                    space = (" " * len(text), "pad")
                    first.append((text, look) if fresh else space)
                    rest.append(space)
        follows = follows or kind == "part" or not self._last
        apart = not self._containers and (kind in APART or self._last in APART)
        wants = not follows and (self._empty or apart)
        self._marked = len(self._containers)
        self._empty, self._last = False, kind
        at = self._line_start if start is None else start
        return Place(
            at, self._source if source is None else source, tuple(first), tuple(rest), tuple(gap) if wants else None
        )

    def _give(self, piece: Piece) -> None:
        self.out.append(piece)
