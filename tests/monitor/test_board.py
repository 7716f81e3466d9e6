"""The board: tracks, windows, freeze, reset, and that it never grows."""

from __future__ import annotations

import pytest

from tui.monitor.board import KEPT, TRACKS, WINDOWS, Board, Glance, Sample, TrackView
from tui.monitor.view import ProbeView, in_window
from tui.timing import Timing


def probe(at: float, ttfb: float | None, warm: float | None = None) -> Sample:
    return Sample(at, "probe", Timing(ttfb=ttfb), warm, "" if ttfb is not None else "no-first-byte")


def reply(at: float, ttfb: float | None, ttft: float | None = None) -> Sample:
    return Sample(at, "reply", Timing(ttfb=ttfb, ttft=ttft))


def test_probes_and_replies_are_apart_in_one_track() -> None:
    board = Board()
    for sample in (probe(1, 0.1, 0.05), reply(2, 0.2, 0.9), probe(3, None), reply(4, None)):
        board.add("p", "m", sample)
    view = board.view("p", "m", 5.0)
    assert [one.at for one in view.samples] == [1, 2, 3, 4]
    assert (view.fresh.count, view.fresh.lost, view.fresh.mean, view.fresh.last) == (2, 1, 0.1, None)
    assert (view.warm.count, view.warm.lost, view.warm.last) == (1, 0, 0.05)
    assert (view.replies.count, view.replies.lost, view.replies.best) == (2, 1, 0.2)
    assert (view.ttft.count, view.ttft.worst) == (1, 0.9)
    assert view.last == reply(4, None)
    assert view.last.lost


def test_the_window_is_chosen_when_looked_at() -> None:
    board = Board()
    for minute in range(240):
        board.add("p", "", probe(60.0 * minute, minute / 1000))
    now = 60.0 * 240
    assert [board.view("p", "", now, window).fresh.count for window in WINDOWS] == [5, 15, 60, 240]
    assert board.view("p", "", now + WINDOWS[-1]).samples == ()


def test_a_glance_adds_up_once_a_second_and_at_once_when_something_else_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    board, looks = Board(), 0
    views = Board.views

    def counted(self: Board, now: float, window: float) -> tuple[TrackView, ...]:
        nonlocal looks
        looks += 1
        return views(self, now, window)

    monkeypatch.setattr(Board, "views", counted)
    glance = Glance(board)
    for tenth in range(20):
        board.add("p", "", probe(100 + tenth / 10, 0.1))
        seen = glance.views(100 + tenth / 10, 900.0)
        assert len(seen[0].samples) >= tenth + 1 - 10
    assert looks == 3
    assert len(glance.views(101.9, 300.0)[0].samples) == 20, "another window"
    board.freeze(101.95)
    glance.views(101.95, 300.0)
    assert looks == 5
    board.reset()
    assert glance.views(101.96, 300.0) == ()


def test_the_probes_of_a_window_are_the_boards() -> None:
    board = Board()
    for at in range(200):
        board.add("p", "", probe(float(at), None if at == 198 else at / 1000, 0.001))
    board.add("p", "", reply(200.0, 9.0))
    seen = in_window(ProbeView(samples=(0.5,), last=0.5, at=500.0, target=0.07), board.view("p", "", 200.0, 100.0))
    assert len(seen.samples) == 100
    assert seen.samples[-2:] == (None, 0.199)
    assert (seen.last, seen.loss, seen.warm, seen.at, seen.target) == (0.199, (1, 100), 0.001, 199.0, 0.07)
    assert seen.p95 == seen.summary.p95
    none = in_window(ProbeView(samples=(0.5,), last=0.5, at=500.0), TrackView("p", ""))
    assert (none.samples, none.last, none.at) == ((), None, 500.0)


def test_tracks_newest_first_and_an_unknown_one_is_empty() -> None:
    board = Board()
    board.add("p", "a", probe(1, 0.1))
    board.add("q", "b", probe(2, 0.1))
    board.add("p", "a", probe(3, 0.1))
    assert [(view.provider, view.model) for view in board.views(4.0)] == [("p", "a"), ("q", "b")]
    assert board.view("x", "y", 4.0).fresh.count == 0


def test_freeze_holds_the_picture_and_measuring_goes_on_behind_it() -> None:
    board = Board()
    board.add("p", "a", probe(1, 0.1))
    board.freeze(2.0)
    board.add("p", "a", probe(3, 0.3))
    assert board.frozen_at == 2.0
    assert board.view("p", "a", 10_000.0).fresh.count == 1
    board.thaw()
    assert board.frozen_at is None
    assert board.view("p", "a", 4.0).fresh.count == 2
    board.freeze(4.0)
    board.reset()
    assert (board.frozen_at, board.views(4.0)) == (None, ())


def test_constant_memory() -> None:
    board = Board()
    for number in range(KEPT + 50):
        board.add("p", "a", probe(float(number), 0.1))
    assert board.view("p", "a", 1e9, 1e9).fresh.count == KEPT
    for number in range(TRACKS + 5):
        board.add("p", f"m{number}", probe(float(number), 0.1))
    views = board.views(1e9, 1e9)
    assert len(views) == TRACKS
    assert views[0].model == f"m{TRACKS + 4}"


def test_what_stands_beside_a_model() -> None:
    """The free probes of its provider and its own, and its replies; nobody else's."""
    board = Board()
    board.add("p", "", probe(1, 0.1))
    board.add("p", "m", reply(2, 0.2))
    board.add("p", "other", reply(3, 0.3))
    board.add("q", "m", reply(4, 0.4))
    board.add("p", "", probe(5, 0.5))
    assert [one.at for one in board.beside("p", "m", 6.0)] == [1, 2, 5]
