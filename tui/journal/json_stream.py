"""Reads a JSON document piece by piece: what is in memory is one value, not the document."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator

_CHUNK = 1 << 16
"""Bytes read at a time, at least."""

_NEAR = 12
"""Code points before the end of what was read in which a broken value may be one that is not all there yet: a word or
an escape is cut there (`fals`, `\\ud83d\\ude`)."""

_TAIL = 3
"""Code points that must be known after a value: 1 may be the beginning of 1.5 or of 1e+9."""

_SPACE = " \t\n\r"
_DECODER = json.JSONDecoder()


class BadJson(ValueError):
    """Not JSON, or not all of it."""

    def __init__(self, at: int, *, cut: bool) -> None:
        super().__init__(f"character {at}")
        self.at = at
        """Code points from the beginning."""
        self.cut = cut
        """The document ends too early."""


class JsonStream:
    """A document as it is walked through; `read` gives its next bytes, b'' at the end."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._at = 0
        self._before = 0
        self._ended = False

    def members(self) -> Iterator[str]:
        """The names in an object; whoever takes one reads its value before the next."""
        self._expect("{")
        if self._peek() == "}":
            self._at += 1
            return
        while True:
            if self._peek() != '"':
                raise self._bad()
            name = self.value()
            self._expect(":")
            yield str(name)
            if self._expect(",}") == "}":
                return

    def items(self) -> Iterator[None]:
        """Once for each item of an array; whoever is told reads it before the next."""
        self._expect("[")
        if self._peek() == "]":
            self._at += 1
            return
        while True:
            yield None
            if self._expect(",]") == "]":
                return

    def value(self) -> object:
        """The next value, whole."""
        self._peek()
        while True:
            try:
                found: tuple[object, int] = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                unfinished = error.msg.startswith("Unterminated") or error.pos >= len(self._text) - _NEAR
                if self._ended or not unfinished:
                    raise BadJson(self._before + error.pos, cut=unfinished) from error
            except (ValueError, RecursionError) as error:
                raise self._bad() from error
            else:
                if found[1] + _TAIL <= len(self._text) or self._ended:
                    self._at = found[1]
                    return found[0]
            self._more()

    def end(self) -> None:
        """Nothing but white space may follow."""
        if self._peek():
            raise self._bad()

    def _expect(self, allowed: str) -> str:
        found = self._peek()
        if not found or found not in allowed:
            raise self._bad()
        self._at += 1
        return found

    def _peek(self) -> str:
        """The next character that is not white space; '' at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._more()

    def _more(self) -> None:
        """Read on: as much again as is held, so that a long value is not tried for every chunk of it."""
        rest = self._text[self._at :]
        data = self._read(max(_CHUNK, len(rest)))
        self._ended = not data
        try:
            self._text = rest + self._decoder.decode(data, final=self._ended)
        except UnicodeDecodeError as error:
            raise BadJson(self._before + self._at + len(rest), cut=self._ended) from error
        self._before += self._at
        self._at = 0

    def _bad(self) -> BadJson:
        return BadJson(self._before + self._at, cut=self._ended and self._at >= len(self._text))
