"""The screen against the wire: over fifty faults of every kind, and what was shown of each is what the server did.

Order, counters, connection ids and reasons are exact here; how soon and how near the times are is measured by
tests/benchmarks/screen_truth.py, over the same run with longer waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from truth_run import Run, attempts_of, run, truth

from tui.chat.link_log import Entry
from tui.say import say, speak

ROUNDS = 2
"""Every fault so often: 56, and six ends of replies."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    speak("en")
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        for place in ("CONFIG", "DATA", "CACHE", "STATE"):
            patch.setenv(f"XDG_{place}_HOME", str(home / place))
        patch.setenv("HOME", str(home))
        yield asyncio.run(run(home, ROUNDS, backoff=0.25))


def test_it_was_a_run_of_more_than_fifty_faults_of_every_kind(told: Run) -> None:
    steps = [step for reply in told.replies for step in reply if step.kind]
    assert len(steps) > 50
    served = [attempt.step for attempt in attempts_of(told)]
    assert served == [step for reply in told.replies for step in reply], "each happened, once, in its turn"


def test_the_log_says_what_happened_in_its_order(told: Run) -> None:
    expected = [(attempt.id, state) for attempt in attempts_of(told) for state in truth(attempt)]
    assert [(entry.connection_id, entry.what) for entry in _of_replies(told)] == expected


def test_every_retry_is_counted_and_every_connection_numbered(told: Run) -> None:
    waits = {entry.connection_id: entry for entry in told.entries if entry.what == "backing_off"}
    for attempt in attempts_of(told):
        if attempt.step.kind and not attempt.step.final:
            assert waits[attempt.id].retry_count == attempt.retry, attempt
        else:
            assert attempt.id not in waits
    begun = [entry.connection_id for entry in told.entries if entry.what == "connecting"]
    assert begun == [attempt.id for attempt in attempts_of(told)]


def test_every_fault_is_called_what_it_was(told: Run) -> None:
    ends = {entry.connection_id: entry for entry in told.entries if entry.what in ("backing_off", "failed")}
    for attempt in attempts_of(told):
        if attempt.step.kind:
            fault = ends[attempt.id].fault
            assert fault is not None
            assert fault.kind == attempt.step.kind, attempt
    assert set(ends) == {attempt.id for attempt in attempts_of(told) if attempt.step.kind}


def test_what_a_server_asks_for_is_waited_for(told: Run) -> None:
    waits = {entry.connection_id: entry.wait for entry in told.entries if entry.what == "backing_off"}
    asked = [attempt for attempt in attempts_of(told) if attempt.step.wait is not None]
    assert len(asked) == 3 * ROUNDS
    for attempt in asked:
        assert waits[attempt.id] == pytest.approx(attempt.step.wait, abs=0.001)
        # The server's own clock: nobody came sooner.
        assert attempt.next_at is not None
        assert attempt.next_at - attempt.ended_at >= (attempt.step.wait or 0.0)


def test_the_pane_showed_it_in_that_order(told: Run) -> None:
    """A state that came and went between two paintings is not missed; each wait and each end was there to be read."""
    shown: list[tuple[int, str]] = []
    for frame in told.frames:
        seen = (frame.connection, frame.state)
        if frame.connection and (not shown or shown[-1] != seen):
            shown.append(seen)
    happened = [(attempt.id, state) for attempt in attempts_of(told) for state in truth(attempt)]
    happened = [(number, state) for number, state in happened if state not in ("seam", "usage")]
    rest = iter(happened)
    assert all(seen in rest for seen in shown), "shown, but it never happened, or not then"
    for number, state in happened:
        assert state not in ("backing_off", "failed", "done") or (number, state) in shown


def test_the_pane_counted_and_named_each_fault(told: Run) -> None:
    by_id = {attempt.id: attempt for attempt in attempts_of(told)}
    named = set[int]()
    for frame in told.frames:
        if frame.state in ("backing_off", "failed"):
            attempt = by_id[frame.connection]
            assert say(f"faults.{attempt.step.kind}") in frame.rows[0], frame
            if frame.state == "backing_off":
                assert f"retry {attempt.retry}/5" in frame.rows[0], frame
            named.add(attempt.id)
    assert named == {attempt.id for attempt in by_id.values() if attempt.step.kind}


def test_nobody_was_called_alive_who_had_sent_nothing(told: Run) -> None:
    by_id = {attempt.id: attempt for attempt in attempts_of(told)}
    for frame in told.frames:
        if "server alive" in frame.rows[0]:
            head = by_id[frame.connection].head_at
            assert head is not None
            assert head < frame.at


def test_every_stream_was_measured(told: Run) -> None:
    """How near to the truth: tests/benchmarks/screen_truth.py."""
    streams = [entry for entry in told.entries if entry.what == "streaming"]
    assert len(streams) == sum(attempt.step.text for attempt in attempts_of(told))
    assert all(entry.ttfb is not None and entry.ttft is not None and entry.ttfb <= entry.ttft for entry in streams)


def test_the_page_holds_all_of_it(told: Run) -> None:
    for attempt in attempts_of(told):
        if attempt.step.kind:
            rows = [row for row in told.page.splitlines() if f"#{attempt.id} " in row]
            assert any(say(f"faults.{attempt.step.kind}") in row for row in rows), attempt
    assert told.page.count("resumed at ") == sum("seam" in truth(attempt) for attempt in attempts_of(told))


def _of_replies(told: Run) -> list[Entry]:
    return [entry for entry in told.entries if entry.what not in ("probe_lost", "probe_odd", "probe_back")]


def test_probes_were_answered_and_none_was_called_lost(told: Run) -> None:
    assert not [entry for entry in told.entries if entry.what in ("probe_lost", "probe_odd", "probe_back")]
