from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.screen.panes.pieces import Chunk, Line, cut, cut_line, cut_start, fit, text_of, width_of, wrap_line

TEXTS = st.text(alphabet="ab 日本語、é…▁👍", max_size=12)
LINES = st.lists(st.tuples(TEXTS, st.just("normal")), max_size=4).map(tuple)
CHUNKS = st.lists(
    st.builds(Chunk, LINES, st.integers(0, 9), st.sampled_from(["", "  ", " · "]), st.none() | st.integers(0, 8)),
    max_size=6,
)


@given(CHUNKS, st.integers(0, 40))
def test_a_line_never_exceeds_its_width(chunks: list[Chunk], width: int) -> None:
    assert width_of(fit(chunks, width)) <= width


@given(CHUNKS)
def test_with_room_nothing_is_missing(chunks: list[Chunk]) -> None:
    text = text_of(fit(chunks, 10_000))
    assert all(text_of(chunk.pieces) in text for chunk in chunks)


@given(TEXTS, st.integers(0, 30))
def test_a_cut_text_says_that_it_is_cut(text: str, width: int) -> None:
    short = cut(text, width)
    assert cell_len(short) <= width
    assert short == text or width == 0 or short.endswith("…")


def test_a_wide_character_is_not_halved() -> None:
    assert cut("日本語", 4) == "日…"
    assert text_of(cut_line((("日本", "normal"), ("語", "dim")), 5)) == "日本…"
    assert text_of(cut_line((("日本", "normal"), ("語", "dim")), 4)) == "日…"


def test_the_highest_rank_goes_first_and_rank_nought_is_cut_last() -> None:
    chunks = [Chunk((("state", "good"),)), Chunk((("model", "dim"),), rank=9), Chunk((("retry", "dim"),), rank=2)]
    assert text_of(fit(chunks, 19)) == "state  model  retry"
    assert text_of(fit(chunks, 18)) == "state  retry"
    assert text_of(fit(chunks, 11)) == "state"
    assert text_of(fit(chunks, 4)) == "sta…"


def test_an_elastic_chunk_shrinks_before_it_goes() -> None:
    chunks = [Chunk((("state", "good"),)), Chunk((("a long reason", "dim"),), rank=1, least=6)]
    assert text_of(fit(chunks, 14)) == "state  a long…"
    assert text_of(fit(chunks, 12)) == "state"
    chunks.append(Chunk((("model", "dim"),), rank=2))
    assert text_of(fit(chunks, 26)) == "state  a long reason"


@given(TEXTS, st.integers(0, 30))
def test_a_start_is_cut_off_and_the_end_stays(text: str, width: int) -> None:
    kept = cut_start(text, width)
    assert cell_len(kept) <= width
    assert kept == text or text.endswith(kept[1:])
    assert kept == text or width == 0 or kept.startswith("…")


@given(LINES, st.integers(1, 40), st.integers(0, 10))
def test_a_wrapped_line_fits_and_loses_no_letter(line: Line, width: int, indent: int) -> None:
    rows = wrap_line(line, width, indent)
    assert all(width_of(row) <= width for row in rows)
    whole = "".join(text_of(row) for row in rows)
    if width > 2 * indent and not any(row and text_of(row).endswith("…") for row in rows):
        assert "".join(whole.split()) == "".join(text_of(line).split())


def test_a_line_breaks_at_words_and_never_before_a_full_stop() -> None:
    english: Line = (("12:00  ", "dim"), ("the answer broke off before its end", "warn"))
    assert [text_of(row) for row in wrap_line(english, 24, 4)] == [
        "12:00  the answer broke",
        "    off before its end",
    ]
    japanese: Line = (("回答が終わる前に途切れました。", "normal"),)
    assert [text_of(row) for row in wrap_line(japanese, 28, 2)] == ["回答が終わる前に途切れまし", "  た。"]
