"""The HTTP request of an attempt. Pure."""

from __future__ import annotations

from tui.engine.ladder import Ask
from tui.wire import HttpCall
from tui.words import Key, Provider, Timeouts


def call_for(ask: Ask, provider: Provider, timeouts: Timeouts) -> HttpCall:
    """`ask` as it goes to `provider`."""
    headers = {
        "accept": "text/event-stream",
        "accept-encoding": "identity",
        "cache-control": "no-store",
        "content-type": "application/json",
    }
    if provider.key is not None:
        headers["authorization"] = f"Bearer {provider.key.reveal()}"
    return HttpCall(
        (ask.base_url or provider.base_url) + "/chat/completions", headers, ask.body, timeouts, provider.local
    )


def without(key: Key, text: str) -> str:
    """`text` without the key, also where its end was cut off: a provider may quote the key that it refuses."""
    secret = key.reveal()
    if not secret:
        return text
    text = text.replace(secret, "…")
    for length in range(min(len(secret), len(text)), 5, -1):
        if text.endswith(secret[:length]):
            return text[:-length] + "…"
    return text
