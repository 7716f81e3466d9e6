"""The attempt's steps, the waits, the sums and the requests: the parts without I/O, a table each."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.attempt import (
    OPEN,
    Bill,
    Broke,
    Eof,
    IllegalStep,
    Input,
    Open,
    Over,
    Phase,
    Whole,
    step,
)
from tui.engine.chunks import Counted, Finish, Garbled, Ignored, Text, Thought, Trouble
from tui.engine.faults import CONTENT_FILTER, TRUNCATED
from tui.engine.kept import keeps_streams
from tui.engine.ladder import LEAST_TOKENS, Ask, first_rung, plan
from tui.engine.ledger import Ledger, estimate_tokens
from tui.engine.policy import (
    FLOOR,
    GROWTH,
    RATE_LIMIT_FIRST,
    RATE_LIMIT_MOST,
    asks_for_a_wait,
    backoff,
    is_drawn,
    wait_for,
)
from tui.words import Dialect, Fault, Learned, Message, Model, Price, Provider, Request, Retry, Rung, TokenCount

RESET = Fault("reset", permanent=False)
WHOLE = Whole("stop")


def _pairs() -> list[tuple[Phase, Input, Phase, object]]:
    same: list[tuple[Phase, Input, Phase, object]] = []
    for phase in (OPEN, WHOLE):
        same += [
            (phase, Text("a"), phase, Text("a")),
            (phase, Thought("a"), phase, Thought("a")),
            (phase, Ignored("ping"), phase, None),
        ]
    return [
        *same,
        (OPEN, Counted(1, 2), OPEN, Bill(1, 2)),
        (OPEN, Finish("stop"), WHOLE, None),
        (OPEN, Finish("length"), Whole("length"), None),
        (OPEN, Finish("anything"), Whole("anything"), None),
        (OPEN, Finish(None), Over(None), None),
        (OPEN, Finish("content_filter"), Over(CONTENT_FILTER), None),
        (OPEN, Trouble(RESET), Over(RESET), None),
        (OPEN, Broke(RESET), Over(RESET), None),
        (OPEN, Garbled("{x"), Over(Fault("garbled", permanent=False, detail="{x")), None),
        (OPEN, Eof(), Over(TRUNCATED, clean=True), None),
        (WHOLE, Counted(1, 2), WHOLE, Bill(1, 2)),
        (WHOLE, Finish(None), Over(None, "stop"), None),
        (WHOLE, Finish("stop"), WHOLE, None),
        (WHOLE, Finish("content_filter"), WHOLE, None),
        (WHOLE, Trouble(RESET), Over(None, "stop"), None),
        (WHOLE, Broke(RESET), Over(None, "stop"), None),
        (WHOLE, Garbled("{x"), Over(None, "stop"), None),
        (WHOLE, Eof(), Over(None, "stop"), None),
    ]


@pytest.mark.parametrize(("phase", "got", "after", "effect"), _pairs())
def test_a_listed_pair(phase: Phase, got: Input, after: Phase, effect: object) -> None:
    assert step(phase, got) == (after, effect)


@pytest.mark.parametrize(
    "got",
    [
        Text("a"),
        Thought("a"),
        Ignored(""),
        Counted(1, 2),
        Finish(None),
        Trouble(RESET),
        Broke(RESET),
        Garbled(""),
        Eof(),
    ],
)
@pytest.mark.parametrize("over", [Over(None), Over(RESET), Over(None, "stop")])
def test_when_it_is_over_nothing_may_come(over: Over, got: Input) -> None:
    with pytest.raises(IllegalStep):
        step(over, got)


def test_every_pair_is_listed_or_raises() -> None:
    inputs = {type(got) for _, got, _, _ in _pairs()}
    assert inputs == {Text, Thought, Ignored, Counted, Finish, Trouble, Broke, Garbled, Eof}
    for phase in (Open, Whole):
        assert {type(got) for before, got, _, _ in _pairs() if isinstance(before, phase)} == inputs


# Waiting

retries = st.builds(
    Retry, st.integers(0, 50), st.floats(0.0, 30.0, allow_nan=False), st.floats(0.0, 600.0, allow_nan=False)
)


@given(retries, st.integers(1, 2000), st.floats(0.0, 1.0, exclude_max=True))
def test_a_backoff_is_within_its_bounds(retry: Retry, count: int, roll: float) -> None:
    seconds = backoff(retry, count, lambda: roll)
    ceiling = min(retry.max_backoff, retry.initial_backoff * 2.0 ** min(count - 1, 60))
    assert min(FLOOR, ceiling) <= seconds <= ceiling


def test_one_backoff_is_a_quarter_longer_than_the_one_before_at_least() -> None:
    assert backoff(Retry(), 3, lambda: 0.0, 2.0) == 2.5


def test_full_jitter_uses_the_whole_room() -> None:
    assert [backoff(Retry(), n, lambda: 0.0) for n in (1, 2, 9)] == [FLOOR, FLOOR, FLOOR]
    assert [backoff(Retry(), n, lambda: 1.0) for n in (1, 2, 3, 4, 9)] == [1.0, 2.0, 4.0, 8.0, 60.0]


@given(retries, st.integers(2, 2000), st.floats(0.0, 1.0, exclude_max=True), st.floats(0.0, 600.0))
def test_no_backoff_is_shorter_than_the_one_before(retry: Retry, count: int, roll: float, before: float) -> None:
    seconds = backoff(retry, count, lambda: roll, before)
    ceiling = min(retry.max_backoff, retry.initial_backoff * 2.0 ** min(count - 1, 60))
    assert min(ceiling, before * GROWTH) <= seconds <= ceiling


def test_what_a_server_asks_for_is_waited_and_not_capped() -> None:
    assert wait_for(Fault("overloaded", permanent=False, wait=120.0), Retry(), 1, 0, lambda: 0.0) == 120.0
    assert wait_for(Fault("rate-limit", permanent=False, wait=0.0), Retry(), 1, 1, lambda: 0.0) == FLOOR


def test_a_rate_limit_that_says_nothing_waits_a_minute_then_longer() -> None:
    limit = Fault("rate-limit", permanent=False)
    waits = [wait_for(limit, Retry(), n, n, lambda: 0.0) for n in (1, 2, 3, 4, 5, 90)]
    assert waits == [RATE_LIMIT_FIRST, 120.0, 240.0, RATE_LIMIT_MOST, RATE_LIMIT_MOST, RATE_LIMIT_MOST]


@pytest.mark.parametrize(
    ("fault", "drawn", "asks"),
    [
        (Fault("reset", permanent=False), True, False),
        (Fault("rate-limit", permanent=False), False, False),
        (Fault("overloaded", permanent=False, wait=1.0), False, False),
        (Fault("overloaded", permanent=False, wait=300.0), False, False),
        (Fault("overloaded", permanent=False, wait=300.1), False, True),
        (Fault("rate-limit", permanent=False, wait=3600.0), False, True),
        (Fault("retry-budget", permanent=False, wait=1.0), False, True),
        (Fault("retry-budget", permanent=False), True, False),
    ],
)
def test_whose_wait_it_is(fault: Fault, drawn: bool, asks: bool) -> None:
    """Ours grow from one to the next; over five minutes, and where the budget is used up, the user is asked."""
    assert is_drawn(fault) is drawn
    assert asks_for_a_wait(fault) is asks


@pytest.mark.parametrize(
    ("status", "body", "keeps"),
    [
        (200, b"[]", True),
        (200, b'[{"id":"a"}]', True),
        (200, b"{}", False),
        (200, b"<html>", False),
        (200, b"[" * 200_000, False),
        (404, b"[]", False),
        (400, b"", False),
        *((status, b"[]", None) for status in (401, 403, 408, 425, 429, 500, 503, 599)),
    ],
)
def test_what_a_lookup_says(status: int, body: bytes, keeps: bool | None) -> None:
    assert keeps_streams(status, body) is keeps


# Sums


def test_sums_of_attempts() -> None:
    ledger = Ledger()
    assert ledger.cost_usd is None
    ledger.add(1000, 500, Price(2.0, 8.0), exact=True)
    assert (ledger.tokens, ledger.cost_usd, ledger.unpriced) == (TokenCount(1000, 500), 0.006, False)
    ledger.add(10, 5, Price(None, 8.0), exact=False)
    assert ledger.tokens == TokenCount(1010, 505, exact=False)
    assert ledger.cost_usd == pytest.approx(0.00604)
    assert ledger.unpriced
    unknown = Ledger()
    unknown.add(1, 1, Price(), exact=True)
    assert (unknown.cost_usd, unknown.unpriced) == (None, True)


def test_tokens_are_estimated_low_and_by_script() -> None:
    assert [estimate_tokens(text) for text in ("", "abc", "abcd", "a" * 400, "日本", "日" * 10)] == [0, 0, 1, 100, 1, 6]


# What is asked

HELD = "Spring opens like a door that somebody forgot to lock; the garden walks in, and with it comes the rain."
ASK = Request("m", (Message("system", "Be brief."), Message("user", "Spring?")), temperature=0.5, seed=7)


def asked(
    held: str = HELD,
    *,
    first: Rung | None = "prefill",
    dialect: Dialect = "plain",
    refused: frozenset[Rung] = frozenset(),
    missed: bool = False,
    request: Request = ASK,
) -> tuple[Ask, dict[str, object]]:
    provider = Provider("p", "http://x/v1", models={"m": Model("m", first_rung=first, dialect=dialect)})
    ask = plan(request, provider, held, [], Learned(refused=refused), missed=missed)
    body: dict[str, object] = json.loads(ask.body)
    return ask, body


def last(body: dict[str, object]) -> dict[str, object]:
    messages = body["messages"]
    assert isinstance(messages, list)
    return messages[-1]


def test_a_plain_request() -> None:
    ask, body = asked("")
    assert (ask.rung, ask.joiner) == (None, None)
    assert body == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Spring?"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.5,
        "seed": 7,
    }


@pytest.mark.parametrize(
    ("dialect", "beside", "inside"),
    [
        ("plain", {}, {}),
        ("llamacpp", {"continue_final_message": True, "add_generation_prompt": False}, {}),
        ("vllm", {"continue_final_message": True, "add_generation_prompt": False}, {}),
        ("prefix", {}, {"prefix": True}),
        ("deepseek", {}, {"prefix": True}),
        ("partial", {}, {"partial": True}),
    ],
)
def test_a_prefill_in_each_dialect(dialect: Dialect, beside: dict[str, object], inside: dict[str, object]) -> None:
    ask, body = asked(dialect=dialect)
    sent = last(body)["content"]
    assert ask.rung == "prefill"
    assert last(body) == {"role": "assistant", "content": sent, **inside}
    assert isinstance(sent, str)
    assert HELD.startswith(sent)
    assert 24 <= len(HELD) - len(sent) <= 120
    plain = asked("")[1]
    assert body.keys() - plain.keys() == beside.keys()
    assert all(body[name] == value for name, value in beside.items())


def test_continue_quotes_the_end_of_what_is_sent() -> None:
    ask, body = asked(first=None)
    assert ask.rung == "continue"
    messages = body["messages"]
    assert isinstance(messages, list)
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[-2]["content"][-120:] in messages[-1]["content"]
    braces, _ = asked("{x} {0} " * 12 + HELD, first=None)
    assert braces.rung == "continue"


@pytest.mark.parametrize("missed", [False, True])
@pytest.mark.parametrize("first", ["prefill", "continue"])
def test_nothing_sent_ends_in_white_space(first: Rung, missed: bool) -> None:
    """Anthropic answers that with 400."""
    for held in (HELD, HELD + " ", HELD + "\n\n", HELD + "\u3000"):
        _, body = asked(held, first=first, missed=missed)
        messages = body["messages"]
        assert isinstance(messages, list)
        sent = next(message["content"] for message in messages if message["role"] == "assistant")
        assert sent == sent.rstrip()
        if missed:
            assert sent == held.rstrip()


def test_refused_rungs_are_not_asked_again() -> None:
    assert asked(refused=frozenset({"prefill"}))[0].rung == "continue"
    assert asked(refused=frozenset({"prefill", "continue"}))[0].rung == "restart"
    assert asked(first="continue", refused=frozenset({"continue"}))[0].rung == "restart"
    assert asked(first="restart")[0].rung == "restart"
    assert asked(first="replay")[0].rung == "prefill"


def test_a_short_text_and_one_without_an_anchor_restart() -> None:
    assert asked(HELD[:47])[0].rung == "restart"
    ask, body = asked("=" * 400)
    assert ask.rung == "restart"
    assert body == asked("")[1]


def test_what_is_configured_goes_before_what_is_guessed() -> None:
    model = Model("m", first_rung="prefill")
    assert first_rung(Provider("p", "u", resume="restart"), model) == "restart"
    assert first_rung(Provider("p", "u"), model) == "prefill"
    assert first_rung(Provider("p", "u"), Model("m")) == "continue"


@pytest.mark.parametrize(("asked_for", "least"), [(1000, 900), (60, 16), (20, 16), (16, 16), (7, 7)])
def test_max_tokens_shrinks_by_what_is_sent(asked_for: int, least: int) -> None:
    request = Request("m", ASK.messages, max_tokens=asked_for)
    held = " ".join(f"Line {n} is not like the others." for n in range(12))
    _, body = asked(held, request=request)
    sent = last(body)["content"]
    assert isinstance(sent, str)
    shrunk = body["max_tokens"]
    assert shrunk == max(min(LEAST_TOKENS, asked_for), asked_for - estimate_tokens(sent))
    assert isinstance(shrunk, int)
    assert least <= shrunk <= asked_for
    assert asked(held, request=request, first="restart")[1]["max_tokens"] == asked_for
    assert asked("", request=request)[1]["max_tokens"] == asked_for


def test_a_lone_surrogate_in_a_prompt_does_not_stop_it() -> None:
    _, body = asked("", request=Request("m", (Message("user", "a\ud83d"),)))
    assert last(body)["content"] == "a?"
