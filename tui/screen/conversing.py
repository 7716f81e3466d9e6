"""Conversations and their turns: opened; replies told again, prompts edited, branches."""

from __future__ import annotations

from textual import on
from textual.widgets import TextArea

from tui.chat import versions
from tui.chat.send import Sending
from tui.chat.session import Session, Wanted
from tui.chat.talk import Talk
from tui.chat.turns import HandedOn, Turn
from tui.chat.window import Fit
from tui.journal.search import Hit
from tui.say import say
from tui.screen import shown
from tui.screen.dialogs.conversations import ConversationsDialog, Opened
from tui.screen.dialogs.settings import Settings, SettingsDialog
from tui.screen.dialogs.turn_menu import TurnMenu, TurnWish
from tui.screen.finding import Finding
from tui.screen.panes.find_row import sought
from tui.screen.panes.prompt import Prompt


class Conversing(Finding):
    """The app as far as it goes from conversation to conversation, and changes them."""

    def __init__(self, session: Session, wanted: Wanted) -> None:
        super().__init__(session, wanted)
        self._dropped: list[tuple[Talk, Turn]] = []
        self._editing: Turn | None = None
        """The turn whose prompt is being edited: Enter branches there."""
        self._told_left_out: tuple[int, ...] | None = None
        """What the prompt being typed leaves out, as its user was told; None: nothing was told of it."""

    # From one conversation to another

    def show_talk(self, talk: Talk, place: int | None = None) -> None:
        """Show `talk` from now on, its turn `place` (None: the last, or the reply that another window writes before
        those that are queued behind it)."""
        self.session.talk = talk
        # What waited in another conversation is kept there, and offered by the next start.
        self._queue = []
        self.sending = None
        self._end_editing()
        self._told_left_out = None
        self._turn = shown.newest(talk.turns) if place is None else place
        self.prompt.past = [turn.prompt for turn in talk.turns]
        self.show_rows()
        self.follow_others()
        self.probe(talk)

    def action_talks(self) -> None:
        if self.talk is not None and not isinstance(self.screen, ConversationsDialog):
            self.push_screen(ConversationsDialog(self.talk.id), self._talk_chosen)

    def _talk_chosen(self, opened: Opened | None) -> None:
        self.end_questions()
        if opened is None or self._busy():
            return
        talk = self.talk
        assert talk is not None
        if opened.conversation != talk.id:
            found = self.session.open(opened.conversation)
            if found is None:
                self.notify(say("talks.gone"), severity="warning", markup=False)
                return
            self.show_talk(found)
        if opened.hit is not None:
            self._go_to(opened.hit)
        self.prompt.focus()

    def _go_to(self, hit: Hit) -> None:
        """Show the turn, the reply and the row of a hit, and mark it."""
        talk = self.talk
        assert talk is not None
        place = next((n for n, turn in enumerate(talk.turns) if turn.id == hit.turn), None)
        if place is None:
            return
        turn, self._turn = talk.turns[place], place
        reply = next((n for n, version in enumerate(turn.versions) if version.id == hit.reply), None)
        if reply is not None and reply != turn.place:
            versions.choose(talk, turn, reply)
        self.refresh_turn()
        if hit.reply is None:
            self.output.find(sought(turn.prompt, hit.start, hit.end, in_prompt=True))
        elif turn.current is not None:
            self.output.find(sought(turn.current.view.whole_text(), hit.start, hit.end))

    # The turn that is shown

    def _at_turn(self) -> tuple[Talk, Turn] | None:
        talk, turn = self.talk, self.turn
        if talk is None or turn is None:
            self.notify(say("talks.no_turn"), markup=False)
            return None
        return talk, turn

    def action_turn_menu(self) -> None:
        if isinstance(self.screen, TurnMenu):
            return
        if self._dropped or self._at_turn() is not None:
            self.push_screen(TurnMenu(self._turn + 1, undo=bool(self._dropped)), self._wished)

    def _wished(self, wish: TurnWish | None) -> None:
        match wish:
            case "again":
                self.action_again()
            case "edit":
                self.action_edit()
            case "branch":
                self._branch()
            case "delete":
                self._drop()
            case "restore":
                self._restore()
            case "copy_reply":
                self._copy(self.output.plain_text())
            case "copy_prompt":
                self._copy(self.turn.prompt if self.turn is not None else "")
            case "nothing" | None:
                pass

    def _copy(self, text: str) -> None:
        if text:
            self.copy_to_clipboard(text)
            self.notify(say("screen.copy_sent"), markup=False)

    def action_again(self) -> None:
        """Another reply to the prompt of the turn shown."""
        here = self._at_turn()
        if here is None or self._busy():
            return
        if any(version.elsewhere for version in here[1].versions):
            self.notify(say("screen.busy_elsewhere"), markup=False)
        else:
            self._follow_new(Sending(here[1], versions.regenerate(*here)))

    def action_other_reply(self, by: int) -> None:
        """The reply before or after the one shown."""
        here = self._at_turn()
        if here is None:
            return
        talk, turn = here
        place = turn.place + by
        if 0 <= place < len(turn.versions):
            versions.choose(talk, turn, place)
            self.refresh_turn()
        elif len(turn.versions) < 2:
            self.notify(say("talks.one_reply"), markup=False)

    def action_edit(self) -> None:
        here = self._at_turn()
        if here is None or self._busy():
            return
        self._editing = here[1]
        self.prompt.put(here[1].prompt)
        self.prompt.focus()
        self._note()

    def _end_editing(self) -> None:
        if self._editing is not None:
            self._editing = None
            self._note()

    def _branch(self) -> None:
        here = self._at_turn()
        if here is not None and not self._busy():
            self.show_talk(versions.branch(*here, keep=True))
            self.notify(say("talks.branched"), markup=False)

    def _drop(self) -> None:
        here = self._at_turn()
        if here is None or self._busy() or not versions.drop(*here):
            return
        self._dropped.append(here)
        self._queue = [queued for queued in self._queue if queued is not here[1]]
        number, self._turn = self._turn + 1, min(self._turn, len(here[0].turns) - 1)
        self.show_rows()
        self.notify(say("talks.turn_deleted", number=number), markup=False)

    def _restore(self) -> None:
        talk, turn = self._dropped.pop()
        versions.restore(talk, turn)
        if talk is self.talk:
            self._turn = talk.turns.index(turn)
            self.show_rows()
        self.notify(say("talks.turn_back"), markup=False)

    # What goes with the next prompt

    def _follow_new(self, sending: Sending) -> None:
        super()._follow_new(sending)
        talk = self.talk
        if talk is not None and sending.turn in talk.turns:
            self._tell_what_goes(talk, sending.turn)

    def _tell_what_goes(self, talk: Talk, turn: Turn) -> None:
        """What of the turns before is sent in part or not at all, where that was not said while it was typed. The
        request is made after it."""
        place = talk.turns.index(turn)
        before = talk.turns[place - 1].current if place else None
        if before is not None and before.elsewhere:
            self.notify(say("talks.built_on_part"), markup=False)
        words = _words_of(turn.fit)
        if words and turn.fit.left_out != self._told_left_out:
            self.notify(words, markup=False)
        self._told_left_out = None

    def tell_handed_on(self, turn: Turn, handed: HandedOn) -> None:
        super().tell_handed_on(turn, handed)
        if self.talk is not None and turn in self.talk.turns:
            self._tell_what_goes(self.talk, turn)

    def windows_told(self) -> None:
        super().windows_told()
        # What is being typed may not fit what is known now.
        self._note()

    def asked(self, text: str) -> None:
        self.output.unmark()
        talk, edited, branched = self.talk, self._editing, False
        if talk is not None and edited is not None and edited in talk.turns and not self.replying:
            self.show_talk(versions.branch(talk, edited, keep=False))
            branched = True
        self._end_editing()
        super().asked(text)
        if branched:
            self.notify(say("talks.branched"), markup=False)

    async def action_stop(self) -> None:
        self.output.unmark()
        if self._editing is not None:
            self._end_editing()
            self.prompt.put("")
        else:
            await super().action_stop()

    @on(TextArea.Changed)
    def _typed(self, message: TextArea.Changed) -> None:
        if isinstance(message.text_area, Prompt):
            self._note()

    def _note(self) -> None:
        """What the next prompt means, below it, before it is sent."""
        talk, prompt = self.talk, self.prompt
        words, place = "", None
        if self._editing is not None and talk is not None and self._editing in talk.turns:
            place = talk.turns.index(self._editing)
            words = say("talks.editing", number=place + 1)
        if talk is not None and prompt.text.strip():
            fit = talk.fit(prompt.text, place)
            if amiss := _words_of(fit):
                words = f"{amiss} · {words}" if words else amiss
                if prompt.compact and fit.left_out != self._told_left_out:
                    # Without a border there is no place below it.
                    self.notify(amiss, markup=False)
            self._told_left_out = fit.left_out if amiss else None
        prompt.border_subtitle = words

    def action_settings(self) -> None:
        talk = self.talk
        if talk is not None and not isinstance(self.screen, SettingsDialog):
            self.push_screen(SettingsDialog(talk.system, talk.sampling), self._set)

    def _set(self, settings: Settings | None) -> None:
        talk = self.talk
        if talk is None or settings is None:
            return
        system, sampling = settings
        if system != talk.system:
            versions.set_system(talk, system)
        if sampling != talk.sampling:
            versions.set_sampling(talk, sampling)
        self.notify(say("talks.settings_saved"), markup=False)


def _words_of(fit: Fit) -> str:
    """What does not fit the model; empty where all does, or where its context is not known."""
    window = f"{fit.window or 0:,}"
    if fit.too_long:
        return say("talks.too_long", tokens=f"{fit.tokens + fit.kept:,}", window=window)
    if fit.left_out:
        return say("talks.left_out", n=len(fit.left_out), tokens=f"{fit.wanted + fit.kept:,}", window=window)
    return ""
