"""The probe that costs: a chat of one word, for providers whose model list says nothing about their speed."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui.clock import Clock
from tui.engine.ledger import estimate_tokens
from tui.monitor.models import fault_of_chat, json_of
from tui.timing import UNTIMED
from tui.wire import HttpCall, Transport, WireError
from tui.words import Price, Provider, Timeouts

if TYPE_CHECKING:
    from tui.net import Got

MAX_TOKENS = 10
ABOUT_PROMPT = 8
"""Tokens of "Hi" and the marks that chat templates put around it: what providers that count tell of it."""
ENOUGH = 64 * 1024
"""Bytes of the answer that are read: ten tokens take some hundred."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What the probes of this run cost, as far as the provider tells."""

    probes: int = 0
    tokens: int = 0
    cost_usd: float | None = None
    """None: no price is known."""
    exact: bool = True
    """The provider counted every token; else some are estimated."""
    unanswered: int = 0
    """Probes that were sent and lost: the provider may have answered, and charged, what never arrived."""

    @property
    def perhaps(self) -> int:
        """Tokens, estimated, that these may have cost at most."""
        return self.unanswered * (ABOUT_PROMPT + MAX_TOKENS)

    @property
    def mark(self) -> str:
        """What stands before what is known: at least so much, about so much, or nothing."""
        return "≥ " if self.unanswered else "" if self.exact else "≈ "

    def without_answer(self, *, sent: bool) -> Spent:
        """With one more that was lost, before it was sent (which costs nothing) or after."""
        return replace(self, probes=self.probes + 1, unanswered=self.unanswered + sent)

    def plus(self, got: Got, price: Price) -> Spent:
        """With one more answer counted. What is no answer of a model costs nothing."""
        if fault_of_chat(got) is not None:
            return replace(self, probes=self.probes + 1)
        value = json_of(got.body)
        answer = value if isinstance(value, dict) else {}
        counted = _usage(answer.get("usage"))
        prompt, completion = counted or (ABOUT_PROMPT, _about(answer.get("choices")))
        parts = [(prompt, price.input), (completion, price.output)]
        known = [tokens * dollars / 1_000_000 for tokens, dollars in parts if dollars is not None]
        cost = (self.cost_usd or 0.0) + sum(known) if known else self.cost_usd
        tokens = self.tokens + prompt + completion
        exact = self.exact and counted is not None
        return replace(self, probes=self.probes + 1, tokens=tokens, cost_usd=cost, exact=exact)


def _usage(usage: object) -> tuple[int, int] | None:
    """Prompt and completion tokens; None where the answer does not tell."""
    if not isinstance(usage, dict):
        return None
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
    return (prompt, completion) if isinstance(prompt, int) and isinstance(completion, int) else None


def _about(choices: object) -> int:
    """Tokens of the answer, estimated by its text; where none is seen (a stream, reasoning): all that may be."""
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    text = message.get("content") if isinstance(message, dict) else None
    return min(MAX_TOKENS, max(1, estimate_tokens(text))) if isinstance(text, str) and text else MAX_TOKENS


async def ask(provider: Provider, model: str, deadline: float, clock: Clock, transport: Transport | None = None) -> Got:
    """POST "Hi" to `model`; ttfb is from the request sent to the headers. WireError after `deadline` seconds."""
    from tui.net import Got, exchange

    sent: float | None = None
    timing = UNTIMED

    def note() -> None:
        nonlocal sent
        sent = clock.now()

    began = clock.now()
    body, whole = bytearray(), True
    try:
        async with asyncio.timeout(deadline), (transport or exchange)(_call(provider, model, deadline), note) as reply:
            timing = reply.timing
            if timing.ttfb is None:
                timing = replace(timing, ttfb=clock.now() - (began if sent is None else sent))
            async for chunk in reply.chunks():
                body += chunk.data
                if len(body) > ENOUGH:
                    whole = False
                    break
    except TimeoutError as error:
        late = WireError()
        late.timing = replace(timing, sent=timing.sent or sent)
        raise late from error
    return Got(reply.status, reply.headers, bytes(body), timing.ttfb or 0.0, timing, whole)


def _call(provider: Provider, model: str, deadline: float) -> HttpCall:
    headers = {"content-type": "application/json", "accept": "application/json", "accept-encoding": "identity"}
    if provider.key is not None:
        headers["authorization"] = f"Bearer {provider.key.reveal()}"
    asked = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": MAX_TOKENS}
    limits = Timeouts(connect=deadline, write=deadline, first_byte=deadline)
    url = provider.base_url + "/chat/completions"
    return HttpCall(url, headers, json.dumps(asked).encode(), limits, local=provider.local)
