"""The log of what the connection did, from real events of the engine."""

from __future__ import annotations

import json
from dataclasses import replace

from fakes import Fin, Pause, Script, refuse
from model_servers import stream
from play import PREFILL, Played, play
from scenes import TEXT, head, serving

from tui.chat.link_log import KEPT, LinkLog, as_json
from tui.words import Done, State


def logged(result: Played) -> LinkLog:
    log = LinkLog(result.clock)
    for event in result.events:
        log.hear(event)
    return log


def test_each_change_is_told_once_in_order() -> None:
    log = logged(play(serving(40)))
    told = [entry.what for entry in log.entries]
    assert told == [
        "connecting",
        "waiting",
        "streaming",
        "backing_off",
        "connecting",
        "waiting",
        "resuming",
        "seam",
        "streaming",
        "done",
        "usage",
    ]
    cut = log.entries[3]
    assert cut.fault is not None
    assert cut.fault.kind == "truncated"
    assert cut.wait is not None
    assert cut.wait > 0
    assert log.entries[7].mark is not None
    assert log.entries[7].mark.verified


def test_signs_of_life_are_no_entries() -> None:
    script = Script((head(20), *([Pause(1.0), b": ping\n\n"] * 30), stream(TEXT)[len(head(20)) :]), Fin())
    log = logged(play([script]))
    assert [entry.what for entry in log.entries].count("stalled") == 1


def test_attempts_say_what_each_brought_and_why_it_ended() -> None:
    result = play(serving(refuse(), 40))
    log = logged(result)
    first, second, third = log.attempts
    assert (first.received, first.ended, first.rung) == (0, True, None)
    assert first.fault is not None
    assert second.fault is not None
    assert third.fault is None
    assert (second.rung, third.rung) == (None, "prefill")
    assert second.received + third.received == len(TEXT)
    assert all(row.ended for row in log.attempts)
    numbers = [event.connection_id for event in result.of(State) if event.state == "connecting"]
    assert [row.connection_id for row in log.attempts] == numbers


def test_the_next_reply_begins_its_own_attempts_and_the_log_goes_on() -> None:
    log = logged(play(serving(40)))
    before = len(log.entries)
    for event in play(serving()).events:
        log.hear(event)
    assert [row.number for row in log.attempts] == [1]
    assert len(log.entries) > before


def test_a_reply_that_is_gone_on_with_keeps_its_attempts_also_after_another_reply() -> None:
    log = LinkLog(play(serving()).clock)
    numbers: list[int] = []
    for of, stream_of in (("a", serving(40)), ("b", serving()), ("a", serving(refuse()))):
        played = play(stream_of).events
        for event in played:
            log.hear(event, of)
        if of == "a":
            numbers += [one.connection_id for one in played if isinstance(one, State) and one.state == "connecting"]
    assert [(row.number, row.connection_id) for row in log.attempts] == list(enumerate(dict.fromkeys(numbers), 1))
    assert len(log.attempts) == 4
    assert log.attempts[0].received + log.attempts[1].received == len(TEXT), "each keeps what it brought"


def test_another_answer_counts_its_own_characters() -> None:
    result = play(serving(60, behaviour="different"), provider=replace(PREFILL, resume="restart"))
    log = logged(result)
    assert "reply" in [entry.what for entry in log.entries]
    assert isinstance(result.last, Done)
    assert log.attempts[-1].received == len(result.last.text)


def test_a_reply_that_is_stopped_ends_its_attempt() -> None:
    result = play(serving())
    log = LinkLog(result.clock)
    for event in result.events[:4]:
        log.hear(event)
    assert not log.attempts[-1].ended
    log.stopped()
    assert log.attempts[-1].ended
    assert log.entries[-1].what == "stopped"


def test_probes_are_told_when_they_begin_to_be_lost_and_when_they_come_back() -> None:
    log = LinkLog(play(serving()).clock)
    for lost in (False, True, True, True, False, False, True):
        log.probed("refused" if lost else "", lost=lost)
    assert [entry.what for entry in log.entries] == ["probe_lost", "probe_back", "probe_lost"]


def test_what_the_probes_are_answered_by_is_told_when_it_changes() -> None:
    log = LinkLog(play(serving()).clock)
    for reason, lost in (("", 0), ("page", 0), ("page", 0), ("rate-limit", 0), ("dns", 1), ("refused", 1), ("", 0)):
        log.probed(reason, lost=bool(lost))
    told = [(entry.what, entry.fault.kind if entry.fault else "") for entry in log.entries]
    assert told == [
        ("probe_odd", "page"),
        ("probe_odd", "rate-limit"),
        ("probe_lost", "dns"),
        ("probe_lost", "refused"),
        ("probe_back", ""),
    ]


def test_memory_is_bounded() -> None:
    log = LinkLog(play(serving()).clock)
    for number in range(3 * KEPT):
        log.probed("refused", lost=number % 2 == 0)
    assert len(log.entries) == KEPT


def test_the_document_is_json_with_times_and_reasons() -> None:
    log = logged(play(serving(40)))
    events = json.loads(as_json(log.entries))["events"]
    assert [event["event"] for event in events] == [entry.what for entry in log.entries]
    assert all(event["time"][10] == "T" and event["time"][-6] in "+-" for event in events)
    cut = next(event for event in events if event["event"] == "backing_off")
    assert cut["fault"] == "truncated"
    assert cut["wait"] > 0
    seam = next(event for event in events if event["event"] == "seam")
    assert seam["seam"]["verified"] is True
    tokens = next(event["tokens"] for event in events if event["event"] == "usage")
    assert set(tokens) == {"prompt", "completion", "exact"}
    assert tokens["exact"] is False, "the attempt that was cut did not tell"
