"""A model fails for good and the next one of the chain goes on: marked, journaled, within the same limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import httpx
import pytest
from fakes import Asked, Fails, Fin, Rst, Script, refuse, status
from scenes import OTHER, TEXT, head, held, serving
from talk_place import Place, asked, heard, text_of

from tui.chat.failover import NOT_THE_MODELS
from tui.chat.talk import Talk
from tui.journal.store import Journal
from tui.words import Done, Error, Limits, NewReply, Policy, Retry, Rung, Seam, State

BUSY = status(503)
RETRIES = 2

Serve = Callable[[Asked], Script]


@pytest.fixture
def place(tmp_path: Path) -> Iterable[Place]:
    here = Place(tmp_path / "journal.sqlite3")
    yield here
    assert here.writer.close(10)


def chained(place: Place, serve: Serve, *models: str, limits: Limits | None = None, resume: Rung = "prefill") -> Talk:
    talk = place.talk(serve, resume=resume)
    talk._fallback = models
    policy = Policy(retry=Retry(max_retries=RETRIES), limits=limits or Limits())
    talk._policy_for = lambda *_: policy
    return talk


def by_model(**servers: Serve) -> Serve:
    return lambda asked: servers[str(asked.body["model"])](asked)


def always(script: Script) -> Serve:
    return lambda _: script


def failing_after(count: int, then: Script = BUSY) -> Serve:
    """So many deltas, and `then` for ever."""
    return serving(count, *[then] * 50)


def models_asked(place: Place) -> list[object]:
    return [asked.body["model"] for asked in place.wire.asked]


def test_a_model_that_is_not_there_hands_on_at_once(place: Place) -> None:
    talk = chained(place, by_model(m=always(status(404, "no such model")), other=serving()), "other")
    events = asked(talk)
    assert isinstance(events[-1], Done)
    assert not any(isinstance(event, Error) for event in events)
    assert models_asked(place) == ["m", "other"]
    (turn,) = talk.turns
    ((before, after, kind),) = [(one.before, one.model, one.fault.kind) for one in turn.handed]
    assert (before, after, kind) == ("m", "other", "not-found")
    reply = place.reply()
    assert (reply.text, reply.state, reply.model, reply.seams) == (TEXT, "done", "other", ())
    faults = [(one.model, one.fault and one.fault.kind) for one in reply.attempts]
    assert faults == [("m", "not-found"), ("other", None)]
    assert [event.model for event in events if isinstance(event, State) and event.state == "connecting"] == [
        "m",
        "other",
    ]


def test_retries_used_up_in_mid_answer_hand_on_what_is_held_and_the_seam_names_both(place: Place) -> None:
    talk = chained(place, by_model(m=failing_after(40), other=serving()), "other")
    events = asked(talk)
    assert text_of(events) == TEXT
    (seam,) = [event.mark for event in events if isinstance(event, Seam)]
    assert (seam.models, seam.how, seam.verified, seam.at) == (("m", "other"), "prefill", True, len(held(40)))
    assert models_asked(place) == ["m"] * (1 + RETRIES) + ["other"]
    reply = place.reply()
    assert (reply.text, reply.state, reply.seams) == (TEXT, "done", (seam,))


@pytest.mark.parametrize("resume", ["prefill", "continue", "restart"])
def test_two_models_texts_are_never_stitched_unmarked(place: Place, resume: Rung) -> None:
    """The second one says something else altogether."""
    second = serving(text=OTHER, behaviour="different")
    talk = chained(place, by_model(m=failing_after(40), other=second), "other", resume=resume)
    events = asked(talk)
    assert isinstance(events[-1], Done)
    seams = [event.mark for event in events if isinstance(event, Seam)]
    (turn,) = place.turns()
    if any(isinstance(event, NewReply) for event in events):
        first, answer = turn.replies
        assert (first.text, first.note, first.model) == (held(40), "superseded", "other")
        assert answer.model == "other"
        assert not answer.text.startswith(held(40))
    else:
        assert [mark.verified for mark in seams] == [False]
        assert seams[0].models == ("m", "other")


@pytest.mark.parametrize(
    "kind", ["reset", "truncated", "overloaded", "rate-limit", "server", "bad-request", "in-stream"]
)
@pytest.mark.parametrize("count", [0, 40])
def test_every_fault_of_a_model_hands_on(place: Place, kind: str, count: int) -> None:
    faults = {
        "reset": Script((head(1),), Rst()),
        "truncated": Script((b": nothing\n\n",), Fin()),
        "overloaded": BUSY,
        "rate-limit": status(429, headers={"retry-after": "900"}),
        "server": status(500),
        "bad-request": status(400, '{"error": {"message": "no"}}'),
        "in-stream": Script((b'data: {"error": {"message": "the worker died"}}\n\n',)),
    }
    script = faults[kind]
    first = failing_after(count, script) if count else always(script)
    talk = chained(place, by_model(m=first, other=serving()), "other")
    events = asked(talk)
    assert isinstance(events[-1], Done)
    assert text_of(events) == TEXT
    assert place.reply().text == TEXT
    assert models_asked(place)[-1] == "other"


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (status(401), "unauthorized"),
        (Script((b'data: {"choices": [{"delta": {}, "finish_reason": "content_filter"}]}\n\n',)), "content-filter"),
        (refuse(), "refused"),
        (refuse(httpx.ConnectTimeout("late")), "connect-timeout"),
    ],
)
def test_what_another_model_would_not_mend_stays(place: Place, script: Script, kind: str) -> None:
    talk = chained(place, always(script), "other")
    last = asked(talk)[-1]
    assert isinstance(last, Error)
    assert last.fault.kind == kind
    assert kind in NOT_THE_MODELS
    assert set(models_asked(place)) == {"m"}
    assert talk.turns[0].handed == []


def test_a_chain_is_asked_in_its_order_each_once_and_its_last_error_is_the_replys(place: Place) -> None:
    gone = status(404, "gone")
    talk = chained(place, by_model(m=always(gone), a=always(gone), b=always(status(403))), "a", "m", "b", "a")
    last = asked(talk)[-1]
    assert isinstance(last, Error)
    assert last.fault.kind == "forbidden"
    assert models_asked(place) == ["m", "a", "b"]
    reply = place.reply()
    assert (reply.state, reply.fault and reply.fault.kind, reply.model) == ("failed", "forbidden", "b")


def test_the_limits_hold_for_all_models_together(place: Place) -> None:
    talk = chained(place, always(BUSY), "a", "b", "c", limits=Limits(attempts=5))
    last = asked(talk)[-1]
    assert isinstance(last, Error)
    assert models_asked(place) == ["m"] * 3 + ["a"] * 2
    assert last.fault.kind == "attempts-used"


def test_the_conversation_keeps_the_model_that_its_user_chose(place: Place) -> None:
    talk = chained(place, by_model(m=failing_after(40), other=serving()), "other")
    asked(talk)
    assert talk.model == "m"
    place.saved()
    with Journal.open(place.path) as journal:
        latest = journal.latest()
    assert latest is not None
    assert latest.model == "m"


def test_a_resume_by_hand_hands_on_too_and_another_providers_reply_does_not(place: Place) -> None:
    talk = chained(place, by_model(m=failing_after(40), other=serving()))
    assert isinstance(asked(talk)[-1], Error)
    talk._fallback = ("other",)
    assert isinstance(heard(talk.resume(talk.turns[0]))[-1], Done)
    assert place.reply().text == TEXT


def test_without_a_chain_the_model_never_changes(place: Place) -> None:
    talk = chained(place, failing_after(40, Script(end=Fails(httpx.ReadError("reset")))))
    assert isinstance(asked(talk)[-1], Error)
    assert set(models_asked(place)) == {"m"}
