"""The probe that costs: a chat of one word, for providers whose model list says nothing about their speed."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from tui.clock import Clock
from tui.wire import HttpCall, Transport, WireError
from tui.words import Provider, Timeouts

if TYPE_CHECKING:
    from tui.net import Got

MAX_TOKENS = 10
ENOUGH = 64 * 1024
"""Bytes of the answer that are read: ten tokens take some hundred."""


async def ask(provider: Provider, model: str, deadline: float, clock: Clock, transport: Transport | None = None) -> Got:
    """POST "Hi" to `model`; ttfb is from the request sent to the headers. WireError after `deadline` seconds."""
    from tui.net import Got, post

    sent = clock.now()

    def note() -> None:
        nonlocal sent
        sent = clock.now()

    body = bytearray()
    try:
        async with asyncio.timeout(deadline), (transport or post)(_call(provider, model, deadline), note) as reply:
            ttfb = clock.now() - sent
            async for chunk in reply.chunks():
                body += chunk
                if len(body) > ENOUGH:
                    break
    except TimeoutError as error:
        raise WireError from error
    return Got(reply.status, reply.headers, bytes(body), ttfb)


def _call(provider: Provider, model: str, deadline: float) -> HttpCall:
    headers = {"content-type": "application/json", "accept": "application/json", "accept-encoding": "identity"}
    if provider.key is not None:
        headers["authorization"] = f"Bearer {provider.key.reveal()}"
    asked = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": MAX_TOKENS}
    limits = Timeouts(connect=deadline, write=deadline, first_byte=deadline)
    url = provider.base_url + "/chat/completions"
    return HttpCall(url, headers, json.dumps(asked).encode(), limits, local=provider.local)
