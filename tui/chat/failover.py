"""Failover: where a model fails for good, the next one of a configured chain goes on with its reply.

None is configured by default: the model never changes unasked. What the next one makes of the text held is a resume
like any other: a seam that names both models and says whether it is verified, or another reply beside the first.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from tui.chat.turns import HandedOn, Turn
from tui.clock import Clock
from tui.words import Error, Event, Fault, Limits

_FOR_ALL = ("unauthorized", "content-filter")
"""What every model there would answer, and what the user has to settle."""

_WAY = (
    "refused",
    "connect-timeout",
    "dns",
    "certificate",
    "not-tls",
    "proxy",
    "bad-url",
    "redirect",
    "page",
    "transport",
)
"""The way to the provider."""

_LIMITS = ("attempts-used", "time-used", "tokens-used", "money-used", "retry-budget")
"""Of the reply and of the run: all models share them."""

NOT_THE_MODELS = frozenset((*_FOR_ALL, *_WAY, *_LIMITS))
"""Kinds of faults that another model of the same provider would not mend."""


class Chain:
    """How far one reply is along it."""

    def __init__(self, models: Sequence[str], limits: Limits, clock: Clock, turn: Turn, model: str) -> None:
        """`models` are asked in their order, each once, after `model`, who answers now."""
        self._models, self._limits, self._clock, self._turn = models, limits, clock, turn
        self._model, self._tried = model, {model}
        self._began = clock.now()
        self._before = turn.written.attempts if turn.written is not None else 0

    def after(self, fault: Fault) -> tuple[str, Limits] | None:
        """Who goes on after `fault`, and what is left to him; None where nobody does."""
        following = next((model for model in self._models if model not in self._tried), None)
        left = self._left()
        if following is None or left is None or fault.kind in NOT_THE_MODELS:
            return None
        self._turn.handed.append(HandedOn(self._model, following, fault))
        self._tried.add(following)
        self._model = following
        return following, left

    def _left(self) -> Limits | None:
        """Of the limits, which hold for all models together; None where one is reached."""
        version, limits = self._turn.written, self._limits
        if version is None:
            return None
        usage = version.view.usage
        left = (
            limits.attempts - (version.attempts - self._before),
            limits.seconds - (self._clock.now() - self._began),
            limits.tokens - (usage.prompt + usage.completion if usage is not None else 0),
            limits.usd - (version.view.cost_usd or 0.0),
        )
        asked = (limits.attempts, limits.seconds, limits.tokens, limits.usd)
        if any(limit and rest <= 0 for limit, rest in zip(asked, left, strict=True)):
            return None
        return replace(
            limits,
            attempts=left[0] if limits.attempts else 0,
            seconds=left[1] if limits.seconds else 0.0,
            tokens=left[2] if limits.tokens else 0,
            usd=left[3] if limits.usd else 0.0,
        )


async def handed_on(
    events: AsyncGenerator[Event, None], chain: Chain, go_on: Callable[[str, Limits], AsyncGenerator[Event, None]]
) -> AsyncGenerator[Event, None]:
    """`events`, and those of the models that go on by `go_on` where one fails: its error is not the reply's then."""
    while True:
        following: tuple[str, Limits] | None = None
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Error) and (following := chain.after(event.fault)) is not None:
                    continue  # it is the last, and in the journal
                yield event
        if following is None:
            return
        events = go_on(*following)
