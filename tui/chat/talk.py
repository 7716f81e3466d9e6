"""A conversation open in this process: its turns, and asking the next thing in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace

from tui.chat.failover import Chain, handed_on
from tui.chat.keeper import Keeper
from tui.chat.link_log import LinkLog
from tui.chat.passive import Passive
from tui.chat.turns import ELSEWHERE, Ending, Sampling, Turn, Version, sampling_of, sampling_parameters, turn_of
from tui.chat.view import LinkView, ReplyView, at_limit, fold, fresh, stopped, with_earlier_cost
from tui.chat.window import Fit, Sizes, factor_of, fit
from tui.clock import Bell, Clock
from tui.engine.ledger import estimate_tokens
from tui.engine.retry_budget import RetryBudget
from tui.journal.ids import new_id
from tui.journal.records import ChooseReply, NewConversation, NewTurn
from tui.journal.stored import StoredConversation, StoredTurn
from tui.journal.writer import Writer
from tui.monitor.board import Board
from tui.wire import Transport
from tui.words import (
    Content,
    ConversationId,
    Done,
    Error,
    Event,
    Fault,
    Learned,
    Limits,
    Message,
    NewReply,
    Partial,
    Policy,
    Provider,
    ReplyId,
    Request,
    TurnId,
)

CLAIM = 2.0
"""Seconds that a resume waits for the journal to say that the reply is its own."""


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
        board: Board | None = None,
        log: LinkLog | None = None,
        fallback: Sequence[str] = (),
    ) -> None:
        """`board` gets what the replies measure of themselves. `fallback`: models of `provider` that go on, one after
        the other, where the one asked fails for good."""
        self.provider, self.model = provider, model
        self.turns: list[Turn] = []
        self.id: ConversationId | None = None
        self.writing: set[ReplyId] = set()
        """Replies on their way in this process."""
        self.system = system
        self.sampling = sampling or Sampling()
        self.start = 0
        """The position of its first own turn: how much of another conversation a branch begins with."""
        self.writer, self.clock = writer, clock
        self._policy_for = policy_for
        self._fallback = tuple(fallback)
        self._sizes = Sizes()
        self._transport = transport
        self._retries = retries or RetryBudget()
        self._board = board or Board()
        self._log = log or LinkLog(clock)
        self.ending: Ending = ""
        """Why the replies on their way are stopped, where it is not the user who stops them."""
        self.hurry = Bell()
        """Ring it to end a back-off: the next attempt begins at once."""

    def open(
        self,
        conversation: StoredConversation,
        turns: tuple[StoredTurn, ...],
        partial: Callable[[ReplyId], Partial | None] = lambda _: None,
    ) -> None:
        """Go on with a conversation from the journal; `partial` is asked for each reply that can be resumed."""
        self.id = conversation.id
        self.start = conversation.branched_at or 0
        self.system = self.system or conversation.system
        self.sampling = self.sampling.over(sampling_of(conversation.sampling))
        self.turns = [turn_of(turn) for turn in turns]
        for turn in self.turns:
            current = turn.current
            whole = current is not None and current.view.link.state == "done" and not at_limit(current.view)
            if current is None or whole or (held := partial(current.id)) is None:
                continue
            current.boundaries.extend(held.boundaries)
            if held.replay_id is not None and current.view.link.state != "stopped":
                # What the user stops, the server was told to forget.
                current.stream, current.replay = held.replay_id, (held.replay_id, held.replay_offset)

    def ask(self, prompt: str) -> tuple[Turn, AsyncGenerator[Event, None]]:
        """A new turn, and the events of its reply. Closing the generator stops the reply."""
        turn = self.keep(prompt)
        return turn, self.answer(turn)

    def keep(self, prompt: str) -> Turn:
        """A new turn that is not asked now: its prompt is in the journal."""
        wall = self.clock.wall()
        name = self.id
        if name is None:
            name = self.id = ConversationId(new_id())
            asked = sampling_parameters(self.sampling)
            self.writer.put(NewConversation(name, wall, self.provider.name, self.model, self.system, sampling=asked))
        position = max((turn.position + 1 for turn in self.turns), default=self.start)
        turn = Turn(TurnId(new_id()), prompt, conversation=name, position=position)
        self.writer.put(NewTurn(turn.id, name, position, prompt, wall))
        self.turns.append(turn)
        return turn

    def answer(self, turn: Turn, *, kept: bool = False) -> AsyncGenerator[Event, None]:
        """Another reply to the prompt of `turn`, which is its newest then.

        `kept`: the turn has waited, and another window may ask it too: where that one was first, nothing is asked, and
        nothing comes.
        """
        request = self._request(turn, None)
        keeper = Keeper(self.writer, self.clock, turn.id, len(turn.versions), self.provider, self.id)
        first = kept and not turn.versions
        keeper.begin(request, first=first)
        asked = Version(keeper.reply, fresh(self.model), provider=self.provider.name, base_url=self.provider.base_url)
        turn.versions.append(asked)
        turn.written = turn.versions[-1]
        self.writing.add(keeper.reply)
        events = self._stream(turn, request, keeper, self.provider, claim=first)
        return self._with_others(turn, events, self.provider, request.model)

    def _with_others(
        self, turn: Turn, events: AsyncGenerator[Event, None], provider: Provider, model: str
    ) -> AsyncGenerator[Event, None]:
        """`events`; where `model` fails for good, the others that are configured go on."""
        if not self._fallback or provider.name != self.provider.name:
            return events
        limits = self._policy_for(provider, model).limits

        def go_on(following: str, left: Limits) -> AsyncGenerator[Event, None]:
            by = replace(provider, learned=Learned(replay=provider.learned.replay))
            return self._resumed(turn, turn.written, by, following, limits=left)

        return handed_on(events, Chain(self._fallback, limits, self.clock, turn, model), go_on)

    def fit(
        self, prompt: str, before: int | None = None, partial: str = "", by: tuple[Provider, str] | None = None
    ) -> Fit:
        """What of the turns before place `before` (None: all) goes with `prompt` to the model chosen now, or `by`."""
        provider, model = by or (self.provider, self.model)
        turns = self.turns if before is None else self.turns[:before]
        said = [(turn.prompt, turn.said) for turn in turns]
        window = provider.model(model).context
        factor = 1.0 if window is None else factor_of(self._counted(provider, model))
        return fit(self.system, said, prompt + partial, window, self.sampling.max_tokens, factor, self._sizes)

    def _counted(self, provider: Provider, model: str) -> Iterator[tuple[str, int]]:
        """Answers of `model`, the newest first, with the tokens that were counted for just that text."""
        for turn in reversed(self.turns):
            for version in reversed(turn.versions):
                view = version.view
                same = (version.provider, view.model) == (provider.name, model)
                shown = not (view.reasoning_length or view.seams) and version.attempts == 1
                if same and shown and view.ended and view.usage and view.usage.exact:
                    yield view.whole_text(), view.usage.completion

    def sibling(self) -> Talk:
        """A conversation without turns, set as this one is."""
        return Talk(
            self.provider,
            self.model,
            self._policy_for,
            self.writer,
            self.clock,
            system=self.system,
            sampling=self.sampling,
            transport=self._transport,
            retries=self._retries,
            board=self._board,
            log=self._log,
            fallback=self._fallback,
        )

    def use(self, model: str, learned: Callable[[str, str], Learned]) -> None:
        """Ask `model` from the next prompt on."""
        self.model = model
        self.provider = replace(self.provider, learned=learned(self.provider.base_url, model))

    def can_resume(self, turn: Turn) -> bool:
        """Whether its current reply ended without being whole, or at the limit of tokens."""
        version = turn.current
        if version is None or not version.view.ended:
            return False
        return version.view.link.state != "done" or at_limit(version.view)

    def resume(
        self, turn: Turn, by: tuple[Provider, str] | None = None, *, agreed: Fault | None = None
    ) -> AsyncGenerator[Event, None]:
        """Go on with the current reply of `turn` from the text held, with the provider and model chosen now, or `by`.

        Where another process has it by now, nothing is asked, and nothing comes.
        `agreed`: the fault whose `wait` the user has agreed to wait first.
        """
        provider, model = by or (self.provider, self.model)
        events = self._resumed(turn, turn.current, provider, model, agreed=agreed)
        return self._with_others(turn, events, provider, model)

    def _resumed(
        self,
        turn: Turn,
        version: Version | None,
        provider: Provider,
        model: str,
        *,
        agreed: Fault | None = None,
        limits: Limits | None = None,
    ) -> AsyncGenerator[Event, None]:
        """`limits`: what is left of them to one who goes on unasked."""
        assert version is not None
        before = version.view
        text = before.whole_text()
        age = max(0.0, self.clock.wall() - version.quiet_since)
        longer = at_limit(before)
        # What ended at its limit is whole to a server that kept the stream: there is no more of it to replay.
        same = (version.base_url, before.model) == (provider.base_url, model) and not longer
        name, offset = (version.replay if same else None) or (None, 0)
        partial = Partial(text, tuple(version.boundaries), name, offset, before.model, age) if text or name else None
        request = self._request(turn, partial, (provider, model))
        if request.max_tokens is not None and longer:
            # The limit held for what is there; as much again may follow. The engine takes off what it sends back.
            request = replace(request, max_tokens=request.max_tokens + estimate_tokens(text))
        # A different answer, should one come, stands behind all the replies that there are.
        keeper = Keeper(self.writer, self.clock, turn.id, len(turn.versions) - 1, provider, self.id)
        thought = before.reasoning_length > 0
        keeper.go_on(
            request, version.id, version.next_seq, version.attempts, thought=thought, unasked=limits is not None
        )
        turn.written, version.base_url = version, provider.base_url
        resumed = fresh(model, text, before.seams)
        if text:
            resumed = replace(resumed, reasoning=before.reasoning, reasoning_length=before.reasoning_length)
        resumed = replace(resumed, link=LinkView(earlier=version.attempts))
        version.view = replace(resumed, usage=before.usage, cost_usd=before.cost_usd, at_least=before.at_least)
        version.provider = provider.name
        self.writing.add(version.id)
        return self._stream(turn, request, keeper, provider, before, agreed, limits=limits)

    def halt(self, turn: Turn) -> None:
        """The reply of `turn` is stopped: its view says so. What was received stays."""
        version = turn.written
        if version is not None and not version.view.ended and not version.elsewhere:
            version.view, version.replay = replace(stopped(version.view), note=self.ending), None

    async def _stream(
        self,
        turn: Turn,
        request: Request,
        keeper: Keeper,
        provider: Provider,
        before: ReplyView | None = None,
        agreed: Fault | None = None,
        *,
        claim: bool = False,
        limits: Limits | None = None,
    ) -> AsyncGenerator[Event, None]:
        """`before`: the reply as it stood when it was resumed. `claim`: it may be another's by the time it is asked."""
        from tui.engine import stream_reply

        policy = self._policy_for(provider, request.model)
        if limits is not None:
            policy = replace(policy, limits=limits)
        events = stream_reply(
            request,
            provider,
            policy,
            self.clock,
            transport=self._transport,
            retries=self._retries,
            agreed=agreed,
            hurry=self.hurry,
        )
        passive = Passive()
        try:
            if claim or before is not None:
                await self._claimed()
            async with aclosing(events):
                while not self.writer.lost(keeper.reply):
                    told = await anext(events, None)
                    if told is None:
                        return
                    event = with_earlier_cost(told, before) if before is not None else told
                    if (sample := passive.hear(event)) is not None:
                        self._board.add(provider.name, request.model, sample)
                    self._log.hear(event, keeper.reply)
                    keeper.note(event)
                    self._fold(turn, event, keeper, provider)
                    if isinstance(event, Done | Error):
                        self._learn(provider, request.model, event.learned)
                    yield event
            # Somebody else goes on with it: what he writes is the reply (follow.py shows it).
            if turn.written is not None:
                turn.written.view = replace(turn.written.view, note=ELSEWHERE)
                if claim and turn.written in turn.versions:
                    turn.versions.remove(turn.written)
        finally:
            keeper.stopped(self.ending)
            self.writing.discard(keeper.reply)
            if turn.being_written:
                self._log.stopped()
            self.halt(turn)

    async def _claimed(self) -> None:
        """Until the journal has taken the claim of a reply, or has had its time: where it cannot be
        written, the reply goes on in memory."""
        saved = asyncio.wrap_future(self.writer.flush())
        await asyncio.wait([saved], timeout=CLAIM)
        if saved.done():
            saved.exception()
        else:
            saved.cancel()

    def _fold(self, turn: Turn, event: Event, keeper: Keeper, provider: Provider) -> None:
        latest = turn.written
        assert latest is not None
        if isinstance(event, NewReply):
            before = replace(latest.view, ended=True, note="superseded")
            turn.versions[turn.versions.index(latest)] = replace(latest, view=before, superseded=True)
            self.writing.discard(latest.id)
            self.writing.add(keeper.reply)
            latest = turn.written = Version(keeper.reply, latest.view, provider=provider.name, stream=latest.stream)
            latest.base_url = provider.base_url
            turn.versions.append(latest)
            self.prefer(turn, latest.id)
        latest.hear(event)
        latest.view = fold(latest.view, event)
        if isinstance(event, Content):
            latest.quiet_since = self.clock.wall()
            latest.note_boundary()
        latest.next_seq, latest.attempts = keeper.progress

    def _learn(self, provider: Provider, model: str, learned: Learned) -> None:
        """What the reply has taught, for the next one, where that is asked of the same."""
        if (provider.base_url, model) == (self.provider.base_url, self.model):
            self.provider = replace(self.provider, learned=learned)

    def prefer(self, turn: Turn, reply: ReplyId) -> None:
        """Where a choice among the replies of `turn` was made before: it is `reply` now. Else the newest counts."""
        if turn.chosen is not None and self.id is not None:
            turn.chosen = reply
            self.writer.put(ChooseReply(self.id, turn.id, reply))

    def _request(self, turn: Turn, partial: Partial | None, by: tuple[Provider, str] | None = None) -> Request:
        """What the model is asked: as much of the turns before as fits, of each the reply chosen."""
        place = self.turns.index(turn)
        turn.fit = self.fit(turn.prompt, place, partial.text if partial else "", by)
        messages = [Message("system", self.system)] if self.system else []
        for number, earlier in enumerate(self.turns[:place]):
            text = earlier.said
            if text and number not in turn.fit.left_out:
                messages += [Message("user", earlier.prompt), Message("assistant", text)]
        messages.append(Message("user", turn.prompt))
        asked = self.sampling
        model = by[1] if by else self.model
        return Request(model, tuple(messages), asked.max_tokens, asked.temperature, asked.seed, partial)
