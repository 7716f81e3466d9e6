"""Rung `replay`: a stream that the server keeps is read on, byte for byte, wherever and however it was cut."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from fakes import Asked, Clean, Fin, Pause, Script, Stall, refuse, status
from kept_streams import ANSWER, FAULTS, KEEPING, KNOWN, REASONED, STREAM, Keeps, content, frame, plain_stream
from play import PREFILL, Played, play
from scenes import TEXT

from tui.engine.kept import LOOKUP_LIMIT
from tui.engine.retry_budget import RetryBudget
from tui.words import Learned, Limits, Partial, Policy, Reasoning, Retry, State, TokenCount

GLUED = {STREAM.index(end) + len(end) for end in (b'"glued"}}]}', b'" together "}}]}')}
"""Places between two objects on one line."""


def reasoning(result: Played) -> str:
    return "".join(event.content for event in result.of(Reasoning))


def assert_exact(result: Played, serve: Keeps) -> None:
    """Nothing lost, nothing twice, and by replay alone."""
    assert result.done.text == result.text == ANSWER
    assert reasoning(result) == REASONED
    assert len(result.replies) == 1
    assert result.done.verified
    assert all((mark.how, mark.verified, mark.paid_twice) == ("replay", True, 0) for mark in result.seams)
    assert len(serve.ids) == 1
    assert serve.stopped == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_cut_at_every_byte(fault: str) -> None:
    for cut in range(len(STREAM)):
        serve = Keeps(STREAM, [(cut, fault)])
        result = play(serve, provider=KNOWN)
        if fault == "error frame" and cut in GLUED:
            # What a gateway puts in makes half a line look whole: the bytes are out of step, and that is noticed.
            assert (result.text, serve.methods) == (ANSWER, ["POST", "GET", "GET", "DELETE", "POST"])
            continue
        assert_exact(result, serve)
        assert serve.methods in (["POST", "GET"], ["POST"])
        first = STREAM.index(frame(content("あけぼの。")))
        assert len(result.seams) == (1 if serve.replayed and serve.replayed[0][1] >= first else 0)


def test_many_cuts_in_one_reply() -> None:
    """Cuts of replays, and of replays of replays, each of which brings something."""
    dice = random.Random(4)
    kinds = [name for name in FAULTS if name != "error frame"]
    for _ in range(400):
        faults = [(dice.randrange(250, 500), dice.choice(kinds)) for _ in range(dice.randrange(2, 5))]
        serve = Keeps(STREAM, faults)
        assert_exact(play(serve, provider=KNOWN), serve)


def test_every_second_cut_within_the_first_frames_of_a_replay() -> None:
    for fault in FAULTS:
        for cut in range(150):
            serve = Keeps(STREAM, [(400, "FIN"), (cut, fault)])
            assert_exact(play(serve, provider=KNOWN), serve)
            assert serve.methods == ["POST", "GET", "GET"]


def test_where_a_replay_begins() -> None:
    """After the last whole frame; and a replay that is cut counts on."""
    first = STREAM.index(frame(content(" Rain"), end=b"\r\n\r\n"))
    second = STREAM.index(frame(content("| 3 |\n")))
    serve = Keeps(STREAM, [(first + 10, "FIN"), (second - first + 10, "RST")])
    result = play(serve, provider=KNOWN)
    assert_exact(result, serve)
    (name,) = serve.ids
    # The comment before the first is no frame: it may be a gateway's own, so it is asked for again.
    assert serve.replayed == [(name, first - len(b":\n\n")), (name, second)]
    assert [mark.at for mark in result.seams] == [len("春はあけぼの。"), len("春はあけぼの。 Rain and  rain,\n")]
    connecting = [state for state in result.of(State) if state.state == "connecting"]
    assert [(state.rung, state.replay_id) for state in connecting] == [(None, name), ("replay", name), ("replay", name)]


def test_a_short_partial_and_none_at_all() -> None:
    for cut, seams in ((STREAM.index(b"\n\n") + 5, 0), (STREAM.index(frame(content("あけぼの。"))), 1)):
        serve = Keeps(STREAM, [(cut, "FIN")])
        result = play(serve, provider=KNOWN)
        assert_exact(result, serve)
        assert len(result.seams) == seams


def test_the_whole_stream_is_billed_once() -> None:
    serve = Keeps(STREAM, [(600, "FIN"), (300, "RST")])
    assert play(serve, provider=KNOWN).usage.usage == TokenCount(38, 21, exact=True)


# Where it cannot go on


@pytest.mark.parametrize("why", ["expired", "offset lost", "page", "unauthorized"])
def test_a_stream_that_is_lost_is_one_rung_down_at_once(why: str) -> None:
    page = Script((b"<!doctype html><title>502</title>",), headers={"content-type": "text/html"})
    second = {"page": page, "unauthorized": status(401)}.get(why)
    stream = plain_stream(TEXT)
    serve = Keeps(stream, [(len(stream) // 2, "FIN"), second], answer=TEXT)
    if why == "offset lost":
        serve.on_broken = lambda name: serve.lost.add(name)
    if why == "expired":
        serve.on_broken = lambda name: serve.kept.pop(name)
    result = play(serve, provider=KNOWN)
    assert result.text == TEXT
    assert serve.methods == ["POST", "GET", "DELETE", "POST"]
    assert serve.stopped == serve.ids[:1]
    assert [mark.how for mark in result.seams] == ["prefill"]
    assert len(result.faults) == 1
    assert max(state.retry_count for state in result.of(State)) == 1
    assert result.done.learned == Learned(replay=True)


SHIFTED = Script((b': [{"delta": {"content": "x"}}]}\n\n', plain_stream(TEXT)), Stall())
"""Something on the way counts other bytes: the replay begins in the middle of an object."""


@pytest.mark.parametrize(
    "empty", [Script(), Script((), Clean(), 503), Script((b'data: {"error":{"code":500}}\n\n',)), SHIFTED]
)
def test_a_server_that_has_no_more_of_it_is_believed_the_second_time(empty: Script) -> None:
    stream = plain_stream(TEXT)
    serve = Keeps(stream, [(len(stream) // 2, "FIN"), empty, empty], answer=TEXT)
    result = play(serve, provider=KNOWN)
    assert result.text == TEXT
    assert serve.methods == ["POST", "GET", "GET", "DELETE", "POST"]
    assert [mark.how for mark in result.seams] == ["prefill"]


def test_what_the_network_does_to_a_replay_is_a_retry_and_replayed_again() -> None:
    troubles = [refuse(), Script((), Fin()), Script((b"data: ",), Stall()), status(502)]
    serve = Keeps(STREAM, [(600, "FIN"), *troubles])
    result = play(serve, provider=KNOWN)
    assert_exact(result, serve)
    assert serve.methods == ["POST", *["GET"] * 5]
    assert len(set(serve.replayed)) == 1
    assert [state.retry_count for state in result.of(State) if state.state == "backing_off"] == [1, 2, 3, 4, 5]


def test_a_request_that_was_never_sent_is_sent_again() -> None:
    serve = Keeps(STREAM, [refuse(), status(429), status(503)])
    result = play(serve, provider=KNOWN)
    assert (result.text, serve.methods, serve.stopped) == (ANSWER, ["POST"] * 4, [])
    assert len(set(serve.ids)) == 4


def test_an_answer_to_a_prefill_is_replayed_in_the_middle_of_its_seam() -> None:
    """The seam is undecided when the wire breaks: it is decided by what the replay brings."""
    stream = plain_stream(TEXT)
    half = len(stream) // 2
    for cut in range(0, 700, 9):
        serve = Keeps(stream, [(half, "FIN"), status(404), (cut, "FIN")], answer=TEXT)
        result = play(serve, provider=KNOWN)
        assert result.text == TEXT
        assert serve.methods == ["POST", "GET", "DELETE", "POST", "GET"]
        assert result.seams[0].how == "prefill"
        assert all(mark.verified for mark in result.seams)
        assert len(result.replies) == 1


# From another process


def test_a_partial_of_another_process_is_replayed() -> None:
    for text, cut in (("", 0), ("春はあけぼの。", STREAM.index(b":\n\n"))):
        serve = Keeps()
        serve.kept["an id/of & another"] = STREAM
        partial = Partial(text, (), "an id/of & another", cut, "test", 60.0)
        result = play(serve, provider=KEEPING, partial=partial)
        assert result.text == ANSWER
        assert serve.methods == ["GET"]
        assert serve.replayed == [("an id/of & another", cut)]
        assert [(mark.how, mark.gap) for mark in result.seams] == ([("replay", 60.0)] if text else [])


def test_a_partial_whose_stream_is_gone_is_resumed_from_its_text() -> None:
    serve = Keeps(answer=TEXT)
    serve._model.said.append("")
    partial = Partial(TEXT[:100], (), "gone", 5000)
    result = play(serve, provider=KEEPING, partial=partial)
    assert result.text == TEXT
    assert serve.methods == ["GET", "DELETE", "lookup", "POST"]


# Who is asked whether streams are kept


def asked_of(provider_url: str) -> list[str]:
    serve = Keeps(STREAM, [(600, "FIN")])
    result = play(serve, provider=replace(KEEPING, base_url=provider_url))
    assert_exact(result, serve)
    return [f"{asked.method} {urlsplit(asked.url).path}" for asked in result.wire.asked]


def test_the_addresses() -> None:
    streams = ["POST /v1/streams/lookup", "GET /v1/stream"]
    assert asked_of("http://127.0.0.1:9/v1") == [streams[0], "POST /v1/chat/completions", streams[1]]
    assert asked_of("http://127.0.0.1:9") == [streams[0], "POST /chat/completions", streams[1]]
    assert asked_of("http://127.0.0.1:9/a/v1")[0] == "POST /a/v1/streams/lookup"


def test_what_was_learned_is_not_asked_again() -> None:
    serve = Keeps(STREAM, [(600, "FIN")])
    result = play(serve, provider=KEEPING)
    assert serve.methods == ["lookup", "POST", "GET"]
    assert result.done.learned == Learned(replay=True)
    again = Keeps()
    play(again, provider=replace(KEEPING, learned=result.done.learned))
    assert again.methods == ["POST"]


@pytest.mark.parametrize("answer", [status(404), Script((b"<html>",)), Script((b'{"x": []}',)), status(400)])
def test_a_server_that_keeps_none(answer: Script) -> None:
    serve = Keeps(plain_stream(TEXT), [(len(plain_stream(TEXT)) // 2, "FIN")], answer=TEXT)
    serve.lookup = lambda: answer
    result = play(serve, provider=KEEPING)
    assert (result.text, serve.methods, serve.ids) == (TEXT, ["lookup", "POST", "POST"], [])
    assert result.done.learned == Learned(replay=False)


@pytest.mark.parametrize("answer", [Script((), Stall()), Script(before=(Pause(9.0),)), status(401), refuse()])
def test_a_lookup_that_is_not_answered_costs_a_second_and_no_reply(answer: Script) -> None:
    serve = Keeps()
    serve.lookup = lambda: answer
    result = play(serve, provider=KEEPING)
    assert (result.text, serve.methods) == (ANSWER, ["lookup", "POST"])
    assert result.done.learned == Learned()
    assert result.clock.now() - 1000.0 <= LOOKUP_LIMIT == 1.0
    assert result.faults == []
    first, second, *_ = result.of(State)
    assert (first.state, first.connection_id, first.attempt, first.t) == ("connecting", 0, 0, 1000.0), "at once"
    assert (second.state, second.attempt) == ("connecting", 1)
    assert second.connection_id > 0


@pytest.mark.parametrize(("asked", "waited"), [("", 0.25), ("3", 3.0)])
@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_server_in_trouble_is_asked_for_its_streams_once_more(code: int, asked: str, waited: float) -> None:
    """No sooner than it says: a request at once is what it has just asked not to get."""
    serve = Keeps()
    troubles = [status(code, headers={"retry-after": asked}), Script((b"[]",))]
    serve.lookup = lambda: troubles.pop(0)
    result = play(serve, provider=KEEPING)
    assert (result.text, serve.methods, result.clock.slept) == (ANSWER, ["lookup", "lookup", "POST"], [waited])
    (told,) = [state for state in result.of(State) if state.state == "backing_off"]
    assert told.fault is not None
    assert result.faults == [told.fault.kind]
    assert [state.retry_count for state in result.of(State) if state.state == "backing_off"] == [1]
    assert (result.done.learned, result.done.retry_count) == (Learned(replay=True), 0)


def test_a_server_whose_lookups_always_fail_is_asked_all_the_same() -> None:
    serve = Keeps(plain_stream(TEXT), answer=TEXT)
    serve.lookup = lambda: status(502)
    result = play(serve, provider=KEEPING)
    assert (result.text, serve.methods, result.clock.slept) == (
        TEXT,
        ["lookup", "lookup", "POST"],
        [0.25, pytest.approx(0.1)],
    )
    assert [state.retry_count for state in result.of(State) if state.state == "backing_off"] == [1]


def test_who_wants_no_retry_gets_none_for_a_lookup() -> None:
    serve = Keeps(plain_stream(TEXT), answer=TEXT)
    serve.lookup = lambda: status(503)
    result = play(serve, provider=KEEPING, policy=Policy(retry=Retry(max_retries=0)))
    assert (result.text, serve.methods, result.clock.slept) == (TEXT, ["lookup", "POST"], [pytest.approx(0.1)])
    assert result.faults == []


def test_a_lookup_is_one_of_the_retries_that_a_provider_in_trouble_gets() -> None:
    retries = RetryBudget(most=0)
    serve = Keeps(plain_stream(TEXT), answer=TEXT)
    serve.lookup = lambda: status(503)
    assert play(serve, provider=KEEPING, retries=retries).text == TEXT
    assert serve.methods == ["lookup", "POST"]


@pytest.mark.parametrize("answer", [refuse(), status(401), status(503)])
def test_a_request_follows_a_failed_lookup_no_sooner_than_any_other(answer: Script) -> None:
    asked: list[float] = []

    class Noted(Keeps):
        def __call__(self, request: Asked) -> Script:
            asked.append(request.at)
            return super().__call__(request)

    serve = Noted()
    serve.lookup = lambda: answer
    play(serve, provider=KEEPING)
    assert all(later - before >= 0.0999 for before, later in itertools.pairwise(asked))


def test_only_who_may_keep_streams_is_asked() -> None:
    for provider, asked in (
        (PREFILL, False),
        (replace(PREFILL, resume="replay"), True),
        (replace(KEEPING, resume="prefill"), False),
        (replace(KEEPING, resume="restart"), False),
        (replace(KEEPING, learned=Learned(replay=False)), False),
    ):
        serve = Keeps()
        play(serve, provider=provider)
        assert (serve.methods == ["lookup", "POST"]) == asked
        assert bool(serve.ids) == asked


# Stopping


def test_a_reply_that_fails_stops_its_stream() -> None:
    few = Policy(Retry(max_retries=1))
    serve = Keeps(STREAM, [(600, "FIN"), refuse(), refuse()])
    assert play(serve, provider=KNOWN, policy=few).fault.kind == "refused"
    assert serve.stopped == serve.ids
    serve = Keeps(STREAM, [(600, "FIN"), (100, "FIN")])
    assert play(serve, provider=KNOWN, policy=Policy(limits=Limits(attempts=2))).fault.kind == "attempts-used"
    assert serve.stopped == serve.ids
    serve = Keeps(STREAM, [Script((STREAM[: STREAM.index(b":\n\n")], frame({}, finish="content_filter")))])
    assert play(serve, provider=KNOWN).fault.kind == "content-filter"
    assert serve.stopped == serve.ids


def test_a_stop_that_does_not_get_through_is_tried_again_and_ends() -> None:
    for answer, times in ((refuse(), 6), (Script((), Stall()), 1)):
        serve = Keeps(STREAM, [(600, "FIN"), refuse()])
        serve.on_stop = lambda answer=answer: answer
        result = play(serve, provider=KNOWN, policy=Policy(Retry(max_retries=1)))
        assert result.fault.kind == "refused"
        assert len(serve.stopped) == times
