"""Tables in the cells of a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from tui.cli.columns import cut, cut_middle, table

WORDS = st.text("aあ漢1.-", max_size=40)


@given(WORDS, st.integers(0, 50))
def test_a_cut_fits(text: str, width: int) -> None:
    for cutting in (cut, cut_middle):
        assert wcswidth(cutting(text, width)) <= width
        assert cutting(text, 80) == text


def test_names_that_differ_at_their_ends_stay_apart() -> None:
    assert cut_middle("claude-sonnet-4.5-20260101", 15) == "claude-…0260101"
    assert cut("claude-sonnet-4.5-20260101", 15) == "claude-sonnet-…"


@given(
    st.lists(st.lists(st.text("aあ1", min_size=1, max_size=5), min_size=6, max_size=6), min_size=1, max_size=9),
    st.integers(34, 90),
)
def test_every_cell_is_there_and_no_line_too_wide(rows: list[list[str]], width: int) -> None:
    lines = table(rows, width).splitlines()
    assert all(wcswidth(line) <= width for line in lines)
    parts = "\n".join(lines).split("\n\n")
    for place, row in enumerate(rows):
        shown = [part.splitlines()[place].split() for part in parts]
        assert all(cells[:2] == row[:2] for cells in shown)
        assert [cell for cells in shown for cell in cells[2:]] == row[2:]
