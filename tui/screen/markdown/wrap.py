"""Breaking text into rows: words at spaces, Japanese and Chinese at any character, with simple kinsoku."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from rich.cells import cell_len, get_character_cell_size, split_graphemes

from tui.screen.markdown.rows import Row, Runs, cut, text_of

NOT_FIRST = frozenset(
    "、。，．・：；？！」』）］｝】〉》〕〗〙〛’”…‥ー々ゝゞヽヾぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ｡､｣,.!?:;)]}%°"
)
"""Characters that do not begin a row (JIS X 4051, the common part)."""
NOT_LAST = frozenset("「『（［｛【〈《〔〖〘〚‘“｢([{")
"""Characters that do not end a row."""
LONGEST_PULL = 4
"""At most so many characters are kept together by kinsoku: a row of commas must break somewhere."""

Span = tuple[int, int, str]
"""Where a row begins and ends in the text, and what stood between it and the next."""


@lru_cache(maxsize=2048)
def cells(text: str) -> int:
    """The width of short text that comes again and again."""
    return len(text) if text.isascii() else cell_len(text)


def wide(character: str) -> bool:
    """Whether a row may break beside it: everything two cells wide."""
    return get_character_cell_size(character) == 2


def _spans_ascii(text: str, width: int) -> list[Span]:
    found: list[Span] = []
    at, length = 0, len(text)
    while length - at > width:
        end = text.rfind(" ", at, at + width + 1)
        if end <= at or not text[at:end].strip(" "):
            found.append((at, at + width, ""))
            at += width
            continue
        after = end + 1
        while after < length and text[after] == " ":
            after += 1
        if after == length:
            break
        found.append((at, len(text[:end].rstrip(" ")), " "))
        at = after
    found.append((at, length if length - at <= width else len(text.rstrip(" ")), "\n"))
    return found


def _may_break(text: str, before: str, after: int) -> bool:
    """Whether a row may begin with the grapheme at `after`, when `before` is the first character of the one before."""
    first = text[after]
    if before == " ":
        return first != " "
    if first == " " or not (wide(before) or wide(first)):
        return False
    return first not in NOT_FIRST and before not in NOT_LAST


def _spans_wide(text: str, width: int) -> list[Span]:
    graphemes, total = split_graphemes(text)
    if total <= width:
        return [(0, len(text), "\n")]
    found: list[Span] = []
    row = used = 0  # where the row begins, its cells so far
    chance = chance_used = 0  # the last place where it may end, and the cells before it
    before = ""
    for start, _end, size in graphemes:
        if before and start > row and _may_break(text, before, start):
            chance, chance_used = start, used
        before = text[start]
        used += size
        if used <= width or before == " " or start == row:
            continue
        place = chance if chance > row else start
        if place == start:
            chance_used = used - size
        kept = text[row:place].rstrip(" ")
        found.append((row, row + len(kept), " " if len(kept) < place - row else ""))
        row, used = place, used - chance_used
        if used > width and start > row:  # a wide character, and only one cell was freed
            found.append((row, start, ""))
            row, used = start, size
        chance = row
    # Spaces at the end that have no room are not drawn.
    found.append((row, len(text) if used <= width else max(row, len(text.rstrip(" "))), "\n"))
    return found


def fold_spans(text: str, width: int) -> list[Span]:
    """Rows of exactly `width` cells where there is text for them: for code, where every space counts."""
    if text.isascii():
        last = max(0, len(text) - 1) // width * width
        return [(at, min(at + width, len(text)), "" if at < last else "\n") for at in range(0, last + 1, width)]
    found: list[Span] = []
    row = used = 0
    for start, _end, size in split_graphemes(text)[0]:
        if used + size > width and start > row:
            found.append((row, start, ""))
            row, used = start, 0
        used += size
    found.append((row, len(text), "\n"))
    return found


def wrap_spans(text: str, width: int) -> list[Span]:
    if len(text) * 2 <= width:
        return [(0, len(text), "\n")]
    return _spans_ascii(text, width) if text.isascii() else _spans_wide(text, width)


def _lines(runs: Runs) -> Iterable[Runs]:
    """`runs` cut at their newlines."""
    if not any("\n" in run[0] for run in runs):
        yield runs
        return
    line: list[tuple[str, str]] = []
    for text, look in runs:
        first, *others = text.split("\n")
        if first:
            line.append((first, look))
        for other in others:
            yield tuple(line)
            line = [(other, look)] if other else []
    yield tuple(line)


def rows_of(
    runs: Runs,
    width: int,
    first: Runs = (),
    rest: Runs = (),
    base: str = "",
    spans: Callable[[str, int], list[Span]] = wrap_spans,
) -> list[Row]:
    """`runs` as rows of at most `width` cells, `first` or `rest` to the left of them; at least one row."""
    rows: list[Row] = []
    lead = first
    for line in _lines(runs):
        text = text_of(line)
        for start, end, tail in spans(text, max(1, width)):
            whole = end - start == len(text)
            rows.append(Row(lead, line if whole else cut(line, start, end), tail, base))
            lead = rest
    return rows
