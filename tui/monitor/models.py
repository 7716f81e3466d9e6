"""GET /models: which models a provider offers, whether it takes the key, and how fast it answers."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from tui.engine.call import without
from tui.engine.faults import in_stream, is_page, message_of, not_a_stream, of_exception, of_status
from tui.timing import Timing
from tui.wire import WireError
from tui.words import Fault, Key, Provider

if TYPE_CHECKING:
    from tui.net import Got

KEY_TEST = 5.0
"""Seconds that a person waits for the test of a key, or for the list."""

OK = 200

AGAIN = 64 * 1024
"""Bytes of an answer that may be asked for twice in a row: lists of hundreds of models are a burden on a slow link."""


class Get(Protocol):
    """net.get, or what a test has instead."""

    def __call__(self, url: str, key: Key | None, deadline: float, *, local: bool = False) -> Awaitable[Got]: ...


@dataclass(frozen=True, slots=True)
class Present:
    """The list."""

    ids: tuple[str, ...]
    """In the provider's order, each once. Outside text: not yet made safe."""
    ttfb: float
    """Seconds."""
    windows: Mapping[str, int] = field(default_factory=dict)
    """The contexts of those of which it tells them, tokens."""


@dataclass(frozen=True, slots=True)
class KeyRefused:
    """The provider answers, but not for this key."""

    detail: str
    """What it said. Outside text: not yet made safe."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No list, and nothing learned about the key."""

    fault: Fault


ModelsAnswer = Present | KeyRefused | Unreachable


async def fetch_models(provider: Provider, deadline: float = KEY_TEST, *, get: Get | None = None) -> ModelsAnswer:
    """Ask `provider` for its models, within `deadline` seconds. Raises nothing for what the network does."""
    try:
        got = await (get or real_get())(provider.base_url + "/models", provider.key, deadline, local=provider.local)
    except WireError as error:
        return Unreachable(fault_of_wire(error))
    fault = fault_of_answer(got)
    if fault is not None:
        if provider.key is not None:
            # A provider may quote the key it refuses.
            fault = replace(fault, detail=without(provider.key, fault.detail))
        return KeyRefused(fault.detail) if fault.kind == "unauthorized" else Unreachable(fault)
    return Present(ids_of(got.body) or (), got.ttfb, windows_of(got.body))


async def twice(url: str, key: Key | None, deadline: float, *, local: bool = False) -> tuple[Got, float | None]:
    """GET `url` on a fresh connection; and the TTFB of the same request once more on it, where that is to be had."""
    from tui.net import Line

    async with Line(url, local=local) as line:
        got = await line.get(url, key, deadline)
        if got.status != OK or len(got.body) > AGAIN:
            return got, None
        try:
            again = await line.get(url, key, deadline)
        except WireError:
            # The first one is the measurement; a connection that was not kept is no fault.
            return got, None
        return got, again.ttfb if again.timing.warm else None


def real_get() -> Get:
    """httpx is loaded when the first request is made, not when the program starts."""
    from tui.net import get

    return get


def fault_of_wire(error: WireError) -> Fault:
    """Why no answer came; a deadline that passed is no broken connection."""
    cause = error.__cause__ or error
    if isinstance(cause, TimeoutError):
        return Fault(_late(error.timing), permanent=False, detail=type(cause).__name__)
    return of_exception(cause)


def _late(timing: Timing) -> str:
    """How far the request had come tells who did not answer: the address, or the server behind it."""
    if timing.ttfb is not None:
        return "no-bytes"
    connected = timing.warm or timing.tcp is not None or timing.sent is not None
    return "no-first-byte" if connected else "connect-timeout"


def _not_taken(got: Got, text: str) -> Fault | None:
    """What is wrong with it whatever was asked for."""
    if got.status != OK:
        return of_status(got.status, got.headers, text, time.time())
    if not got.whole:
        return Fault("too-much", permanent=True, detail=f"{len(got.body):,} B …", status=got.status)
    return None


def fault_of_answer(got: Got) -> Fault | None:
    """What is wrong with an answer to GET /models; None where it is a list."""
    text = got.body.decode("utf-8", "replace")
    if (fault := _not_taken(got, text)) is not None:
        return fault
    if ids_of(got.body) is not None:
        return None
    if is_page(text):
        return not_a_stream(got.headers.get("content-type", ""), text)
    return _other(got, text)


def fault_of_chat(got: Got) -> Fault | None:
    """What is wrong with an answer to a chat of one word; None where a model answered, in a stream or not."""
    text = got.body.decode("utf-8", "replace")
    if (fault := _not_taken(got, text)) is not None:
        return fault
    if is_page(text):
        return not_a_stream(got.headers.get("content-type", ""), text)
    value = json_of(got.body)
    if text.lstrip().startswith("data:") or (isinstance(value, dict) and isinstance(value.get("choices"), list)):
        return None
    return _other(got, text)


def _other(got: Got, text: str) -> Fault:
    """An answer of 200 that is neither what was asked for nor a page."""
    value = json_of(got.body)
    if isinstance(value, dict) and value.get("error"):
        return in_stream(value["error"])
    return Fault("garbled", permanent=False, detail=message_of(text), status=got.status)


def ids_of(body: bytes) -> tuple[str, ...] | None:
    """The `data[].id` of a model list; None where `body` is none. Entries without an id are passed over."""
    value = json_of(body)
    data = value.get("data") if isinstance(value, dict) else None
    if not isinstance(data, list):
        return None
    ids = (one.get("id") for one in data if isinstance(one, dict))
    return tuple(dict.fromkeys(one for one in ids if isinstance(one, str) and one))


WINDOWS = (
    "context_length",  # OpenRouter, Together; OpenRouter's top_provider has it once more
    "max_model_len",  # vLLM, SGLang
    "context_window",  # Groq
    "max_context_length",  # Mistral, LM Studio
    "loaded_context_length",  # LM Studio
    "n_ctx",  # llama.cpp, under "meta"
    "n_ctx_train",  # the same: what the model was made for
)
"""The fields in which lists of models tell a context."""

LEAST_WINDOW = 256
"""Tokens. Servers that do not know tell 0 or -1; no model that chats has less."""

WITHIN = ("meta", "top_provider")
"""Objects of an entry that may hold such a field too."""


def windows_of(body: bytes) -> dict[str, int]:
    """The contexts, tokens, that a list of models tells. Where it tells several for one model, the smallest holds: what
    is loaded may be less than what the model could."""
    value = json_of(body)
    data = value.get("data") if isinstance(value, dict) else None
    found: dict[str, int] = {}
    for one in data if isinstance(data, list) else ():
        name = one.get("id") if isinstance(one, dict) else None
        if isinstance(name, str) and name:
            places = [one, *(one.get(place) for place in WITHIN)]
            told = [place.get(field) for place in places if isinstance(place, dict) for field in WINDOWS]
            sizes = [size for size in told if type(size) is int and size >= LEAST_WINDOW]
            if sizes:
                found[name] = min(sizes)
    return found


def json_of(body: bytes) -> object:
    """None where `body` is no JSON."""
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value
