"""Other windows: what they write appears here, and a reply whose window is gone goes on here."""

from __future__ import annotations

from tui.chat.follow import Follower, Heard
from tui.chat.send import Sending
from tui.chat.session import Session, Wanted
from tui.chat.talk import Talk
from tui.chat.turns import Turn
from tui.journal.bring_back import BroughtBack
from tui.plain import one_line
from tui.say import say
from tui.screen.asking import Asking
from tui.words import TurnId


class Following(Asking):
    """The app as far as it follows other processes."""

    def __init__(self, session: Session, wanted: Wanted) -> None:
        super().__init__(session, wanted)
        self._follower: Follower | None = None
        self._orphans: list[TurnId] = []
        """Turns whose reply was being written by a process that is gone: this one goes on with them."""

    def follow_others(self) -> None:
        """From now on what other processes write of the open conversation is shown."""
        if self._follower is None:
            self._follower = self.session.follow(self._heard, self._brought_back)
        self._follower.look()

    def _heard(self, heard: Heard) -> None:
        talk = self.talk
        if talk is None or not self.is_running or not self.screen_stack:
            return
        chosen = heard.before[self._turn] if 0 <= self._turn < len(heard.before) else None
        was_last = self._turn >= len(heard.before) - 1
        moved = len(talk.turns) != len(heard.before) or any(
            one is not other for one, other in zip(talk.turns, heard.before, strict=False)
        )
        if moved:
            self.list_turns()
            self._turn = self._place(chosen, to_end=was_last and not self.replying)
        self._orphans += [turn.id for turn in heard.orphans]
        for place in range(len(talk.turns) - 1, -1, -1) if not moved else ():
            if talk.turns[place].id in heard.changed:
                self._refresh_row(place, talk.turns[place])
        self.refresh_turn()
        self._tell_of_deletions(talk, heard)
        self._show_link(heard)
        self._go_on_with_orphans()

    def _tell_of_deletions(self, talk: Talk, heard: Heard) -> None:
        if heard.deleted:
            self.notify(say("talks.deleted_elsewhere"), severity="warning", markup=False)
        for turn in heard.dropped:
            number = next(place for place, one in enumerate(heard.before, 1) if one is turn)
            name = "turn_deleted_while_written" if turn in talk.turns else "turn_deleted_elsewhere"
            named = {"number": number, "prompt": one_line(turn.prompt, 40)}
            self.notify(say(f"talks.{name}", **named), severity="warning", markup=False)

    def _brought_back(self, back: BroughtBack) -> None:
        """What another window had deleted is there again, by what was written here."""
        if not self.is_running or not self.screen_stack:
            return
        name = "brought_back" if back.turn is None else "turn_brought_back"
        self.notify(say(f"talks.{name}"), severity="warning", markup=False)
        if self._follower is not None:
            # One's own writing rings nobody here.
            self._follower.look()

    def _place(self, chosen: Turn | None, *, to_end: bool) -> int:
        """Where the turn that is shown stands now; the last one where that is followed."""
        assert self.talk is not None
        turns = self.talk.turns
        if chosen is None or to_end or chosen not in turns:
            return len(turns) - 1
        return next(place for place, turn in enumerate(turns) if turn is chosen)

    def _show_link(self, heard: Heard) -> None:
        """The connection of the window that writes, as far as the journal tells; one's own goes before."""
        turn = self.turn
        if turn is not None and turn.current is not None and turn.id in heard.changed and not self.replying:
            # All of it: what another reply had, its seams among it, is not this one's.
            self.show_link(turn.current.view)

    def _reply_ended(self, sending: Sending) -> None:
        if sending.lost and self._follower is not None:
            # Another window was faster, and goes on with it.
            self._follower.look()
        super()._reply_ended(sending)
        self._go_on_with_orphans()

    def _go_on_with_orphans(self) -> None:
        talk = self.talk
        if talk is None or not self._orphans or self.replying:
            return
        wanted = self._orphans.pop(0)
        turn = next((turn for turn in talk.turns if turn.id == wanted), None)
        if turn is not None and talk.can_resume(turn):
            self.run_worker(self._resume_as_before(turn), group="orphan")

    async def _resume_as_before(self, turn: Turn) -> None:
        """Go on with a reply by whom it was asked of."""
        talk = self.talk
        assert talk is not None
        by = await self.session.answerer_of(turn)
        if by is None:
            self.notify(say("screen.interrupted_other"), markup=False)
        elif talk is self.talk and talk.can_resume(turn) and not self.replying:
            self._turn = self._place(turn, to_end=False)
            self._follow_new(Sending(turn, talk.resume(turn, by)))
