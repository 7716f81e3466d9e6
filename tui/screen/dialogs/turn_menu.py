"""What can be done with the turn that is shown."""

from __future__ import annotations

from typing import Literal

from tui.say import say
from tui.screen.dialogs.choice import Choice, ChoiceDialog

TurnWish = Literal["again", "edit", "branch", "delete", "restore", "copy_reply", "copy_prompt", "nothing"]


class TurnMenu(ChoiceDialog[TurnWish]):
    """Ends with what is wished."""

    def __init__(self, number: int, *, undo: bool) -> None:
        """`number`: of the turn, from 1; 0: there is none. `undo`: a turn was deleted, and can be taken back."""
        wishes: list[Choice[TurnWish]] = [
            Choice("again", "a", say("talks.turn_again")),
            Choice("edit", "e", say("talks.turn_edit")),
            Choice("branch", "b", say("talks.turn_branch")),
            Choice("copy_reply", "c", say("talks.turn_copy_reply")),
            Choice("copy_prompt", "p", say("talks.turn_copy_prompt")),
            Choice("delete", "d", say("talks.turn_delete")),
        ]
        if undo:
            wishes.append(Choice("restore", "u", say("talks.turn_restore")))
        wishes.append(Choice("nothing", "escape", say("talks.turn_nothing")))
        if not number:
            wishes = [wish for wish in wishes if wish.answer in ("restore", "nothing")]
            super().__init__(say("talks.turn_none"), say("talks.no_turn"), wishes)
            return
        super().__init__(say("talks.turn_title", number=number), say("talks.turn_text"), wishes)
