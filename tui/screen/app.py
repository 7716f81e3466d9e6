"""The application: panes, keys, and the worker that follows a reply.

Widgets get attributes down and post messages up; none of them talks to the network or the journal. The reply's task
belongs to chat/send.py: a terminal that is lost ends the worker here, and not the reply.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.geometry import Size

from tui.chat.send import Sending
from tui.chat.session import Session, Wanted
from tui.journal.trouble import JournalTrouble
from tui.paths import config_file
from tui.say import say
from tui.screen.actions import ACTIONS, BINDINGS
from tui.screen.dialogs.dialog import Settled
from tui.screen.dialogs.first_run import FirstRunDialog
from tui.screen.dialogs.leave import LeaveDialog, Leaving, Losing, UnsavedDialog
from tui.screen.dialogs.too_small import TooSmall, too_small
from tui.screen.dialogs.unasked import UnaskedDialog
from tui.screen.first_run import FIRST_RUN, Ready
from tui.screen.key_turns import KeyTurns, Marker
from tui.screen.panes.connection import ConnectionPane
from tui.screen.panes.conversation import ConversationPane
from tui.screen.panes.footer import StatusFooter
from tui.screen.panes.output import OutputPane
from tui.screen.panes.prompt import Prompt
from tui.screen.starting import Starting

ROOM = Size(100, 30)
"""Cells below which the panes fold: Output and a one-line Connection stay (design, section 6)."""


class UnbrokenApp(Starting):
    """The full screen."""

    TITLE = "unbroken"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [*BINDINGS]
    CSS_PATH: ClassVar[list[str | PurePath]] = [
        "app.tcss",
        "panes/tones.tcss",
        "panes/line_list.tcss",
        "panes/conversation.tcss",
        "panes/output.tcss",
        "panes/connection.tcss",
        "panes/prompt.tcss",
        "panes/footer.tcss",
    ]

    def __init__(self, session: Session, wanted: Wanted, ready: Ready | None) -> None:
        """`ready`: who answers; None asks the user first (no key yet)."""
        super().__init__(session, wanted)
        self._answerer = ready
        self._keys = KeyTurns(self, super().on_event)
        self.hung_up = False
        """The terminal went away."""
        self.leaving: Leaving = "stop"
        """What becomes of a reply that is still on its way when the screen closes."""

    def compose(self) -> ComposeResult:
        with Horizontal(id="panes"):
            yield ConversationPane(id="conversation")
            with Vertical(id="right"):
                yield OutputPane(id="output")
                pane = ConnectionPane(self.session.clock, id="connection")
                pane.style_of_bars = self.bars
                yield pane
        yield Prompt(id="prompt")
        yield StatusFooter(ACTIONS, id="footer")

    def on_mount(self) -> None:
        self.screen.set_focus(self.prompt)
        self._fold(self.size)
        if self._answerer is None:
            dialog = FirstRunDialog(str(config_file()), continues=self.wanted.continue_last)
            self.push_screen(dialog, lambda _: self._first_run_ended(dialog))
        else:
            self._begin(self._answerer)

    # Beginning

    def _begin(self, ready: Ready) -> None:
        talk = self.session.begin(ready.provider, ready.model, self.wanted)
        self.show_talk(talk)
        self.prompt.focus()
        self.offer_left_behind()

    def answerer(self, ready: Ready) -> None:
        self._answerer = ready

    def _first_run_ended(self, dialog: FirstRunDialog) -> None:
        self.workers.cancel_group(self, FIRST_RUN)
        if self._answerer is None:
            self.exit(3)
            return
        self._begin(self._answerer)
        written, asks = dialog.first_prompt
        if asks and len(self.screen_stack) == 1:
            self.asked(written)
        elif written:
            self.prompt.put(written)

    # Sizes and keys

    def on_resize(self, event: events.Resize) -> None:
        self._fold(event.size)

    def _fold(self, size: Size) -> None:
        folded = size.width < ROOM.width or size.height < ROOM.height
        self.screen_stack[0].set_class(folded, "-folded")
        self.connection.compact = folded
        self.prompt.compact = folded
        if too_small(size) and not isinstance(self.screen, TooSmall):
            self.push_screen(TooSmall())

    @on(TooSmall.Typed)
    @on(UnaskedDialog.Typed)
    def _typed_elsewhere(self, message: TooSmall.Typed | UnaskedDialog.Typed) -> None:
        self.prompt.add(message.text)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key | events.Paste) and self._prober is not None:
            self._prober.touched()
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self._keys.arrived(event)
        else:
            await super().on_event(event)

    @on(Marker)
    async def _key_done(self, marker: Marker) -> None:
        marker.stop()
        await self._keys.back(marker)

    @on(Settled)
    async def _keys_may_go_on(self, message: Settled) -> None:
        message.stop()
        await self._keys.settled()

    def action_leave(self) -> None:
        if isinstance(self.screen, LeaveDialog):
            return
        if self.replying:
            trouble = self.session.writer.trouble
            self.push_screen(LeaveDialog("" if trouble is None else trouble.sentence()), self._left)
        else:
            self.quit()

    def _left(self, answer: Leaving | None) -> None:
        if answer in ("finish", "stop"):
            self.leaving = answer
            self.quit()

    def _reply_ended(self, sending: Sending) -> None:
        super()._reply_ended(sending)
        if isinstance(self.screen, LeaveDialog) and not self.replying:
            # There is nothing left to decide.
            self.screen.end("stay")
            self.notify(say("screen.leave_over"), markup=False)

    def quit(self) -> None:
        """End the program; where that would lose what is not saved, the user is asked first."""
        trouble, unsaved = self.session.writer.trouble, self.session.writer.unsaved_answers()
        if trouble is None or not unsaved:
            self.exit(0)
        elif not isinstance(self.screen, UnsavedDialog):
            self.push_screen(UnsavedDialog(trouble.sentence(), unsaved), self._unsaved_decided)

    def _unsaved_decided(self, answer: Losing | None) -> None:
        if answer == "lose":
            self.exit(0)

    def journal_trouble(self, trouble: JournalTrouble | None) -> None:
        super().journal_trouble(trouble)
        if trouble is None and self.is_running and self.screen_stack and isinstance(self.screen, UnsavedDialog):
            self.screen.end("stay")
            self.notify(say("screen.unsaved_saved"), markup=False)

    def action_page(self, direction: int) -> None:
        if direction < 0:
            self.output.action_page_up()
        else:
            self.output.action_page_down()

    def action_to_end(self) -> None:
        self.output.follow_end()

    def action_new(self) -> None:
        talk = self.talk
        if talk is None or self._busy():
            return
        self.wanted = Wanted(self.wanted.local, False, self.wanted.model, self.wanted.provider)
        self.show_talk(self.session.begin(talk.provider, talk.model, self.wanted))
        self.prompt.focus()

    def on_key(self, event: events.Key) -> None:
        """What is typed while a pane has the focus, and means nothing there, is for the prompt."""
        if len(self.screen_stack) == 1 and event.character is not None and event.is_printable:
            self.prompt.focus()
            self.prompt.add(event.character)

    # Its end

    def terminal_lost(self) -> None:
        """The screen is gone; what becomes of the reply is the configuration's to say."""
        self.hung_up = True
        self.leaving = self.session.config.on_hangup
        self.exit(0)

    def terminate(self) -> None:
        """Somebody asks the process to stop: what was received is kept."""
        self.leaving = "stop"
        self.exit(0)
