from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.screen.panes.link_words import SIGNS
from tui.screen.panes.pieces import Line, text_of, width_of
from tui.screen.panes.sparkline import BARS, LOST, bar, gathered, plainly, sparkline


def test_a_console_without_signs_gets_plain_ones_cell_for_cell() -> None:
    line: Line = (("✓ done ◐ ✗ ▓░", "good"), ("ready", "dim"))
    assert plainly(line, "blocks") == line
    assert text_of(plainly(line, "ascii")) == "+ done ~ x =-ready"
    shown = "".join(sign for sign, _ in SIGNS.values())
    plain = text_of(plainly(((shown, "dim"),), "ascii"))
    assert plain.isascii()
    assert len(set(plain)) == len(SIGNS), "each state has a sign of its own there too"


def test_the_scale_is_absolute() -> None:
    """40 to 42 ms against 50 is one height, whatever else was measured."""
    assert {bar(ms / 1000, 0.05) for ms in (40, 41, 42)} == {("▂", "good")}
    assert text_of(sparkline([0.040, 0.042], 9, 0.05)) == text_of(sparkline([0.040, 0.9, 0.042], 9, 0.05)).replace(
        "█", ""
    )


def test_shape_and_tone_tell_the_zone() -> None:
    assert bar(0.05, 0.05) == ("▂", "good")
    assert bar(0.0501, 0.05) == ("▃", "warn")
    assert bar(0.1, 0.05) == ("▄", "warn")
    assert bar(0.1001, 0.05) == ("▅", "bad")
    assert bar(60.0, 0.05) == ("█", "bad")
    assert bar(0.0, 0.05) == ("▁", "good")


def test_a_lost_probe_is_a_gap_that_can_be_seen() -> None:
    line = sparkline([0.01, None, 0.01], 10, 0.05)
    assert text_of(line) == f"▁{LOST}▁"
    assert line[1] == (LOST, "bad")
    assert LOST not in BARS


@given(st.lists(st.none() | st.floats(allow_nan=True), max_size=70), st.integers(-1, 65))
def test_the_newest_fit_and_nothing_breaks_it(samples: list[float | None], width: int) -> None:
    assert width_of(sparkline(samples, width, 0.05)) == max(0, min(width, len(samples)))


def test_the_newest_is_at_the_right() -> None:
    assert text_of(sparkline([0.001, 0.001, 9.0], 2, 0.05)) == "▁█"


Samples = st.lists(st.none() | st.floats(0, 60), max_size=1200)


@given(Samples, st.integers(1, 300))
def test_all_of_a_long_window_stands_in_the_bars(samples: list[float | None], bars: int) -> None:
    """No peak and no lost probe goes under, whichever part of the window it is in."""
    shown = gathered(samples, bars)
    assert len(shown) == min(bars, len(samples))
    assert (None in shown) == (None in samples)
    without_loss = gathered([0.0 if one is None else one for one in samples], bars)
    assert max(without_loss, default=None) == max((0.0 if one is None else one for one in samples), default=None)


def test_a_group_is_its_slowest_and_a_loss_in_it_is_a_gap() -> None:
    assert gathered([0.01, 0.04, 0.02, 0.03, None, 0.01], 3) == (0.04, 0.03, None)
    assert gathered([0.01, None], 2) == (0.01, None)
