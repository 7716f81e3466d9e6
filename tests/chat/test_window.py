"""What of a conversation is sent where not all of it fits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.chat.window import MOST, Fit, Sizes, factor_of, fit, tokens_of

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
    alone, both = fit("s" * 8000, [], "x", 2000, 500), fit("s" * 8000, [TURN], "x", 2000, 500)
    assert both == Fit((0,), alone.tokens, 2000, too_long=True, wanted=alone.wanted + 240, kept=500)
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


def test_a_character_costs_by_what_it_is() -> None:
    assert tokens_of("a" * 400) == 115
    assert tokens_of("é" * 100) == 60
    assert tokens_of("春" * 100) == 120
    assert tokens_of("🌸" * 100) == 180
    assert tokens_of("\ud800") == 2, "half a surrogate pair, as some servers send"


def test_the_models_own_count_corrects_the_estimate_upward_only() -> None:
    text = "春" * 100
    assert factor_of([]) == 1.0
    assert factor_of([(text, 240)]) == 2.0
    assert factor_of([(text, 60)]) == 1.0, "the next prompt may be in another language"
    assert factor_of([("short", 5000), (text, int(120 * MOST) + 1)]) == 1.0, (
        "too short, and thoughts that are not shown"
    )
    assert factor_of([(text, 240), (text, 360), (text, 360), (text, 120), (text, 240), (text, 480)]) == 2.0
    assert fit("", [TURN], "x", 2000, 500, 2.0).tokens == 2 * 235 + fit("", [], "x", 2000, 500, 2.0).tokens


conversations = st.lists(st.tuples(texts, texts), max_size=6)


@given(st.lists(conversations, max_size=6), st.floats(1.0, 4.0))
def test_what_is_remembered_of_the_turns_changes_nothing(states: list[list[tuple[str, str]]], factor: float) -> None:
    """Turns are added, dropped, branched from and answered anew."""
    sizes = Sizes()
    for turns in states:
        assert fit("", turns, "x", 2000, 500, factor, sizes) == fit("", turns, "x", 2000, 500, factor)


@given(texts, texts)
def test_more_text_is_never_fewer_tokens(one: str, other: str) -> None:
    assert tokens_of(one + other) >= max(tokens_of(one), tokens_of(other))
