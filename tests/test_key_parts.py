"""No part of a key is told."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.plain import SHORTEST_PART, without

SECRETS = st.text("abc_", min_size=1, max_size=40)
"""Of few characters: the worst, for they repeat."""
KEY = "hs_0123456789abcdefghij0123456789ABCD"


def parts(secret: str) -> set[str]:
    size = min(SHORTEST_PART, len(secret))
    return {secret[at : at + size] for at in range(len(secret) - size + 1)}


@given(SECRETS, st.lists(st.one_of(st.text("abc_ .", max_size=20), st.integers(0, 40)), max_size=6))
def test_no_run_of_the_key_stays_and_nothing_else_goes(secret: str, pieces: list[str | int]) -> None:
    text = "".join(piece if isinstance(piece, str) else secret[piece:] for piece in pieces)
    shown = without(secret, text)
    assert not any(part in shown for part in parts(secret))
    rest = iter(text)
    assert all(letter in rest for letter in shown if letter != "…"), "what is left is as it was, in order"
    if not any(part in text for part in parts(secret)):
        assert shown == text


@given(SECRETS, st.text("abc_ .", max_size=10), st.lists(st.integers(0, 60), max_size=8))
def test_nor_where_it_comes_in_parts(secret: str, around: str, cuts: list[int]) -> None:
    text = around + secret + around
    places = sorted({0, len(text), *[cut for cut in cuts if cut < len(text)]})
    shown = "".join(without(secret, text[start:end], text[:start]) for start, end in itertools.pairwise(places))
    assert not any(part in shown for part in parts(secret))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"wrong key {KEY}.", "wrong key …."),
        (f"key ending in {KEY[-10:]}", "key ending in …"),
        (f"key {KEY[:10]}***", "key …***"),
        (f"key {KEY[:7]}***", f"key {KEY[:7]}***"),
        ("nothing of it", "nothing of it"),
    ],
)
def test_what_is_seen_of_it(text: str, shown: str) -> None:
    assert without(KEY, text) == shown


def test_a_short_key_goes_as_a_whole() -> None:
    assert without("abc", "abcab abc") == "…ab …"
    assert without("", "text") == "text"
