"""Several replies of one turn, turns that go, and conversations that start from another's turn."""

from __future__ import annotations

import copy
from collections.abc import AsyncGenerator

from tui.chat.talk import Talk
from tui.chat.turns import Sampling, Turn, sampling_parameters
from tui.journal.ids import new_id
from tui.journal.records import (
    ChooseReply,
    DeleteConversation,
    DeleteTurn,
    KeepChoice,
    NewConversation,
    RenameConversation,
    SetSampling,
    SetSystem,
)
from tui.journal.writer import Writer
from tui.words import ConversationId, Event


def regenerate(talk: Talk, turn: Turn) -> AsyncGenerator[Event, None]:
    """Another reply to the prompt of `turn`, chosen from its first moment; the others stay. Not while one is written.

    With the model, system prompt and sampling chosen now.
    """
    assert talk.id is not None
    if turn.conversation is not None and turn.conversation != talk.id:
        # The turn is another conversation's, whose own choice must not change because this one asks again.
        talk.writer.put(KeepChoice(turn.conversation, turn.id))
    events = talk.answer(turn)
    choose(talk, turn, len(turn.versions) - 1)
    return events


def choose(talk: Talk, turn: Turn, place: int) -> None:
    """The reply at `place` (from 0) is the one that is shown and that later prompts build on."""
    assert talk.id is not None
    turn.chosen = turn.versions[place].id
    talk.writer.put(ChooseReply(talk.id, turn.id, turn.chosen))


def branch(talk: Talk, turn: Turn, *, keep: bool) -> Talk:
    """A new conversation that begins with the turns before `turn`, and with `turn` itself where `keep`.

    To edit a prompt: `branch(talk, turn, keep=False).ask(prompt)`. What `talk` does later does not change it.
    """
    assert talk.id is not None
    place = talk.turns.index(turn) + (1 if keep else 0)
    new = talk.sibling()
    new.id = ConversationId(new_id())
    new.start = turn.position + (1 if keep else 0)
    new.turns = [_inherited(earlier) for earlier in talk.turns[:place]]
    new.writer.put(
        NewConversation(
            new.id,
            new.clock.wall(),
            new.provider.name,
            new.model,
            new.system,
            branched_from=talk.id,
            branched_at=new.start,
            sampling=sampling_parameters(new.sampling),
        )
    )
    return new


def _inherited(turn: Turn) -> Turn:
    """As it stands now, its reply chosen for good."""
    current = turn.current
    return Turn(
        turn.id,
        turn.prompt,
        [copy.copy(version) for version in turn.versions],
        turn.conversation,
        turn.position,
        current.id if current else None,
    )


def drop(talk: Talk, turn: Turn) -> bool:
    """Delete `turn` from this conversation; False while a reply of it is being written. `restore` undoes it."""
    assert talk.id is not None
    if turn.being_written:
        return False
    talk.turns.remove(turn)
    talk.writer.put(DeleteTurn(talk.id, turn.id, talk.clock.wall()))
    return True


def restore(talk: Talk, turn: Turn) -> None:
    """Take back that `turn` was dropped."""
    assert talk.id is not None
    talk.turns.append(turn)
    talk.turns.sort(key=lambda turn: (turn.position, turn.id))
    talk.writer.put(DeleteTurn(talk.id, turn.id, None))


def set_system(talk: Talk, system: str) -> None:
    """The system prompt of this conversation from the next prompt on."""
    talk.system = system
    if talk.id is not None:
        talk.writer.put(SetSystem(talk.id, system))


def set_sampling(talk: Talk, sampling: Sampling) -> None:
    """What is asked beside the messages, from the next prompt on."""
    talk.sampling = sampling
    if talk.id is not None:
        talk.writer.put(SetSampling(talk.id, sampling_parameters(sampling)))


def rename(writer: Writer, conversation: ConversationId, title: str) -> None:
    """Give it a title; an empty one makes it the first line of the first prompt again."""
    writer.put(RenameConversation(conversation, title.strip() or None))


def delete(writer: Writer, conversation: ConversationId, at: float) -> None:
    """Take it from every list and search; it stays in the file, and `undelete` brings it back. `at`: wall clock."""
    writer.put(DeleteConversation(conversation, at))


def undelete(writer: Writer, conversation: ConversationId) -> None:
    """Take a deletion back."""
    writer.put(DeleteConversation(conversation, None))
