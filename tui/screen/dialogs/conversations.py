"""All conversations: found while typing, opened, renamed, deleted, and taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from tui.journal.search import Found, Hit
from tui.journal.stored import StoredConversation
from tui.plain import one_line, plain
from tui.say import say
from tui.screen.dialogs.field import Field
from tui.screen.dialogs.list_dialog import ListDialog
from tui.screen.panes.line_list import MARK, LineList
from tui.screen.panes.pieces import Line, cut, cut_start, width_of
from tui.words import ConversationId

TITLE = 24
"""Cells of a conversation's title before a hit, where the row has three times as many."""

NARROW = 56
"""Cells of a row below which its day stands without year and time: the rest is for what it says."""

ON_ROWS = frozenset({"enter", "up", "down", "pageup", "pagedown", "ctrl+t", "ctrl+d"})
"""Keys that mean a row: they wait until the rows are those of what is typed."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What the user wants to see."""

    conversation: ConversationId
    hit: Hit | None = None
    """Where in it; None: its end."""


class Rows(LineList, can_focus=False):
    """Conversations, or hits of a search; the keys come from the field above."""

    def __init__(self, current: ConversationId | None) -> None:
        super().__init__(classes="-lit")
        self._current = current
        self._conversations: Sequence[StoredConversation] = ()
        self._found: Found | None = None
        self._known = True

    def list_all(self, conversations: Sequence[StoredConversation]) -> None:
        self._conversations, self._found, self._known = conversations, None, True
        self.changed()

    def list_nothing(self) -> None:
        """It is not known which there are."""
        self._conversations, self._found, self._known = (), None, False
        self.changed()

    def list_hits(self, found: Found) -> None:
        self._found, self._known = found, True
        self.selected = 0
        self.changed()

    @property
    def chosen(self) -> Opened | None:
        if not self.row_count():
            return None
        if self._found is None:
            return Opened(self._conversations[self.selected].id)
        hit = self._found.hits[self.selected]
        return Opened(hit.conversation, hit)

    @property
    def chosen_title(self) -> str:
        if not self.row_count():
            return ""
        return (self._conversations if self._found is None else self._found.hits)[self.selected].title

    def row_count(self) -> int:
        return len(self._conversations if self._found is None else self._found.hits)

    def row(self, index: int) -> Line:
        return (
            self._conversation(self._conversations[index])
            if self._found is None
            else self._hit(self._found.hits[index])
        )

    def _conversation(self, one: StoredConversation) -> Line:
        here: Line = ((f"  ← {say('talks.open_now')}", "accent"),) if one.id == self._current else ()
        branch: Line = (("⑂ ", "dim"),) if one.branched_from is not None else ()
        return (
            (self._day(one.updated) + "  ", "dim"),
            (f"{one.turns:>4}  ", "dim"),
            *branch,
            (one_line(one.title, 200) or say("talks.untitled"), "normal"),
            *here,
        )

    def _hit(self, hit: Hit) -> Line:
        start, end = hit.mark
        width = self.scrollable_content_region.width
        longest = min(TITLE, width // 3)
        title = say("talks.in_title") if hit.turn is None else cut(one_line(hit.title, TITLE), longest)
        head: Line = ((self._day(hit.at) + "  ", "dim"), (title + "  ", "dim"))
        before, mark, after = _flat(hit.line[:start]), _flat(hit.line[start:end]), _flat(hit.line[end:])
        # What was found stands in the row, however far on in its line.
        before = before.lstrip()
        room = width - len(MARK) - width_of(head)
        if cell_len(before + mark) > room * 2 // 3:
            before = cut_start(before, max(1, room // 3))
        return (*head, (before, "normal"), (mark, "hit"), (after, "normal"))

    def _day(self, wall: float) -> str:
        form = "%m-%d" if self.scrollable_content_region.width < NARROW else "%Y-%m-%d %H:%M"
        return datetime.fromtimestamp(wall).astimezone().strftime(form)

    def when_empty(self) -> Line:
        if not self._known:
            return ()
        return ((f"  {say('talks.none') if self._found is None else say('talks.no_hit')}", "dim"),)


def _flat(text: str) -> str:
    """Safe, on one line, and with the spaces at its edges: it is a part of a line."""
    return plain(text).replace("\n", " ")


class ConversationsDialog(ListDialog[Opened | None]):
    """Ends with what is to be opened, or None. Posts what else is wanted; the owner answers with `show…`."""

    CSS_PATH = "conversations.tcss"
    KEYS = ("talks.keys", "talks.keys_short")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+t", "rename", show=False, priority=True),
        Binding("ctrl+d", "delete", show=False, priority=True),
        Binding("ctrl+z", "undo", show=False, priority=True),
    ]

    class Search(Message):
        """The rows for `words` are wanted; empty: the list is."""

        def __init__(self, words: str, number: int) -> None:
            """`number`: goes with the answer."""
            self.words, self.number = words, number
            super().__init__()

    class Rename(Message):
        def __init__(self, conversation: ConversationId, title: str) -> None:
            self.conversation, self.title = conversation, title
            super().__init__()

    class Delete(Message):
        def __init__(self, conversation: ConversationId, title: str) -> None:
            self.conversation, self.title = conversation, title
            super().__init__()

    class Undo(Message):
        """Take the last deletion back."""

    def __init__(self, current: ConversationId | None) -> None:
        super().__init__()
        self._current = current
        self._renaming: ConversationId | None = None
        self._typed = ""
        """What was searched for before a title was edited."""
        self._asked = 0
        """The number of the last thing asked for."""
        self._answered = 0
        """The number of the last thing that has come."""
        self._impatient = False
        """It says that the rows are not there yet."""

    @property
    def words(self) -> str:
        """What is searched for now."""
        return self._typed if self._renaming is not None else self.query_one(Field).value.strip()

    @property
    def _here(self) -> bool:
        """Whether it has its fields still: an answer may come while it closes."""
        return self.is_mounted and not self._answers

    def compose(self) -> ComposeResult:
        with Vertical(id="talks-box") as box:
            box.border_title = say("talks.title")
            yield Field(placeholder=say("talks.search"), id="talks-field")
            yield Rows(self._current)
            yield Static("", markup=False, id="talks-said")

    def on_mount(self) -> None:
        self.query_one(Field).focus()
        self.search()

    def search(self) -> None:
        """Have the rows for what is typed found, again where they are there."""
        self._asked += 1
        self.post_message(self.Search(self.words, self._asked))

    def show_all(self, conversations: Sequence[StoredConversation], number: int) -> None:
        """The answer to Search `number`; one that came too late is dropped."""
        if self._here and number == self._asked:
            self.query_one(Rows).list_all(conversations)
            self._arrived()

    def show_hits(self, found: Found, number: int) -> None:
        """The answer to Search `number`; one that came too late is dropped."""
        if self._here and number == self._asked:
            self.query_one(Rows).list_hits(found)
            notes = [say("talks.partly" if found.partly else "talks.more")] if found.more else []
            notes += [say("talks.indexing")] if found.indexing else []
            if notes or self._impatient:
                self.tell(" ".join(notes))
            self._arrived()

    def show_trouble(self, words: str, number: int) -> None:
        """There is no answer to Search `number`."""
        if self._here and number == self._asked:
            self.query_one(Rows).list_nothing()
            self.tell(words)
            self._arrived()

    def _arrived(self) -> None:
        self._answered, self._impatient = self._asked, False
        self.settled()

    @property
    def _late(self) -> bool:
        """Whether the rows are still those of other words, or from before a change."""
        return self._answered != self._asked

    def acts_on_what_comes(self, event: events.Key | events.Paste) -> bool:
        return self._late and self._renaming is None and isinstance(event, events.Key) and event.key in ON_ROWS

    def tell(self, words: str) -> None:
        """One line of news."""
        if self._here:
            self.query_one("#talks-said", Static).update(one_line(words))

    @on(Input.Changed)
    def _changed(self, message: Input.Changed) -> None:
        message.stop()
        if self._renaming is None:
            self.tell("")
            self.search()

    @on(Input.Submitted)
    @on(LineList.Entered)
    def _entered(self, message: Input.Submitted | LineList.Entered) -> None:
        message.stop()
        if self._renaming is not None:
            name, title = self._renaming, self.query_one(Field).value
            self._end_renaming()
            self._change(self.Rename(name, title))
        elif self._late:
            # Nothing is opened that was not asked for.
            self.tell(say("talks.searching"))
            self._impatient = True
        else:
            chosen = self.query_one(Rows).chosen
            if chosen is not None:
                self.end(chosen)

    def _change(self, wish: Message) -> None:
        """Have it done; the owner searches again when it is, and until then no key may mean a row."""
        self._asked += 1
        self.post_message(wish)

    def action_rename(self) -> None:
        rows, field = self.query_one(Rows), self.query_one(Field)
        if rows.chosen is None or self._late or self._renaming is not None:
            return
        self._typed, self._renaming = field.value.strip(), rows.chosen.conversation
        field.value = one_line(rows.chosen_title, 200)
        self.tell(say("talks.renaming"))

    def _end_renaming(self) -> None:
        self._renaming = None
        self.query_one(Field).value = self._typed
        self.tell("")

    def action_delete(self) -> None:
        rows = self.query_one(Rows)
        if rows.chosen is not None and self._renaming is None and not self._late:
            self._change(self.Delete(rows.chosen.conversation, rows.chosen_title))

    def action_undo(self) -> None:
        self._change(self.Undo())

    def action_close(self) -> None:
        if self._renaming is not None:
            self._end_renaming()
        else:
            self.end(None)
