"""GET /models: what its answers mean."""

from __future__ import annotations

import asyncio
import json

from hypothesis import given
from hypothesis import strategies as st
from wire_server import PAGE, Answer, WireServer

from tui.clock import RealClock
from tui.monitor.chat_probe import ask
from tui.monitor.models import KeyRefused, ModelsAnswer, Present, Unreachable, fetch_models, ids_of, windows_of
from tui.net import Got
from tui.words import Key, Provider

JSON = {"Content-Type": "application/json"}


def asked(answer: Answer, deadline: float = 5.0) -> tuple[ModelsAnswer, WireServer]:
    with WireServer([answer]) as server:
        provider = Provider("p", server.url, key=Key("secret"), local=True)
        return asyncio.run(fetch_models(provider, deadline)), server


def test_a_list_in_its_order_each_once() -> None:
    body = {"data": [{"id": "b"}, {"id": "a"}, {"id": "b"}, {"id": 3}, {}, "x", {"id": ""}]}
    answer, server = asked(Answer(json.dumps(body).encode(), headers=JSON, framing="length"))
    assert isinstance(answer, Present)
    assert answer.ids == ("b", "a")
    assert answer.ttfb > 0
    assert server.seen[0].path.endswith("/models")
    assert server.seen[0].headers["authorization"] == "Bearer secret"


def test_a_refused_key() -> None:
    body = b'{"error": {"message": "Incorrect API key"}}'
    answer, _ = asked(Answer(body, 401, JSON, "length"))
    assert answer == KeyRefused("HTTP 401: Incorrect API key")


def test_what_is_no_list_is_a_fault() -> None:
    kinds = {}
    for name, answer in {
        "page": PAGE,
        "gone": Answer(b"", 404, JSON, "length"),
        "error": Answer(b'{"error": {"code": 503, "message": "m"}}', 200, JSON, "length"),
        "text": Answer(b"hello", 200, JSON, "length"),
        "silent": Answer(silent=True),
    }.items():
        got, _ = asked(answer)
        assert isinstance(got, Unreachable)
        kinds[name] = got.fault.kind
    expected = {"page": "page", "gone": "not-found", "error": "overloaded", "text": "garbled", "silent": "no-answer"}
    assert kinds == expected


def test_a_server_that_says_nothing_is_given_up_at_the_deadline() -> None:
    got, _ = asked(Answer(b"x", cut=0, end="stall"), deadline=0.2)
    assert isinstance(got, Unreachable)
    assert got.fault.kind in ("no-first-byte", "no-bytes")


@given(st.binary(max_size=200))
def test_any_body_is_a_list_or_none(body: bytes) -> None:
    assert ids_of(body) is None or b"data" in body


JSONS = st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x))


@given(st.lists(JSONS))
def test_any_data_gives_texts(data: list[object]) -> None:
    ids = ids_of(json.dumps({"data": data}).encode())
    assert ids is not None
    assert all(ids)


def test_a_chat_probe_asks_one_word() -> None:
    with WireServer([Answer(b'{"choices": []}', headers=JSON, framing="length")]) as server:
        provider = Provider("p", server.url, key=Key("secret"), local=True)
        got: Got = asyncio.run(ask(provider, "m", 5.0, RealClock()))
        sent = server.seen[0].json()
    assert (got.status, got.body) == (200, b'{"choices": []}')
    assert got.ttfb >= 0
    assert (sent["model"], sent["max_tokens"]) == ("m", 10)


def test_a_list_tells_the_contexts_that_its_server_calls_by_many_names() -> None:
    entries: list[object] = [
        {"id": "vllm", "max_model_len": 32768},
        {"id": "openrouter", "context_length": 200000, "top_provider": {"context_length": 131072}},
        {"id": "groq", "context_window": 8192},
        {"id": "mistral", "max_context_length": 65536},
        {"id": "lmstudio", "max_context_length": 131072, "loaded_context_length": 4096},
        {"id": "llamacpp", "meta": {"n_ctx_train": 8192, "n_ctx": 4096}},
        {"id": "older llamacpp", "meta": {"n_ctx_train": 8192}},
        {"id": "silent", "context_length": None, "meta": None},
        {"id": "odd", "context_length": "8192", "max_model_len": True, "n_ctx": -1, "context_window": 0},
        {"id": 3, "context_length": 8192},
        "x",
    ]
    assert windows_of(json.dumps({"data": entries}).encode()) == {
        "vllm": 32768,
        "openrouter": 131072,
        "groq": 8192,
        "mistral": 65536,
        "lmstudio": 4096,
        "llamacpp": 4096,
        "older llamacpp": 8192,
    }
    assert windows_of(b"<html>") == windows_of(b"[]") == windows_of(b'{"data": 3}') == {}


def entries_of(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.dictionaries(st.sampled_from(["id", "meta", "context_length", "n_ctx", "top_provider"]), inner)


@given(st.recursive(st.none() | st.integers() | st.text(max_size=3), lambda inner: st.lists(inner) | entries_of(inner)))
def test_whatever_a_list_holds_a_context_is_a_number_of_tokens(value: object) -> None:
    body = json.dumps({"data": [value, {"id": "m", "meta": value, "n_ctx": value}]}).encode()
    assert all(size >= 256 for size in windows_of(body).values())
