"""What was found in a text is found again among the rows that show it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.journal.folding import Folded
from tui.journal.terms import place, query
from tui.screen.markdown.document import Document
from tui.screen.markdown.rows import Row
from tui.screen.panes.find_row import Sought, sought, spans_of
from tui.screen.panes.turn_rows import prompt_rows


def rows_of(text: str, width: int = 40) -> list[Row]:
    document = Document(width)
    document.feed(text)
    left = True
    while left:
        _, left = document.update(live=False)
    return document.rows


def found(text: str, words: str) -> Sought:
    """As the search finds it."""
    span = place(Folded(text), query(words))
    assert span is not None
    return sought(text, *span)


def marked(rows: list[Row], what: Sought) -> list[str]:
    return [rows[number].text[start:end] for number, (start, end) in spans_of(rows, what).items()]


@pytest.mark.parametrize(
    ("text", "words", "shown"),
    [
        ("Here blooms the plum.", "PLUM", ["plum"]),
        ("日本の四季は美しい。", "四季", ["四季"]),
        ("ﾊﾞﾗとＡＢＣ", "バラ", ["ﾊﾞﾗ"]),
        ("ﾊﾞﾗとＡＢＣ", "abc", ["ＡＢＣ"]),
        ("Cafe\u0301 au lait", "café", ["Cafe\u0301"]),
        ("So:\n\n```python\ndef Plum_tree():\n    pass\n```\n", "plum_tree", ["Plum_tree"]),
        ("> quoted **plum** tree", "plum tree", ["plum tree"]),
        ("- one\n- a plum\n", "plum", ["plum"]),
        ("| a | b |\n|---|---|\n| x | plum |\n", "plum", ["plum"]),
        ("wor" * 20, "worworwor" * 6, ["wor" * 13 + "w", "orworworworwor"]),
    ],
)
def test_what_the_search_found_is_found_as_it_is_shown(text: str, words: str, shown: list[str]) -> None:
    text = text.replace("**", "") if "**" in text else text
    assert marked(rows_of(text), found(text, words)) == shown


def test_the_one_that_was_found_is_marked_and_no_other() -> None:
    text = "plumage\n\nPlum\n\nplum"
    rows = rows_of(text)
    (number,) = spans_of(rows, found(text, "plum"))
    assert rows[number].text == "plumage", "the first that begins a word"
    assert found("aplum plum", "plum") == Sought("plum", 1)
    what = sought(text, text.rindex("plum"), len(text))
    (number,) = spans_of(rows, what)
    assert rows[number].text == "plum"


def test_where_markdown_hides_some_the_last_one_before_is_shown() -> None:
    text = "[plum](http://plum.example) and more"
    rows = rows_of(text, 20)
    assert marked(rows, Sought("plum", 9)) == ["plum"]
    assert spans_of(rows, Sought("cherry", 0)) == {}
    assert spans_of([], Sought("cherry", 0)) == {}
    assert spans_of(rows, sought("", 0, 0)) == {}


def test_a_hit_in_a_prompt_stands_behind_its_sign() -> None:
    rows = prompt_rows("first line\nthe 梅 blooms", 30)
    assert spans_of(rows, Sought("梅", 0, in_prompt=True)) == {1: (6, 7)}


@given(
    st.lists(st.sampled_from(["plum", "梅", "Ａb", "の", "cherry", "ﾊﾞ", "e\u0301"]), min_size=1, max_size=40), st.data()
)
def test_any_word_of_a_plain_text_is_marked_where_it_is(words: list[str], data: st.DataObject) -> None:
    text = " ".join(words)
    at = data.draw(st.integers(0, len(words) - 1))
    start = len(" ".join([*words[:at], ""])) if at else 0
    rows = rows_of(text, data.draw(st.integers(4, 30)))
    assert "".join(marked(rows, sought(text, start, start + len(words[at])))) == words[at]
