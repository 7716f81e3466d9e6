"""Asking: a prompt is sent or queued, its reply is followed, stopped, resumed; the next one may go to another model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from textual import on, work

from tui.chat import advice
from tui.chat.due import Due, due_after
from tui.chat.send import Sending
from tui.chat.session import Session, Wanted
from tui.chat.talk import Talk
from tui.chat.turns import HandedOn, Turn
from tui.chat.versions import drop
from tui.chat.view import ReplyView
from tui.engine.policy import asks_for_a_wait
from tui.monitor.view import ProbeView
from tui.plain import one_line
from tui.say import say
from tui.screen import shown
from tui.screen.dialogs.choose_wait import ChooseWait, Waiting
from tui.screen.dialogs.models import ModelDialog
from tui.screen.linking import Linking
from tui.screen.panes.prompt import Prompt
from tui.words import Fault

BELL_AFTER = 10.0
"""Seconds of an answer after which its end rings, where that is wished."""

SECOND_QUIT = 2.0
"""Seconds within which a second Ctrl+C quits."""


class Asking(Linking):
    """The app as far as it asks for replies and follows them."""

    def __init__(self, session: Session, wanted: Wanted) -> None:
        super().__init__(session, wanted)
        self._model_checked = False
        self._quit_armed = float("-inf")
        self._handed_over: Sending | None = None
        """A reply that is stopped only to go on with the model chosen now."""

    def take_queue(self) -> list[Turn]:
        """The prompts that wait, each a turn in the journal; they wait here no more."""
        queue, self._queue = self._queue, []
        return queue

    def _probed(self, view: ProbeView) -> None:
        super()._probed(view)
        present = self._prober.models_present if self._prober is not None else None
        if present and not self._model_checked and self.talk is not None and self.is_running:
            self._model_checked = True
            if self.talk.model not in present:
                self._model_absent(self.talk)

    def _model_absent(self, talk: Talk) -> None:
        """The provider does not list the model: whoever begins here chooses another, all others are told."""
        at_prompt = len(self.screen_stack) == 1 and not self.prompt.text and not self.replying
        if self.wanted.model is None and at_prompt and not talk.turns and self.session.nothing_asked_yet():
            self.action_models()
        named = {"model": one_line(talk.model, 60), "provider": one_line(talk.provider.name, 40)}
        self.notify(say("screen.model_not_listed", **named), severity="warning", markup=False)

    @on(Prompt.Asked)
    def _asked(self, message: Prompt.Asked) -> None:
        self.asked(message.text)

    def asked(self, text: str) -> None:
        """The user wants an answer to `text`: at once, or after the reply that is on its way."""
        # What was said of the last thing would stand over the next.
        self.clear_notifications()
        self.prompt.past = [*self.prompt.past, text]
        talk = self.talk
        if talk is None:
            return
        # In the journal from now on, whatever becomes of this process before it is asked.
        turn = talk.keep(text)
        self._rows.append(shown.turn_row(len(talk.turns), turn))
        self.conversation.rows = self._rows
        self._queue.append(turn)
        if self.replying:
            self.refresh_turn()
        else:
            self.send_queued(new=turn)

    def send_queued(self, new: Turn | None = None) -> bool:
        """Ask the first of the prompts that wait; False where there is none. Not one that another window has asked or
        deleted meanwhile. `new`: it was kept just now, so that nobody else can know of it."""
        talk = self.talk
        while self._queue and talk is not None:
            turn = self._queue.pop(0)
            if turn in talk.turns and not turn.versions:
                self._turn = talk.turns.index(turn)
                self._follow_new(Sending(turn, talk.answer(turn, kept=turn is not new)))
                return True
        return False

    def _follow_new(self, sending: Sending) -> None:
        self.sending = self._followed = sending
        if self._prober is not None:
            self._prober.pause("reply")
        self.refresh_turn()
        self.output.follow_end()
        self._follow(sending)

    @work(group="reply")
    async def _follow(self, sending: Sending) -> None:
        """Set the newest view on the panes until the reply ends."""
        told = len(sending.turn.handed)
        async for view in sending.views():
            for handed in sending.turn.handed[told:]:
                self.tell_handed_on(sending.turn, handed)
            told = len(sending.turn.handed)
            self.show_link(view)
            self.refresh_turn()
        self._reply_ended(sending)

    def tell_handed_on(self, turn: Turn, handed: HandedOn) -> None:  # noqa: ARG002  for what more there is to say
        """Another model goes on with the reply of `turn`, as configured."""
        self.notify(advice.handed_on(handed.before, handed.model, handed.fault), severity="warning", markup=False)

    def _reply_ended(self, sending: Sending) -> None:
        error = None if sending.task.cancelled() else sending.task.exception()
        if error is not None:
            raise error
        if self._followed is sending:
            self._followed = None
        if self._prober is not None:
            self._prober.resume()
        view = sending.view
        asked_at = view.link.asked_at
        if self.session.config.bell and asked_at is not None and self.session.clock.now() - asked_at > BELL_AFTER:
            self.bell()
        fault, talk = view.fault, self.talk
        handed, self._handed_over = self._handed_over is sending, None
        if handed and talk is not None and talk.can_resume(sending.turn):
            self._follow_new(Sending(sending.turn, talk.resume(sending.turn)))
        elif fault is not None and asks_for_a_wait(fault):
            self._ask_for_a_wait(sending.turn, view, fault)
        else:
            self.send_queued()

    def _ask_for_a_wait(self, turn: Turn, view: ReplyView, fault: Fault) -> None:
        """The wait counts from when the reply ended over it, however long the user thinks about it."""
        clock, since = self.session.clock, view.link.entered
        due = due_after(fault.wait or 0.0, clock.now() if since is None else since, clock)
        self._asks_until(turn, due.wall)
        self.push_screen(ChooseWait(fault, view.model, lambda: due.left(clock)), self._waiting(turn, fault, due))

    def _asks_until(self, turn: Turn, wall: float | None) -> None:
        version = turn.written
        if version is not None:
            version.view = replace(version.view, link=replace(version.view.link, asks_until=wall))
            self.show_link(version.view)

    def _waiting(self, turn: Turn, fault: Fault, due: Due) -> Callable[[Waiting | None], None]:
        def chosen(answer: Waiting | None) -> None:
            talk = self.talk
            self._asks_until(turn, None)
            if answer == "model":
                self._choose_model(go_on, waiting=True)
            elif answer == "wait" and talk is not None and talk.can_resume(turn):
                agreed = replace(fault, wait=due.left(self.session.clock))
                self._follow_new(Sending(turn, talk.resume(turn, agreed=agreed)))

        def go_on(model: str | None) -> None:
            self._model_chosen(model)
            talk = self.talk
            if model and talk is not None and talk.can_resume(turn):
                self._follow_new(Sending(turn, talk.resume(turn)))

        return chosen

    async def action_stop(self) -> None:
        if self._queue:
            self._take_back(self._queue.pop())
        elif self.replying and self.sending is not None:
            await self.sending.stop()
        elif self.turn is not None and self.turn.current is not None and self.turn.current.elsewhere:
            self.notify(say("screen.busy_elsewhere"), markup=False)

    def _take_back(self, taken: Turn) -> None:
        """A prompt that waited is in the prompt again, and a turn no more."""
        talk, typed = self.talk, self.prompt.text
        if talk is not None and taken in talk.turns and not taken.versions:
            shown_now = self.turn
            drop(talk, taken)
            self._turn = talk.turns.index(shown_now) if shown_now in talk.turns else len(talk.turns) - 1
            self.prompt.put(f"{taken.prompt}\n\n{typed}" if typed.strip() else taken.prompt)
            self.show_rows()
        else:
            self.refresh_turn()

    def quit(self) -> None:
        """End the program."""
        raise NotImplementedError

    async def action_copy_or_stop(self) -> None:
        selected = self.output.selected_text()
        if selected:
            self.copy_to_clipboard(selected)
            self.notify(say("screen.copy_sent"), markup=False)
        elif self.replying:
            await self.action_stop()
        elif self.session.clock.now() - self._quit_armed <= SECOND_QUIT:
            self.quit()
        else:
            self._quit_armed = self.session.clock.now()
            self.notify(say("screen.quit_again"), timeout=SECOND_QUIT, markup=False)

    def action_resume(self) -> None:
        talk, turn = self.talk, self.turn
        if talk is not None and self.replying:
            # While it backs off: now. Else the bell is cleared before the next wait.
            talk.hurry.ring()
            return
        if talk is None or turn is None:
            return
        if not turn.versions:
            if any(version.elsewhere for earlier in talk.turns for version in earlier.versions):
                # It may be queued there.
                self.notify(say("screen.busy_elsewhere"), markup=False)
                return
            self._queue = [queued for queued in self._queue if queued is not turn]
            self._follow_new(Sending(turn, talk.answer(turn, kept=True)))
        elif talk.can_resume(turn):
            self._follow_new(Sending(turn, talk.resume(turn)))
        else:
            name = "busy_elsewhere" if turn.versions[turn.place].elsewhere else "nothing_to_resume"
            self.notify(say(f"screen.{name}"), markup=False)

    def action_models(self) -> None:
        self._choose_model(self._model_chosen, waiting=self._backing_off() is not None)

    def _choose_model(self, chosen: Callable[[str | None], None], *, waiting: bool) -> None:
        talk = self.talk
        if talk is None or isinstance(self.screen, ModelDialog):
            return
        present = self._prober.models_present if self._prober is not None else None
        self.push_screen(ModelDialog(talk.provider.models, talk.model, present, waiting=waiting), chosen)

    def _backing_off(self) -> Sending | None:
        """The reply that waits to be asked for again."""
        sending = self.sending
        waits = sending is not None and sending.running and sending.view.link.state == "backing_off"
        return sending if waits else None

    def _model_chosen(self, model: str | None) -> None:
        talk = self.talk
        if talk is not None and model:
            talk.use(model, self.session.learned)
            self.probe(talk)
            self.refresh_turn()
            sending = self._backing_off()
            if sending is not None:
                # Who chooses another model while one is in trouble means this reply too.
                self._handed_over = sending
                self.run_worker(sending.stop(), group="hand-over")
