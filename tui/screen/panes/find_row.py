"""Where in the rows on the screen stands what was found in the text, compared as the search compares. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from tui.journal.folding import Folded, fold
from tui.plain import plain
from tui.screen.markdown.rows import Row, text_of

Spans = dict[int, tuple[int, int]]
"""By row: from which to which code point of its text."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Something that was found in a prompt or a reply, to be found again among its rows."""

    words: str
    """As they are compared."""
    nth: int
    """Which of those that are there, from 0."""
    in_prompt: bool = False


def sought(text: str, start: int, end: int, *, in_prompt: bool = False) -> Sought:
    """What stands at text[start:end]."""
    words = fold(plain(text[start:end]))
    before, at, count = Folded(plain(text[:end])).text, -1, 0
    while words and (at := before.find(words, at + 1)) >= 0:
        count += 1
    return Sought(words, max(0, count - 1), in_prompt)


def spans_of(rows: Sequence[Row], what: Sought) -> Spans:
    """Where it stands; the last one before it where there are fewer, nowhere where there is none.

    Signs of Markdown are not on the screen, so words may stand there less often than in the text. What is broken at the
    end of a row is found too, and stands in both.
    """
    starts: list[int] = []
    parts: list[str] = []
    length = 0
    for row in rows:
        starts.append(length)
        parts.append(text_of(row.runs) + row.tail)
        length += len(parts[-1])
    folded = Folded("".join(parts))
    at, found = -1, None
    for _ in range(what.nth + 1):
        at = folded.text.find(what.words, at + 1) if what.words else -1
        if at < 0:
            break
        found = at
    if found is None:
        return {}
    start, end = folded.origin(found, found + len(what.words))
    spans: Spans = {}
    for number in range(bisect_right(starts, start) - 1, len(starts)):
        if starts[number] >= end:
            break
        row, begins = rows[number], starts[number]
        first, last = max(0, start - begins), min(len(text_of(row.runs)), end - begins)
        if first < last:
            spans[number] = (row.lead_length + first, row.lead_length + last)
    return spans


class Marked:
    """What is marked in a turn whose rows are those of its prompt (`head` of them), of its reply, and others."""

    def __init__(self) -> None:
        self.what: Sought | None = None
        self._spans: Spans = {}
        """In the rows of the prompt, or of the reply."""

    def put(self, what: Sought | None, prompt: Sequence[Row], reply: Sequence[Row]) -> None:
        """Mark `what` from now on, as far as it is there; None: nothing."""
        self.what = what
        self._spans = spans_of(prompt if what.in_prompt else reply, what) if what is not None else {}

    def first_row(self, head: int) -> int | None:
        """Where it begins, as a row of the turn."""
        if self.what is None or not self._spans:
            return None
        return min(self._spans) + (0 if self.what.in_prompt else head)

    def span_in(self, number: int, head: int) -> tuple[int, int] | None:
        """Where it stands in a row of the turn."""
        if self.what is None or self.what.in_prompt != (number < head):
            return None
        return self._spans.get(number if self.what.in_prompt else number - head)

    def moved(self, changed: int) -> bool:
        """Whether rows of the reply from `changed` on that are others now may move it."""
        return self.what is not None and not self.what.in_prompt and changed <= max(self._spans, default=-1)
