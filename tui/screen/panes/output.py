"""The Output pane: one turn, its prompt and its reply as Markdown, live while it streams.

An own Line-API widget: closed blocks are rows that are never laid out again, only the open end is, ten times a second
at most. While it follows, it turns pages instead of scrolling lines (a line of scroll repaints the pane); what is read
back never moves.
"""

from __future__ import annotations

import sys
from time import monotonic
from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.timer import Timer

from tui.plain import plain
from tui.say import say
from tui.screen.markdown.document import Document
from tui.screen.markdown.rows import Row
from tui.screen.panes.copying import copied
from tui.screen.panes.dress import Dressed, dressed
from tui.screen.panes.find_row import Marked, Sought
from tui.screen.panes.output_view import OutputView
from tui.screen.panes.turn_rows import note_rows, prompt_rows, reasoning_rows, seam_mark, welcome_rows

DRAW_EVERY = 0.1
"""Seconds between two drawings: 2 to 4 bytes a character over SSH, where 60 a second cost 60 (textual.md 1)."""
REST_AFTER = 0.01
"""Seconds until the next part of a long text is laid out: keys come between."""
MOST_STRIPS = 1000
"""Rows kept as strips; more are made again when they are shown."""


class OutputPane(ScrollView, can_focus=True):
    """Set `view` as often as you like."""

    ALLOW_SELECT = True
    LOOKS: ClassVar[tuple[str, ...]] = (
        *["prompt", "strong", "em", "strike", "code", "link", "target", "h1", "h2", "h3", "h4", "h5", "h6"],
        *["quote-bar", "marker", "pad", "line", "table-head", "fence", "fence-label", "comment", "keyword", "string"],
        *["number", "name", "inserted", "deleted", "seam", "seam-open", "reasoning", "notice", "queued", "key", "hit"],
    )
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"output--{look}" for look in LOOKS}
    DEFAULT_CSS = "OutputPane { overflow-y: scroll; overflow-x: hidden; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "scroll_up", show=False),
        Binding("j", "scroll_down", show=False),
    ]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id, classes=classes)
        self._view = OutputView("")
        self._document = Document(1)
        self._shown: OutputView | None = None  # the view on the screen
        self._width = self._height = 0
        self._fed = 0  # code points of the reply given to the document
        self._held = ""  # a carriage return whose line feed may follow
        self._head: list[Row] = []
        self._foot: list[Row] = []
        self._due: Timer | None = None
        self._drawn = 0.0
        self._follow = True
        self._top = 0  # the first row on the screen, while following
        self._moving = False  # the pane scrolls by itself
        self._sought: Sought | None = None  # to be shown when all is laid out
        self._marked = Marked()
        self._styles: dict[str, Style] = {}
        self._strips: dict[int, tuple[Row, Strip]] = {}

    # Attributes in

    @property
    def view(self) -> OutputView:
        return self._view

    @view.setter
    def view(self, view: OutputView) -> None:
        if view == self._view:
            return
        other = view.key != self._view.key
        self._view = view
        self._plan(now=other)

    @property
    def following(self) -> bool:
        """Whether the end of a growing text stays in sight."""
        return self._follow

    def follow_end(self) -> None:
        """Go to the end, and stay there while the text grows."""
        self._follow = True
        self._top = max(0, self.row_count - self._height)
        self._place()

    def plain_text(self) -> str:
        """The whole reply as Markdown, safe to show."""
        return plain(self._view.text.upto(self._view.length))

    def selected_text(self) -> str:
        """What is marked with the mouse; empty where nothing is."""
        selection = self.text_selection
        found = None if selection is None else self.get_selection(selection)
        return found[0] if found else ""

    def find(self, what: Sought) -> None:
        """Show it, marked, as soon as all is laid out."""
        self._sought = what
        self._plan(now=True)

    def unmark(self) -> None:
        """What was found is read like the rest again."""
        self._sought = None
        if self._marked.what is not None:
            self._mark(None)

    def _mark(self, what: Sought | None) -> None:
        self._marked.put(what, self._head, self._document.rows)
        self.refresh()

    def _show_sought(self, what: Sought) -> None:
        self._sought = None
        self._mark(what)
        row = self._marked.first_row(len(self._head))
        if row is not None:
            self._follow = False
            self.scroll_to(y=max(0, row - self._height // 3), animate=False, force=True)

    # Drawing

    @property
    def row_count(self) -> int:
        return len(self._head) + len(self._document.rows) + len(self._foot)

    def row(self, number: int) -> Row | None:
        """A row of the whole turn; None beyond its end."""
        if number < len(self._head):
            return self._head[number]
        number -= len(self._head)
        rows = self._document.rows
        if number < len(rows):
            return rows[number]
        number -= len(rows)
        return self._foot[number] if number < len(self._foot) else None

    def _plan(self, *, now: bool = False) -> None:
        """Draw in a moment: at once where nothing was drawn lately."""
        if not self.is_attached or self._width <= 0:
            return
        if self._due is not None:
            if not now:
                return
            self._due.stop()
        wait = 0.0 if now else max(0.0, self._drawn + DRAW_EVERY - monotonic())
        self._due = self.set_timer(max(wait, 0.001), self._draw)

    def _draw(self) -> None:
        self._due = None
        self._drawn = monotonic()
        view, shown = self._view, self._shown
        before = self.row_count
        dirty = before
        if shown is None or shown.key != view.key or view.length < self._fed:
            self._begin(view)
            shown = None
            dirty = 0
        else:
            if self._renew_head(view):
                dirty = 0
            if view.live and not shown.live:
                self._follow, self._top = True, max(0, before - self._height)
        changed, left = self._grow(view, shown)
        dirty = min(dirty, len(self._head) + changed)
        if self._marked.moved(changed):
            self._mark(self._marked.what)
        foot = note_rows(view.notices, view.queued, self._width) if not left else []
        foot_moved = before != self.row_count - len(self._foot) + len(foot)
        if foot != self._foot or foot_moved:
            dirty = min(dirty, len(self._head) + len(self._document.rows))
            self._foot = foot
        if shown is not None and shown.live and not view.live and not left:
            self._settle()
        self._shown = view
        if dirty < max(before, self.row_count):
            self._refresh_from(dirty, before)
        if left:
            self._due = self.set_timer(REST_AFTER, self._draw)
        elif self._sought is not None:
            self._show_sought(self._sought)

    def _begin(self, view: OutputView) -> None:
        """Another reply: nothing of the last one stays. A live one is followed, an old one read from its top."""
        self._document = Document(self._width)
        self._fed, self._held = 0, ""
        self._marked = Marked()
        self._foot = []
        self._head = self._head_of(view)
        self._follow = view.live
        self._top = 0
        self._strips.clear()
        self._moving = True
        self.scroll_to(y=0, animate=False, force=True)
        self._moving = False
        self._place()

    def _head_of(self, view: OutputView) -> list[Row]:
        if not view.key and not view.prompt and not view.length:
            return welcome_rows(self._width)
        head = prompt_rows(view.prompt, self._width)
        if view.live and not view.length:
            head += reasoning_rows(view.reasoning, self._width)
        return head

    def _renew_head(self, view: OutputView) -> bool:
        """Whether the rows above the text are others now; a growing answer does not touch them."""
        shown = self._shown
        if shown is not None and shown.prompt == view.prompt and shown.length and view.length:
            return False
        head = self._head_of(view)
        if head == self._head:
            return False
        self._head = head
        return True

    def _grow(self, view: OutputView, shown: OutputView | None) -> tuple[int, bool]:
        """Give the document what is new: its first changed row, and whether more work is left."""
        new = view.text.since(self._fed)[: view.length - self._fed] if view.length > self._fed else ""
        self._fed += len(new)
        if new or self._held:
            new = self._held + new
            self._held = "\r" if new.endswith("\r") and view.live else ""
            self._document.feed(plain(new.removesuffix("\r") if self._held else new))
        if shown is None or shown.seams != view.seams:
            self._document.mark([seam_mark(seam, self._shown_place(seam.at)) for seam in view.seams])
        return self._document.update(live=view.live)

    def _shown_place(self, at: int) -> int:
        """A place in the reply as a place in the text that is shown; seams are few, so the whole may be read."""
        return len(plain(self._view.text.upto(at)))

    def _refresh_from(self, dirty: int, before: int) -> None:
        """Draw again what is in sight from row `dirty` on; `before`: how many rows there were."""
        self._place()
        top = self.scroll_offset.y
        first, end = max(dirty, top), min(max(before, self.row_count), top + self._height)
        if first < end:
            self.refresh(Region(0, first - top, self.size.width, end - first))

    def _settle(self) -> None:
        """The answer has ended on a page that is mostly empty: show as much of what is above as fits."""
        if self._follow and (self.row_count - self._top) * 2 < self._height:
            self._top = max(0, self.row_count - self._height)
            self._place()

    def _place(self) -> None:
        """Turn the page where the followed end has left the screen; size the scroll bar."""
        rows, height = self.row_count, self._height
        if self._follow and rows > self._top + height:
            self._top = rows - max(1, height // 3)
        top = self._top if self._follow else self.scroll_offset.y
        # Empty rows below let a page begin anywhere: Textual holds the top to the rows there are.
        self._moving = True
        self.virtual_size = Size(self._width, max(rows, top + height if self._follow or top else 0))
        if self.scroll_offset.y != top:
            self.scroll_to(y=top, animate=False, force=True)
        self._moving = False

    def on_mount(self) -> None:
        if self.border_title is None:
            self.border_title = say("output.title")
        self._fit()

    def on_resize(self, _event: Resize) -> None:
        self._fit()

    def _fit(self) -> None:
        """Take the pane's size; the row at the top stays near it."""
        width, height = self.scrollable_content_region.size
        if width <= 0 or height <= 0:
            return
        part = self.scroll_offset.y / max(1, self.row_count)
        wider = width != self._width
        found = self._marked.first_row(len(self._head))
        seen = found is not None and self.scroll_offset.y <= found < self.scroll_offset.y + self._height
        self._width, self._height = width, height
        if wider:
            self._document.resize(width)
            self._strips.clear()
            self._head = self._head_of(self._view)
            self._foot = []
        if self._shown is None:
            self._draw()
            return
        self._document.update(live=self._view.live)
        self._foot = note_rows(self._view.notices, self._view.queued, width)
        if wider and self._follow:
            self._top = max(0, self.row_count - height)
        elif wider:
            self._moving = True
            self.virtual_size = Size(width, max(self.row_count, height))
            self.scroll_to(y=round(part * self.row_count), animate=False, force=True)
            self._moving = False
        self._place()
        what = self._marked.what
        if seen and what is not None and self._sought is None:
            self._show_sought(what)
        elif wider:
            self._mark(what)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        number = y + self.scroll_offset.y
        row = self.row(number)
        width = self.scrollable_content_region.width
        if row is None:
            return Strip.blank(width, self.rich_style)
        over = self._over(number)
        if over:
            return dressed(row, width, self._style, over).apply_offsets(0, number)
        kept = self._strips.get(number)
        if kept is None or kept[0] is not row:
            if len(self._strips) >= MOST_STRIPS:
                self._strips.clear()
            kept = self._strips[number] = (row, dressed(row, width, self._style))
        return kept[1].apply_offsets(0, number)

    def _over(self, number: int) -> list[Dressed]:
        """What of a row is selected, and what was found in it."""
        over: list[Dressed] = []
        found = self._marked.span_in(number, len(self._head))
        if found is not None:
            over.append((*found, self.get_component_rich_style("output--hit", partial=True)))
        selection = self.text_selection
        span = None if selection is None else selection.get_span(number)
        if span is not None:
            end = span[1] if span[1] >= 0 else sys.maxsize
            over.append((span[0], end, self.screen.get_component_rich_style("screen--selection")))
        return over

    def _style(self, look: str) -> Style:
        found = self._styles.get(look)
        if found is None:
            found = self.rich_style
            for name in look.split():
                found += self.get_component_rich_style(f"output--{name}", partial=True)
            self._styles[look] = found
        return found

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()

    # Reading back

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        resized = self.scrollable_content_region.height != self._height
        if self._moving or resized or round(old_value) == round(new_value):
            return
        self._top = round(new_value)
        self._follow = new_value > old_value and self._top + self._height >= self.row_count

    def _move(self, rows: int) -> None:
        self.scroll_to(y=self.scroll_offset.y + rows, animate=False)

    def action_scroll_up(self) -> None:
        self._move(-1)

    def action_scroll_down(self) -> None:
        self._move(1)

    def action_page_up(self) -> None:
        self._move(-max(1, self._height - 1))

    def action_page_down(self) -> None:
        self._move(max(1, self._height - 1))

    def action_scroll_home(self) -> None:
        self.scroll_to(y=0, animate=False)

    def action_scroll_end(self) -> None:
        self.follow_end()

    # Copying

    def selection_updated(self, selection: Selection | None) -> None:  # noqa: ARG002  read from text_selection
        self.refresh()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        return copied(selection, self.row, self.row_count), "\n"
