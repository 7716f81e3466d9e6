"""The HTTP request of an attempt. Pure."""

from __future__ import annotations

import json
from typing import Literal
from urllib.parse import urlencode

from tui import plain
from tui.engine.kept import Kept
from tui.engine.ladder import Ask
from tui.wire import HttpCall
from tui.words import Key, Provider, Timeouts


def call_for(ask: Ask, provider: Provider, timeouts: Timeouts, kept: Kept | None = None) -> HttpCall:
    """`ask` as it goes to `provider`; `kept`: the stream that it is, or is to be."""
    if ask.rung == "replay" and kept is not None:
        headers = _headers(provider, "text/event-stream")
        where = {"conv_id": kept.id, "from": str(kept.offset)}
        return HttpCall(_stream_url(provider, where), headers, b"", timeouts, provider.local, "GET")
    headers = _headers(provider, "text/event-stream", "application/json")
    if kept is not None:
        headers["x-conversation-id"] = kept.id
    url = (ask.base_url or provider.base_url) + "/chat/completions"
    return HttpCall(url, headers, ask.body, timeouts, provider.local)


def lookup_call(provider: Provider, name: str, timeouts: Timeouts) -> HttpCall:
    """Asks whether the server keeps streams: of `name`, which nobody has; any answer that is a list says yes.

    A name of its own for each reply: to a server, or to who counts there, the same question again after a 404 is a
    client that does not listen.
    """
    headers = _headers(provider, "application/json", "application/json")
    body = json.dumps({"conversation_ids": [name]}).encode()
    return HttpCall(_versioned(provider.base_url) + "/streams/lookup", headers, body, timeouts, provider.local)


def stop_call(provider: Provider, name: str, timeouts: Timeouts) -> HttpCall:
    """Ends the generation of the stream `name`, and forgets it."""
    url = _stream_url(provider, {"conv_id": name})
    return HttpCall(url, _headers(provider, "application/json"), b"", timeouts, provider.local, "DELETE")


def _stream_url(provider: Provider, where: dict[str, str]) -> str:
    return f"{_versioned(provider.base_url)}/stream?{urlencode(where)}"


def _versioned(base_url: str) -> str:
    """llama.cpp answers chats with and without /v1 before them, but knows its streams only with it."""
    return base_url if base_url.endswith("/v1") else base_url + "/v1"


def _headers(provider: Provider, accept: str, content: Literal["application/json", ""] = "") -> dict[str, str]:
    headers = {"accept": accept, "accept-encoding": "identity", "cache-control": "no-store"}
    if content:
        headers["content-type"] = content
    if provider.key is not None:
        headers["authorization"] = f"Bearer {provider.key.reveal()}"
    return headers


def without(key: Key, text: str) -> str:
    """`text` without `key` or a part of it: a provider may quote the key that it refuses."""
    return plain.without(key.reveal(), text)
