"""Two clocks, stalls, a suspended machine."""

from __future__ import annotations

import pytest
from fakes import Asked, Pause, Script, Stall, Suspend
from model_servers import Model, chunk, stream
from play import Played, play
from scenes import TEXT, head, held

from tui.words import Policy, State, Timeouts

PING = b": ping\n\n"


def after(first: Script) -> Played:
    """`first`, and the rest of the answer at the next request."""
    model, left = Model(TEXT, "exact"), [first]

    def serve(asked: Asked) -> Script:
        said = model.says(asked)
        return left.pop() if left else Script((stream(said),))

    result = play(serve)
    assert result.done.text == TEXT
    return result


def of(result: Played, word: str) -> list[State]:
    return [state for state in result.of(State) if state.state == word]


def test_a_silent_server_is_given_up_after_the_first_byte_limit() -> None:
    result = after(Script((), Stall()))
    (fault,) = [state.fault for state in of(result, "backing_off")]
    assert fault is not None
    assert (fault.kind, fault.detail) == ("no-first-byte", "300 s")
    assert of(result, "backing_off")[0].t == 1300.0
    assert result.states[:3] == ["connecting", "waiting", "backing_off"]


def test_headers_alone_are_no_first_byte_and_do_not_extend_the_limit() -> None:
    result = after(Script((), Stall(), before=(Pause(200.0),)))
    assert of(result, "backing_off")[0].t == 1300.0


def test_silence_after_text_is_called_stalled_then_given_up() -> None:
    result = after(Script((head(20),), Stall()))
    (stalled,), (waiting,) = of(result, "stalled"), of(result, "backing_off")
    assert (stalled.t, waiting.t) == (1010.0, 1060.0)
    assert waiting.fault is not None
    assert waiting.fault.kind == "no-bytes"
    assert (stalled.last_text, stalled.last_byte) == (1000.0, 1000.0)


def test_keep_alives_hold_the_byte_clock_but_not_the_progress_clock() -> None:
    result = after(Script((head(20), *([Pause(1.0), PING] * 400)), Stall()))
    (stalled, *again), (waiting,) = of(result, "stalled"), of(result, "backing_off")
    assert 1010.0 <= stalled.t <= 1011.0
    assert len(again) in range(285, 292), "told once a second that the server is alive"
    assert all(state.t - state.last_byte == 0.0 for state in again)
    assert {state.last_text for state in again} == {1000.0}
    assert 1300.0 <= waiting.t <= 1301.0
    assert waiting.fault is not None
    assert waiting.fault.kind == "no-text"
    assert stalled.last_text == 1000.0
    assert stalled.last_byte >= 1009.0


def test_keep_alives_before_any_text_count_from_the_first_byte() -> None:
    result = after(Script((Pause(250.0), *([PING, Pause(20.0)] * 40)), Stall()))
    (waiting,) = of(result, "backing_off")
    assert waiting.t == 1550.0
    assert waiting.fault is not None
    assert waiting.fault.kind == "no-text"
    assert of(result, "stalled") == []


def test_a_stall_that_ends_is_streaming_again() -> None:
    rest = stream(TEXT)[len(chunk({"role": "assistant", "content": ""})) + len(head(20)) :]
    result = play([Script((head(20), Pause(15.0), rest))])
    assert result.states == ["connecting", "waiting", "streaming", "stalled", "streaming", "done"]
    assert result.done.text == TEXT


def test_a_stall_after_reasoning_is_told_too() -> None:
    thought = chunk({"reasoning": "hm"})
    result = play([Script((thought, Pause(15.0), thought, Pause(1.0), stream(TEXT)))])
    assert result.states == ["connecting", "waiting", "streaming", "stalled", "streaming", "done"]


def test_a_stall_while_a_seam_is_undecided() -> None:
    model, count = Model(TEXT, "exact"), 0

    def serve(asked: Asked) -> Script:
        nonlocal count
        count += 1
        said = stream(model.says(asked))
        first = said.find(b"\n\n", said.find(b'"content": " ')) + 2
        return Script((head(20),)) if count == 1 else Script((said[:first], Pause(15.0), said[first:]))

    result = play(serve)
    assert result.done.text == TEXT
    assert result.states[-5:] == ["resuming", "stalled", "resuming", "streaming", "done"]


@pytest.mark.parametrize(
    ("idle", "progress", "stalled_after"), [(60.0, 300.0, 10.0), (8.0, 300.0, 4.0), (60.0, 6.0, 3.0)]
)
def test_a_stall_is_told_before_the_limit(idle: float, progress: float, stalled_after: float) -> None:
    policy = Policy(timeouts=Timeouts(idle=idle, progress=progress))
    model, left = Model(TEXT, "exact"), [Script((head(20),), Stall())]

    def serve(asked: Asked) -> Script:
        said = model.says(asked)
        return left.pop() if left else Script((stream(said),))

    result = play(serve, policy=policy)
    assert of(result, "stalled")[0].t == 1000.0 + stalled_after
    assert of(result, "backing_off")[0].t == 1000.0 + min(idle, progress)


@pytest.mark.parametrize("sleep", [6.0, 3600.0, 86400.0 * 30])
def test_a_machine_that_slept_drops_the_connection_at_once(sleep: float) -> None:
    result = after(Script((head(20), Suspend(sleep))))
    (waiting,) = of(result, "backing_off")
    assert waiting.fault is not None
    assert waiting.fault.kind == "suspended"
    assert waiting.t <= 1002.0
    assert result.clock.slept == [0.25]
    assert result.seams[0].at == len(held(20))


def test_a_clock_that_is_set_a_little_is_no_sleep() -> None:
    result = after(Script((head(20), Suspend(4.0))))
    assert result.faults == ["no-bytes"]


def test_the_body_of_an_error_is_waited_for_but_not_for_ever() -> None:
    slow = Script((b'{"error": {"message": "first half, ', *([Pause(3.0), b"x"] * 100)), Stall(), status=500)
    result = after(slow)
    assert of(result, "backing_off")[0].t == 1010.0
    late = Script((b'{"error": {"message": "late"}}',), status=500, before=(Pause(40.0),))
    (fault,) = [state.fault for state in of(after(late), "backing_off")]
    assert fault is not None
    assert fault.detail == "HTTP 500: late"


def test_the_gap_of_a_seam_is_the_time_without_new_text() -> None:
    result = after(Script((head(20),), Stall()))
    assert result.seams[0].gap == 60.0 + result.clock.slept[0]
