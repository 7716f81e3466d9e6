"""A list of lines of which one is selected: it draws what is visible, so ten thousand rows cost what ten cost."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style

from tui.screen.panes.paint import TONES, paint
from tui.screen.panes.pieces import Line, cut_line

MARK = "▸ "
"""Before the selected row: colour alone would not show it."""

FOUND = Style(bold=True, underline=True)
"""What was searched for, in the selected row."""


class LineList(ScrollView, can_focus=True, inherit_bindings=False):
    """Subclasses say how many rows there are and what stands in each; they call `changed` when that changes."""

    DEFAULT_CSS = """
    LineList { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"line-list--selected", *TONES}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "go(0)", show=False),
        Binding("end", "go(-1)", show=False),
        Binding("enter", "enter", show=False),
    ]

    selected: reactive[int] = reactive(0, repaint=False)
    """The selected row; set from above it posts nothing."""

    class Chosen(Message):
        """The user moved to row `index`."""

        def __init__(self, index: int) -> None:
            self.index = index
            super().__init__()

    class Entered(Chosen):
        """The user pressed Enter on row `index`, or clicked it."""

    def row_count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    def row(self, index: int) -> Line:
        """What stands in row `index`, without the mark of the selection."""
        raise NotImplementedError

    def when_empty(self) -> Line:
        """What stands in place of rows while there are none."""
        return ()

    def changed(self) -> None:
        """The rows are others now. Costs what is visible, however many there are."""
        self.virtual_size = Size(1, max(1, self.row_count()))
        self.selected = self.validate_selected(self.selected)
        self._show_selected()
        self.refresh()

    def validate_selected(self, selected: int) -> int:
        return max(0, min(selected, self.row_count() - 1))

    def watch_selected(self, old: int, new: int) -> None:
        top = self.scroll_offset.y
        self.refresh_lines(old - top, 1)
        self.refresh_lines(new - top, 1)
        self._show_selected()

    def on_resize(self) -> None:
        self._show_selected()

    def _show_selected(self) -> None:
        """Scroll by half a pane where the selection has left it: line by line would repaint it at every key."""
        height = self.scrollable_content_region.height
        if height < 1 or not self.is_mounted:
            return
        top = self.scroll_offset.y
        if top <= self.selected < top + height:
            return
        half = max(1, height // 2)
        target = self.selected - half if self.selected >= top + height else self.selected - height + 1 + half
        self.scroll_to(y=max(0, min(target, self.selected)), animate=False, force=True)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        index = y + self.scroll_offset.y
        if index < self.row_count():
            return self._row_strip(index, width)
        line = self.when_empty() if index == 0 else ()
        return self._strip(paint(self, cut_line(line, width)), self.visual_style, width)

    def _row_strip(self, index: int, width: int) -> Strip:
        if index == self.selected:
            # All in one look, whatever it means elsewhere; but what was searched for stands out here too.
            chosen = cut_line(((MARK, "normal"), *self.row(index)), width)
            content = Content.assemble(*((text, FOUND if tone == "hit" else "") for text, tone in chosen))
            return self._strip(content, self.get_visual_style("line-list--selected"), width)
        line: Line = ((" " * len(MARK), "normal"), *self.row(index))
        return self._strip(paint(self, cut_line(line, width)), self.visual_style, width)

    def _strip(self, content: Content, style: Style, width: int) -> Strip:
        return Strip(content.render_segments(style)).adjust_cell_length(width, style.rich_style)

    def action_move(self, by: int) -> None:
        self._choose(self.selected + by)

    def action_page(self, by: int) -> None:
        self._choose(self.selected + by * max(1, self.scrollable_content_region.height - 1))

    def action_go(self, to: int) -> None:
        self._choose(to if to >= 0 else self.row_count() + to)

    def action_enter(self) -> None:
        if self.row_count():
            self.post_message(self.Entered(self.selected))

    def on_click(self, event: events.Click) -> None:
        index = event.y + self.scroll_offset.y
        if index < self.row_count():
            self._choose(index)
            self.action_enter()

    def _choose(self, index: int) -> None:
        index = self.validate_selected(index)
        if index != self.selected and self.row_count():
            self.selected = index
            self.post_message(self.Chosen(index))
