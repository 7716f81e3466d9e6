"""A conversation's turns as they are held in this process: prompts, and each version of the reply."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from tui.chat.view import LinkView, ReplyView, fresh
from tui.chat.window import Fit
from tui.journal.live import Tail
from tui.journal.records import EndState
from tui.journal.stored import StoredAttempt, StoredReply, StoredTurn
from tui.words import Content, ConversationId, Event, Fault, ReplyId, State, StateName, TextSoFar, TurnId

REMEMBERED = 1200
"""Code points at the end of a reply whose boundaries are kept: an anchor is never farther back than half of it."""

ELSEWHERE = "elsewhere"
"""The note of a reply that another process is writing."""

INTERRUPTED = "interrupted"
"""The note of a reply whose process is gone."""


KEPT = "kept"
"""The note of an interrupted reply that is to stay as it is."""

HUNG_UP: Final = "hung_up"
"""The note of one that was stopped because the terminal went away, which is what the configuration wishes."""

UNREAD: Final = "unread"
"""The note of one that was stopped because nobody read any more what `ask` wrote."""

CUT_LIMIT: Final = "cut_limit"
"""The note of one that was not whole when the time was over that it had without a terminal."""

CUT_ASKED: Final = "cut_asked"
"""The note of one whose process was asked to end."""

Ending = Literal["", "hung_up", "unread", "cut_limit", "cut_asked"]
"""Why a reply ends early; empty: its user stopped it."""

CUT: tuple[Ending, ...] = (CUT_LIMIT, CUT_ASKED)
"""Nobody wished these: the next start offers to resume them."""

DAMAGED = "damaged"
"""The note of one whose end was lost with a damaged journal."""

DISCARDED = "discarded"
"""The note of one that the user does not want: it stays in the journal, and is neither shown nor sent."""


@dataclass(slots=True)
class Version:
    """One reply of a turn: its newest view, and where it stands in the journal."""

    id: ReplyId
    view: ReplyView
    next_seq: int = 0
    attempts: int = 0
    superseded: bool = False
    boundaries: deque[int] = field(default_factory=deque)
    """Where received deltas ended, code points, ascending: text without spaces is resumed at one of them."""
    quiet_since: float = 0.0
    """When its last text came, on the wall clock."""
    provider: str = ""
    """Who answered."""
    base_url: str = ""
    """Who was asked last."""
    stream: str | None = None
    """Under which name that server keeps the newest attempt's stream."""
    replay: tuple[str, int] | None = None
    """The stream that its end came from, and how far it was read: body bytes."""

    def hear(self, event: Event) -> None:
        """Remember what `event` says about the stream."""
        if isinstance(event, State) and event.state == "connecting":
            if not event.connection_id:
                # No attempt yet.
                return
            if event.replay_id != self.stream:
                # Until it brings text, nothing can be replayed of it but all.
                self.replay = (event.replay_id, 0) if event.replay_id and not self.view.length else None
            self.stream = event.replay_id
        elif isinstance(event, Content):
            self.replay = (self.stream, event.offset) if self.stream else None

    @property
    def elsewhere(self) -> bool:
        """Another process is writing it: two never write the same one."""
        return self.view.note == ELSEWHERE

    def note_boundary(self) -> None:
        """A delta ends where the text ends now."""
        ends, length = self.boundaries, self.view.length
        ends.append(length)
        while ends[0] < length - REMEMBERED:
            ends.popleft()


@dataclass(frozen=True, slots=True)
class HandedOn:
    """One model has failed, and the next of the configured chain goes on."""

    before: str
    model: str
    fault: Fault


@dataclass(slots=True)
class Turn:
    id: TurnId
    prompt: str
    versions: list[Version] = field(default_factory=list)
    """None: it was kept before it was asked."""
    conversation: ConversationId | None = None
    """Where it was asked: another one than the conversation open, where that is a branch."""
    position: int = 0
    """In the conversation, counting what was inherited or deleted."""
    chosen: ReplyId | None = None
    """The reply that the user chose; None: the newest."""
    written: Version | None = None
    """The reply that this process writes, or was the last to write."""
    handed: list[HandedOn] = field(default_factory=list)
    """Who went on with its replies in this process without having been asked to by the user; the newest last."""
    fit: Fit = field(default_factory=Fit)
    """What of the turns before went with it when this process last asked."""

    @property
    def current(self) -> Version | None:
        """The reply that is shown, resumed, and sent as what was said: the one chosen, else the newest."""
        return self.versions[self.place] if self.versions else None

    @property
    def place(self) -> int:
        """Where among its replies the current one stands, from 0; -1: it has none."""
        chosen = (place for place, version in enumerate(self.versions) if version.id == self.chosen)
        return next(chosen, len(self.versions) - 1)

    @property
    def said(self) -> str:
        """What later prompts build on."""
        current = self.current
        return "" if current is None or current.view.note == DISCARDED else current.view.whole_text()

    @property
    def being_written(self) -> bool:
        """Whether this process writes a reply of it now."""
        return self.written is not None and not self.written.view.ended


@dataclass(frozen=True, slots=True)
class Sampling:
    """What is asked beside the messages; None leaves it to the provider."""

    max_tokens: int | None = None
    temperature: float | None = None
    seed: int | None = None

    def over(self, other: Sampling) -> Sampling:
        """This one, and where it leaves something to the provider, `other`."""
        return Sampling(
            other.max_tokens if self.max_tokens is None else self.max_tokens,
            other.temperature if self.temperature is None else self.temperature,
            other.seed if self.seed is None else self.seed,
        )


def sampling_parameters(sampling: Sampling) -> dict[str, str | int | float | bool | None]:
    """As the journal keeps it: only what was asked."""
    asked = {"max_tokens": sampling.max_tokens, "temperature": sampling.temperature, "seed": sampling.seed}
    return {name: value for name, value in asked.items() if value is not None}


def sampling_of(parameters: Mapping[str, str | int | float | bool | None]) -> Sampling:
    """As it was kept; what no longer means anything is left out."""

    def whole(name: str) -> int | None:
        value = parameters.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    temperature = parameters.get("temperature")
    warm = float(temperature) if isinstance(temperature, int | float) and not isinstance(temperature, bool) else None
    return Sampling(whole("max_tokens"), warm, whole("seed"))


def turn_of(stored: StoredTurn) -> Turn:
    """A turn from the journal."""
    versions = [version_of(reply) for reply in stored.replies]
    return Turn(stored.id, stored.prompt, versions, stored.conversation, stored.position, stored.chosen)


_NOTES = {"interrupted": INTERRUPTED, "streaming": ELSEWHERE}
"""Replies without an end: their writer is gone, or is another process that still writes."""


def _last_sign(reply: StoredReply) -> float:
    """When its last text came, or when it was last heard of: the end that was written, else the newest attempt."""
    if reply.last_text is not None:
        return reply.last_text
    newest = reply.attempts[-1] if reply.attempts else None
    attempted = (newest.ended or newest.started) if newest else reply.started
    return attempted if reply.ended is None else min(attempted, reply.ended)


def version_of(reply: StoredReply) -> Version:
    """A reply from the journal as a view."""
    view = fresh(reply.model, reply.text, reply.seams)
    live = reply.state == "streaming"
    state: EndState = reply.state if reply.state in ("done", "stopped") else "failed"
    link = replace(view.link, state=state, model=reply.model, fault=reply.fault)
    if live:
        link = _link(reply.model, reply.attempts[-1] if reply.attempts else None, reply.last_text)
    view = replace(
        view,
        reasoning=TextSoFar(reply.reasoning),
        reasoning_length=len(reply.reasoning),
        usage=reply.usage,
        cost_usd=reply.cost_usd,
        at_least=reply.at_least,
        finish_reason=reply.finish_reason,
        fault=reply.fault,
        note=reply.note if not live and reply.note in CUT else _NOTES.get(reply.state, reply.note),
        ended=not live,
        link=link,
    )
    return Version(
        reply.id,
        view,
        reply.next_seq,
        len(reply.attempts),
        reply.note == "superseded",
        quiet_since=_last_sign(reply),
        provider=reply.provider,
        base_url=reply.base_url,
    )


def grow(version: Version, tail: Tail) -> None:
    """Add what another process has written of this reply since it was last looked at."""
    view = version.view
    if tail.pieces:
        version.replay = tail.replay
    for piece in tail.pieces:
        version.view = view = replace(view, length=view.text.add(piece))
        version.note_boundary()
    if not view.length:
        view = replace(view, reasoning=TextSoFar(tail.reasoning), reasoning_length=len(tail.reasoning))
    if tail.last_text is not None:
        version.quiet_since = tail.last_text
    attempt = tail.attempt
    if attempt is not None and not version.view.length:
        version.replay = (attempt.replay_id, 0) if attempt.replay_id else None
    version.next_seq = tail.next_seq
    version.attempts = attempt.number if attempt else version.attempts
    model = attempt.model if attempt else view.model
    link = replace(_link(model, attempt, version.quiet_since if view.length else None), news=view.link.news)
    version.view = replace(view, model=model, seams=tail.seams, link=link)


def _link(model: str, attempt: StoredAttempt | None, last_text: float | None) -> LinkView:
    """The connection of another process, as far as the journal tells."""
    state: StateName = "connecting"
    if attempt is not None:
        text = last_text is not None and last_text >= attempt.started
        state = "backing_off" if attempt.ended is not None else "streaming" if text else "waiting"
    return LinkView(
        state=state,
        model=model,
        connection_id=attempt.connection_id if attempt else 0,
        attempt=attempt.number if attempt else 0,
        fault=attempt.fault if attempt else None,
        elsewhere=True,
    )
