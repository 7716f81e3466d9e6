"""The beginning: the conversation that is wanted, and what an earlier run left behind."""

from __future__ import annotations

from collections.abc import Callable

from tui.chat import interrupted
from tui.chat.interrupted import LeftBehind, left_behind
from tui.chat.session import Session, Wanted
from tui.chat.turns import Turn
from tui.chat.versions import drop
from tui.paths import journal_file
from tui.say import say
from tui.screen.conversing import Conversing
from tui.screen.dialogs.left_behind import Fate, InterruptedDialog, UnsentDialog
from tui.screen.panes.conversation import ConversationPane
from tui.words import ConversationId


class Starting(Conversing):
    """The app as far as it opens conversations."""

    def __init__(self, session: Session, wanted: Wanted) -> None:
        super().__init__(session, wanted)
        self._strayed = False
        """Another conversation was opened than the one wanted, to ask about it."""

    def offer_left_behind(self) -> None:
        """Ask about the newest thing that an earlier run left behind, if there is any."""
        left = left_behind(journal_file())
        if left.interrupted:
            self._offer_interrupted(left)
        elif left.unsent and left.conversation is not None:
            self._offer_unsent(left, left.conversation)

    def _offer_interrupted(self, left: LeftBehind) -> None:
        newest = left.interrupted[0]
        self._stray(newest.conversation)
        assert self.talk is not None
        turn = interrupted.turn_with(self.talk, newest.reply)
        if turn is None or turn.current is None:
            return
        view = turn.current.view
        self._turn = self.talk.turns.index(turn)
        self.refresh_turn()
        dialog = InterruptedDialog(turn.prompt, view.model, view.length, len(left.interrupted) - 1)
        self.push_screen(dialog, self._decided(turn))

    def _decided(self, turn: Turn) -> Callable[[Fate | None], None]:
        def decided(fate: Fate | None) -> None:
            if fate == "resume":
                # Prompts were queued behind it: they are sent in their turn, as they would have been.
                talk = self.talk
                behind = talk.turns[talk.turns.index(turn) + 1 :] if talk is not None else []
                self._queue = [later for later in behind if not later.versions]
                self.run_worker(self._resume_as_before(turn), group="orphan")
            elif fate in ("keep", "discard"):
                self.run_worker(self._settle(turn, fate), group="orphan")
            else:
                self._return()

        return decided

    async def _settle(self, turn: Turn, fate: Fate) -> None:
        talk = self.talk
        assert talk is not None
        done = await (interrupted.keep if fate == "keep" else interrupted.discard)(talk, turn)
        if not self.screen_stack or not self.screen_stack[0].query(ConversationPane):
            # The journal has it; the screen is gone meanwhile.
            return
        if not done:
            self.notify(say("screen.busy_elsewhere"), markup=False)
            if self._follower is not None:
                self._follower.look()
        self.refresh_turn()
        self.offer_left_behind()

    def _offer_unsent(self, left: LeftBehind, conversation: ConversationId) -> None:
        self._stray(conversation)
        assert self.talk is not None
        turns = interrupted.unsent_turns(self.talk, left.unsent)
        if not turns:
            return
        self._turn = self.talk.turns.index(turns[0])
        self.refresh_turn()
        self.push_screen(UnsentDialog(turns[0].prompt, len(turns)), self._unsent_decided(turns))

    def _unsent_decided(self, turns: list[Turn]) -> Callable[[Fate | None], None]:
        def decided(fate: Fate | None) -> None:
            talk = self.talk
            assert talk is not None
            if fate == "resume":
                self._queue = [*turns]
                self.send_queued()
            elif fate == "discard":
                for turn in turns:
                    drop(talk, turn)
                self._return()
            else:
                self._return()

        return decided

    def _stray(self, conversation: ConversationId) -> None:
        """Open `conversation`, unless it is open."""
        talk = self.talk
        assert talk is not None
        if talk.id != conversation:
            found = self.session.open(conversation)
            if found is None:
                return
            self._strayed = True
            self.show_talk(found)

    def _return(self) -> None:
        """To the conversation that was wanted."""
        talk = self.talk
        if talk is not None and self._strayed:
            self._strayed = False
            self.show_talk(self.session.begin(talk.provider, talk.model, self.wanted))
        elif talk is not None:
            self._turn = min(self._turn, len(talk.turns) - 1)
            self.show_rows()
