"""What can be shown of a reply: values, made by a pure fold over events."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, assert_never

from tui.timing import UNTIMED, Timing
from tui.words import (
    Content,
    Done,
    Error,
    Event,
    Fault,
    NewReply,
    Reasoning,
    Rung,
    Seam,
    SeamMark,
    State,
    StateName,
    TextSoFar,
    TokenCount,
    Usage,
)


@dataclass(frozen=True, slots=True)
class LinkView:
    """The connection of the reply now on its way (or of the last one). Times are on the clock."""

    state: StateName | Literal["idle", "stopped"] = "idle"
    model: str = ""
    connection_id: int = 0
    attempt: int = 0
    earlier: int = 0
    """Attempts of this reply before this stream of events, by which `attempt` counts."""
    retry_count: int = 0
    max_retries: int = 0
    until: float | None = None
    """backing_off: when the next attempt begins."""
    since: float | None = None
    """backing_off: when the wait began."""
    last_byte: float | None = None
    last_text: float | None = None
    fault: Fault | None = None
    """Why the last attempt ended early, or why the reply failed."""
    rung: Rung | None = None
    asked_at: float | None = None
    """When the first request of this reply began, its connect included."""
    sent_at: float | None = None
    """When the first request of this reply was sent."""
    ttft: float | None = None
    """Seconds from the first request sent to the first text, whatever broke in between: what the reader waited."""
    timing: Timing = UNTIMED
    """The phases of the newest request that told any."""
    entered: float | None = None
    """When this state began."""
    last_piece: float | None = None
    """When the newest text or reasoning of this stream came."""
    piece_of: int = 0
    """The attempt that it came from."""
    flow: float = 0.0
    """Seconds over which text or reasoning came, all attempts together, what lies between two of them not counted."""
    longest_gap: float = 0.0
    """Seconds between two pieces of one attempt, at most."""
    longest_break: float | None = None
    """Seconds between the last piece of an attempt and the first of a later one, at most; None: there is none."""
    elsewhere: bool = False
    """It is another process's connection, as far as the journal tells of it."""
    asks_until: float | None = None
    """failed: the user is asked whether to wait until then, seconds since the epoch."""
    news: float | None = None
    """elsewhere: when the journal last got something new of it; None: not known."""


@dataclass(frozen=True, slots=True)
class ReplyView:
    """One reply as it stands; `text` only grows, so a view is a reference and a length."""

    model: str = ""
    text: TextSoFar = field(default_factory=TextSoFar)
    length: int = 0
    held: int = 0
    """Code points that were there when this stream began."""
    reasoning: TextSoFar = field(default_factory=TextSoFar)
    reasoning_length: int = 0
    seams: tuple[SeamMark, ...] = ()
    reply: int = 1
    """Which reply of the turn this stream is writing, counted from where it began."""
    link: LinkView = LinkView()
    usage: TokenCount | None = None
    cost_usd: float | None = None
    at_least: bool = False
    finish_reason: str | None = None
    fault: Fault | None = None
    failed_retries: int = 0
    """Retries that failed in a row, where it failed after them."""
    note: str = ""
    ended: bool = False

    def whole_text(self) -> str:
        return self.text.upto(self.length)


def at_limit(view: ReplyView) -> bool:
    """Whether the answer ended only because it might not be longer: it can be gone on with."""
    return view.ended and view.link.state == "done" and view.finish_reason in ("length", "model_length")


def fresh(model: str, text: str = "", seams: tuple[SeamMark, ...] = ()) -> ReplyView:
    """A reply of which `text` is held (none, or a partial that is to be resumed)."""
    return ReplyView(model=model, text=TextSoFar(text), length=len(text), held=len(text), seams=seams)


def fold(view: ReplyView, event: Event) -> ReplyView:
    """`view` after `event`. Grows `view.text` in place: older views keep their own length."""
    match event:
        case Content(content=content):
            link = view.link
            if link.ttft is None and link.sent_at is not None:
                link = replace(link, ttft=event.t - link.sent_at)
            link = replace(_piece(link, event.t), connection_id=event.connection_id, retry_count=event.retry_count)
            return replace(view, length=view.text.add(content), link=link)
        case Reasoning(content=content):
            return replace(
                view,
                reasoning_length=view.reasoning.add(content),
                link=_piece(view.link, event.t),
            )
        case State():
            return _state(view, event)
        case Seam(mark=mark):
            return replace(view, seams=(*view.seams, mark))
        case NewReply(reply=reply):
            started = replace(fresh(view.model), reply=reply, link=view.link)
            return replace(started, usage=view.usage, cost_usd=view.cost_usd, at_least=view.at_least)
        case Usage(usage=usage, cost_usd=cost, at_least=at_least):
            return replace(view, usage=usage, cost_usd=cost, at_least=at_least)
        case Done(finish_reason=finish, note=note):
            link = replace(view.link, state="done", until=None, retry_count=event.retry_count)
            return replace(view, ended=True, finish_reason=finish, note=note, fault=None, link=link)
        case Error(fault=fault, failed_after_retries=retries):
            link = replace(view.link, state="failed", until=None, fault=fault, retry_count=event.retry_count)
            return replace(view, ended=True, fault=fault, failed_retries=retries, link=link)
        case _:
            assert_never(event)


def _piece(link: LinkView, t: float) -> LinkView:
    """`link` after a piece of text or reasoning."""
    piece = replace(link, last_text=t, last_byte=t, last_piece=t, piece_of=link.attempt)
    if link.last_piece is None:
        return piece
    since = t - link.last_piece
    if link.piece_of != link.attempt:
        return replace(piece, longest_break=max(link.longest_break or 0.0, since))
    return replace(piece, flow=link.flow + since, longest_gap=max(link.longest_gap, since))


def _state(view: ReplyView, event: State) -> ReplyView:
    begins = event.state == "connecting" and event.connection_id > 0
    dropped = begins and view.reasoning_length > 0 and event.rung != "replay"
    if dropped:
        # Reasoning belongs to its attempt: that of a dropped one leaves the view. A replay goes on with the same.
        view = replace(view, reasoning=TextSoFar(), reasoning_length=0)
    old = view.link
    changed = (old.state, old.connection_id, old.attempt) != (event.state, event.connection_id, event.attempt)
    link = replace(
        old,
        entered=event.t if changed else old.entered,
        state=event.state,
        model=event.model,
        connection_id=event.connection_id,
        attempt=event.attempt,
        retry_count=event.retry_count,
        max_retries=event.max_retries,
        until=event.until,
        since=event.since,
        last_byte=event.last_byte,
        last_text=event.last_text,
        fault=event.fault,
        rung=event.rung,
        asked_at=event.t if old.asked_at is None else old.asked_at,
        sent_at=event.timing.sent if old.sent_at is None else old.sent_at,
        timing=old.timing if event.timing == UNTIMED else event.timing,
    )
    return replace(view, link=link, model=event.model)


def stopped(view: ReplyView) -> ReplyView:
    """The user stopped it: what was received stays."""
    return replace(view, ended=True, link=replace(view.link, state="stopped", until=None))


def with_earlier_cost(event: Event, before: ReplyView) -> Event:
    """`event`; usage with what the reply had cost when it was resumed: attempts before that count too."""
    if not isinstance(event, Usage):
        return event
    spent, now = before.usage, event.usage
    if spent is None:
        # It was stopped, or its process died, before anything was told: what is known is a part.
        unknown = before.length > 0
        return replace(event, usage=replace(now, exact=now.exact and not unknown), at_least=event.at_least or unknown)
    costs = [cost for cost in (before.cost_usd, event.cost_usd) if cost is not None]
    return replace(
        event,
        usage=TokenCount(spent.prompt + now.prompt, spent.completion + now.completion, spent.exact and now.exact),
        cost_usd=sum(costs) if costs else None,
        at_least=before.at_least or event.at_least,
    )
