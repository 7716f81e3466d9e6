"""A conversation open in this process: its turns, and asking the next thing in it."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from tui.chat.keeper import Keeper
from tui.chat.view import ReplyView, fold, fresh, stopped
from tui.clock import Clock
from tui.engine.retry_budget import RetryBudget
from tui.journal.ids import new_id
from tui.journal.records import EndState, NewConversation, NewTurn
from tui.journal.stored import StoredConversation, StoredReply, StoredTurn
from tui.journal.writer import Writer
from tui.wire import Transport
from tui.words import (
    Content,
    ConversationId,
    Done,
    Error,
    Event,
    Fault,
    Learned,
    Message,
    NewReply,
    Partial,
    Policy,
    Provider,
    ReplyId,
    Request,
    TextSoFar,
    TokenCount,
    TurnId,
    Usage,
)

REMEMBERED = 1200
"""Code points at the end of a reply whose boundaries are kept: an anchor is never farther back than half of it."""


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


@dataclass(slots=True)
class Turn:
    id: TurnId
    prompt: str
    versions: list[Version] = field(default_factory=list)

    @property
    def latest(self) -> Version | None:
        return self.versions[-1] if self.versions else None


@dataclass(frozen=True, slots=True)
class Sampling:
    """What is asked beside the messages; None leaves it to the provider."""

    max_tokens: int | None = None
    temperature: float | None = None
    seed: int | None = None


class Talk:
    """One conversation. `ask` and `resume` give the events of a reply while they keep it."""

    def __init__(
        self,
        provider: Provider,
        model: str,
        policy_for: Callable[[Provider, str], Policy],
        writer: Writer,
        clock: Clock,
        *,
        system: str = "",
        sampling: Sampling | None = None,
        transport: Transport | None = None,
        retries: RetryBudget | None = None,
    ) -> None:
        self.provider, self.model = provider, model
        self.turns: list[Turn] = []
        self.id: ConversationId | None = None
        self.system = system
        self._sampling = sampling or Sampling()
        self._policy_for = policy_for
        self._writer, self._clock = writer, clock
        self._transport = transport
        self._retries = retries or RetryBudget()

    def open(
        self,
        conversation: StoredConversation,
        turns: tuple[StoredTurn, ...],
        boundaries: Callable[[ReplyId], tuple[int, ...]] = lambda _: (),
    ) -> None:
        """Go on with a conversation from the journal; `boundaries` is asked for each reply that can be resumed."""
        self.id = conversation.id
        self.system = self.system or conversation.system
        self.turns = [Turn(turn.id, turn.prompt, [_version(reply) for reply in turn.replies]) for turn in turns]
        for turn in self.turns:
            latest = turn.latest
            if latest is not None and latest.view.length and self.can_resume(turn):
                latest.boundaries.extend(boundaries(latest.id))

    def ask(self, prompt: str) -> tuple[Turn, AsyncGenerator[Event, None]]:
        """A new turn, and the events of its reply. Closing the generator stops the reply."""
        wall = self._clock.wall()
        if self.id is None:
            self.id = ConversationId(new_id())
            self._writer.put(NewConversation(self.id, wall, self.provider.name, self.model, self.system))
        request = self._request((*self._context(len(self.turns)), Message("user", prompt)), None)
        turn = Turn(TurnId(new_id()), prompt)
        self._writer.put(NewTurn(turn.id, self.id, len(self.turns), prompt, wall))
        self.turns.append(turn)
        keeper = Keeper(self._writer, self._clock, turn.id, 0, self.provider)
        keeper.begin(request)
        turn.versions.append(Version(keeper.reply, fresh(self.model)))
        return turn, self._stream(turn, request, keeper)

    def use(self, model: str, learned: Callable[[str, str], Learned]) -> None:
        """Ask `model` from the next prompt on."""
        self.model = model
        self.provider = replace(self.provider, learned=learned(self.provider.base_url, model))

    def can_resume(self, turn: Turn) -> bool:
        """Whether its latest reply ended without being whole."""
        latest = turn.latest
        return (
            latest is not None and latest.view.ended and latest.view.link.state != "done" and not self.elsewhere(turn)
        )

    def elsewhere(self, turn: Turn) -> bool:
        """Whether another process was writing its latest reply when it was read: two never write the same one."""
        latest = turn.latest
        return latest is not None and latest.view.note == "elsewhere"

    def resume(self, turn: Turn, *, agreed: Fault | None = None) -> AsyncGenerator[Event, None]:
        """Go on with the latest reply of `turn` from the text held, with the model chosen now.

        `agreed`: the fault whose `wait` the user has agreed to wait first.
        """
        latest = turn.latest
        assert latest is not None
        before = latest.view
        text = before.whole_text()
        place = self.turns.index(turn)
        age = max(0.0, self._clock.wall() - latest.quiet_since)
        partial = Partial(text, tuple(latest.boundaries), model=before.model, age=age) if text else None
        request = self._request((*self._context(place), Message("user", turn.prompt)), partial)
        keeper = Keeper(self._writer, self._clock, turn.id, len(turn.versions) - 1, self.provider)
        keeper.go_on(request, latest.id, latest.next_seq, latest.attempts)
        resumed = fresh(self.model, text, before.seams)
        latest.view = replace(resumed, usage=before.usage, cost_usd=before.cost_usd, at_least=before.at_least)
        return self._stream(turn, request, keeper, before, agreed)

    def halt(self, turn: Turn) -> None:
        """The user stopped the reply of `turn`: its view says so. What was received stays."""
        latest = turn.latest
        if latest is not None and not latest.view.ended:
            latest.view = stopped(latest.view)

    async def _stream(
        self,
        turn: Turn,
        request: Request,
        keeper: Keeper,
        before: ReplyView | None = None,
        agreed: Fault | None = None,
    ) -> AsyncGenerator[Event, None]:
        """`before`: the reply as it stood when it was resumed."""
        from tui.engine import stream_reply

        policy = self._policy_for(self.provider, request.model)
        events = stream_reply(
            request,
            self.provider,
            policy,
            self._clock,
            transport=self._transport,
            retries=self._retries,
            agreed=agreed,
        )
        try:
            async with aclosing(events):
                async for told in events:
                    event = with_earlier_cost(told, before) if before is not None else told
                    keeper.note(event)
                    self._fold(turn, event, keeper)
                    yield event
        finally:
            keeper.stopped()
            self.halt(turn)

    def _fold(self, turn: Turn, event: Event, keeper: Keeper) -> None:
        latest = turn.versions[-1]
        if isinstance(event, NewReply):
            before = replace(latest.view, ended=True, note="superseded")
            turn.versions[-1] = replace(latest, view=before, superseded=True)
            latest = Version(keeper.reply, latest.view)
            turn.versions.append(latest)
        latest.view = fold(latest.view, event)
        if isinstance(event, Content):
            latest.quiet_since = self._clock.wall()
            ends = latest.boundaries
            ends.append(latest.view.length)
            while ends[0] < latest.view.length - REMEMBERED:
                ends.popleft()
        latest.next_seq, latest.attempts = keeper.progress
        if isinstance(event, Done | Error):
            self.provider = replace(self.provider, learned=event.learned)

    def _request(self, messages: tuple[Message, ...], partial: Partial | None) -> Request:
        asked = self._sampling
        return Request(self.model, messages, asked.max_tokens, asked.temperature, asked.seed, partial)

    def _context(self, before: int) -> tuple[Message, ...]:
        """What the model is told of the conversation: turns with an answer, of each the latest one."""
        messages = [Message("system", self.system)] if self.system else []
        for turn in self.turns[:before]:
            text = turn.latest.view.whole_text() if turn.latest else ""
            if text:
                messages += [Message("user", turn.prompt), Message("assistant", text)]
        return tuple(messages)


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


_NOTES = {"interrupted": "interrupted", "streaming": "elsewhere"}
"""Replies without an end: their writer is gone, or is another process that still writes."""


def _last_sign(reply: StoredReply) -> float:
    """When its last text came, or when it was last heard of: the end that was written, else the newest attempt."""
    if reply.last_text is not None:
        return reply.last_text
    newest = reply.attempts[-1] if reply.attempts else None
    attempted = (newest.ended or newest.started) if newest else reply.started
    return attempted if reply.ended is None else min(attempted, reply.ended)


def _version(reply: StoredReply) -> Version:
    """A reply from the journal as a view."""
    view = fresh(reply.model, reply.text, reply.seams)
    state: EndState = reply.state if reply.state in ("done", "stopped") else "failed"
    view = replace(
        view,
        reasoning=TextSoFar(reply.reasoning),
        reasoning_length=len(reply.reasoning),
        usage=reply.usage,
        cost_usd=reply.cost_usd,
        at_least=reply.at_least,
        finish_reason=reply.finish_reason,
        fault=reply.fault,
        note=_NOTES.get(reply.state, reply.note),
        ended=True,
        link=replace(view.link, state=state, model=reply.model, fault=reply.fault),
    )
    return Version(
        reply.id, view, reply.next_seq, len(reply.attempts), reply.note == "superseded", quiet_since=_last_sign(reply)
    )
