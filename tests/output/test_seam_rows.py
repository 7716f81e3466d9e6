"""A seam breaks the row in which it falls: what stands above its mark came before it, and nothing else does."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from test_markdown_rows import MARKDOWN, rows_of, texts

from tui.screen.markdown import blocks
from tui.screen.markdown import document as document_module
from tui.screen.markdown.document import Document
from tui.screen.markdown.layout import Mark
from tui.screen.markdown.rows import Row

LATER = str.maketrans({letter: chr(0x430 + ord(letter) - ord("a")) for letter in "abcdefghijklmnopqrstuvwxyz"})
"""Another alphabet for what comes behind a cut: Markdown treats its letters alike."""


def seams(*places: int) -> tuple[Mark, ...]:
    return tuple(Mark(at, (("SEAM", "seam"),), "seam") for at in places)


def stretches(rows: list[Row]) -> list[str]:
    """What stands between the marks, without spaces."""
    found = [""]
    for row in rows:
        if row.base.startswith("seam"):
            found.append("")
        else:
            found[-1] += "".join("".join(text.split()) for text, _look in row.runs)
    return found


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one two |three", ["one two", "SEAM", "three"]),
        ("one tw|o three", ["one tw", "SEAM", "o three"]),
        ("one\n\n|two", ["one", "SEAM", "", "two"]),
        ("one|\n\ntwo", ["one", "SEAM", "", "two"]),
        ("one|\ntwo", ["one", "SEAM", "two"]),
        ("- a\n- b|c\n- d", ["• a", "• b", "SEAM", "  c", "• d"]),
        ("- a\n- |bc", ["• a", "SEAM", "• bc"]),
        ("> a b|c", ["▎ a b", "SEAM", "▎ c"]),
        ("## Ti|tle", ["Ti", "SEAM", "tle"]),
        ("```\none\ntw|o\nthree\n```", ["  one", "  tw", "SEAM", "  o", "  three"]),
        ("```\nif x:\n  |  y\n```", ["  if x:", "SEAM", "      y"]),
        ("```\nif x: |  y\n```", ["  if x:", "SEAM", "     y"]),
        ("**bo|ld** *x*", ["bo", "SEAM", "ld x"]),
        ("*a*| * b", ["a", "SEAM", "* b"]),
        ("[te|xt](http://a.b) (c)", ["te", "SEAM", "xt (http://a.b) (c)"]),
        ("[text](http://|a.b 'T') \"d\"", ["text (http://", "SEAM", "a.b 'T') \"d\""]),
        ("|start", ["SEAM", "start"]),
        ("end\n|", ["end", "SEAM"]),
        ("a\n|---\nb", ["a", "SEAM", "", "b"]),
        ("a\n\n--|-\nb", ["a", "", "SEAM", "─" * 40, "", "b"]),
        ("a\n\n---|\nb", ["a", "", "─" * 40, "SEAM", "", "b"]),
        ("one |tw|o", ["one", "SEAM", "tw", "SEAM", "o"]),
        ("春はあけぼ|の。やうやう", ["春はあけぼ", "SEAM", "の。やうやう"]),
        ("e|\u0301a", ["SEAM", "e\u0301a"]),
    ],
)
def test_the_row_ends_at_the_seam(text: str, shown: list[str]) -> None:
    places = [place - number for number, place in enumerate(i for i, c in enumerate(text) if c == "|")]
    rows = texts(text.replace("|", ""), 40, seams(*places))
    assert [row.rstrip() for row in rows] == shown


TABLE = "| name | value |\n|---|---|\n| one | first thing |\n| two | second |\n"


@pytest.mark.parametrize(
    ("before", "width", "shown"),
    [
        ("first", 40, ["name │ value", "─────┼────────────", "one  │ first", "SEAM", "     │ thing", "two  │ second"]),
        (
            "| tw",
            40,
            [*["name │ value", "─────┼────────────", "one  │ first thing", "tw   │", "SEAM"], "o    │ second"],
        ),
        (
            "| na",
            40,
            [*["na   │", "SEAM", "me   │ value", "─────┼────────────"], "one  │ first thing", "two  │ second"],
        ),
        ("|--", 40, [*["name │ value", "─────┼────────────", "SEAM", "one  │ first thing"], "two  │ second"]),
        (
            "first",
            8,
            [
                *["name │", "value", "───", "name:", "one", "value:", "first", "SEAM"],
                *["───", "value:", "thing", "───", "name:", "two", "value:", "second"],
            ],
        ),
    ],
)
def test_a_seam_breaks_a_row_of_a_table_into_two(before: str, width: int, shown: list[str]) -> None:
    at = TABLE.index(before) + len(before)
    assert [row.rstrip() for row in texts(TABLE, width, seams(at))] == shown


def test_a_seam_breaks_a_row_of_a_long_table_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "TABLE_LINES", 1)
    at = TABLE.index("second") + 3
    assert [row.rstrip() for row in texts(TABLE, 40, seams(at))][-3:] == ["two  │ sec", "SEAM", "     │ ond"]


@given(MARKDOWN, st.lists(st.integers(0, 300), min_size=1, max_size=3), st.integers(12, 60), st.booleans())
@settings(max_examples=400, deadline=None)
def test_nothing_from_behind_a_seam_stands_above_it(text: str, places: list[int], width: int, long: bool) -> None:
    at = min(places[0], len(text))
    text = text[:at] + text[at:].translate(LATER)
    with pytest.MonkeyPatch.context() as patch:
        if long:
            patch.setattr(document_module, "PART", 40)
            patch.setattr(blocks, "PART", 40)
            patch.setattr(blocks, "TABLE_LINES", 2)
        rows = rows_of(text, width, seams(at))
    above = stretches(rows)[0]
    assert not any("\u0430" <= letter <= "\u0449" for letter in above), (text[:at], text[at:], above)


@given(
    st.lists(
        st.sampled_from(["word ", "long_er ", "春夏秋冬", "の。", "\n", "👨‍👩‍👧", "Wort, ", "\u3000"]), max_size=60
    ),
    st.lists(st.integers(0, 60), max_size=4),
    st.integers(4, 60),
)
@settings(max_examples=300, deadline=None)
def test_what_stands_between_two_seams_is_what_came_between_them(words: list[str], cuts: list[int], width: int) -> None:
    cuts = sorted({min(cut, len(words)) for cut in cuts})
    parts = ["".join(words[start:end]) for start, end in itertools.pairwise([0, *cuts, len(words)])]
    places = list(itertools.accumulate(len(part) for part in parts))[:-1]
    rows = rows_of("".join(parts), width, seams(*places))
    assert stretches(rows) == ["".join(part.split()) for part in parts]


@given(MARKDOWN, st.lists(st.integers(0, 300), max_size=3), st.integers(12, 60), st.integers(12, 60))
@settings(max_examples=150, deadline=None)
def test_seams_fit_any_width(text: str, places: list[int], width: int, other: int) -> None:
    marks = seams(*sorted({min(at, len(text)) for at in places}))
    document = Document(width, marks)
    document.feed(text)
    document.update(live=False)
    document.resize(other)
    document.update(live=False)
    assert document.rows == rows_of(text, other, marks)
    assert all(cell_len(row.text) <= other for row in document.rows)
    assert sum(row.base == "seam" for row in document.rows) == len(marks)


@given(MARKDOWN, st.integers(0, 300), st.lists(st.integers(1, 40), max_size=12))
@settings(max_examples=250, deadline=None)
def test_a_seam_that_comes_while_the_text_grows_stands_where_it_would_have_stood(
    text: str, at: int, steps: list[int]
) -> None:
    at = min(at, len(text))
    document = Document(40)
    fed = 0
    for step in [*steps, len(text)]:
        if fed <= at < fed + step:
            document.feed(text[fed:at])
            document.update(live=True)
            document.mark(seams(at))
            fed = at
        document.feed(text[fed : fed + step])
        fed = min(len(text), fed + step)
        before = list(document.rows)
        changed, _left = document.update(live=True)
        assert document.rows[:changed] == before[:changed]
    document.mark(seams(at))
    document.update(live=False)
    assert document.rows == rows_of(text, 40, seams(at))


def test_what_is_closed_is_not_laid_out_again_for_a_seam_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    document = Document(40)
    document.feed("a paragraph of words\n\n" * 400 + "the last one")
    document.update(live=True)
    laid: list[object] = []
    add = document._layout.add
    monkeypatch.setattr(document._layout, "add", lambda *args: (laid.append(args), add(*args))[1])
    document.mark(seams(document.length))
    for _ in range(10):
        document.feed(" goes on")
        document.update(live=True)
    assert len(laid) <= 20
    assert "SEAM" in [row.text for row in document.rows]
