"""What of a conversation is sent where not all of it fits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.chat.window import Fit, fit

TURN = ("q" * 400, "a" * 400)  # 100 tokens each, estimated


def test_all_goes_where_nothing_is_known_of_the_window() -> None:
    found = fit("", [TURN] * 1000, "next", None, None)
    assert found.left_out == ()
    assert found.tokens > 200_000


def test_the_oldest_go_first() -> None:
    assert fit("", [TURN] * 4, "next", 2000, 500).left_out == ()
    assert fit("", [TURN] * 10, "next", 2000, 500).left_out == (0, 1, 2, 3)


def test_after_a_turn_that_does_not_fit_none_before_it_goes() -> None:
    turns = [TURN, ("big", "x" * 8000), TURN]
    assert fit("", turns, "next", 2000, 500).left_out == (0, 1)


def test_what_alone_is_too_long_is_said() -> None:
    assert fit("", [], "x" * 8000, 2000, 500).too_long
    assert fit("s" * 8000, [TURN], "x", 2000, 500) == Fit((0,), fit("s" * 8000, [], "x", 2000, 500).tokens, 2000, True)
    assert not fit("", [], "x" * 4000, 2000, 500).too_long


def test_a_limit_that_is_the_whole_window_leaves_half() -> None:
    assert not fit("", [], "x" * 3200, 2000, 100_000).too_long
    assert fit("", [], "x" * 3600, 2000, 100_000).too_long
    assert not fit("", [], "x" * 3600, 2000, None).too_long


texts = st.text("aあ ", max_size=200)


@given(
    texts, st.lists(st.tuples(texts, texts), max_size=12), texts, st.integers(1, 2000), st.none() | st.integers(1, 900)
)
def test_what_is_kept_fits_and_is_the_end(
    system: str, turns: list[tuple[str, str]], prompt: str, window: int, limit: int | None
) -> None:
    found = fit(system, turns, prompt, window, limit)
    answered = [place for place, (_, said) in enumerate(turns) if said]
    assert list(found.left_out) == answered[: len(found.left_out)]
    assert found.tokens <= window or found.too_long
    kept = [turn for place, turn in enumerate(turns) if place not in found.left_out]
    assert fit(system, kept, prompt, None, limit).tokens == found.tokens
