"""What can be written into the journal: one closed union of frozen values.

Times are wall-clock seconds since the epoch, given by whoever saw the thing happen; an attempt's `ttfb` and
`first_text` are seconds from its request sent, a reply's `first_text_after` seconds from its start. Keys are in none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tui.words import ConversationId, Fault, Learned, ReplyId, Rung, SeamMark, TokenCount, TurnId

EndState = Literal["done", "failed", "stopped"]

Parameters = Mapping[str, str | int | float | bool | None]
"""What was asked beside the messages: max_tokens, temperature, seed."""


@dataclass(frozen=True, slots=True)
class NewConversation:
    id: ConversationId
    created: float
    provider: str = ""
    model: str = ""
    system: str = ""
    """The system prompt."""
    title: str | None = None
    """None: the first line of the first prompt."""
    branched_from: ConversationId | None = None
    branched_at: int | None = None
    """The turns of `branched_from` at lower positions are this conversation's too; its own begin here."""
    sampling: Parameters = field(default_factory=dict)
    """What its prompts ask beside the messages."""


@dataclass(frozen=True, slots=True)
class RenameConversation:
    id: ConversationId
    title: str | None
    """None: the first line of the first prompt again."""


@dataclass(frozen=True, slots=True)
class DeleteConversation:
    id: ConversationId
    at: float | None
    """None takes the deletion back."""


@dataclass(frozen=True, slots=True)
class SetSystem:
    id: ConversationId
    system: str


@dataclass(frozen=True, slots=True)
class SetSampling:
    id: ConversationId
    sampling: Parameters


@dataclass(frozen=True, slots=True)
class NewTurn:
    id: TurnId
    conversation: ConversationId
    position: int
    """From 0, counting inherited turns."""
    prompt: str
    created: float


@dataclass(frozen=True, slots=True)
class DeleteTurn:
    conversation: ConversationId
    """Where it is deleted: branches made before keep it, and so does the conversation that a branch has it from."""
    id: TurnId
    at: float | None
    """None takes the deletion back."""


@dataclass(frozen=True, slots=True)
class ChooseReply:
    """The reply that `conversation` shows and goes on from."""

    conversation: ConversationId
    turn: TurnId
    reply: ReplyId


@dataclass(frozen=True, slots=True)
class KeepChoice:
    """Where `conversation` has made no choice among the replies of `turn`, the newest one now is its choice."""

    conversation: ConversationId
    turn: TurnId


@dataclass(frozen=True, slots=True)
class BeginReply:
    """From here on the reply belongs to this process, until it ends."""

    id: ReplyId
    turn: TurnId
    position: int
    """From 0, among the turn's replies."""
    provider: str
    base_url: str
    model: str
    started: float
    parameters: Parameters = field(default_factory=dict)
    first: bool = False
    """It is written only where the turn has no reply yet: of two windows that ask the same queued prompt one does."""
    within: ConversationId | None = None
    """The conversation that it is written in, which it brings back where that, or its turn there, was deleted."""


@dataclass(frozen=True, slots=True)
class ResumeReply:
    """An ended or interrupted reply goes on, written by this process; its text stays.

    It is written only where nobody else who lives is writing the reply: Writer.lost tells."""

    id: ReplyId
    provider: str
    base_url: str
    model: str
    at: float
    next_seq: int | None = None
    """What StoredReply.next_seq was when its text was read: where it is another one by now, somebody has gone on with
    it. None: whatever stands there."""
    unasked: bool = False
    """The user has not chosen this model: the conversation keeps its own."""
    within: ConversationId | None = None
    """As in BeginReply."""


@dataclass(frozen=True, slots=True)
class AddText:
    reply: ReplyId
    seq: int
    """From 0, and from StoredReply.next_seq in a reply that goes on."""
    text: str
    offset: int
    """Body bytes of its attempt up to the end of the frame that held it."""
    at: float


@dataclass(frozen=True, slots=True)
class AddReasoning:
    reply: ReplyId
    text: str
    at: float


@dataclass(frozen=True, slots=True)
class DropReasoning:
    """The attempt that it came from was dropped."""

    reply: ReplyId


@dataclass(frozen=True, slots=True)
class BeginAttempt:
    reply: ReplyId
    number: int
    """Of the reply, from 1."""
    connection_id: int
    provider: str
    model: str
    started: float
    rung: Rung | None = None
    replay_id: str | None = None


@dataclass(frozen=True, slots=True)
class EndAttempt:
    reply: ReplyId
    number: int
    ended: float
    fault: Fault | None = None
    ttfb: float | None = None
    """Seconds from the request sent, as is the next."""
    first_text: float | None = None
    dns: float | None = None
    """Seconds that it took to connect, in parts; None: the connection stood already, or it is not known."""
    tcp: float | None = None
    tls: float | None = None


@dataclass(frozen=True, slots=True)
class AddSeam:
    reply: ReplyId
    mark: SeamMark


@dataclass(frozen=True, slots=True)
class SetUsage:
    """Of all attempts of the reply together; the last one counts."""

    reply: ReplyId
    usage: TokenCount
    cost_usd: float | None
    at_least: bool


@dataclass(frozen=True, slots=True)
class EndReply:
    reply: ReplyId
    state: EndState
    ended: float
    finish_reason: str | None = None
    fault: Fault | None = None
    note: str = ""
    """A phrase name under "notes.", or empty."""
    verified: bool = True
    first_text_after: float | None = None
    """None: by the wall clock, from the first delta."""
    within: ConversationId | None = None
    """As in BeginReply, where the reply has text."""


@dataclass(frozen=True, slots=True)
class CutReply:
    """The process ends, and its user did not wish the reply to: it stays without an end, `note` says why, and it counts
    as interrupted once its owner is gone."""

    reply: ReplyId
    note: str
    within: ConversationId | None = None
    """As in EndReply."""


RUNG_HELD = 7 * 86400.0
"""Seconds that a refusal or a miss is held against a rung; then it is tried again, for servers change."""


@dataclass(frozen=True, slots=True)
class Learn:
    base_url: str
    model: str
    learned: Learned
    at: float


Record = (
    NewConversation
    | RenameConversation
    | DeleteConversation
    | SetSystem
    | SetSampling
    | NewTurn
    | DeleteTurn
    | ChooseReply
    | KeepChoice
    | BeginReply
    | ResumeReply
    | AddText
    | AddReasoning
    | DropReasoning
    | BeginAttempt
    | EndAttempt
    | AddSeam
    | SetUsage
    | EndReply
    | CutReply
    | Learn
)


def answers_in(records: Iterable[Record]) -> set[str]:
    """The replies that `records` are of, and the turns that they begin without one."""
    turns, replies = set[str](), set[str]()
    for record in records:
        match record:
            case NewTurn(id=name):
                turns.add(name)
            case BeginReply(id=name, turn=turn):
                turns.discard(turn)
                replies.add(name)
            case ResumeReply(id=name) | AddText(reply=name) | EndReply(reply=name) | CutReply(reply=name):
                replies.add(name)
            case _:
                pass
    return turns | replies
