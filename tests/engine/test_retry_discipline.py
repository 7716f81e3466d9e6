"""How often, how late and how long a reply asks: caps, waits, and the budget of retries that replies share."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from fakes import Asked, Fin, Pause, Rst, Script, Stall, refuse, status
from hypothesis import given
from hypothesis import strategies as st
from model_servers import chunk, stream
from play import PREFILL, REQUEST, Played, play
from scenes import TEXT, head, held, serving

from tui.engine.retry_budget import MOST, WINDOW, RetryBudget, counts
from tui.words import Error, Fault, Limits, Model, Policy, Price, Provider, Request, Retry, State

URL = "https://a.example/v1"
TIRELESS = Policy(retry=Retry(max_retries=1000, max_backoff=8.0), limits=Limits(attempts=0))
BUSY = status(503, "busy")


# The budget that replies share


@given(st.lists(st.tuples(st.floats(0, 900), st.floats(0, 300)), max_size=150))
def test_no_window_holds_more_than_its_most(asked: list[tuple[float, float]]) -> None:
    budget, now, made = RetryBudget(most=5, window=100.0), 0.0, []
    for pause, wait in asked:
        now += pause / 30
        if budget.take(URL, now, now + wait):
            made.append(now + wait)
        else:
            free = now + budget.free_in(URL, now)
            assert budget.free_in(URL, now) > 0 or wait > 0
            assert RetryBudget(5, 100.0).take(URL, free, free)
    made.sort()
    assert all(late - early >= 100.0 for early, late in zip(made, made[5:], strict=False))


def test_what_is_free_again_is_told_to_the_second() -> None:
    budget = RetryBudget()
    for second in range(MOST):
        assert budget.take(URL, 1000.0 + second, 1000.0 + second)
    assert not budget.take(URL, 1100.0, 1100.0)
    assert budget.free_in(URL, 1100.0) == 500.0
    assert not budget.take(URL, 1599.9, 1599.9)
    assert budget.take(URL, 1600.0, 1600.0)
    assert budget.free_in(URL, 1600.0) == 1.0
    assert budget.take("https://b.example/v1", 1600.0, 1600.0)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("rate-limit", permanent=False, status=429), True),
        (Fault("server", permanent=False, status=500), True),
        (Fault("server-timeout", permanent=False, status=524), True),
        (Fault("overloaded", permanent=False), True),
        (Fault("server-timeout", permanent=False, status=408), False),
        (Fault("server", permanent=False, status=409), False),
        (Fault("reset", permanent=False), False),
        (Fault("truncated", permanent=False, status=200), False),
    ],
)
def test_429_and_5xx_count(fault: Fault, expected: bool) -> None:
    assert counts(fault) is expected


def test_a_redirected_answer_counts_by_its_status_and_not_by_its_kind() -> None:
    assert not counts(Fault("overloaded", permanent=False, status=302))
    assert counts(Fault("overloaded", permanent=False, status=200))


def test_what_stands_in_the_readme() -> None:
    assert (MOST, WINDOW) == (30, 600.0)


def test_thirty_retries_in_ten_minutes_over_replies_and_models() -> None:
    budget = RetryBudget()
    begun: list[float] = []
    made: list[float] = []
    started = 1000.0
    models = iter(("one", "two", "three", "one"))
    for _ in range(4):
        result = play(lambda _: BUSY, request=Request(next(models), REQUEST.messages), policy=TIRELESS, retries=budget,
                      started=started)  # fmt: skip
        begun.append(result.wire.asked[0].at)
        made += [asked.at for asked in result.wire.asked[1:]]
        started = result.clock.now()
        assert result.fault.kind == "retry-budget"
        assert result.fault.wait is not None
        assert result.fault.wait > 0
        assert result.fault.detail == "HTTP 503: busy"
        assert not result.fault.permanent
    made.sort()
    assert len(made) == MOST
    assert all(late - early >= WINDOW for early, late in zip(made, made[MOST:], strict=False))


def test_a_user_who_asks_again_is_no_retry_and_another_provider_is_another_budget() -> None:
    budget = RetryBudget(most=1)
    tired = play([BUSY, BUSY], retries=budget)
    assert tired.fault.kind == "retry-budget"
    assert isinstance(tired.last, Error)
    assert tired.last.failed_after_retries == 1
    assert play([Script((stream(TEXT),))], retries=budget).done.text == TEXT
    other = Provider("other", "http://127.0.0.1:10/v1")
    assert play([BUSY, Script((stream(TEXT),))], provider=other, retries=budget).done.text == TEXT
    assert play([refuse(), Script((stream(TEXT),))], retries=budget).done.text == TEXT


def test_the_partial_is_kept_when_the_budget_is_used_up() -> None:
    budget = RetryBudget(most=2)
    result = play(serving(30, *[BUSY] * 9), retries=budget, policy=TIRELESS)
    assert (result.fault.kind, result.text) == ("retry-budget", held(30))


def test_without_a_shared_budget_a_reply_has_one_of_its_own() -> None:
    result = play(lambda _: BUSY, policy=TIRELESS)
    assert result.fault.kind == "retry-budget"
    assert len(result.wire.asked) > MOST


# Caps of one reply


def waits(result: Played) -> list[State]:
    return [state for state in result.of(State) if state.state == "backing_off"]


def test_no_backoff_sleeps_past_the_limit_of_time() -> None:
    asked_to_wait = status(503, headers={"retry-after": "90"})
    result = play(lambda _: asked_to_wait, policy=Policy(limits=Limits(seconds=200.0)))
    assert result.fault.kind == "time-used"
    assert [wait.t for wait in waits(result)] == [1000.0, 1090.0]
    assert result.clock.now() == 1180.0
    assert (result.fault.status, result.fault.permanent) == (503, False)


@pytest.mark.parametrize(
    ("script", "text"),
    [
        (Script((head(20),), Stall()), held(20)),
        (Script((), Stall()), ""),
        (Script((), Stall(), before=(Pause(1000.0),)), ""),
        (Script((head(20), *[Pause(1.0), b": ping\n\n"] * 100)), held(20)),
        (Script((head(20), *[Pause(1.0), chunk({"reasoning": "hm"})] * 100)), held(20)),
    ],
)
def test_a_stall_ends_with_the_limit_of_time(script: Script, text: str) -> None:
    result = play([script], policy=Policy(limits=Limits(seconds=45.0)))
    assert (result.fault.kind, result.text) == ("time-used", text)
    assert 1045.0 <= result.clock.now() <= 1046.0


def test_an_answer_that_is_whole_when_time_is_up_is_whole() -> None:
    late = Script((head(20), Pause(44.5), chunk({}, "stop")), Stall())
    assert play([late], policy=Policy(limits=Limits(seconds=45.0))).done.text == held(20)


def test_an_endless_reasoning_ends_with_the_limit_of_tokens() -> None:
    thought = [chunk({"reasoning": "and on "})] * 3000
    result = play([Script(tuple(thought), Stall())], policy=Policy(limits=Limits(tokens=500)))
    assert result.fault.kind == "tokens-used"
    assert len(result.events) < 500


def test_an_endless_seam_ends_with_the_limit_of_tokens() -> None:
    repeated = [chunk({"content": " "})] * 3000
    result = play(serving(30, Script(tuple(repeated), Stall())), policy=Policy(limits=Limits(tokens=80)))
    assert result.fault.kind == "tokens-used"
    assert result.text == held(30)


def test_money_is_counted_at_the_models_price() -> None:
    priced = Provider("p", URL, models={"test": Model("test", price=Price(output=1000.0), first_rung="prefill")})
    flood = Script((head(20), *[chunk({"content": "and on "})] * 3000), Stall())
    result = play([flood], provider=priced, policy=Policy(limits=Limits(usd=0.5)))
    assert result.fault.kind == "money-used"
    assert 1900 < len(result.text) < 2200


@pytest.mark.parametrize("attempts", [1, 2, 7])
def test_attempts_are_counted_whatever_they_were(attempts: int) -> None:
    policy = Policy(retry=Retry(max_retries=50), limits=Limits(attempts=attempts))
    for serve in (lambda _: refuse(), serving(*[20] * 1, *[refuse()] * 20), serving(*[9] * 20)):
        result = play(serve, policy=policy)
        assert len(result.wire.asked) == attempts
        assert result.fault.kind == "attempts-used"


# Between two requests


def never_twice_at_once(result: Played) -> bool:
    return all(late.at - early.at >= 0.0999 for early, late in itertools.pairwise(result.wire.asked))


@pytest.mark.parametrize(
    "serve",
    [
        serving(30, behaviour="different"),
        serving(30, behaviour="refuses"),
        serving(*[30] * 6, behaviour="other-words"),
        lambda _: Script((head(9),), Rst()),
        lambda _: status(503, headers={"retry-after": "0"}),
        lambda _: status(429, headers={"retry-after-ms": "1"}),
        lambda _: refuse(),
    ],
)
def test_requests_of_a_reply_are_a_tenth_of_a_second_apart(serve: Callable[[Asked], Script]) -> None:
    hasty = Policy(retry=Retry(initial_backoff=0.001, max_backoff=0.001))
    result = play(serve, policy=hasty, dice=lambda: 0.0)
    assert len(result.wire.asked) > 1
    assert never_twice_at_once(result)


# What a server asks for


@pytest.mark.parametrize("asked", ["301", "7200", "99999999999999999999", "Fri, 15 Jan 2100 08:00:00 GMT"])
def test_a_server_that_asks_for_more_than_five_minutes_is_not_obeyed_unasked(asked: str) -> None:
    result = play([status(429, headers={"retry-after": asked})])
    assert result.fault.kind == "rate-limit"
    assert result.fault.wait is not None
    assert result.fault.wait > 300.0
    assert result.clock.slept == []


@pytest.mark.parametrize("asked", ["-5", "soon", "", "1e3", "Mon, 99 Nov 2026 00:00:00 GMT"])
def test_what_cannot_be_read_is_as_if_nothing_was_asked(asked: str) -> None:
    result = play([status(503, headers={"retry-after": asked}), Script((stream(TEXT),))], dice=lambda: 0.5)
    assert [round(slept, 3) for slept in result.clock.slept] == [0.625]


def test_a_429_that_says_nothing_waits_a_minute_then_two() -> None:
    result = play([status(429), status(429), Script((stream(TEXT),))])
    assert result.clock.slept == [60.0, 120.0]


def test_a_wait_that_the_user_agreed_to_is_shown_and_kept_to() -> None:
    agreed = Fault("rate-limit", permanent=False, wait=7200.0)
    result = play(serving(), partial=None, agreed=agreed, policy=Policy(limits=Limits(seconds=600.0)))
    (wait,) = waits(result)
    assert (wait.since, wait.until, wait.fault) == (1000.0, 8200.0, agreed)
    assert [asked.at for asked in result.wire.asked] == [8200.0]
    assert result.done.text == TEXT
    assert result.states[0] == "backing_off"


# The configured back-off


def test_waits_in_a_row_grow_whatever_the_dice_say() -> None:
    """Else a provider sees retries at a constant pace or a quickening one, for a quarter of all pairs."""
    rolls = iter([0.999, 0.0, 0.0, 0.0, 0.0])
    result = play(lambda _: status(503), dice=lambda: next(rolls))
    slept = result.clock.slept
    assert len(slept) == 5
    assert all(after > before * 1.2 for before, after in itertools.pairwise(slept))


def test_after_new_text_the_first_wait_is_short_again() -> None:
    rolls = iter([0.999, 0.999, 0.0])
    result = play(serving(status(503), status(503), 30), dice=lambda: next(rolls))
    assert result.done.text == TEXT
    assert result.clock.slept[-1] == 0.25


def test_the_first_wait_is_never_longer_than_the_longest() -> None:
    result = play([refuse(), Script((head(30),), Fin()), *[refuse()] * 5], policy=Policy(retry=Retry(3, 4.0, 4.0)),
                  provider=PREFILL, dice=lambda: 0.9999)  # fmt: skip
    assert max(result.clock.slept) <= 4.0
