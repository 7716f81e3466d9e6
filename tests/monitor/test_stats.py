"""The rolling window."""

from __future__ import annotations

import math
import statistics

from hypothesis import given
from hypothesis import strategies as st

from tui.monitor.stats import WINDOW, Summary, Window, quantile, summary


def test_an_empty_window_and_one_of_losses_know_nothing() -> None:
    window = Window()
    assert (window.samples, window.summary) == ((), Summary())
    window.add(None)
    assert window.summary == Summary(count=1, lost=1)
    assert window.summary.loss == 1.0


def test_a_lost_probe_is_no_neighbour_but_a_loss() -> None:
    window = Window()
    for one in (0.1, 0.3, None, 9.0, 9.1):
        window.add(one)
    found = window.summary
    assert found.jitter is not None
    assert abs(found.jitter - 0.15) < 1e-9
    assert (found.lost, found.count, found.came, found.loss) == (1, 5, 4, 0.2)
    assert (found.last, found.best, found.worst) == (9.1, 0.1, 9.1)


def test_the_newest_one_lost_is_no_last_value() -> None:
    assert summary([0.1, None]).last is None


def test_the_window_forgets() -> None:
    window = Window()
    for one in range(1000):
        window.add(None if one == 0 else float(one))
    assert len(window.samples) == WINDOW
    assert window.samples[0] == 1000 - WINDOW
    assert window.summary.lost == 0
    window.clear()
    assert window.summary == Summary()


def test_p95_of_a_known_row() -> None:
    assert quantile([float(one) for one in range(101)], 0.95) == 95.0
    assert quantile([7.0], 0.95) == 7.0


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=80))
def test_one_half_is_the_median_and_the_ends_are_the_ends(values: list[float]) -> None:
    middle = quantile(values, 0.5)
    assert middle is not None
    assert abs(middle - statistics.median(values)) <= 1e-6 * max(1.0, max(values))
    assert quantile(values, 1.0) == max(values)
    assert quantile(values, 0.0) == min(values)


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e3)), max_size=80))
def test_a_summary_agrees_with_the_statistics_of_python(values: list[float | None]) -> None:
    found = summary(values)
    came = [one for one in values if one is not None]
    assert (found.count, found.lost) == (len(values), len(values) - len(came))
    if not came:
        assert found == Summary(len(values), len(values))
        return
    assert (found.best, found.worst) == (min(came), max(came))
    assert found.mean is not None
    assert math.isclose(found.mean, statistics.fmean(came), abs_tol=1e-9)
    assert (found.p50, found.p95, found.p99) == tuple(quantile(came, part) for part in (0.5, 0.95, 0.99))
    if len(came) > 1:
        assert found.stdev is not None
        assert math.isclose(found.stdev, statistics.stdev(came), abs_tol=1e-9)
    else:
        assert found.stdev is None
