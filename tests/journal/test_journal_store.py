"""What is read is what was written, whatever the text, whole at every moment."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtures_journal import START, Program, Talk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui.journal.ids import new_id
from tui.journal.owner import LEASE, Owner, is_alive, this_process
from tui.journal.records import (
    RUNG_HELD,
    AddReasoning,
    AddSeam,
    AddText,
    BeginAttempt,
    BeginReply,
    DeleteConversation,
    DeleteTurn,
    DropReasoning,
    EndAttempt,
    EndReply,
    Learn,
    NewConversation,
    NewTurn,
    RenameConversation,
    ResumeReply,
    SetUsage,
)
from tui.journal.store import Journal
from tui.journal.stored import StoredAttempt, StoredReply, title_of
from tui.journal.writer import Writer
from tui.words import ConversationId, Fault, Learned, ReplyId, SeamMark, TokenCount, TurnId

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=80)
"""Lone surrogates and NULs too."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Writer, Journal]]:
    path = tmp_path_factory.mktemp("journal") / "journal.sqlite3"
    writer = Writer(path)
    with Journal.open(path) as journal:
        yield writer, journal
    assert writer.close(30)


def stored(home: tuple[Writer, Journal], name: ReplyId) -> StoredReply:
    writer, journal = home
    writer.flush().result(30)
    reply = journal.reply(name)
    assert reply is not None
    return reply


def as_stored(text: str) -> str:
    """Code points that are no text become U+FFFD, one for one."""
    return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)


@given(prompt=ANY_TEXT, pieces=st.lists(ANY_TEXT, max_size=8), thoughts=st.lists(ANY_TEXT, max_size=3))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_comes_back(home: tuple[Writer, Journal], prompt: str, pieces: list[str], thoughts: list[str]) -> None:
    writer, journal = home
    talk = Talk(writer, prompt).begin().say(*pieces)
    for thought in thoughts:
        writer.put(AddReasoning(talk.reply, thought, START))
    growing = stored(home, talk.reply)
    held = journal.partial(talk.reply)
    writer.put(EndReply(talk.reply, "stopped", START + 9))
    ended = stored(home, talk.reply)
    text = as_stored("".join(pieces))
    assert growing.text == ended.text == text
    assert growing.reasoning == ended.reasoning == as_stored("".join(thoughts))
    assert growing.next_seq == ended.next_seq == len(pieces)
    assert growing.first_text_after == ended.first_text_after == (1.0 if pieces else None)
    assert held == journal.partial(talk.reply)
    (turn,) = journal.turns(talk.conversation)
    assert (turn.prompt, turn.replies) == (as_stored(prompt), (ended,))
    conversation = journal.conversation(talk.conversation)
    assert conversation is not None
    assert conversation.title == title_of(as_stored(prompt))


@given(lengths=st.lists(st.integers(0, 700), max_size=12), cut=st.integers(0, 12))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_boundaries_are_where_deltas_ended(home: tuple[Writer, Journal], lengths: list[int], cut: int) -> None:
    """Also where the reply ended after `cut` deltas and went on."""
    writer, journal = home
    talk = Talk(writer).begin().say(*("四" * length for length in lengths[:cut]))
    writer.put(EndReply(talk.reply, "failed", START))
    talk.say(*("四" * length for length in lengths[cut:]))
    writer.put(EndReply(talk.reply, "done", START))
    writer.flush().result(30)
    ends = [sum(lengths[: count + 1]) for count in range(len(lengths))]
    whole = sum(lengths)
    expected = sorted({end for end in ends if end > 0 and end >= whole - 1200})
    # Where it ended in between, what was further back than 1,200 then is not known, nor needed now.
    assert list(journal.boundaries(talk.reply)) == expected
    partial = journal.partial(talk.reply)
    assert partial is not None
    assert partial.text == "四" * whole
    assert partial.replay_offset == 10 * len(lengths)


def test_a_megabyte_in_one_delta(home: tuple[Writer, Journal]) -> None:
    talk = Talk(home[0]).begin().say("é" * 1_000_000, "!")
    assert stored(home, talk.reply).text == "é" * 1_000_000 + "!"


def test_everything_about_a_reply(home: tuple[Writer, Journal]) -> None:
    writer, _ = home
    talk = Talk(writer).begin()
    cut = Fault("reset", permanent=False, detail="ReadError\ud800", status=502, wait=1.5)
    writer.put(BeginAttempt(talk.reply, 1, 7, "mine", "m", START, replay_id="stream-1"))
    writer.put(AddReasoning(talk.reply, "dropped", START))
    talk.say("Spring ")
    writer.put(EndAttempt(talk.reply, 1, START + 2, cut, ttfb=0.1, first_text=0.2, dns=0.01, tcp=0.02, tls=0.03))
    writer.put(DropReasoning(talk.reply))
    writer.put(AddReasoning(talk.reply, "kept", START))
    writer.put(BeginAttempt(talk.reply, 2, 8, "mine", "n", START + 3, rung="prefill"))
    marks = (
        SeamMark(7, "prefill", verified=True, gap=2.3, paid_twice=4, models=("m", "n")),
        SeamMark(7, "restart", verified=False, gap=0.0, paid_twice=0, models=("n", "n")),
    )
    for mark in marks:
        writer.put(AddSeam(talk.reply, mark))
    talk.say("opens.")
    writer.put(SetUsage(talk.reply, TokenCount(1, 2), 0.5, at_least=True))
    writer.put(SetUsage(talk.reply, TokenCount(9, 10**30, exact=False), None, at_least=False))
    writer.put(EndAttempt(talk.reply, 2, START + 5))
    writer.put(EndReply(talk.reply, "failed", START + 6, "length", cut, "bare_end", verified=False, first_text_after=9))
    reply = stored(home, talk.reply)
    kept = Fault("reset", permanent=False, detail="ReadError\ufffd", status=502, wait=1.5)
    assert reply.attempts == (
        StoredAttempt(1, 7, "mine", "m", None, "stream-1", START, START + 2, 0.1, 0.2, kept, 0.01, 0.02, 0.03),
        StoredAttempt(2, 8, "mine", "n", "prefill", None, START + 3, START + 5, None, None, None),
    )
    assert reply.seams == marks
    assert reply.usage == TokenCount(9, 2**63 - 1, exact=False)
    assert (reply.cost_usd, reply.at_least) == (None, False)
    assert (reply.state, reply.finish_reason, reply.fault) == ("failed", "length", kept)
    assert (reply.note, reply.verified, reply.first_text_after, reply.ended) == ("bare_end", False, 9, START + 6)
    assert (reply.text, reply.reasoning) == ("Spring opens.", "kept")


def test_a_replay_goes_on_from_the_stream_that_the_last_text_came_from(home: tuple[Writer, Journal]) -> None:
    writer, journal = home
    talk = Talk(writer).begin()
    writer.put(BeginAttempt(talk.reply, 1, 1, "mine", "m", START, replay_id="first"))
    talk.say("text")
    writer.put(BeginAttempt(talk.reply, 2, 2, "mine", "m", START, rung="prefill", replay_id="second"))
    for _ in range(2):  # as it grows, and when it has ended
        writer.flush().result(30)
        partial = journal.partial(talk.reply)
        assert partial is not None
        assert (partial.replay_id, partial.replay_offset, partial.model) == ("first", 10, "m")
        writer.put(EndReply(talk.reply, "failed", START))


def test_a_reply_goes_on_after_its_end(home: tuple[Writer, Journal]) -> None:
    writer, journal = home
    talk = Talk(writer).begin().say("one ")
    writer.put(EndReply(talk.reply, "failed", START, fault=Fault("reset", permanent=False)))
    writer.put(ResumeReply(talk.reply, "other", "https://o/v1", "n", START + 50))
    talk.say("two")
    reply = stored(home, talk.reply)
    assert (reply.state, reply.text, reply.fault, reply.ended) == ("streaming", "one two", None, None)
    assert (reply.provider, reply.base_url, reply.model) == ("other", "https://o/v1", "n")
    conversation = journal.conversation(talk.conversation)
    assert conversation is not None
    assert (conversation.provider, conversation.model, conversation.updated) == ("other", "n", START + 50)


def test_an_unfinished_reply_is_interrupted_once_its_writer_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    writer = Writer(path)
    talk = Talk(writer).begin().say("half")
    writer.flush().result(30)
    with Journal.open(path) as journal:
        assert stored((writer, journal), talk.reply).state == "streaming"
        assert writer.close(30)
        reply = journal.reply(talk.reply)
        assert reply is not None
        assert (reply.state, reply.text) == ("interrupted", "half")


def test_a_process_is_alive_while_the_system_says_so() -> None:
    me = this_process()
    assert is_alive(me, START, START + 1e6), "suspended for long, and not gone"
    assert not is_alive(Owner("x", me.pid, me.machine, "another birth"), START, START)
    assert not is_alive(Owner("x", 2**22 + 1, me.machine, ""), START, START)
    assert not is_alive(Owner("x", 2**80, me.machine, ""), START, START)
    elsewhere = Owner("x", me.pid, "another machine", me.born)
    assert is_alive(elsewhere, START, START + LEASE - 1)
    assert not is_alive(elsewhere, START, START + LEASE + 1)


def test_a_dead_process_that_nobody_has_waited_for_is_dead() -> None:
    with Program("from tui.journal.owner import this_process; print(repr(this_process()), flush=True); input()") as it:
        born = it.line().rpartition("born='")[2].rstrip("')")
        owner = Owner("x", it.process.pid, this_process().machine, born)
        assert is_alive(owner, START, START)
        it.kill()
        assert it.process.stdout is not None
        it.process.stdout.read()  # its end
        while is_alive(owner, START, START):
            pass


def test_conversations_last_used_first_in_pages(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    writer = Writer(path)
    talks = [Talk(writer, f"number {number}", at=START + number // 2).begin() for number in range(7)]
    writer.put(NewTurn(TurnId(new_id()), talks[0].conversation, 1, "again", START + 99))
    writer.put(RenameConversation(talks[1].conversation, "Renamed"))
    writer.put(DeleteConversation(talks[2].conversation, START))
    writer.put(DeleteConversation(talks[3].conversation, START))
    writer.put(DeleteConversation(talks[3].conversation, None))
    empty = ConversationId(new_id())
    writer.put(NewConversation(empty, START - 5))
    assert writer.close(30)
    with Journal.open(path) as journal:
        titles, page = [], journal.conversations(2)
        while page:
            titles += [(found.title, found.turns, found.renamed) for found in page]
            page = journal.conversations(2, page[-1])
        assert titles == [
            ("number 0", 2, False),
            ("number 6", 1, False),
            ("number 5", 1, False),
            ("number 4", 1, False),
            ("number 3", 1, False),
            ("Renamed", 1, True),
            ("", 0, False),
        ]
        latest = journal.latest()
        assert latest is not None
        assert latest.id == talks[0].conversation
        assert journal.conversation(talks[2].conversation) is None
        assert journal.with_prefix("", 99) == tuple(
            sorted([empty, *(talk.conversation for talk in talks if talk is not talks[2])])
        )
        for talk in talks[3:]:
            short = journal.short_id(talk.conversation)
            assert journal.with_prefix(short.upper()) == (talk.conversation,)


def test_a_branch_has_the_turns_it_came_from(home: tuple[Writer, Journal]) -> None:
    writer, journal = home

    def conversation(prompts: list[str], parent: ConversationId | None = None, at: int = 0) -> ConversationId:
        name = ConversationId(new_id())
        writer.put(NewConversation(name, START, branched_from=parent, branched_at=at if parent else None))
        for position, prompt in enumerate(prompts, at):
            writer.put(NewTurn(TurnId(new_id()), name, position, prompt, START))
        return name

    trunk = conversation(["a", "b", "c", "d"])
    branch = conversation(["x", "y"], trunk, 2)
    twig = conversation(["z"], branch, 3)
    early = conversation(["w"], twig, 1)
    root = conversation(["v"], trunk, 0)
    writer.flush().result(30)

    def line(name: ConversationId) -> tuple[str, str, int]:
        found = journal.conversation(name)
        assert found is not None
        return "".join(turn.prompt for turn in journal.turns(name)), found.title, found.turns

    assert line(trunk) == ("abcd", "a", 4)
    assert line(branch) == ("abxy", "a", 4)
    assert line(twig) == ("abxz", "a", 4)
    assert line(early) == ("aw", "a", 2)
    assert line(root) == ("v", "v", 1)
    writer.put(DeleteTurn(trunk, journal.turns(trunk)[0].id, START))
    writer.put(DeleteConversation(trunk, START))
    writer.flush().result(30)
    assert line(branch) == ("abxy", "a", 4)  # made before: it keeps what it began with
    assert journal.turns(branch)[0].conversation == trunk


def test_several_replies_of_a_turn_in_order(home: tuple[Writer, Journal]) -> None:
    writer, journal = home
    talk = Talk(writer).begin().say("first")
    second = ReplyId(new_id())
    writer.put(BeginReply(second, talk.turn, 1, "p", "u", "m", START, {"max_tokens": 5, "temperature": 0.5, "x": None}))
    writer.put(AddText(second, 0, "second", 0, START))
    writer.put(EndReply(second, "done", START))
    writer.flush().result(30)
    (turn,) = journal.turns(talk.conversation)
    assert [reply.text for reply in turn.replies] == ["first", "second"]
    assert turn.replies[1].parameters == {"max_tokens": 5, "temperature": 0.5, "x": None}


def test_what_was_learned(home: tuple[Writer, Journal]) -> None:
    writer, journal = home
    lesson = Learned(frozenset({"replay", "prefill"}), bare_end=True)
    now = time.time()
    writer.put(Learn("http://a", "m", Learned(frozenset({"replay"})), now))
    writer.put(Learn("http://a", "m", lesson, now))
    writer.flush().result(30)
    assert journal.learned("http://a", "m") == lesson
    for later in (Learned(misses=1, no_thinking=True), Learned(refused=frozenset({"prefill"}), misses=2), Learned()):
        writer.put(Learn("http://a", "m", later, now))
        writer.flush().result(30)
        assert journal.learned("http://a", "m") == later
    assert journal.learned("http://a", "n") == Learned()


def test_a_rung_is_tried_again_after_a_week(tmp_path: Path) -> None:
    path, day = tmp_path / "journal.sqlite3", 86400.0
    writer = Writer(path, wall=lambda: START)
    writer.put(Learn("http://a", "m", Learned(frozenset({"prefill"}), bare_end=True), START))
    both = Learned(frozenset({"prefill", "continue"}), bare_end=True)
    writer.put(Learn("http://a", "m", both, START + 3 * day))
    writer.flush().result(30)

    def learned(days: float) -> Learned:
        with Journal.open(path, wall=lambda: START + days * day) as journal:
            return journal.learned("http://a", "m")

    assert learned(6.9) == both
    assert learned(7.1) == Learned(frozenset({"continue"}), bare_end=True)
    assert learned(10.1) == Learned(bare_end=True)
    writer.put(Learn("http://a", "m", both, START + 8 * day))
    assert writer.close(30)
    assert learned(10.1) == Learned(frozenset({"prefill"}), bare_end=True), "refused again, for another week"
    assert learned(14.9) == Learned(frozenset({"prefill"}), bare_end=True)


def test_who_keeps_streams_is_known_of_a_server_whatever_the_model_and_for_a_week(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "j.sqlite3", wall=lambda: START)
    writer.flush().result(30)
    journal = Journal.open(tmp_path / "j.sqlite3", wall=lambda: START)

    def learn(base_url: str, at: float, *, replay: bool | None) -> None:
        writer.put(Learn(base_url, "m", Learned(replay=replay), at))
        writer.flush().result(30)

    learn("http://a", START, replay=True)
    learn("http://a", START, replay=None)
    assert journal.learned("http://a", "other") == Learned(replay=True)
    assert journal.learned("http://b", "m") == Learned()
    # Who keeps none today may be another program tomorrow: it is asked again.
    learn("http://b", START, replay=False)
    assert journal.learned("http://b", "m") == Learned()
    learn("http://a", START, replay=False)
    assert journal.learned("http://a", "m") == Learned()
    learn("http://a", START - RUNG_HELD - 1, replay=True)
    assert journal.learned("http://a", "m") == Learned()
    journal.close()
    assert writer.close(30)


def test_nothing_is_found_where_nothing_is(home: tuple[Writer, Journal]) -> None:
    _, journal = home
    assert journal.turns(ConversationId("none")) == ()
    assert journal.reply(ReplyId("none")) is None
    assert journal.partial(ReplyId("none")) is None
    assert journal.boundaries(ReplyId("none")) == ()


def test_no_key_column_and_old_processes_leave(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    kept = Writer(path, wall=lambda: START)
    Talk(kept).begin()
    assert kept.close(30)
    idle = Writer(path, wall=lambda: START)
    idle.put(NewConversation(ConversationId(new_id()), START))
    assert idle.close(30)
    assert Writer(path, wall=lambda: START + 1e9).close(30)
    db = sqlite3.connect(path)
    assert db.execute("select count(*) from processes").fetchone() == (1,), "the one with an unfinished reply"
    db.close()


def test_ids_sort_by_time_and_never_repeat() -> None:
    made = [new_id() for _ in range(5000)]
    assert made == sorted(set(made))
    assert {len(name) for name in made} == {26}
