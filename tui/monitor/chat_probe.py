"""The probe that costs: a chat of one word, for providers whose model list says nothing about their speed."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui.clock import Clock
from tui.wire import HttpCall, Transport, WireError
from tui.words import Price, Provider, Timeouts

if TYPE_CHECKING:
    from tui.net import Got

MAX_TOKENS = 10
ENOUGH = 64 * 1024
"""Bytes of the answer that are read: ten tokens take some hundred."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What the probes of this run cost, as far as the provider tells."""

    probes: int = 0
    tokens: int = 0
    cost_usd: float | None = None
    """None: no price is known."""

    def plus(self, got: Got, price: Price) -> Spent:
        """With one more answer counted."""
        prompt, completion = _usage(got.body)
        parts = [(prompt, price.input), (completion, price.output)]
        known = [tokens * dollars / 1_000_000 for tokens, dollars in parts if dollars is not None]
        cost = (self.cost_usd or 0.0) + sum(known) if known else self.cost_usd
        return Spent(self.probes + 1, self.tokens + prompt + completion, cost)


def _usage(body: bytes) -> tuple[int, int]:
    """Prompt and completion tokens, 0 where the answer does not tell."""
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return 0, 0
    usage = value.get("usage") if isinstance(value, dict) else None
    if not isinstance(usage, dict):
        return 0, 0
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
    return prompt if isinstance(prompt, int) else 0, completion if isinstance(completion, int) else 0


async def ask(provider: Provider, model: str, deadline: float, clock: Clock, transport: Transport | None = None) -> Got:
    """POST "Hi" to `model`; ttfb is from the request sent to the headers. WireError after `deadline` seconds."""
    from tui.net import Got, exchange

    sent = clock.now()

    def note() -> None:
        nonlocal sent
        sent = clock.now()

    body = bytearray()
    try:
        async with asyncio.timeout(deadline), (transport or exchange)(_call(provider, model, deadline), note) as reply:
            ttfb = clock.now() - sent
            async for chunk in reply.chunks():
                body += chunk
                if len(body) > ENOUGH:
                    break
    except TimeoutError as error:
        raise WireError from error
    measured = reply.timing.ttfb
    ttfb = ttfb if measured is None else measured
    return Got(reply.status, reply.headers, bytes(body), ttfb, replace(reply.timing, ttfb=ttfb))


def _call(provider: Provider, model: str, deadline: float) -> HttpCall:
    headers = {"content-type": "application/json", "accept": "application/json", "accept-encoding": "identity"}
    if provider.key is not None:
        headers["authorization"] = f"Bearer {provider.key.reveal()}"
    asked = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": MAX_TOKENS}
    limits = Timeouts(connect=deadline, write=deadline, first_byte=deadline)
    url = provider.base_url + "/chat/completions"
    return HttpCall(url, headers, json.dumps(asked).encode(), limits, local=provider.local)
