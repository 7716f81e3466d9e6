"""The fold over events: what a screen would show after each of them."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.chat.pace import Pace, pace
from tui.chat.view import LinkView, ReplyView, fold, fresh, stopped
from tui.timing import Timing
from tui.words import (
    Content,
    Done,
    Error,
    Event,
    Fault,
    Learned,
    NewReply,
    Reasoning,
    Seam,
    SeamMark,
    State,
    StateName,
    TextSoFar,
    TokenCount,
    Usage,
)

RESET = Fault("reset", permanent=False, detail="ReadError")
MARK = SeamMark(at=5, how="prefill", verified=True, gap=2.3, paid_twice=4, models=("a", "b"))


def state(name: StateName, t: float = 1.0, attempt: int = 1, **more: object) -> State:
    values: dict[str, object] = {"model": "m", "max_retries": 5, "last_byte": t, "last_text": t, "retry_count": 0}
    return State(state=name, attempt=attempt, connection_id=7, t=t, **(values | more))  # type: ignore[arg-type]


def content(text: str, t: float = 2.0) -> Content:
    return Content(content=text, connection_id=7, retry_count=0, t=t, _text=TextSoFar(), _end=0)


def reasoning(text: str, t: float = 2.0) -> Reasoning:
    return Reasoning(content=text, connection_id=7, retry_count=0, t=t)


def seam(mark: SeamMark = MARK) -> Seam:
    return Seam(mark=mark, connection_id=8, retry_count=1, t=3.0)


def new_reply(number: int = 2) -> NewReply:
    return NewReply(reply=number, connection_id=8, retry_count=1, t=3.0)


def usage(prompt: int = 10, completion: int = 20, cost: float | None = 0.5, *, at_least: bool = True) -> Usage:
    counted = TokenCount(prompt, completion)
    return Usage(usage=counted, cost_usd=cost, at_least=at_least, connection_id=8, retry_count=0, t=4.0)


def done(note: str = "", finish: str | None = "stop") -> Done:
    return Done(
        text="", finish_reason=finish, attempts=1, resumes=0, note=note, learned=Learned(),
        connection_id=8, retry_count=0, t=5.0,
    )  # fmt: skip


def error(fault: Fault = RESET, retries: int = 5) -> Error:
    return Error(
        fault=fault, failed_after_retries=retries, text="", attempts=6, resumes=0, learned=Learned(),
        connection_id=8, retry_count=retries, t=5.0,
    )  # fmt: skip


EVERY: list[Event] = [state("connecting"), content("a"), reasoning("b"), seam(), new_reply(), usage(), done(), error()]


def folded(*events: Event, start: ReplyView | None = None) -> ReplyView:
    view = start or fresh("m")
    for event in events:
        view = fold(view, event)
    return view


def test_every_event_is_here() -> None:
    assert {type(event) for event in EVERY} == set(get_args(Event))


@pytest.mark.parametrize("event", EVERY, ids=lambda event: type(event).__name__)
def test_an_event_leaves_older_views_as_they_were(event: Event) -> None:
    before = folded(state("connecting"), content("one"), reasoning("why"), seam(), usage(1, 2))
    as_shown = (before.whole_text(), before.reasoning.upto(before.reasoning_length), before.seams, before.link)
    fold(before, event)
    assert (before.whole_text(), before.reasoning.upto(before.reasoning_length), before.seams, before.link) == as_shown


@given(st.lists(st.text(max_size=5), max_size=30))
def test_text_is_what_came_in_order(pieces: list[str]) -> None:
    view = fresh("m", "held ")
    views = [view]
    for piece in pieces:
        view = fold(view, content(piece))
        views.append(view)
    for count, seen in enumerate(views):
        assert seen.whole_text() == "held " + "".join(pieces[:count])
        assert seen.length == len(seen.whole_text())


def test_a_state_is_entered_once_and_a_new_attempt_enters_it_again() -> None:
    first = replace(state("connecting"), t=10.0, attempt=1)
    view = folded(first, replace(first, t=12.0))
    assert view.link.entered == 10.0
    assert fold(view, replace(first, t=13.0, attempt=2)).link.entered == 13.0


def test_the_first_text_is_timed_from_the_first_request_sent_once() -> None:
    sent = Timing(sent=10.5)
    view = folded(
        state("connecting", 10.0), state("waiting", 10.6, timing=sent), content("a", 11.5), content("b", 19.0)
    )
    assert (view.link.asked_at, view.link.sent_at) == (10.0, 10.5)
    assert view.link.ttft == 1.0
    view = folded(state("connecting", 30.0, attempt=2, timing=Timing(sent=30.5)), content("c", 31.0), start=view)
    assert (view.link.asked_at, view.link.sent_at, view.link.ttft) == (10.0, 10.5, 1.0)


def test_the_phases_stay_until_another_request_tells_some() -> None:
    first, second = Timing(sent=1.0, ttfb=0.2), Timing(sent=9.0)
    view = folded(state("waiting", 1.0, timing=first), state("backing_off", 2.0), state("connecting", 3.0))
    assert view.link.timing == first
    assert folded(state("waiting", 9.0, timing=second), start=view).link.timing == second


def test_the_longest_gap_is_between_two_pieces_and_the_first_wait_is_none() -> None:
    view = folded(state("waiting", 1.0), content("a", 9.0), content("b", 9.5))
    assert view.link.longest_gap == 0.5
    view = folded(
        state("stalled", 11.0), state("streaming", 12.0), reasoning("c", 12.0), content("d", 12.1), start=view
    )
    assert view.link.longest_gap == 2.5


def test_pace_is_estimated_while_it_streams_and_exact_at_the_end() -> None:
    view = fresh("m", "four words were held ")
    view = folded(state("streaming", 1.0), content("a" * 40, 10.0), start=view)
    assert pace(view, 10.5) == Pace(None, exact=False, longest_gap=0.5)
    view = fold(view, content("b" * 44, 12.0))
    assert pace(view, 12.0) == Pace(10.0, exact=False, longest_gap=2.0)
    assert pace(view, 15.0).longest_gap == 3.0
    assert pace(view, 14.9).tokens_per_second == 10.0
    assert pace(view, 15.0).tokens_per_second is None, "while nothing comes there is no rate"
    assert pace(fold(view, content("c" * 4, 36.0)), 36.0).tokens_per_second is not None
    assert pace(fresh("m"), 1.0) == Pace(None, exact=False, longest_gap=None)


def test_one_token_has_no_pace() -> None:
    view = folded(state("streaming", 1.0), content("ab", 10.0), content("cd", 12.0), start=fresh("m"))
    assert pace(view, 12.0) == Pace(None, exact=False, longest_gap=2.0)


def test_the_pace_and_the_gap_of_a_resumed_reply_do_not_count_the_back_off() -> None:
    view = folded(state("streaming", 1.0), content("a" * 40, 10.0), content("b" * 40, 12.0), start=fresh("m"))
    view = folded(state("backing_off", 12.0), start=view)
    lasting = Pace(9.5, exact=False, longest_gap=2.0, longest_break=48.0)
    assert pace(view, 60.0) == lasting, "what lasts now is no gap of the stream"
    view = folded(state("connecting", 70.0, attempt=2), state("streaming", 71.0, attempt=2), start=view)
    view = folded(content("c" * 40, 72.0), content("d" * 40, 73.0), start=view)
    assert pace(view, 73.0) == Pace(13.0, exact=False, longest_gap=2.0, longest_break=60.0)


def test_pace_takes_the_providers_count_where_it_is_of_what_was_read() -> None:
    view = folded(state("streaming", 1.0), content("a" * 40, 10.0), content("b" * 40, 12.0))
    ended = folded(usage(9, 31), done(), start=view)
    assert pace(ended, 99.0) == Pace(15.0, exact=True, longest_gap=2.0)
    second = replace(ended, link=replace(ended.link, attempt=2))
    assert pace(second, 99.0) == Pace(9.5, exact=False, longest_gap=2.0)


def test_content_moves_both_clocks_and_reasoning_too() -> None:
    view = folded(state("streaming", 1.0), content("a", 7.0))
    assert (view.link.last_text, view.link.last_byte) == (7.0, 7.0)
    view = fold(view, reasoning("b", 9.0))
    assert (view.link.last_text, view.link.last_byte) == (9.0, 9.0)


def test_a_state_carries_the_whole_link() -> None:
    view = folded(
        state(
            "backing_off", 4.0, attempt=2, retry_count=3, since=4.0, until=9.5, fault=RESET, rung="prefill", model="x"
        )
    )
    assert view.model == "x"
    assert view.link == LinkView(
        state="backing_off", model="x", connection_id=7, attempt=2, retry_count=3, max_retries=5, until=9.5, since=4.0,
        last_byte=4.0, last_text=4.0, fault=RESET, rung="prefill", asked_at=4.0, entered=4.0, ttft=None,
    )  # fmt: skip


def test_reasoning_of_a_dropped_attempt_leaves_the_view() -> None:
    view = folded(state("connecting"), reasoning("first "), reasoning("thought"))
    assert view.reasoning.upto(view.reasoning_length) == "first thought"
    view = folded(state("backing_off"), state("connecting", attempt=2), start=view)
    assert view.reasoning_length == 0
    assert str(folded(reasoning("again"), start=view).reasoning) == "again"


def test_a_new_reply_begins_empty_and_keeps_what_it_costs() -> None:
    view = folded(state("streaming", model="x"), content("partial"), seam(), usage(), new_reply(2), content("other"))
    assert (view.whole_text(), view.seams, view.reply, view.model) == ("other", (), 2, "x")
    assert (view.usage, view.cost_usd, view.at_least) == (TokenCount(10, 20), 0.5, True)
    assert not view.ended


def test_done_and_error() -> None:
    whole = folded(state("streaming", fault=RESET), content("a"), seam(), usage(), done("bare-end", None))
    assert (whole.ended, whole.link.state, whole.note, whole.finish_reason) == (True, "done", "bare-end", None)
    assert whole.seams == (MARK,)
    failed = folded(state("streaming"), content("a"), error())
    assert (failed.ended, failed.link.state, failed.link.fault, failed.fault) == (True, "failed", RESET, RESET)
    assert (failed.failed_retries, failed.link.until, failed.whole_text()) == (5, None, "a")


def test_stopping_keeps_what_was_received() -> None:
    view = stopped(folded(state("backing_off", until=99.0), content("a"), usage()))
    assert (view.ended, view.link.state, view.link.until, view.whole_text()) == (True, "stopped", None, "a")
    assert view.usage == TokenCount(10, 20)


def test_a_view_is_a_value() -> None:
    view = fresh("m")
    with pytest.raises(dataclasses.FrozenInstanceError):
        view.model = "other"  # type: ignore[misc]
