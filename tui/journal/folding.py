"""Text as it is compared: full-width like half-width, capitals like small letters; and the way back. Pure.

NFKC and case folding change lengths, so a place found in folded text is led back to the text as it was written.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right

_MARKS = "\u0300-\u036f\u1160-\u11ff\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\u3099\u309a\ufe00-\ufe0f\uff9e\uff9f"
"""Belong to the character before them: combining marks, Hangul vowels and finals, half-width voiced sound marks."""

_PARTS = re.compile(
    # Runs that fold a character to a character, and anything else by itself with its marks.
    f"[\x00-\x7f\u3001-\u3029\u3041-\u3096\u30a1-\u30fa\u30fc-\u30fe\u4e00-\u9fff]+(?![{_MARKS}])|(?s:.)[{_MARKS}]*"
)


class Folded:
    """`text` as it is compared, and where each part of it comes from."""

    __slots__ = ("_ends", "_origins", "text")

    def __init__(self, text: str) -> None:
        self._ends: list[int] = []
        self._origins: list[tuple[int, int, bool]] = []
        if text.isascii():
            self.text = text.lower()
            return
        parts: list[str] = []
        length = 0
        for found in _PARTS.finditer(text):
            part = found[0]
            folded = _fold(part)
            whole = len(folded) == len(part) > 1 and found.end() - found.start() == len(part)
            parts.append(folded)
            self._origins.append((found.start(), length, whole))
            length += len(folded)
            self._ends.append(length)
        self._origins.append((len(text), length, False))
        self.text = "".join(parts)

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Where text[start:end] stands in what was folded: whole characters, with their marks."""
        if not self._origins:
            return start, end
        return self._back(start), self._back(end - 1, after=True) if end > start else self._back(start)

    def _back(self, place: int, *, after: bool = False) -> int:
        number = min(bisect_right(self._ends, place), len(self._origins) - 1)
        origin, begins, whole = self._origins[number]
        if whole:
            return origin + place - begins + (1 if after else 0)
        return self._origins[number + 1][0] if after and number + 1 < len(self._origins) else origin


def fold(text: str) -> str:
    """`text` as it is compared."""
    return text.lower() if text.isascii() else Folded(text).text


def _fold(part: str) -> str:
    if part.isascii():
        return part.lower()
    folded = unicodedata.normalize("NFKC", part).casefold()
    return folded if folded.isascii() else unicodedata.normalize("NFKC", folded)
