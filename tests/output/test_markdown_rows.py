"""The layout of Markdown: nothing of the text vanishes, and the way it arrives does not change how it looks."""

from __future__ import annotations

import itertools
import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.plain import plain
from tui.screen.markdown import blocks
from tui.screen.markdown import document as document_module
from tui.screen.markdown.document import Document
from tui.screen.markdown.layout import Mark
from tui.screen.markdown.rows import Row

SEAM = (("┄ seam ┄", "seam"),)

PIECES = (
    *["\n", "\n\n", " ", "  ", "    ", "\t", "word", "日本語の文章", "、。", "「", "」", "\u3000", "👨‍👩‍👧", "e\u0301"],
    *["# ", "## ", "- ", "* ", "1. ", "12) ", "> ", "- [ ] ", "- [x] ", "```", "```python\n", "~~~\n", "---", "==="],
    *["| a | b |\n|---|---|\n", "| x | y |", "|", ":-:", "**", "*", "_", "~~", "`", "``", "[", "]", "(", ")", "!["],
    *[
        "[text](http://x.y/z)",
        "<https://a.b>",
        "<div>",
        "</div>",
        "List<String>",
        "<think>",
        "[/x]",
        "&amp;",
        "&",
        "\\",
    ],
    *[
        "[^1]",
        "[^1]: note",
        "[a]: http://b",
        "def f(x): return 1",
        '"""',
        "/* ",
        " */",
        "long_word_" * 12,
        "javascript:",
    ],
)
MARKDOWN = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


def rows_of(text: str, width: int = 40, marks: tuple[Mark, ...] = (), *, live: bool = False) -> list[Row]:
    document = Document(width, marks)
    document.feed(text)
    while document.update(live=live)[1]:
        pass
    return list(document.rows)


def texts(text: str, width: int = 40, marks: tuple[Mark, ...] = ()) -> list[str]:
    return [row.text for row in rows_of(text, width, marks)]


def flow(rows: list[Row]) -> str:
    return "".join(run[0] for row in rows for run in row.runs)


@given(MARKDOWN, st.integers(4, 60), st.lists(st.integers(0, 400), max_size=12), st.booleans())
@settings(max_examples=250, deadline=None)
def test_any_deltas_give_the_rows_of_the_whole(text: str, width: int, cuts: list[int], live: bool) -> None:
    marks = tuple(Mark(at, SEAM) for at in sorted(set(cuts[:2])) if at <= len(text))
    document = Document(width, marks)
    places = sorted({0, len(text), *[cut for cut in cuts if cut < len(text)]})
    for start, end in itertools.pairwise(places):
        document.feed(text[start:end])
        before = list(document.rows)
        changed, _left = document.update(live=live)
        assert document.rows[:changed] == before[:changed]
    document.update(live=live)
    assert document.rows == rows_of(text, width, marks, live=live)


@given(MARKDOWN, st.integers(1, 60), st.integers(1, 60))
@settings(max_examples=150, deadline=None)
def test_another_width_gives_the_rows_of_that_width(text: str, width: int, other: int) -> None:
    document = Document(width)
    document.feed(text)
    document.update(live=False)
    document.resize(other)
    document.update(live=False)
    assert document.rows == rows_of(text, other)


@given(MARKDOWN, st.integers(0, 300))
@settings(max_examples=150, deadline=None)
def test_a_mark_that_comes_late_stands_where_it_would_have_stood(text: str, at: int) -> None:
    marks = (Mark(min(at, len(text)), SEAM),)
    document = Document(40)
    document.feed(text)
    document.update(live=False)
    document.mark(marks)
    document.update(live=False)
    assert document.rows == rows_of(text, 40, marks)


def lasting(text: str) -> str:
    """Letters, Japanese and marks that are never Markdown: without digits too, for `1.` may become a list's number."""
    return re.sub(r"[\s\\`*_~\[\]()<>!#|:=\-+&/;.^\"\d]", "", text)


@given(MARKDOWN)
@settings(max_examples=250, deadline=None)
def test_no_word_vanishes_or_moves(text: str) -> None:
    shown = iter("".join(row.text for row in rows_of(text, 2000)))  # so wide that no table wraps
    for character in lasting(text):
        assert character in shown, (character, text)


@given(MARKDOWN, st.integers(4, 60))
@settings(max_examples=250, deadline=None)
def test_no_word_vanishes_in_a_narrow_pane(text: str, width: int) -> None:
    shown = Counter("".join(row.text for row in rows_of(text, width)))
    assert not Counter(lasting(text)) - shown


@given(MARKDOWN, st.lists(st.integers(0, 400), max_size=12), st.booleans())
@settings(max_examples=250, deadline=None)
def test_any_deltas_give_the_rows_of_the_whole_where_lines_are_long(text: str, cuts: list[int], live: bool) -> None:
    """The same again with every limit so small that it is met."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document_module, "PART", 40)
        patch.setattr(document_module, "MOST_AT_ONCE", 50)
        patch.setattr(blocks, "PART", 40)
        patch.setattr(blocks, "TABLE_LINES", 2)
        patch.setattr(blocks, "TABLE_TEXT", 60)
        document = Document(24)
        for start, end in itertools.pairwise(sorted({0, len(text), *[cut for cut in cuts if cut < len(text)]})):
            document.feed(text[start:end])
            while document.update(live=live)[1]:
                pass
        document.update(live=live)
        assert document.rows == rows_of(text, 24, live=live)
        assert not Counter(lasting(text)) - Counter("".join(row.text for row in document.rows))


@given(MARKDOWN, st.integers(12, 60))
@settings(max_examples=150, deadline=None)
def test_no_row_is_wider_than_the_pane(text: str, width: int) -> None:
    for row in rows_of(text, width):
        assert cell_len(row.text) <= width, row


@pytest.mark.parametrize(
    "text",
    [
        "Use List<String> and <think>x</think>.",
        "<div>\n<b>bold</b>\n</div>",
        "a [/x] b [x] c [",
        "[link](javascript:alert(1))",
        "&amp; &lt;b&gt; &nbsp;",
        "全角\u3000空白",
        "\u3000字下げ",
        "cmd one \\\ncmd two \\",
        "text[^1]\n\n[^1]: the note\n[ref]: http://x.y",
        "<!-- comment -->\n<script>x</script>",
        "\\( x^2 \\) and \\[ y \\]",
        "C:\\new\\table",
        "2 * 3 * 4 and a_b_c",
        "| not | a table",
        "snake_case_name __init__.py",
        "https://example.org/a_b_c?x=1&y=2",
    ],
)
def test_text_that_is_no_markup_is_shown_as_it_is(text: str) -> None:
    shown = "\n".join(row.text for row in rows_of(text, 80) if row.text)
    assert shown == re.sub(r"\n+", "\n", text).replace("__init__", "init" if "__init__" in text else "")


def test_a_fence_that_is_not_closed_shows_its_code() -> None:
    assert texts("```\na <b> & c\n  *x*") == ["  a <b> & c", "    *x*"]


def test_emphasis_works_beside_japanese() -> None:
    rows = rows_of("これは**「強調」**です。")
    assert flow(rows) == "これは「強調」です。"
    assert ("「強調」", "strong") in rows[0].runs


def test_a_link_shows_its_target_as_it_was_written() -> None:
    assert texts('[docs](https://a.b/日本?x=1&amp;y "T") <https://c.d>', 80) == [
        'docs (https://a.b/日本?x=1&amp;y "T") https://c.d'
    ]
    assert texts("[https://a.b](https://a.b)", 80) == ["https://a.b"]
    assert texts("![alt](pic.png)", 80) == ["alt (pic.png)"]


def test_soft_breaks_stay_breaks() -> None:
    assert texts("春は\nあけぼの") == ["春は", "あけぼの"]


def test_lists_keep_their_numbers_and_nest() -> None:
    text = "3. three\n4. four\n   - in\n     more\n\n     apart\n- [x] done\n- [ ] open\n-\n"
    assert texts(text) == [
        *["3. three", "4. four", "   ◦ in", "     more"],
        *["", "     apart", "[x] done", "[ ] open", "• "],
    ]


def test_quotes_hold_blocks() -> None:
    assert texts("> a\nlazy\n> - b\n>\n> c\n\nd") == ["▎ a", "▎ lazy", "▎ • b", "▎ ", "▎ c", "", "d"]


def test_code_keeps_its_looks_from_line_to_line() -> None:
    rows = rows_of('```python\nx = """a\nb"""\nreturn\n```\n```js\n/* a\nb */ let c\n```')
    looks = {text.strip(): look for row in rows for text, look in row.runs}
    assert looks['b"""'] == "fence string"
    assert looks["return"] == "fence keyword"
    assert looks["/* a"] == looks["b */"] == "fence comment"
    assert looks["let"] == "fence keyword"


def test_a_table_fits_the_width() -> None:
    text = "| Name | Meaning |\n|:--|--:|\n| SSE | a stream of events |\n| `a\\|b` | 春夏秋冬 |\n"
    assert texts(text, 26) == [
        *["Name │            Meaning", "─────┼───────────────────", "SSE  │ a stream of events"],
        "a|b  │           春夏秋冬",
    ]


def test_a_table_that_is_too_narrow_shows_names_and_values() -> None:
    text = "| Name | Kind | More |\n|---|---|---|\n| aaaa | bbbbb | ccccc |"
    assert texts(text, 13) == ["Name │ Kind │", "More", "───", "Name: aaaa", "Kind: bbbbb", "More: ccccc"]


def test_cells_beyond_the_head_are_kept() -> None:
    assert "x | y" in "\n".join(texts("| a | b |\n|---|---|\n| 1 | x | y |\n"))


def test_a_long_table_goes_on_in_its_columns() -> None:
    text = "| a | b |\n|---|---|\n" + "".join(f"| {n} | x |\n" for n in range(100))
    rows = texts(text)
    assert rows[-1].startswith("99")
    assert {row.index("│") for row in rows if "│" in row} == {3}


def test_japanese_breaks_anywhere_but_not_before_a_full_stop() -> None:
    assert texts("日本語の文章は長い。終わり", 18) == ["日本語の文章は長", "い。終わり"]
    assert texts("abc 日本語日本語日本語", 12) == ["abc 日本語日", "本語日本語"]


def test_words_break_at_spaces_and_long_ones_anywhere() -> None:
    rows = rows_of("aaa bbb " + "c" * 12, 8)
    assert [(row.text, row.tail) for row in rows] == [("aaa bbb", " "), ("c" * 8, ""), ("cccc", "\n")]


def test_a_megabyte_on_one_line_is_read_in_parts() -> None:
    document = Document(80)
    document.feed("word " * 200_000)
    rounds = 1
    while document.update(live=True)[1]:
        rounds += 1
    assert rounds > 10
    assert flow(document.rows).replace(" ", "") == "word" * 200_000
    assert all(cell_len(row.text) > 74 for row in document.rows[:-1])


def test_a_long_japanese_line_has_no_short_rows() -> None:
    document = Document(80)
    document.feed("春はあけぼのやうやう白くなりゆく" * 2000)
    while document.update(live=True)[1]:
        pass
    assert all(cell_len(row.text) >= 76 for row in document.rows[:-1])


def test_what_may_become_a_mark_waits_while_the_text_is_live() -> None:
    assert [row.text for row in rows_of("text\n-", live=True)] == ["text"]
    assert [row.text for row in rows_of("```\ncode\n``", live=True)] == ["  code"]
    assert [row.text for row in rows_of("text\n1.", live=False)] == ["text", "1."]


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_is_laid_out(text: str) -> None:
    for row in rows_of(plain(text), 20):
        assert cell_len(row.text) <= 20


@pytest.mark.parametrize("mark", ["[", "*", "_", "`", "~", "![", "<", "\\", "(", "> ", "- ", "|", "#", "**a", "[a]("])
def test_a_wall_of_marks_is_laid_out(mark: str) -> None:
    rows = rows_of(mark * 4000 + " end", 80)
    assert "end" in rows[-1].text
