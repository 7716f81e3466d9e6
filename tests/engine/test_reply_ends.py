"""How replies end on the fake clock: whole at the cut, garbled, no stream at all, finished, counted, keyless."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import httpx
import pytest
from fakes import Asked, Clean, Fails, Fin, Pause, Rst, Script, Stall, refuse, status
from model_servers import DONE, Model, chunk, frames, sent_back, stream, usage
from play import KEY, PREFILL, REQUEST, play
from scenes import TEXT, head, held, serving

from tui.engine.seam import find_anchor
from tui.words import Done, Learned, Provider

# Whole at the cut


def test_the_tail_then_a_finish_proves_that_it_was_whole() -> None:
    result = play(serving(len(frames(TEXT))))
    assert result.done.text == TEXT
    assert result.done.finish_reason == "stop"
    assert [(seam.at, seam.verified) for seam in result.seams] == [(len(TEXT), True)]


def bare(said: str, end: Clean | Fin) -> Script:
    """Neither finish_reason nor [DONE]."""
    return Script((b"".join(frames(said)),), end)


def test_the_tail_then_nothing_twice_proves_it_too_and_is_remembered() -> None:
    model = Model(TEXT, "exact")
    result = play(lambda asked: bare(model.says(asked), Clean()))
    assert result.done.text == TEXT
    assert (result.done.finish_reason, result.done.note, result.done.verified) == (None, "bare-end", True)
    assert len(result.wire.asked) == 3
    assert result.done.learned.bare_end
    again = play(lambda asked: bare(model.says(asked), Clean()), provider=replace(PREFILL, learned=result.done.learned))
    assert len(again.wire.asked) == 2


@pytest.mark.parametrize(("text", "behaviour"), [("Spring has four signs.", "exact"), (TEXT, "restarts")])
def test_an_answer_told_again_from_its_beginning_proves_less(text: str, behaviour: str) -> None:
    """A gateway that ends each answer after so many bytes ends it at the same place each time."""
    model = Model(text, behaviour)
    result = play(lambda asked: bare(model.says(asked), Clean()))
    assert (result.done.text, result.done.note, result.done.verified) == (text, "bare-end", False)
    assert not result.done.learned.bare_end


def test_two_that_are_not_running_prove_nothing() -> None:
    model = Model(TEXT, "exact")
    ends = iter([Clean(), Clean(), Fin(), Clean(), Clean()])
    result = play(lambda asked: bare(model.says(asked), next(ends)))
    assert result.done.text == TEXT
    assert len(result.wire.asked) == 5


def odd(count: int) -> str:
    return f"Something else altogether, number {count}, about ships that float because they are light."


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("last", ["", "And of trains."])
def test_a_miss_on_a_server_that_never_says_its_end_ends_with_a_mark(last: str, known: bool) -> None:
    said = iter([TEXT, *([] if known else [odd(1)]), odd(2), last])
    provider = replace(PREFILL, learned=Learned(bare_end=known))
    result = play(lambda _: bare(next(said), Clean()), provider=provider)
    assert result.done.text == TEXT + last
    assert (result.done.verified, result.done.note) == (False, "bare-end-lost")
    assert [(seam.at, seam.verified) for seam in result.seams] == [(len(TEXT), False)]
    assert len(result.wire.asked) == (3 if known else 4)
    assert result.done.learned.bare_end == known, "nothing proved it"


def test_clean_cuts_inside_the_known_text_are_no_miss() -> None:
    """A proxy that closes early, but cleanly, is no server that never says its end."""
    model, cuts = Model(TEXT, "exact"), iter([30, 2, 3, 1, 2])

    def serve(asked: Asked) -> Script:
        said = model.says(asked)
        return Script((head(next(cuts, 999), said),)) if len(model.said) < 6 else Script((stream(said),))

    result = play(serve)
    assert result.done.text == TEXT
    assert result.done.verified


def test_a_miss_then_a_finish_without_text_is_marked() -> None:
    result = play(serving(30, Script((stream("Nothing to add, is there."),)), Script((stream(""),))))
    assert result.done.text == held(30)
    assert [(seam.at, seam.verified) for seam in result.seams] == [(len(held(30)), False)]


# Garbled frames

GARBLED = b'data: {"choices": [{"delta": {"content": "lo\n\n'


def test_a_garbled_frame_once_is_resumed_and_nothing_is_lost() -> None:
    rest = b"".join(frames(TEXT)[21:])
    result = play(serving(Script((head(20), GARBLED, rest), Clean())))
    assert result.faults == ["garbled"]
    assert result.done.text == TEXT
    assert result.done.verified


def test_garbled_twice_at_the_same_place_is_skipped_and_marked() -> None:
    def serve(asked: Asked) -> Script:
        all_of_it = [*frames(TEXT), chunk({}, "stop"), DONE]
        sent = sent_back(asked)[0]
        first = next(at for at in range(len(all_of_it)) if len(held(at)) >= len(sent))
        return Script((b"".join(all_of_it[first:20]), GARBLED, b"".join(all_of_it[21:])))

    result = play(serve)
    lost = TEXT[len(held(20)) : len(held(21))]
    assert result.done.text == held(20) + TEXT[len(held(21)) :]
    assert lost
    assert not result.done.verified
    assert (len(held(20)), False) in [(seam.at, seam.verified) for seam in result.seams]
    assert len(result.wire.asked) == 2


@pytest.mark.parametrize("count", [9, 40])
def test_a_garbled_frame_in_what_has_to_come_back_is_not_at_the_same_place(count: int) -> None:
    """It would make a gap in the known text: another answer, so it seems, and a new reply that lacks a word."""
    torn = Script((head(count), GARBLED), Clean())
    again = Script((b"".join(frames(TEXT)[:4]), GARBLED, b"".join(frames(TEXT)[5:]), chunk({}, "stop"), DONE))
    result = play(serving(torn, again))
    assert result.faults == ["garbled", "garbled"]
    assert result.replies == [TEXT]
    assert result.done.verified


def test_a_garbled_frame_farther_on_is_the_first_there() -> None:
    rest = [*frames(TEXT)[count_of_sent(20) :]]
    result = play(serving(Script((head(20), GARBLED), Clean()), Script((b"".join(rest[:20]), GARBLED, *rest[21:]))))
    assert result.faults == ["garbled", "garbled"]
    assert result.replies == [TEXT]
    assert result.done.verified


def count_of_sent(count: int) -> int:
    """Deltas of TEXT that are sent back after a cut behind `count`."""
    anchor = find_anchor(held(count), ())
    assert anchor is not None
    return next(at for at in range(count) if len(held(at)) >= anchor.at)


def test_an_echo_of_what_is_in_doubt_is_in_doubt_too() -> None:
    """The server says our own text again, with what was glued to it, and goes on with something else."""
    grafted = held(20) + " Ships are made of wood, as all men know."
    nothing = Script((stream("Nothing of the kind has been said so far. " * 20),))
    glued = Script((b"".join(frames(grafted[len(held(20)) :])),), Fin())
    echo = Script((stream(grafted[:-8] + "and here it ends otherwise."),))
    result = play(serving(20, nothing, glued, echo))
    assert result.replies == [grafted, grafted[:-8] + "and here it ends otherwise."]
    assert [(seam.at, seam.verified) for seam in result.seams] == [
        (len(held(20)), False),
        (0, False),
        (len(held(20)), False),
    ]
    assert not result.done.verified


# Pieces that are no stream


def test_a_whole_completion_instead_of_a_stream_is_the_answer() -> None:
    body = b'{"choices": [{"message": {"content": "All at once."}, "finish_reason": "stop"}],'
    body += b'"usage": {"prompt_tokens": 1, "completion_tokens": 2}}'
    for steps in ((body,), tuple(body[at : at + 1] for at in range(len(body)))):
        result = play([Script(steps, headers={"content-type": "application/json"})])
        assert result.done.text == "All at once."
        assert result.usage.usage.completion == 2


def test_a_completion_that_breaks_off_is_asked_again() -> None:
    body = b'{"choices": [{"message": {"content": "{a}'
    result = play([Script((body,)), Script((body,), Fin()), Script((stream(TEXT),))])
    assert result.faults == ["truncated", "truncated"]
    assert result.done.text == TEXT


@pytest.mark.parametrize("content_type", ["text/html", "text/event-stream", ""])
def test_a_page_instead_of_a_stream(content_type: str) -> None:
    page = b"\n<!doctype html><html><title>Log in to the hotel</title>" + b"x" * 5000
    result = play([Script((page[:30], page[30:]), headers={"content-type": content_type})])
    assert (result.fault.kind, result.fault.detail) == ("page", "Log in to the hotel")
    assert len(result.wire.asked) == 1


def test_an_error_object_with_status_200() -> None:
    result = play([Script((b'{"error": {"message": "overloaded", "code": 503}}',)), Script((stream(TEXT),))])
    assert result.faults == ["overloaded"]
    gone = play([Script((b'{"error": {"message": "bad key", "code": 401}}',))])
    assert (gone.fault.kind, gone.fault.detail) == ("unauthorized", "bad key")


def test_an_endless_body_that_is_no_stream_ends() -> None:
    result = play([Script((b"<html>",) + (b"x" * 1_000_000,) * 20, Stall())])
    assert result.fault.kind == "page"
    assert result.wire.closed_early == 1


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/plain"}, {"content-type": "TEXT/EVENT-STREAM"}])
def test_a_stream_is_known_by_its_first_bytes_too(headers: dict[str, str]) -> None:
    body = stream(TEXT)
    for start in (b"", b"\xef\xbb\xbf", b": ping\n\n", b"\n\n", b"id: 1\nevent: message\n"):
        steps = (*((start + body)[at : at + 1] for at in range(40)), (start + body)[40:])
        assert play([Script(steps, headers=headers)]).done.text == TEXT


def test_an_empty_body_is_a_cut() -> None:
    result = play([Script(()), Script((b"da",), headers={}), Script((stream(TEXT),))])
    assert result.faults == ["truncated", "truncated"]


# Ends


@pytest.mark.parametrize("end", [Clean(), Fin(), Rst(), Stall(), Fails(httpx.DecodingError("gzip"))])
@pytest.mark.parametrize("more", [b"", DONE, usage(3, 4), usage(3, 4) + DONE, b"data: {garbled\n\n", b": ping\n\n"])
def test_after_a_finish_nothing_is_a_fault(end: Clean, more: bytes) -> None:
    body = head(50) + chunk({}, "stop")
    result = play([Script((body, more), end)])
    assert result.done.finish_reason == "stop"
    assert result.done.text == held(50)
    assert result.usage.usage.exact == (b"usage" in more)
    assert result.clock.time <= 1002.0


def test_usage_that_comes_late_is_waited_for_from_the_finish_on() -> None:
    result = play([Script((head(50), Pause(8.0), chunk({}, "stop"), Pause(1.5), usage(3, 4)), Stall())])
    assert result.usage.usage.completion == 4
    keep_alive = [Pause(0.5), b": ping\n\n"] * 20
    result = play([Script((head(50), chunk({}, "stop"), *keep_alive))])
    assert result.clock.time == pytest.approx(1002.0, abs=0.5)


def test_done_alone_is_complete_and_length_is_told() -> None:
    result = play([Script((head(50), DONE))])
    assert (result.done.finish_reason, result.done.text) == (None, held(50))
    assert play([Script((stream(TEXT, "length"),))]).done.finish_reason == "length"
    assert play([Script((head(5), b"data: [DONE]"))]).done.text == held(5)


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (status(401, '{"error": {"message": "expired"}}'), "unauthorized"),
        (status(402, "{}"), "payment"),
        (status(413, "<html><title>413</title>"), "too-long"),
        (status(400, '{"error": {"message": "maximum context length is 100 tokens"}}'), "too-long"),
        (status(400, '{"error": {"code": "content_filter", "message": "no"}}'), "content-filter"),
        (Script((chunk({}, "content_filter"), DONE)), "content-filter"),
        (Script((b'data: {"error": {"code": 401, "message": "expired"}}\n\n',)), "unauthorized"),
    ],
)
def test_what_is_final_in_the_middle_of_a_reply_keeps_the_text_and_refuses_no_rung(script: Script, kind: str) -> None:
    result = play(serving(30, script))
    assert (result.fault.kind, result.fault.permanent, result.text) == (kind, True, held(30))
    assert len(result.wire.asked) == 2
    assert result.last.learned == Learned()


def test_a_content_filter_is_final_and_keeps_the_text() -> None:
    result = play([Script((head(9), chunk({}, "content_filter"), DONE))])
    assert (result.fault.kind, result.fault.permanent, result.text) == ("content-filter", True, held(9))


def test_usage_of_all_attempts_is_summed() -> None:
    def cut_after_usage(asked: Asked) -> Script:
        counted = b'data: {"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 7}}\n\n'
        return Script((head(20), counted), Fin())

    first = iter([cut_after_usage])
    exact = play(lambda asked: next(first, serving())(asked))
    assert (exact.usage.usage.prompt, exact.usage.usage.completion, exact.usage.usage.exact) == (110, 27, True)
    cut = play(serving(20))
    assert not cut.usage.usage.exact
    assert cut.usage.usage.prompt == 10 + len("Tell me of spring.") // 4
    assert cut.usage.usage.completion == 20 + len(held(20)) // 4
    assert play(serving(refuse())).usage.usage.exact


def test_japanese_that_was_cut_is_estimated_as_japanese() -> None:
    text = "日本には四つの季節があり、それぞれに美しさがあります。春には桜が咲き、夏は海、秋は紅葉、冬は雪です。" * 2
    result = play(serving(30, text=text))
    assert result.done.text == text
    assert result.usage.usage.completion >= 20 + len(held(30, text)) // 2


def test_the_key_is_in_no_event() -> None:
    secret = KEY.reveal()
    bodies: Sequence[Script] = [
        status(500, f'{{"error": {{"message": "Incorrect API key provided: {secret}."}}}}'),
        status(500, "x" * 280 + secret),
        Script((head(20), f'data: {{"error": {{"message": "{secret}"}}}}\n\n'.encode())),
        refuse(httpx.ConnectError(f"no route for Bearer {secret}")),
        status(500, f"your key …{secret[-10:]}, that is {secret[:10]}…"),
        status(401, f"<html><title>{secret}</title>"),
    ]
    result = play(bodies)
    assert result.fault.kind == "unauthorized"
    shown = repr(result.events)
    assert secret not in shown
    assert not any(secret[at : at + 8] in shown for at in range(len(secret) - 7))
    assert all(asked.headers["authorization"] == f"Bearer {secret}" for asked in result.wire.asked)


def test_without_a_key_nothing_is_said_of_one() -> None:
    provider = Provider("p", "http://127.0.0.1:9/v1", local=True)
    result = play([Script((stream(TEXT),))], provider=provider, request=REQUEST)
    assert "authorization" not in result.wire.asked[0].headers
    assert result.wire.asked[0].local
    assert isinstance(result.last, Done)


def test_a_whole_answer_is_read_to_its_last_word() -> None:
    """Whoever leaves after `usage` and before [DONE] is, to a gateway that counts, a client that broke it off."""
    body = stream(TEXT).removesuffix(DONE)
    result = play([Script((body, Pause(0.2), DONE))])
    assert (result.done.text, result.wire.closed_early) == (TEXT, 0)


def test_a_last_word_that_does_not_come_is_not_waited_for() -> None:
    result = play([Script((stream(TEXT).removesuffix(DONE),), Stall())])
    assert (result.done.text, result.usage.usage.exact) == (TEXT, True)
    assert result.clock.now() - 1000.0 <= 0.25
