"""The application: panes, keys, and the worker that follows a reply.

Widgets get attributes down and post messages up; none of them talks to the network or the journal. The reply's task
belongs to chat/send.py: a terminal that is lost ends the worker here, and not the reply.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import PurePath
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.geometry import Size

from tui.chat.send import Sending
from tui.chat.session import Session, Wanted
from tui.chat.talk import Talk, Turn
from tui.chat.view import LinkView
from tui.engine.policy import LONGEST_OBEYED
from tui.journal.trouble import JournalTrouble
from tui.monitor.probe import Prober
from tui.monitor.view import ProbeView
from tui.paths import config_file
from tui.plain import one_line, plain
from tui.say import say
from tui.screen import shown
from tui.screen.actions import ACTIONS, BINDINGS
from tui.screen.dialogs.choose_wait import ChooseWait, Waiting
from tui.screen.dialogs.first_run import FirstRunDialog
from tui.screen.dialogs.leave import LeaveDialog, Leaving
from tui.screen.dialogs.models import ModelDialog
from tui.screen.dialogs.too_small import TooSmall, too_small
from tui.screen.first_run import FirstRunWays, Ready
from tui.screen.panes.connection import ConnectionPane
from tui.screen.panes.conversation import ConversationPane, TurnRow
from tui.screen.panes.footer import StatusFooter
from tui.screen.panes.output import OutputPane, OutputView
from tui.screen.panes.prompt import Prompt

ROOM = Size(100, 30)
"""Cells below which the panes fold: Output and a one-line Connection stay (design, section 6)."""

BELL_AFTER = 10.0
"""Seconds of an answer after which its end rings, where that is wished."""

SECOND_QUIT = 2.0
"""Seconds within which a second Ctrl+C quits."""


class UnbrokenApp(FirstRunWays):
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
        self.sending: Sending | None = None
        self.leaving: Leaving = "stop"
        """What becomes of a reply that is still on its way when the screen closes."""
        self._queue: list[str] = []
        self._rows: list[TurnRow] = []
        self._turn = -1
        self._trouble = ""
        self._prober: Prober | None = None
        self._probing: asyncio.Task[None] | None = None
        self._quit_armed = float("-inf")

    def compose(self) -> ComposeResult:
        with Horizontal(id="panes"):
            yield ConversationPane(id="conversation")
            with Vertical(id="right"):
                yield OutputPane(id="output")
                yield ConnectionPane(self.session.clock, id="connection")
        yield Prompt(id="prompt")
        yield StatusFooter(ACTIONS, id="footer")

    def on_mount(self) -> None:
        self.screen.set_focus(self.prompt)
        self._fold(self.size)
        if self._answerer is None:
            self.push_screen(FirstRunDialog(str(config_file())), self._first_run_ended)
        else:
            self._begin(self._answerer)

    # What is where

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
    def replying(self) -> bool:
        return self.sending is not None and self.sending.running

    @property
    def turn(self) -> Turn | None:
        """The turn that Output shows."""
        talk = self.talk
        return talk.turns[self._turn] if talk is not None and 0 <= self._turn < len(talk.turns) else None

    # Beginning

    def _begin(self, ready: Ready) -> None:
        talk = self.session.begin(ready.provider, ready.model, self.wanted)
        self._rows = [shown.turn_row(number, turn) for number, turn in enumerate(talk.turns, 1)]
        self._turn = len(talk.turns) - 1
        self.prompt.past = [turn.prompt for turn in talk.turns]
        self.conversation.rows = self._rows
        self.refresh_turn()
        self._probe(talk)
        self.prompt.focus()

    def _probe(self, talk: Talk) -> None:
        if self._probing is not None:
            self._probing.cancel()
        settings = self.session.config.probe
        self._prober = Prober(talk.provider, settings, self.session.clock, self._probed, model=talk.model)
        self._probing = asyncio.create_task(self._prober.run(), name="unbroken-probe")

    def _probed(self, view: ProbeView) -> None:
        if self.is_running and self.screen_stack:
            self.connection.probes = view

    def answerer(self, ready: Ready) -> None:
        self._answerer = ready

    def _first_run_ended(self, _: None) -> None:
        if self._answerer is None:
            self.exit(3)
        else:
            self._begin(self._answerer)

    # Asking

    @on(Prompt.Asked)
    def _asked(self, message: Prompt.Asked) -> None:
        self.prompt.past = [*self.prompt.past, message.text]
        if self.replying:
            self._queue.append(message.text)
            self.refresh_turn()
        else:
            self._send(message.text)

    def _send(self, text: str) -> None:
        talk = self.talk
        if talk is None:
            return
        turn, events = talk.ask(text)
        self._rows.append(shown.turn_row(len(talk.turns), turn))
        self._turn = len(talk.turns) - 1
        self.conversation.rows = self._rows
        self._follow_new(Sending(turn, events))

    def _follow_new(self, sending: Sending) -> None:
        self.sending = sending
        if self._prober is not None:
            self._prober.pause("reply")
        self.refresh_turn()
        self.output.follow_end()
        self._follow(sending)

    @work(group="reply")
    async def _follow(self, sending: Sending) -> None:
        """Set the newest view on the panes until the reply ends."""
        async for view in sending.views():
            self.connection.link = view.link
            self.refresh_turn()
        self._reply_ended(sending)

    def _reply_ended(self, sending: Sending) -> None:
        error = None if sending.task.cancelled() else sending.task.exception()
        if error is not None:
            raise error
        if self._prober is not None:
            self._prober.resume()
        view = sending.view
        asked_at = view.link.asked_at
        if self.session.config.bell and asked_at is not None and self.session.clock.now() - asked_at > BELL_AFTER:
            self.bell()
        fault = view.fault
        if fault is not None and fault.wait is not None and fault.wait > LONGEST_OBEYED:
            self.push_screen(ChooseWait(fault.wait, view.model), self._waiting(fault.wait))
        elif self._queue:
            self._send(self._queue.pop(0))

    def _waiting(self, seconds: float) -> Callable[[Waiting | None], None]:
        def chosen(answer: Waiting | None) -> None:
            if answer == "model":
                self.action_models()
            elif answer == "wait":
                self.set_timer(seconds, self.action_resume)

        return chosen

    # Showing

    def refresh_turn(self) -> None:
        """Show the turn chosen as it stands now."""
        talk, turn = self.talk, self.turn
        if talk is None:
            return
        queued = tuple(self._queue)
        chosen = len(turn.versions) - 1 if turn is not None else 0
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
                self.notify(plain(trouble.sentence()), severity="warning", markup=False)
            self.refresh_turn()

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

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key | events.Paste) and self._prober is not None:
            self._prober.touched()
        await super().on_event(event)

    async def action_stop(self) -> None:
        if self._queue:
            typed = self.prompt.text
            taken = self._queue.pop()
            self.prompt.put(f"{taken}\n\n{typed}" if typed.strip() else taken)
            self.refresh_turn()
        elif self.replying and self.sending is not None:
            await self.sending.stop()

    async def action_copy_or_stop(self) -> None:
        selected = self.output.selected_text()
        if selected:
            self.copy_to_clipboard(selected)
            self.notify(say("screen.copy_sent"), markup=False)
        elif self.replying:
            await self.action_stop()
        elif self.session.clock.now() - self._quit_armed <= SECOND_QUIT:
            self.exit(0)
        else:
            self._quit_armed = self.session.clock.now()
            self.notify(say("screen.quit_again"), timeout=SECOND_QUIT, markup=False)

    def action_leave(self) -> None:
        if isinstance(self.screen, LeaveDialog):
            return
        if self.replying:
            self.push_screen(LeaveDialog(), self._left)
        else:
            self.exit(0)

    def _left(self, answer: Leaving | None) -> None:
        if answer in ("finish", "stop"):
            self.leaving = answer
            self.exit(0)

    def action_resume(self) -> None:
        talk, turn = self.talk, self.turn
        if talk is None or turn is None or self.replying:
            return
        if talk.elsewhere(turn):
            # What the other process has written since then; if it is gone, the reply can be resumed here.
            self.session.reread(talk)
            self.refresh_turn()
            turn = talk.turns[self._turn]
        if talk.can_resume(turn):
            self._follow_new(Sending(turn, talk.resume(turn)))
        else:
            name = "busy_elsewhere" if talk.elsewhere(turn) else "nothing_to_resume"
            self.notify(say(f"screen.{name}"), markup=False)

    def action_models(self) -> None:
        talk = self.talk
        if talk is None or isinstance(self.screen, ModelDialog):
            return
        present = self._prober.models_present if self._prober is not None else None
        self.push_screen(ModelDialog(talk.provider.models, talk.model, present), self._model_chosen)

    def _model_chosen(self, model: str | None) -> None:
        talk = self.talk
        if talk is not None and model:
            talk.use(model, self.session.learned)
            self.refresh_turn()

    def action_page(self, direction: int) -> None:
        if direction < 0:
            self.output.action_page_up()
        else:
            self.output.action_page_down()

    def action_to_end(self) -> None:
        self.output.follow_end()

    def action_new(self) -> None:
        talk = self.talk
        if talk is None or self.replying:
            return
        self.wanted = Wanted(self.wanted.local, False, self.wanted.model, self.wanted.provider)
        self.session.begin(talk.provider, talk.model, self.wanted)
        self._rows, self._turn, self.sending = [], -1, None
        self.conversation.rows = self._rows
        self.output.border_title = say("output.title")
        self.output.view = OutputView(key="")
        self.connection.link = LinkView()
        self.refresh_turn()

    # Its end

    def terminal_lost(self) -> None:
        """The screen is gone; what becomes of the reply is the configuration's to say."""
        self.leaving = self.session.config.on_hangup
        self.exit(0)

    def terminate(self) -> None:
        """Somebody asks the process to stop: what was received is kept."""
        self.leaving = "stop"
        self.exit(0)
