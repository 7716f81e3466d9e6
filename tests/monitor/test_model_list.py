"""GET /models: what its answers mean."""

from __future__ import annotations

import asyncio
import json

from hypothesis import given
from hypothesis import strategies as st
from wire_server import PAGE, Answer, WireServer

from tui.clock import RealClock
from tui.monitor.chat_probe import ask
from tui.monitor.models import KeyRefused, ModelsAnswer, Present, Unreachable, fetch_models, ids_of
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
