"""A conversation kept while it is answered: the journal holds what was streamed, whatever became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest
from fakes import Fin, Script, Stall, refuse, status
from model_servers import DIFFERENT, chunk, frames, stream
from scenes import TEXT, head, held, serving
from talk_place import Place, asked, heard, text_of

from tui.chat.send import Sending
from tui.chat.talk import Talk
from tui.chat.turns import Sampling, Turn
from tui.journal.store import Journal
from tui.words import Content, Done, Error, Event, Learned, TokenCount

JAPANESE = "日本には四つの季節があり、それぞれに美しさがあります。春には桜が咲き、夏は海、秋は紅葉、冬は雪です。" * 3


@pytest.fixture
def place(tmp_path: Path) -> Iterable[Place]:
    here = Place(tmp_path / "journal.sqlite3")
    yield here
    assert here.writer.close(10)


def test_a_whole_answer(place: Place) -> None:
    talk = place.talk(serving())
    events = asked(talk)
    assert isinstance(events[-1], Done)
    assert text_of(events) == TEXT
    reply = place.reply()
    assert (reply.text, reply.state, reply.finish_reason, reply.verified) == (TEXT, "done", "stop", True)
    assert (reply.provider, reply.model, reply.base_url) == ("mine", "m", "http://127.0.0.1:1/v1")
    assert reply.next_seq == sum(isinstance(event, Content) for event in events)
    (attempt,) = reply.attempts
    assert (attempt.number, attempt.fault, attempt.connection_id) == (1, None, events[-1].connection_id)
    assert (reply.usage, reply.cost_usd, reply.at_least) == (TokenCount(10, 20), 50e-6, False)
    view = talk.turns[0].versions[0].view
    assert (view.whole_text(), view.ended, view.link.state) == (TEXT, True, "done")


def test_of_two_windows_that_ask_what_was_kept_one_asks(place: Place) -> None:
    """Both have it in their queue, and neither has heard of the other."""
    first = place.talk(serving())
    turn = first.keep("Tell me.")
    other = Place(place.path)
    second = other.talk(serving())
    place.saved()
    other.again(second)
    mine, theirs = first.answer(turn, kept=True), second.answer(second.turns[0], kept=True)
    events = [heard(mine), heard(theirs)]
    assert [len(here.wire.asked) for here in (place, other)] == [1, 0]
    assert (text_of(events[0]), events[1]) == (TEXT, [])
    assert place.reply().text == TEXT
    assert second.turns[0].versions == [], "what it is, is the other window's to write"
    assert second.turns[0].written is not None
    assert second.turns[0].written.elsewhere
    assert other.writer.close(10)
    third = place.talk(serving())
    place.again(third)
    assert text_of(heard(third.answer(third.turns[0]))) == TEXT, "another reply to a turn that has one is no such claim"


@pytest.mark.parametrize("text", [TEXT, JAPANESE], ids=["english", "japanese"])
def test_two_cuts_are_two_seams_and_three_attempts(place: Place, text: str) -> None:
    talk = place.talk(serving(40, 20, text=text))
    events = asked(talk)
    assert text_of(events) == text
    reply = place.reply()
    assert (reply.text, reply.state, reply.verified) == (text, "done", True)
    assert [(seam.how, seam.verified) for seam in reply.seams] == [("prefill", True)] * 2
    assert reply.seams[0].at == len(held(40, text))
    assert reply.seams == talk.turns[0].versions[0].view.seams
    assert [(a.number, a.rung, a.fault and a.fault.kind) for a in reply.attempts] == [
        (1, None, "truncated"), (2, "prefill", "truncated"), (3, "prefill", None),
    ]  # fmt: skip


def test_a_different_answer_is_a_second_reply_and_the_partial_stays(place: Place) -> None:
    talk = place.talk(serving(40, behaviour="different"), resume="restart")
    asked(talk)
    (turn,) = place.turns()
    first, second = turn.replies
    assert (first.text, first.state, first.note, first.position) == (held(40), "failed", "superseded", 0)
    assert (second.text, second.state, second.position) == (DIFFERENT, "done", 1)
    versions = talk.turns[0].versions
    assert [(v.id, v.view.whole_text(), v.superseded) for v in versions] == [
        (first.id, first.text, True), (second.id, DIFFERENT, False),
    ]  # fmt: skip
    assert all(version.view.ended for version in versions)
    assert not talk.can_resume(talk.turns[0])
    opened = place.talk([])
    place.again(opened)
    assert [(v.id, v.view.whole_text(), v.superseded) for v in opened.turns[0].versions] == [
        (v.id, v.view.whole_text(), v.superseded) for v in versions
    ]


def test_a_failure_keeps_the_partial_and_says_why(place: Place) -> None:
    talk = place.talk(serving(40, *[refuse()] * 3), retries=2)
    events = asked(talk)
    assert isinstance(events[-1], Error)
    reply = place.reply()
    assert (reply.text, reply.state) == (held(40), "failed")
    assert reply.fault is not None
    assert reply.fault.kind == "refused"
    assert talk.can_resume(talk.turns[0])


@pytest.mark.parametrize("text", [TEXT, JAPANESE], ids=["english", "japanese"])
@pytest.mark.parametrize("opened", [False, True], ids=["same-run", "next-run"])
def test_resuming_goes_on_where_it_stood(place: Place, text: str, opened: bool) -> None:
    first = place.talk(serving(40, status(401, "{}"), text=text))
    asked(first)
    before = place.reply()
    assert before.state == "failed"
    talk = first
    if opened:
        talk = place.talk(serving(text=text))
        place.again(talk)
    else:
        place.wire._serve = serving(text=text)
    turn = talk.turns[0]
    assert talk.can_resume(turn)
    sent_before = len(place.wire.asked)
    events = heard(talk.resume(turn))
    assert isinstance(events[-1], Done)
    assert len(place.wire.asked) == sent_before + 1
    last = place.wire.asked[-1].messages[-1]
    assert last["role"] == "assistant", "it goes on from the text held, not from the beginning"
    assert text.startswith(str(last["content"]))
    reply = place.reply()
    assert (reply.id, reply.text, reply.state) == (before.id, text, "done")
    assert reply.next_seq == before.next_seq + sum(isinstance(event, Content) for event in events)
    assert [attempt.number for attempt in reply.attempts] == [1, 2, 3]
    (seam,) = reply.seams
    assert (seam.at, seam.how, seam.verified) == (len(held(40, text)), "prefill", True)
    view = turn.versions[0].view
    assert (view.whole_text(), view.seams, view.link.state) == (text, reply.seams, "done")
    assert not talk.can_resume(turn)


def test_a_resumed_reply_costs_what_all_its_attempts_cost(place: Place) -> None:
    talk = place.talk(serving(40, status(401, "{}")))
    first = place_usage(asked(talk))
    place.wire._serve = serving()
    heard(talk.resume(talk.turns[0]))
    reply = place.reply()
    assert reply.usage == TokenCount(first.prompt + 10, first.completion + 20, exact=False)
    assert reply.usage == talk.turns[0].versions[0].view.usage
    assert reply.cost_usd == pytest.approx((first.prompt + 10) * 1e-6 + (first.completion + 20) * 2e-6)


def place_usage(events: list[Event]) -> TokenCount:
    from tui.words import Usage

    (found,) = [event.usage for event in events if isinstance(event, Usage)]
    return found


def test_what_was_stopped_before_it_told_its_cost_makes_the_cost_a_part(place: Place) -> None:
    talk = place.talk([Script((head(40),), Stall())])
    asyncio.run(stopped_after(talk, held(40)))
    place.wire._serve = serving()
    heard(talk.resume(talk.turns[0]))
    reply = place.reply()
    assert reply.usage == TokenCount(10, 20, exact=False)
    assert reply.at_least


async def stopped_after(talk: Talk, text: str) -> Turn:
    turn, events = talk.ask("Tell me.")
    sending = Sending(turn, events)
    async for view in sending.views():
        if view.whole_text() == text:
            break
    await sending.stop()
    assert not sending.running
    return turn


def test_stopping_keeps_the_partial_and_ends_the_request(place: Place) -> None:
    talk = place.talk([Script((head(40),), Stall())])
    turn = asyncio.run(stopped_after(talk, held(40)))
    assert place.wire.open == 0
    assert place.wire.closed_early == 1
    reply = place.reply()
    assert (reply.text, reply.state) == (held(40), "stopped")
    assert reply.attempts[0].ended is not None
    assert turn.current is not None
    assert turn.current.view.link.state == "stopped"
    assert talk.can_resume(turn)


def test_stopping_at_once_ends_it_too(place: Place) -> None:
    async def at_once(talk: Talk) -> Sending:
        sending = Sending(*talk.ask("Tell me."))
        await sending.stop()
        await sending.stop()
        assert [view.link.state async for view in sending.views()] == ["stopped"]
        return sending

    talk = place.talk(serving())
    sending = asyncio.run(at_once(talk))
    assert sending.view.ended
    assert place.reply().state == "stopped"
    assert place.wire.open == 0


def test_the_last_view_is_never_passed_over(place: Place) -> None:
    async def slow_reader(talk: Talk) -> list[str]:
        sending = Sending(*talk.ask("Tell me."))
        seen = []
        async for view in sending.views():
            seen.append(view.link.state)
            await asyncio.wait([sending.task])
        return seen

    assert asyncio.run(slow_reader(place.talk(serving(40))))[-1] == "done"


def test_two_readers_both_see_the_end(place: Place) -> None:
    async def read(sending: Sending) -> str:
        text = ""
        async for view in sending.views():
            text = view.whole_text()
        return text

    async def both(talk: Talk) -> list[str]:
        sending = Sending(*talk.ask("Tell me."))
        return await asyncio.gather(read(sending), read(sending))

    assert asyncio.run(both(place.talk(serving(40)))) == [TEXT, TEXT]


def test_the_context_is_what_was_said(place: Place) -> None:
    replies = [Script((stream("One."),)), status(401, "{}"), Script((stream("Three."),)), Script((stream("Four."),))]
    talk = place.talk(replies, system="Be brief.", sampling=Sampling(100, 0.5, 7))
    for prompt in ("1?", "2?", "3?", "4?"):
        asked(talk, prompt)
    body = place.wire.asked[-1].body
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "1?"},
        {"role": "assistant", "content": "One."},
        {"role": "user", "content": "3?"},
        {"role": "assistant", "content": "Three."},
        {"role": "user", "content": "4?"},
    ]
    assert (body["max_tokens"], body["temperature"], body["seed"]) == (100, 0.5, 7)
    assert [turn.position for turn in place.turns()] == [0, 1, 2, 3]
    assert place.turns()[3].replies[0].parameters == {"max_tokens": 100, "temperature": 0.5, "seed": 7}


def test_an_earlier_turn_is_resumed_in_its_own_context(place: Place) -> None:
    talk = place.talk([Script((stream("One."),)), Script((head(40),), Fin()), status(401, "{}")])
    asked(talk, "1?")
    asked(talk, "2?")
    place.wire._serve = serving(text="Three.")
    asked(talk, "3?")
    place.wire._serve = serving()
    heard(talk.resume(talk.turns[1]))
    roles = [(m["role"], m["content"]) for m in place.wire.asked[-1].messages]
    assert roles[:3] == [("user", "1?"), ("assistant", "One."), ("user", "2?")]
    assert len(roles) == 4
    assert [turn.replies[-1].text for turn in place.turns()] == ["One.", TEXT, "Three."]


def test_the_next_run_goes_on_with_the_same_conversation(place: Place) -> None:
    asked(place.talk([Script((stream("One."),))], system="Be brief."), "1?")
    talk = place.talk([Script((stream("Two."),))])
    place.again(talk)
    asked(talk, "2?")
    assert [m["content"] for m in place.wire.asked[0].messages] == ["Be brief.", "1?", "One.", "2?"]
    with Journal.open(place.path) as journal:
        place.saved()
        (conversation,) = journal.conversations()
    assert conversation.turns == 2


def test_reasoning_is_kept_and_that_of_a_dropped_attempt_is_not(place: Place) -> None:
    thought = [chunk({"reasoning_content": piece}) for piece in ("wrong ", "way")]
    right = [chunk({"reasoning_content": "right"})]
    talk = place.talk([Script(tuple(thought), Fin()), Script((*right, stream(TEXT)))])
    asked(talk)
    reply = place.reply()
    assert (reply.reasoning, reply.text) == ("right", TEXT)
    assert str(talk.turns[0].versions[0].view.reasoning) == "right"


def test_another_model_answers_the_next_prompt(place: Place) -> None:
    talk = place.talk(serving())
    asked(talk)
    learned = Learned(refused=frozenset({"prefill"}))
    talk.use("other", lambda base_url, model: learned if (base_url[-3:], model) == ("/v1", "other") else Learned())
    assert talk.provider.learned == learned
    place.wire._serve = serving()
    asked(talk)
    assert [a.body["model"] for a in place.wire.asked] == ["m", "other"]
    assert [turn.replies[0].model for turn in place.turns()] == ["m", "other"]


def test_what_was_learned_is_kept(place: Place) -> None:
    talk = place.talk(serving(40, behaviour="refuses"))
    asked(talk)
    place.saved()
    with Journal.open(place.path) as journal:
        assert journal.learned("http://127.0.0.1:1/v1", "m").refused == {"prefill"}
    assert talk.provider.learned.refused == {"prefill"}
    assert place.reply().text == TEXT


def test_every_delta_is_a_boundary_again(place: Place) -> None:
    talk = place.talk([Script((b"".join(frames(JAPANESE)),), Fin()), status(401, "{}")])
    asked(talk)
    place.saved()
    version = talk.turns[0].versions[0]
    with Journal.open(place.path) as journal:
        assert tuple(version.boundaries) == journal.boundaries(version.id)
    assert len(version.boundaries) > 20
