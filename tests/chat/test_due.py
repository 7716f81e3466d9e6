"""A wait that a server asked for ends when it ends, whoever thinks about it, or sleeps, meanwhile."""

from __future__ import annotations

from fakes import FakeClock

from tui.chat.due import Due, due_after


def test_it_counts_from_when_it_was_said() -> None:
    clock = FakeClock()
    due = due_after(310.0, clock.now() - 18.0, clock)
    assert due.left(clock) == 292.0
    assert due.wall == clock.wall() + 292.0


def test_a_machine_that_slept_has_waited_and_what_has_passed_is_over() -> None:
    clock = FakeClock()
    assert Due(clock.now() + 100.0, clock.wall() + 5.0).left(clock) == 5.0
    assert due_after(10.0, clock.now() - 11.0, clock).left(clock) == 0.0
