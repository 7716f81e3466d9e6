"""The rolling window."""

from __future__ import annotations

import statistics

from hypothesis import given
from hypothesis import strategies as st

from tui.monitor.stats import WINDOW, Window, quantile


def test_an_empty_window_and_one_of_losses_know_nothing() -> None:
    window = Window()
    assert (window.samples, window.last, window.loss) == ((), None, (0, 0))
    window.add(None)
    assert (window.quantile(0.5), window.jitter(), window.loss) == (None, None, (1, 1))


def test_a_lost_probe_is_no_neighbour() -> None:
    window = Window()
    for one in (0.1, 0.3, None, 9.0, 9.1):
        window.add(one)
    jitter = window.jitter()
    assert jitter is not None
    assert abs(jitter - 0.15) < 1e-9
    assert window.loss == (1, 5)
    assert window.last == 9.1


def test_the_window_forgets() -> None:
    window = Window()
    for one in range(1000):
        window.add(None if one == 0 else float(one))
    assert len(window.samples) == WINDOW
    assert window.samples[0] == 1000 - WINDOW
    assert window.loss == (0, WINDOW)


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
