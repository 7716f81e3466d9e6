"""What is read from the journal: frozen values. Times are wall-clock seconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from tui.journal.records import Parameters
from tui.words import ConversationId, Fault, ReplyId, Rung, SeamMark, TokenCount, TurnId

StoredState = Literal["streaming", "interrupted", "done", "failed", "stopped"]
"""streaming: a process that lives is writing it. interrupted: the one that wrote it is gone."""

TITLE = 200
"""Code points of a title: what no screen is wide enough for."""


@dataclass(frozen=True, slots=True)
class StoredConversation:
    id: ConversationId
    title: str
    """As renamed, else the first line of the first prompt, else ''. Outside text: not yet made safe."""
    renamed: bool
    system: str
    provider: str
    model: str
    created: float
    updated: float
    """The last turn or reply."""
    turns: int
    """Inherited ones too."""
    branched_from: ConversationId | None
    branched_at: int | None
    sampling: Parameters = field(default_factory=dict)
    """What its prompts ask beside the messages."""
    deleted: float | None = None
    """When it was deleted; None: it is not."""


@dataclass(frozen=True, slots=True)
class StoredAttempt:
    number: int
    connection_id: int
    provider: str
    model: str
    rung: Rung | None
    replay_id: str | None
    started: float
    ended: float | None
    ttfb: float | None
    first_text: float | None
    fault: Fault | None
    dns: float | None = None
    """Seconds that it took to connect, in parts."""
    tcp: float | None = None
    tls: float | None = None


@dataclass(frozen=True, slots=True)
class StoredReply:
    id: ReplyId
    turn: TurnId
    position: int
    provider: str
    base_url: str
    model: str
    parameters: Parameters
    state: StoredState
    text: str
    """Whole as received, also of a reply that is still being written."""
    next_seq: int
    """Of the next delta, for whoever goes on with it."""
    reasoning: str
    started: float
    ended: float | None
    last_text: float | None
    """When the last text came; None: there is none, or the reply has ended since."""
    first_text_after: float | None
    finish_reason: str | None
    fault: Fault | None
    note: str
    verified: bool
    seams: tuple[SeamMark, ...]
    attempts: tuple[StoredAttempt, ...]
    usage: TokenCount | None
    cost_usd: float | None
    at_least: bool


@dataclass(frozen=True, slots=True)
class StoredTurn:
    id: TurnId
    conversation: ConversationId
    """Where it was asked: another one than the conversation read, where that is a branch."""
    position: int
    prompt: str
    created: float
    replies: tuple[StoredReply, ...]
    chosen: ReplyId | None = None
    """The reply that the conversation read has chosen; None: the newest."""
    deleted: float | None = None
    """When it was deleted from the conversation read; None: it is not."""


def title_of(prompt: str) -> str:
    """The title that a conversation has from its first prompt, of which the beginning is enough. A NUL ends it, as it
    does for SQLite, which cuts the beginning."""
    lines = prompt.partition("\0")[0].strip().splitlines()
    return lines[0].rstrip()[:TITLE] if lines else ""
