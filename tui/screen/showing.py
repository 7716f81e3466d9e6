"""What the panes show of the conversation: the rows of its turns, and the turn chosen."""

from __future__ import annotations

from textual import on

from tui.chat.send import Sending
from tui.chat.session import Session, Wanted
from tui.chat.talk import Talk
from tui.chat.turns import Turn
from tui.chat.view import ReplyView
from tui.journal.trouble import JournalTrouble
from tui.plain import one_line, plain
from tui.say import say
from tui.screen import shown
from tui.screen.first_run import FirstRunWays
from tui.screen.panes.connection import ConnectionPane
from tui.screen.panes.conversation import ConversationPane, TurnRow
from tui.screen.panes.footer import StatusFooter
from tui.screen.panes.output import OutputPane
from tui.screen.panes.output_view import OutputView
from tui.screen.panes.prompt import Prompt

TOLD_ONCE = 30.0
"""Seconds that it is shown what became of a damaged journal: what was saved, what is lost, and where the file is."""


class Showing(FirstRunWays):
    """The app as far as it sets attributes on its panes."""

    def __init__(self, session: Session, wanted: Wanted) -> None:
        super().__init__(session, wanted)
        self.sending: Sending | None = None
        self._queue: list[Turn] = []
        """Turns without a reply that are to be asked one after the other."""
        self._rows: list[TurnRow] = []
        self._turn = -1
        self._trouble = ""

    @property
    def talk(self) -> Talk | None:
        return self.session.talk

    @property
    def prompt(self) -> Prompt:
        return self.screen_stack[0].query_one(Prompt)

    @property
    def output(self) -> OutputPane:
        return self.screen_stack[0].query_one(OutputPane)

    @property
    def connection(self) -> ConnectionPane:
        return self.screen_stack[0].query_one(ConnectionPane)

    @property
    def conversation(self) -> ConversationPane:
        return self.screen_stack[0].query_one(ConversationPane)

    @property
    def turn(self) -> Turn | None:
        """The turn that Output shows."""
        talk = self.talk
        return talk.turns[self._turn] if talk is not None and 0 <= self._turn < len(talk.turns) else None

    def list_turns(self) -> None:
        """List the turns of the conversation anew."""
        assert self.talk is not None
        self._rows = [shown.turn_row(number, turn) for number, turn in enumerate(self.talk.turns, 1)]
        self.conversation.rows = self._rows

    def show_rows(self) -> None:
        """List the turns of the conversation anew, and show the one chosen; an empty page where there is none."""
        self.list_turns()
        if self.turn is None:
            self.output.border_title = say("output.title")
            self.output.view = OutputView(key="")
            self.connection.view = ReplyView()
        self.refresh_turn()

    def refresh_turn(self) -> None:
        """Show the turn chosen as it stands now."""
        talk, turn = self.talk, self.turn
        if talk is None:
            return
        queued = tuple(waiting.prompt for waiting in self._queue)
        chosen = turn.place if turn is not None else 0
        if turn is not None:
            saved = not self._trouble
            self.output.border_title = shown.output_title(turn, chosen)
            self.output.view = shown.output_view(turn, chosen, queued, saved=saved)
            self._refresh_row(self._turn, turn)
        sending = self.sending
        if sending is not None and sending.turn is not turn and sending.turn in talk.turns:
            self._refresh_row(talk.turns.index(sending.turn), sending.turn)
        footer = self.screen_stack[0].query_one(StatusFooter)
        footer.status = shown.status_view(talk, turn, chosen, len(queued), self._trouble)

    def _refresh_row(self, place: int, turn: Turn) -> None:
        row = shown.turn_row(place + 1, turn)
        if self._rows[place] != row:
            self._rows[place] = row
            self.conversation.rows = self._rows
        if place == self._turn and self.conversation.selected != place:
            self.conversation.selected = place

    @on(ConversationPane.Chosen)
    def _turn_chosen(self, message: ConversationPane.Chosen) -> None:
        self._turn = message.index
        self.refresh_turn()

    @on(ConversationPane.Entered)
    def _turn_entered(self, message: ConversationPane.Entered) -> None:
        self._turn = message.index
        self.refresh_turn()
        self.output.focus()

    def journal_trouble(self, trouble: JournalTrouble | None) -> None:
        """From the event loop: saving does not work, or does again."""
        self._trouble = "" if trouble is None else one_line(trouble.sentence())
        if self.is_running and self.screen_stack:
            if trouble is not None:
                # That stays in the footer for as long as it lasts, but for what is over once it is told.
                shown = TOLD_ONCE if trouble.kind == "set_aside" else None
                self.notify(plain(trouble.sentence()), severity="warning", markup=False, timeout=shown)
            self.refresh_turn()
