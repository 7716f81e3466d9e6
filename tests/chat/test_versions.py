"""Several replies of one turn, turns that go and come back, branches, and what the model is then told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import Asked, Script
from model_servers import stream
from talk_place import Place, asked, heard

from tui.chat import versions
from tui.chat.talk import Talk
from tui.chat.turns import Sampling, Turn
from tui.chat.view import fresh
from tui.journal.store import Journal
from tui.journal.stored import StoredConversation, StoredTurn
from tui.words import ConversationId, Done, Model, TokenCount


@pytest.fixture
def place(tmp_path: Path) -> Iterable[Place]:
    here = Place(tmp_path / "journal.sqlite3")
    yield here
    assert here.writer.close(10)


def counting(place: Place) -> Talk:
    """Answers that are numbered: A1, A2, … over all that is asked."""
    count = 0

    def serve(asked: Asked) -> Script:
        nonlocal count
        count += 1
        return Script((stream(f"A{count}"),))

    return place.talk(serve)


def told(place: Place) -> list[tuple[object, object]]:
    """Role and content of the messages of the last request."""
    messages = place.wire.asked[-1].body["messages"]
    assert isinstance(messages, list)
    return [(message["role"], message["content"]) for message in messages]


def shown(talk: Talk) -> list[str]:
    return [f"{turn.prompt}:{turn.current.view.whole_text() if turn.current else ''}" for turn in talk.turns]


def opened(place: Place, talk: Talk) -> Talk:
    """The same conversation as the next start has it."""
    assert talk.id is not None
    conversation, turns = stored(place, talk.id)
    other = Talk(talk.provider, talk.model, lambda *_: None, place.writer, place.clock)  # type: ignore[arg-type, return-value]
    other.open(conversation, turns)
    return other


def stored(place: Place, name: ConversationId) -> tuple[StoredConversation, tuple[StoredTurn, ...]]:
    place.saved()
    with Journal.open(place.path) as journal:
        conversation = journal.conversation(name)
        assert conversation is not None
        return conversation, journal.turns(name)


def conversation_of(talk: Talk, *prompts: str) -> list[Turn]:
    for prompt in prompts:
        assert isinstance(asked(talk, prompt)[-1], Done)
    return talk.turns


def test_another_reply_is_chosen_and_what_follows_builds_on_the_choice(place: Place) -> None:
    talk = counting(place)
    first, _ = conversation_of(talk, "one", "two")
    heard(versions.regenerate(talk, first))
    assert told(place) == [("user", "one")]
    assert shown(talk) == shown(opened(place, talk)) == ["one:A3", "two:A2"]
    asked(talk, "three")
    assert told(place) == [
        ("user", "one"), ("assistant", "A3"), ("user", "two"), ("assistant", "A2"), ("user", "three")
    ]  # fmt: skip
    versions.choose(talk, first, 0)
    asked(talk, "four")
    assert told(place)[1] == ("assistant", "A1")
    assert shown(opened(place, talk)) == ["one:A1", "two:A2", "three:A4", "four:A5"]
    assert [len(turn.versions) for turn in opened(place, talk).turns] == [2, 1, 1, 1]


def test_a_turn_deleted_is_not_told_and_comes_back_in_its_place(place: Place) -> None:
    talk = counting(place)
    _, second, _ = conversation_of(talk, "one", "two", "three")[:]
    assert versions.drop(talk, second)
    assert shown(talk) == shown(opened(place, talk)) == ["one:A1", "three:A3"]
    again = opened(place, talk)
    asked(talk, "four")
    assert ("user", "two") not in told(place)
    versions.restore(talk, second)
    assert shown(talk) == shown(opened(place, talk)) == ["one:A1", "two:A2", "three:A3", "four:A4"]
    assert [turn.position for turn in again.turns] == [0, 2]


def test_the_last_turn_deleted_and_restored_behind_a_newer_one(place: Place) -> None:
    talk = counting(place)
    _, second = conversation_of(talk, "one", "two")[:]
    versions.drop(talk, second)
    asked(talk, "three")
    versions.restore(talk, second)
    assert shown(talk) == shown(opened(place, talk)) == ["one:A1", "two:A2", "three:A3"]


def test_a_turn_is_not_deleted_while_it_is_written(place: Place) -> None:
    talk = counting(place)
    turn, events = talk.ask("one")
    assert not versions.drop(talk, turn)
    heard(events)
    assert versions.drop(talk, turn)


def test_a_branch_edits_a_prompt_and_keeps_what_was_before(place: Place) -> None:
    talk = counting(place)
    _, second, _ = conversation_of(talk, "one", "two", "three")[:]
    branch = versions.branch(talk, second, keep=False)
    asked(branch, "two, edited")
    assert told(place) == [("user", "one"), ("assistant", "A1"), ("user", "two, edited")]
    assert shown(branch) == shown(opened(place, branch)) == ["one:A1", "two, edited:A4"]
    assert shown(talk) == shown(opened(place, talk)) == ["one:A1", "two:A2", "three:A3"]
    as_it_is = versions.branch(talk, second, keep=True)
    assert shown(as_it_is) == shown(opened(place, as_it_is)) == ["one:A1", "two:A2"]


def test_a_branch_keeps_what_it_began_with_and_changes_nothing_elsewhere(place: Place) -> None:
    talk = counting(place)
    first, second = conversation_of(talk, "one", "two")[:]
    branch = versions.branch(talk, second, keep=True)
    heard(versions.regenerate(talk, first))
    versions.drop(talk, second)
    assert shown(opened(place, talk)) == ["one:A3"]
    assert shown(branch) == shown(opened(place, branch)) == ["one:A1", "two:A2"]
    heard(versions.regenerate(branch, branch.turns[1]))
    versions.restore(talk, second)
    assert shown(opened(place, branch)) == ["one:A1", "two:A4"]
    assert shown(opened(place, talk)) == ["one:A3", "two:A2"]
    twig = versions.branch(branch, branch.turns[1], keep=True)
    versions.drop(branch, branch.turns[0])
    assert shown(opened(place, branch)) == ["two:A4"]
    assert shown(opened(place, twig)) == ["one:A1", "two:A4"]
    late = versions.branch(branch, branch.turns[0], keep=True)
    assert shown(late) == shown(opened(place, late)) == ["two:A4"]


def test_a_different_answer_to_a_resume_is_chosen_where_a_choice_was_made(place: Place) -> None:
    talk = counting(place)
    first = conversation_of(talk, "one", "two")[0]
    heard(versions.regenerate(talk, first))
    version = first.versions[0]
    version.view = replace(version.view, link=replace(version.view.link, state="failed"))
    versions.choose(talk, first, 0)
    heard(talk.resume(first))
    assert [item.view.whole_text() for item in first.versions] == ["A1", "A3", "A4"]
    assert shown(talk) == shown(opened(place, talk)) == ["one:A4", "two:A2"]
    _, turns = stored(place, talk.id or ConversationId(""))
    assert [reply.position for reply in turns[0].replies] == [0, 1, 2]


def test_system_prompt_and_sampling_belong_to_the_conversation(place: Place) -> None:
    talk = counting(place)
    conversation_of(talk, "one")
    versions.set_system(talk, "Be brief.")
    versions.set_sampling(talk, Sampling(max_tokens=9, temperature=0.5))
    again = opened(place, talk)
    assert (again.system, again.sampling) == ("Be brief.", Sampling(9, 0.5, None))
    asked(talk, "two")
    assert told(place)[0] == ("system", "Be brief.")
    assert (place.wire.asked[-1].body["max_tokens"], place.wire.asked[-1].body["temperature"]) == (9, 0.5)
    branch = versions.branch(talk, talk.turns[0], keep=True)
    assert (opened(place, branch).system, opened(place, branch).sampling) == ("Be brief.", Sampling(9, 0.5, None))


def test_what_does_not_fit_is_said_before_and_not_sent(place: Place) -> None:
    talk = counting(place)
    talk.provider = replace(talk.provider, models={"m": Model("m", context=1000)})
    conversation_of(talk, "x" * 1200, "y" * 1200, "z")
    asked(talk, "next")
    assert len(told(place)) == 7
    prompt = "n" * 600
    assert talk.fit(prompt).left_out == (0,)
    asked(talk, prompt)
    assert [content for _, content in told(place)] == ["y" * 1200, "A2", "z", "A3", "next", "A4", prompt]


def test_the_models_own_count_of_its_answers_makes_the_guard_stricter(place: Place) -> None:
    talk = counting(place)
    talk.provider = replace(talk.provider, models={"m": Model("m", context=1000)})
    conversation_of(talk, "春" * 200, "more")
    before = talk.fit("next")
    assert before.left_out == ()
    version = talk.turns[0].versions[0]
    answer = "桜" * 100
    view = replace(fresh("m", answer), ended=True, usage=TokenCount(10, 300))
    talk.turns[0].versions[0] = replace(version, view=view, attempts=1, provider=talk.provider.name)
    assert talk.fit("next").left_out == (0,), "2.5 tokens a character, where 1.2 were estimated"
    assert talk.fit("next", by=(talk.provider, "another")).window is None
    other = replace(talk.provider, name="elsewhere")
    assert talk.fit("next", by=(other, "m")).left_out == (), "another provider may run another tokenizer"


def test_renamed_deleted_and_brought_back(place: Place) -> None:
    talk = counting(place)
    conversation_of(talk, "one\nsecond line")
    assert talk.id is not None

    def titles() -> list[str]:
        place.saved()
        with Journal.open(place.path) as journal:
            return [conversation.title for conversation in journal.conversations()]

    assert titles() == ["one"]
    versions.rename(place.writer, talk.id, " Spring ")
    assert titles() == ["Spring"]
    versions.rename(place.writer, talk.id, "  ")
    assert titles() == ["one"]
    versions.delete(place.writer, talk.id, 5.0)
    assert titles() == []
    versions.undelete(place.writer, talk.id)
    assert titles() == ["one"]
