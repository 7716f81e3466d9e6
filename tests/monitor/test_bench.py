"""The benchmark: what is asked, what counts, and what is made of it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from gateway import Gateway
from hypothesis import given
from hypothesis import strategies as st

from tui.clock import RealClock
from tui.monitor.bench import Plan, Result, Run, Target, bench, histogram, results
from tui.timing import Timing
from tui.words import Fault, Key, Provider


def provider(url: str, name: str = "p", key: Key | None = None) -> Provider:
    return Provider(name, url, key=key, local=True)


def ran(plan: Plan) -> list[tuple[Target, Run]]:
    async def main() -> list[tuple[Target, Run]]:
        async with aclosing(bench(plan, RealClock())) as runs:
            return [run async for run in runs]

    return asyncio.run(main())


def test_cold_is_a_fresh_connection_and_warm_the_same_one_again() -> None:
    with Gateway(tokens=3, gap=0.02) as gateway:
        plan = Plan((Target(provider(gateway.url), "a"),), count=3, interval=0.0, tokens=3)
        runs = ran(plan)
        assert [(one.connection, one.place) for one in gateway.log] == [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)]
        asked = gateway.log[0].asked
    assert (asked["model"], asked["max_tokens"], asked["stream"]) == ("a", 3, True)
    assert asked["messages"] == [{"role": "user", "content": "Hi"}]
    assert [(run.connection, run.timing.warm) for _, run in runs] == 3 * [("cold", False), ("warm", True)]
    cold, warm = results(plan.targets, runs)
    assert (cold.ttfb.came, cold.of(lambda t: t.tcp).came, warm.of(lambda t: t.tcp).came) == (3, 3, 0)
    assert (cold.itl.came, cold.tps.came, warm.ttft.came) == (6, 3, 3)
    assert cold.met(60.0) is True
    assert cold.met(1e-9) is False


def test_models_and_providers_take_turns() -> None:
    with Gateway(tokens=2) as one, Gateway(tokens=2) as two:
        targets = (Target(provider(one.url), "a"), Target(provider(two.url, "q"), "b"))
        plan = Plan(targets, count=2, interval=0.0)
        runs = ran(plan)
    order = [(target.model, run.connection) for target, run in runs]
    assert order == 2 * [("a", "cold"), ("a", "warm"), ("b", "cold"), ("b", "warm")]
    assert [(found.target.model, found.connection) for found in results(targets, runs)] == order[:4]


def test_a_server_that_keeps_no_connection_has_no_warm_one() -> None:
    with Gateway(tokens=2, keep=False) as gateway:
        plan = Plan((Target(provider(gateway.url), "a"),), count=2, interval=0.0)
        cold, warm = results(plan.targets, ran(plan))
    assert (cold.ttfb.came, cold.not_kept) == (2, 0)
    assert (warm.ttfb.came, warm.not_kept, warm.faults, warm.met(1.0)) == (0, 2, (), None)


def test_a_server_that_closes_behind_a_stream_is_warmed_by_its_free_list() -> None:
    with Gateway(tokens=2, keep_streams=False) as gateway:
        plan = Plan((Target(provider(gateway.url), "a"),), count=2, interval=0.0)
        cold, warm = results(plan.targets, ran(plan))
        chats = [one for one in gateway.log if one.path.endswith("/chat/completions")]
    assert (cold.ttfb.came, warm.ttfb.came, warm.not_kept) == (2, 2, 0)
    # One chat more to learn it, unless the server closed in the moment in which it was asked: then it saw none.
    assert [one.place for one in chats] in ([1, 1, 2, 1, 2], [1, 2, 1, 2])


def test_a_connection_that_is_closed_just_when_it_is_asked_again_is_no_failure() -> None:
    with Gateway(tokens=2, late=True) as gateway:
        plan = Plan((Target(provider(gateway.url), "a"),), count=2, interval=0.0)
        cold, warm = results(plan.targets, ran(plan))
    assert (cold.ttfb.came, warm.ttfb.came, warm.faults, warm.not_kept) == (2, 2, (), 0)


def test_a_failure_is_counted_and_measures_nothing() -> None:
    with Gateway(tokens=2, status_of=lambda number: 500 if number == 3 else 200) as gateway:
        plan = Plan((Target(provider(gateway.url), "a"),), count=2, interval=0.0)
        cold, warm = results(plan.targets, ran(plan))
        # Behind the failure nothing stands: the free list opens what the warm one needs.
        assert [(one.connection, one.path.rpartition("/")[2]) for one in gateway.log] == [
            (1, "completions"),
            (1, "completions"),
            (2, "completions"),
            (3, "models"),
            (3, "completions"),
        ]
    assert (cold.ttfb.came, [fault.kind for fault in cold.faults]) == (1, ["server"])
    assert (warm.ttfb.came, warm.not_kept) == (2, 0)


def test_a_refused_key_is_asked_once_and_not_shown() -> None:
    key = Key("k-very-secret-123456")
    with Gateway(status=401) as gateway:
        plan = Plan((Target(provider(gateway.url, key=key), "a"),), count=5, interval=0.0)
        runs = ran(plan)
        assert len(gateway.log) == 1
    assert [run.fault.kind for _, run in runs if run.fault] == ["unauthorized"]
    assert "secret" not in repr(runs)


def test_the_deadline_ends_a_request_and_says_what_was_missing() -> None:
    with Gateway(head=5.0) as gateway:
        plan = Plan((Target(provider(gateway.url), "a"),), count=1, interval=0.0, deadline=0.1)
        runs = ran(plan)
    assert [run.fault.kind for _, run in runs if run.fault] == ["no-first-byte", "no-first-byte"]
    with Gateway(text=5.0) as gateway:
        plan = Plan((Target(provider(gateway.url), "a"),), count=1, interval=0.0, deadline=0.2)
        (cold, _) = results(plan.targets, ran(plan))
    assert [(fault.kind, fault.detail) for fault in cold.faults] == [("no-text", "deadline: 0.2 s")]
    assert cold.ttfb.came == 0


def test_an_answer_longer_than_the_deadline_keeps_what_was_measured() -> None:
    with Gateway(tokens=1000, gap=0.02) as gateway:
        plan = Plan((Target(provider(gateway.url), "a"),), count=1, interval=0.0, deadline=0.4)
        cold, warm = results(plan.targets, ran(plan))
    for one in (cold, warm):
        assert (one.faults, one.cut, one.not_kept) == ((), 1, 0)
        assert (one.ttfb.came, one.ttft.came, one.tps.came) == (1, 1, 0)
        assert one.itl.came > 1


def test_nobody_there() -> None:
    with Gateway() as gateway:
        url = gateway.url
    plan = Plan((Target(provider(url), "a"),), count=1, interval=0.0)
    assert [run.fault.kind for _, run in ran(plan) if run.fault] == ["refused", "refused"]


def test_tokens_per_second_are_of_the_providers_count() -> None:
    with Gateway(tokens=4, gap=0.02, usage=False) as gateway:
        plan = Plan((Target(provider(gateway.url), "a"),), count=1, interval=0.0)
        cold, _ = results(plan.targets, ran(plan))
    assert (cold.tps.came, cold.itl.came) == (0, 3)


def test_the_mean_is_what_meets_the_target_not_the_median() -> None:
    target = Target(provider("http://x/v1"), "a")
    runs = tuple(Run("cold", Timing(ttfb=value)) for value in (0.01, 0.01, 0.2))
    result = Result(target, "cold", runs)
    assert result.ttfb.p50 == 0.01
    assert result.met(0.05) is False
    assert Result(target, "cold", (Run("cold", fault=Fault("reset", permanent=False)),)).met(0.05) is None


@given(st.lists(st.floats(1e-4, 30.0), max_size=60))
def test_every_value_has_one_bin_and_the_bins_are_few_and_round(values: list[float]) -> None:
    bins = histogram(values)
    assert sum(one.count for one in bins) == len(values)
    assert len(bins) <= 10
    if values:
        width = bins[0].high - bins[0].low
        assert all(one.high - one.low == pytest.approx(width) for one in bins)
        assert bins[0].low - 1e-9 <= min(values) < bins[0].high + 1e-9
        assert bins[-1].low - 1e-9 <= max(values)
        assert f"{width:.0e}"[0] in "125"
