"""Whole replies on the fake clock: states, countdowns, retries, waits, refusals, seams."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from fakes import Asked, Fin, Rst, Script, Stall, refuse, status
from model_servers import chunk, sent_back, stream
from play import PREFILL, UNKNOWN, play
from scenes import OTHER, TEXT, head, held, serving

from tui.words import Content, Learned, Limits, NewReply, Partial, Policy, Retry, SeamMark, State

# States


def test_a_reply_without_faults() -> None:
    result = play([Script((stream(TEXT),))])
    assert result.states == ["connecting", "waiting", "streaming", "done"]
    assert result.done.text == TEXT
    assert result.done == replace(result.done, finish_reason="stop", attempts=1, resumes=0, verified=True, note="")
    assert result.usage.usage.exact
    assert result.clock.slept == []
    assert [event.accumulated for event in result.of(Content)][-1] == TEXT


def test_a_cut_and_its_resume_state_by_state() -> None:
    result = play(serving(20))
    assert result.states == [
        "connecting", "waiting", "streaming", "backing_off", "connecting", "waiting", "resuming", "streaming", "done",
    ]  # fmt: skip
    assert result.done.text == TEXT
    (seam,) = result.seams
    assert seam == SeamMark(len(held(20)), "prefill", True, result.clock.slept[0], seam.paid_twice, ("test", "test"))
    assert 24 // 4 <= seam.paid_twice <= 120 // 4
    assert result.faults == ["truncated"]
    assert result.done.resumes == 1


def test_a_connection_that_is_refused_never_waits_for_an_answer() -> None:
    result = play([refuse(), Script((stream(TEXT),))])
    assert result.states == ["connecting", "backing_off", "connecting", "waiting", "streaming", "done"]
    assert result.seams == []


def test_the_countdown_ends_when_the_next_request_is_made() -> None:
    result = play(serving(20, 5, refuse(), 9, status(503), 4))
    states = [event for event in result.of(State) if event.state == "backing_off"]
    assert len(states) == 6
    assert [event.until for event in states] == [asked.at for asked in result.wire.asked[1:]]
    assert all(event.since == event.t for event in states)
    assert result.done.text == TEXT


def test_connection_ids_count_attempts() -> None:
    result = play(serving(20, 5))
    ids = [event.connection_id for event in result.events]
    assert ids == sorted(ids)
    assert len(set(ids)) == 3


# Retries


def test_retries_run_out() -> None:
    result = play(lambda _: refuse(), dice=lambda: 0.999)
    assert result.fault.kind == "refused"
    assert result.last == replace(result.last, attempts=6, text="")
    assert getattr(result.last, "failed_after_retries", None) == 5
    assert all(0.25 <= slept <= cap for slept, cap in zip(result.clock.slept, (1, 2, 4, 8, 16), strict=True))
    assert sum(result.clock.slept) > 30
    counts = [event.retry_count for event in result.of(State) if event.state == "backing_off"]
    assert counts == [1, 2, 3, 4, 5]
    assert "All connection attempts failed" in result.fault.detail


def test_retries_run_out_and_the_partial_is_kept() -> None:
    result = play(serving(20, *[refuse()] * 9))
    assert result.fault.kind == "refused"
    assert result.text == held(20)


def test_verified_progress_begins_a_new_count() -> None:
    result = play(serving(20, *[12] * 3), policy=Policy(retry=Retry(max_retries=1)))
    assert result.done.text == TEXT
    assert len(result.seams) >= 3
    assert {event.retry_count for event in result.of(State) if event.state == "backing_off"} == {1}


def test_an_unverified_seam_is_no_progress() -> None:
    calls = 0

    def serve(asked: Asked) -> Script:
        nonlocal calls
        calls += 1
        text = TEXT if calls == 1 else f"Number {calls} tells of other things, at length. " * 40
        return Script((head(30, text) if calls % 2 else stream(text)[:-200],), Fin())

    result = play(serve, policy=Policy(retry=Retry(max_retries=3)))
    assert getattr(result.last, "failed_after_retries", None) == 3
    assert not all(seam.verified for seam in result.seams)


def test_a_new_reply_is_no_progress() -> None:
    calls = 0

    def serve(asked: Asked) -> Script:
        nonlocal calls
        calls += 1
        return Script((head(30, f"Answer number {calls}: " + OTHER),), Fin())

    result = play(serve, provider=replace(PREFILL, resume="restart"), policy=Policy(retry=Retry(max_retries=3)))
    assert getattr(result.last, "failed_after_retries", None) == 3
    assert len(result.of(NewReply)) == 3


def test_reasoning_alone_is_no_progress() -> None:
    result = play(lambda _: Script((chunk({"reasoning": "hm"}),), Rst()))
    assert result.fault.kind == "reset"
    assert len(result.wire.asked) == 6


@pytest.mark.parametrize("code", [400, 401, 402, 403, 404, 413, 418, 422, 307])
def test_a_permanent_status_is_asked_once(code: int) -> None:
    result = play(lambda _: status(code, '{"error": {"message": "No."}}'))
    assert len(result.wire.asked) == 1
    assert result.fault.permanent
    assert getattr(result.last, "failed_after_retries", None) == 0
    assert result.clock.slept == []


@pytest.mark.parametrize("code", [408, 409, 425, 500, 502, 503, 504, 520, 524, 529])
def test_a_passing_status_is_asked_again(code: int) -> None:
    result = play([status(code, "<html><title>Busy</title>"), Script((stream(TEXT),))])
    assert result.done.text == TEXT
    (fault,) = [event.fault for event in result.of(State) if event.state == "backing_off"]
    assert fault is not None
    assert fault.detail == f"HTTP {code}: Busy"


@pytest.mark.parametrize("error", [httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] x"), httpx.InvalidURL("x")])
def test_a_permanent_exception_is_asked_once(error: Exception) -> None:
    assert len(play(lambda _: refuse(error)).wire.asked) == 1


def test_a_permanent_fault_in_the_middle_keeps_the_text() -> None:
    result = play(serving(20, status(401, '{"error": {"message": "key expired"}}')))
    assert result.fault.kind == "unauthorized"
    assert result.text == held(20)


def test_a_rate_limit_waits_a_minute_then_two() -> None:
    result = play([status(429), status(429), Script((stream(TEXT),))])
    assert result.clock.slept == [60.0, 120.0]
    assert result.done.text == TEXT


@pytest.mark.parametrize("code", [429, 503])
def test_retry_after_is_honoured_beyond_the_longest_backoff(code: int) -> None:
    result = play([status(code, headers={"retry-after": "200"}), Script((stream(TEXT),))])
    assert result.clock.slept == [200.0]


def test_a_server_that_asks_for_too_long_is_not_obeyed() -> None:
    result = play([status(429, headers={"retry-after": "301"})])
    assert (result.fault.kind, result.fault.wait, result.fault.permanent) == ("rate-limit", 301.0, False)
    assert result.clock.slept == []


def test_a_date_in_a_long_error_page_is_read_by_the_clock() -> None:
    page = b"<html>" + b"x" * 100_000
    headers = {"retry-after": "Fri, 15 Jan 2027 08:01:30 GMT"}  # the fake clock's epoch is 08:00:00
    result = play([Script((page,), status=503, headers=headers), Script((stream(TEXT),))])
    assert result.clock.slept == [90.0]


@pytest.mark.parametrize(
    ("limits", "kind"),
    [
        (Limits(attempts=3), "attempts-used"),
        (Limits(seconds=2.0), "time-used"),
        (Limits(tokens=30), "tokens-used"),
    ],
)
def test_a_budget_ends_a_reply(limits: Limits, kind: str) -> None:
    policy = Policy(retry=Retry(max_retries=50), limits=limits)
    result = play(lambda _: Script((chunk({"reasoning": "word " * 10}),), Rst()), policy=policy)
    assert result.fault.kind == kind
    assert not result.fault.permanent


def test_a_stream_without_end_ends_with_its_budget() -> None:
    result = play(
        lambda _: Script((head(20), *[chunk({"content": "and on "})] * 3000), Stall()),
        policy=Policy(limits=Limits(tokens=500)),
    )
    assert result.fault.kind == "tokens-used"
    assert 1500 < len(result.text) < 2500
    assert len(result.wire.asked) == 1
    assert result.wire.closed_early == 1


# Rungs


def test_a_refused_prefill_goes_one_rung_down_at_once_and_is_remembered() -> None:
    result = play(serving(20, behaviour="refuses"))
    assert result.done.text == TEXT
    assert result.done.learned == Learned(refused=frozenset({"prefill"}))
    assert [sent_back(asked)[1] for asked in result.wire.asked] == ["", "prefill", "continue"]
    assert [seam.how for seam in result.seams] == ["continue"]
    assert len([event for event in result.of(State) if event.state == "backing_off"]) == 1
    assert result.clock.slept[1] <= 0.1001
    again = play(serving(20, behaviour="refuses"), provider=replace(PREFILL, learned=result.done.learned))
    assert [sent_back(asked)[1] for asked in again.wire.asked] == ["", "continue"]


def test_a_gateway_that_refuses_inside_the_stream_is_understood_too() -> None:
    refusal = b'data: {"error": {"code": 400, "message": "Provider returned error"}}\n\n'
    result = play(serving(20, Script((refusal,))))
    assert result.done.text == TEXT
    assert result.done.learned.refused == frozenset({"prefill"})


def test_everything_refused_restarts() -> None:
    def serve(asked: Asked) -> Script:
        if sent_back(asked)[1]:
            return status(422, "no")
        return Script((head(20),), Fin()) if len(calls) == 1 else Script((stream(TEXT),))

    calls: list[Asked] = []

    def counted(asked: Asked) -> Script:
        calls.append(asked)
        return serve(asked)

    result = play(counted)
    assert result.done.text == TEXT
    assert result.done.learned.refused == frozenset({"prefill", "continue"})
    assert [(seam.how, seam.verified) for seam in result.seams] == [("restart", True)]


def test_a_400_to_a_first_request_refuses_nothing() -> None:
    result = play(lambda _: status(400, "no such parameter"))
    assert result.fault.kind == "bad-request"
    assert getattr(result.last, "learned", None) == Learned()


def test_a_context_that_is_too_long_refuses_no_rung() -> None:
    body = '{"error": {"code": "context_length_exceeded", "message": "8192 tokens"}}'
    result = play(serving(20, status(400, body)))
    assert (result.fault.kind, result.text) == ("too-long", held(20))


# Seams


def test_a_miss_is_appended_and_says_so() -> None:
    result = play(serving(30, behaviour="different"))
    assert result.done.text.startswith(held(30))
    assert not result.done.verified
    assert [seam.verified for seam in result.seams] == [False]
    assert [sent_back(asked)[0] for asked in result.wire.asked][-1] == held(30).rstrip()
    assert len([event for event in result.of(State) if event.state == "backing_off"]) == 1
    assert result.replies == [result.done.text]


def test_other_words_from_the_beginning_are_a_new_reply() -> None:
    said = iter([TEXT, OTHER])
    cut = iter([True])
    result = play(
        lambda _: Script((head(30, next(said)),), Fin()) if next(cut, False) else Script((stream(next(said)),)),
        provider=replace(PREFILL, resume="restart"),
    )
    assert result.replies == [held(30), OTHER]
    assert result.done.text == OTHER
    assert [event.reply for event in result.of(NewReply)] == [2]
    assert result.of(Content)[-1].accumulated == OTHER
    assert result.done.verified


def test_a_partial_from_another_process_and_model_is_resumed_first() -> None:
    partial = Partial(TEXT[:90], model="older")
    result = play(serving(), partial=partial)
    assert result.done.text == TEXT
    assert result.states[:3] == ["connecting", "waiting", "resuming"]
    (seam,) = result.seams
    assert (seam.at, seam.models) == (90, ("older", "test"))
    refused = play(serving(behaviour="refuses"), partial=partial)
    assert refused.done.text == TEXT
    assert refused.done.learned.refused == frozenset({"prefill"})


def test_nothing_known_means_continue() -> None:
    result = play(serving(20), provider=UNKNOWN)
    assert [seam.how for seam in result.seams] == ["continue"]
