"""The words of the product as types: what crosses between rooms. Frozen; they know no network, file or screen.

Times are seconds on `Clock.now()` unless a field says otherwise; places in a text are code points.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NewType

from tui.text_so_far import TextSoFar as TextSoFar  # noqa: PLC0414  everyone takes it from here
from tui.timing import UNTIMED, Timing

Rung = Literal["replay", "prefill", "continue", "restart"]
"""How a reply is resumed, best first."""

StateName = Literal["connecting", "waiting", "streaming", "stalled", "backing_off", "resuming", "done", "failed"]

Role = Literal["system", "user", "assistant"]

Dialect = Literal["plain", "prefix", "deepseek", "partial", "vllm", "llamacpp"]
"""The fields a provider wants beside a trailing assistant message; engine/ladder.py has them (streaming.md, A.1)."""


ConversationId = NewType("ConversationId", str)
TurnId = NewType("TurnId", str)
ReplyId = NewType("ReplyId", str)
"""Made by the process that begins the thing, so that nobody waits for the disk to learn a name; they sort by time."""


class Key:
    """An API key. It cannot be printed by accident: only `reveal` gives the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Key(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens; None where the provider publishes none."""

    input: float | None = None
    output: float | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A model as one provider offers it."""

    id: str
    title: str = ""
    price: Price = Price()
    first_rung: Rung | None = None
    """What resuming is tried first; None: nothing is known."""
    dialect: Dialect = "plain"
    reasoning: bool = False
    """Thinks before it answers: its progress clock is longer."""
    context: int | None = None
    """Tokens, where configured or published."""


@dataclass(frozen=True, slots=True)
class Family:
    """How the models whose id matches are resumed at first: a guess, for those that have no row of their own."""

    pattern: str
    """A regular expression, searched in the id in lower case."""
    first_rung: Rung
    dialect: Dialect = "plain"


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned about one (base_url, model) by asking it; goes in and comes out as a value."""

    refused: frozenset[Rung] = frozenset()
    """Rungs answered with 400 or 422."""
    misses: int = 0
    """Points against its prefill, for answers in a row that went on with something else; engine/lessons.py."""
    no_thinking: bool = False
    """Takes a prefill only with thinking switched off."""
    bare_end: bool = False
    """Ends whole answers with neither a finish_reason nor [DONE]."""
    replay: bool | None = None
    """Keeps streams, so that they can be replayed; None: not known."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Where requests go, and what is known about the place."""

    name: str
    base_url: str
    """Without a trailing slash; requests go to base_url + "/chat/completions" and "/models"."""
    key: Key | None = None
    models: Mapping[str, Model] = field(default_factory=dict)
    resume: Rung | Literal["auto"] = "auto"
    """The first rung to try; auto: by the model's row and by what was learned."""
    dialect: Dialect | Literal["auto"] = "auto"
    """The fields of a prefill, where they are configured: then its models take one, unless their row says otherwise."""
    families: tuple[Family, ...] = ()
    """For models without a row; the first that matches."""
    learned: Learned = Learned()
    windows: Mapping[str, int] = field(default_factory=dict)
    """The contexts of its models, tokens, as it tells them itself, where nothing else is configured."""
    local: bool = False
    """On this machine (loopback): no proxy, longer first-byte limit."""

    def model(self, model_id: str) -> Model:
        """What is known of `model_id`: its row, else its family's; where nothing is known, an empty row."""
        row = self.models.get(model_id) or Model(model_id)
        if row.first_rung is None:
            name = model_id.lower()
            known = next((family for family in self.families if re.search(family.pattern, name)), None)
            if known is not None:
                row = replace(row, first_rung=known.first_rung, dialect=known.dialect)
        if self.dialect != "auto":
            row = replace(row, first_rung=row.first_rung or "prefill", dialect=self.dialect)
        return replace(row, context=self.windows.get(model_id, row.context))


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how late to try again; the user's documents' defaults."""

    max_retries: int = 5
    """Retries in a row without verified progress."""
    initial_backoff: float = 1.0
    """Seconds before the first retry; doubles each time."""
    max_backoff: float = 60.0
    """Seconds; never caps a server's Retry-After."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds."""

    connect: float = 10.0
    write: float = 30.0
    first_byte: float = 300.0
    idle: float = 60.0
    """Between two bytes, keep-alive comments included."""
    progress: float = 300.0
    """Between two pieces of text or reasoning."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one reply; 0: none."""

    attempts: int = 20
    seconds: float = 0.0
    tokens: int = 0
    usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Policy:
    """What a reply may cost in time, tries and money."""

    retry: Retry = Retry()
    timeouts: Timeouts = Timeouts()
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Partial:
    """The part of a reply already held when an engine starts: from any process or model."""

    text: str
    boundaries: tuple[int, ...] = ()
    """Where received deltas ended, code points, ascending; the last 1,200 characters' worth is enough."""
    replay_id: str | None = None
    replay_offset: int = 0
    """Body bytes up to the end of the last whole frame."""
    model: str | None = None
    """Who wrote it, where known: the seam names both models."""
    age: float = 0.0
    """Seconds since its last text came: a seam tells the whole gap, over the end of a process too."""


@dataclass(frozen=True, slots=True)
class Request:
    """One reply that is wanted."""

    model: str
    messages: tuple[Message, ...]
    max_tokens: int | None = None
    temperature: float | None = None
    seed: int | None = None
    partial: Partial | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an attempt ended early."""

    kind: str
    """A row of the fault table; `say` has its words under "faults.<kind>"."""
    permanent: bool
    detail: str = ""
    """The technical reason: an exception's name, a status, the start of a body. Outside text: not yet made safe."""
    status: int | None = None
    wait: float | None = None
    """Seconds that the server asked for, or that its kind of fault needs."""


@dataclass(frozen=True, slots=True)
class TokenCount:
    prompt: int
    completion: int
    exact: bool = True
    """False: estimated, because an attempt was cut before it told."""


@dataclass(frozen=True, slots=True)
class SeamMark:
    """Where two attempts meet, as it is shown and kept."""

    at: int
    """Code points of the reply before it."""
    how: Rung
    verified: bool
    """The known text came back, so what follows belongs here."""
    gap: float
    """Seconds without new text."""
    paid_twice: int
    """Tokens generated again, estimated."""
    models: tuple[str, str]
    """Before and after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """What every event carries."""

    connection_id: int
    """Counts the attempts of this process. 0: none yet; `connecting` then asks only whether streams are kept."""
    retry_count: int
    """Retries in a row without verified progress."""
    t: float
    """When, on the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State(Stamped):
    """What the reply is doing now. `waiting` and `stalled` are told again while bytes come without text."""

    state: StateName
    model: str
    attempt: int
    """Of this reply, from 1."""
    max_retries: int
    until: float | None = None
    """backing_off: when the next attempt begins, on the clock."""
    since: float | None = None
    """backing_off: when the wait began."""
    last_byte: float
    last_text: float
    fault: Fault | None = None
    """backing_off, failed: why. resuming, connecting: why the attempt before this one ended."""
    rung: Rung | None = None
    """The rung asked, from the second attempt on."""
    timing: Timing = UNTIMED
    """Of this attempt as far as it has come; connecting: of the one before it."""
    replay_id: str | None = None
    """Under which the server keeps this attempt's stream."""


@dataclass(frozen=True, slots=True, kw_only=True, init=False)
class Content(Stamped):
    """New text of the reply, in order, each piece once."""

    content: str
    offset: int = 0
    """Body bytes of this attempt up to the end of the frame that held it (for replay)."""
    _text: TextSoFar
    _end: int

    def __init__(
        self,
        *,
        content: str,
        offset: int = 0,
        _text: TextSoFar,
        _end: int,
        connection_id: int,
        retry_count: int,
        t: float,
    ) -> None:
        # There is one for each delta, and dataclass's own way into frozen slots costs three times as much.
        _put_content(self, content)
        _put_offset(self, offset)
        _put_text(self, _text)
        _put_end(self, _end)
        _put_connection(self, connection_id)
        _put_count(self, retry_count)
        _put_t(self, t)

    @property
    def accumulated(self) -> str:
        """The reply's whole text up to here; joined when asked for, not for every delta."""
        return self._text.upto(self._end)


_put_content, _put_offset, _put_text, _put_end, _put_connection, _put_count, _put_t = (
    getattr(Content, name).__set__
    for name in ("content", "offset", "_text", "_end", "connection_id", "retry_count", "t")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoning(Stamped):
    """New reasoning of this attempt; that of a dropped attempt leaves the view."""

    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seam(Stamped):
    """Two attempts have met."""

    mark: SeamMark


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReply(Stamped):
    """A different answer starts over: what follows belongs to reply `reply`; the one before it is kept."""

    reply: int
    """Counts this turn's replies made by this stream, from 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage(Stamped):
    """Tokens and cost of all attempts together."""

    usage: TokenCount
    cost_usd: float | None
    """None: no price is known for any part of it."""
    at_least: bool
    """True: a part has no published price, so the cost is a lower bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done(Stamped):
    """The reply is whole."""

    text: str
    finish_reason: str | None
    """As the provider said it; None where it ended with [DONE] alone or proved whole by a resume."""
    attempts: int
    resumes: int
    verified: bool = True
    """False: a part of the text stands behind a seam that is not verified."""
    note: str = ""
    """A phrase name under "notes.", or empty."""
    learned: Learned


@dataclass(frozen=True, slots=True, kw_only=True)
class Error(Stamped):
    """The reply ended without being whole. The partial text is kept."""

    fault: Fault
    failed_after_retries: int
    """Retries that failed in a row; 0 where the fault is permanent."""
    text: str
    attempts: int
    resumes: int
    learned: Learned

    @property
    def error(self) -> str:
        return self.fault.detail or self.fault.kind


Event = State | Content | Reasoning | Seam | NewReply | Usage | Done | Error
