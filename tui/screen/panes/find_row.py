"""Where in the rows on the screen a word stands that was found in the text. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from tui.screen.markdown.rows import Row


def nth_before(text: str, word: str, start: int) -> int:
    """How many times `word` stands in `text` before `start`."""
    return text[:start].count(word) if word else 0


def row_of(rows: Iterable[Row], word: str, nth: int) -> int | None:
    """The row in which the `nth` (from 0) occurrence of `word` begins; the last one before it where there are fewer.

    Signs of Markdown are not on the screen, so a word may stand there less often than in the text. A word that is
    broken at the end of a row is found too.
    """
    starts: list[int] = []
    parts: list[str] = []
    length = 0
    for row in rows:
        starts.append(length)
        said = row.text + row.tail
        parts.append(said)
        length += len(said)
    whole = "".join(parts)
    at, found = -1, None
    for _ in range(nth + 1):
        at = whole.find(word, at + 1) if word else -1
        if at < 0:
            break
        found = at
    if found is None:
        return None
    return next(number for number in range(len(starts) - 1, -1, -1) if starts[number] <= found)
