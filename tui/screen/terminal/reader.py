"""Units of input to Textual's messages: the cures for keys, over Textual's own parser."""

from __future__ import annotations

import re
from collections.abc import Iterator

from textual import events
from textual._xterm_parser import XTermParser
from textual.message import Message

from tui.screen.terminal.keys import BURST, Cutter, Unit

_OTHER_KEY = re.compile(r"\x1b\[27;(\d+);(\d+)~")
"""xterm's and tmux's modifyOtherKeys: modifiers, code point."""

_COMMITTED = re.compile(r"\x1b\[\d*(?::\d*)*;[\d:]*;(\d+(?::\d+)*)u")
"""A kitty key with text: what an input method has committed."""

_LONGEST_KNOWN = 32
"""Characters; what is longer the parser types out (its _MAX_SEQUENCE_SEARCH_THRESHOLD)."""

_SHIFT_ONLY = 2
_LAST_CODE_POINT = 0x10FFFF


class KeyReader:
    """Decoded input in, messages out."""

    def __init__(self, escape_delay: float, *, debug: bool = False) -> None:
        self._cutter = Cutter(escape_delay)
        self._parser = XTermParser(debug)

    @property
    def deadline(self) -> float | None:
        return self._cutter.deadline

    def feed(self, data: str, now: float) -> Iterator[Message]:
        for unit in self._cutter.feed(data, now):
            yield from self._messages(unit)

    def tick(self, now: float) -> Iterator[Message]:
        for unit in self._cutter.tick(now):
            yield from self._messages(unit)

    def _messages(self, unit: Unit) -> Iterator[Message]:
        match unit.kind:
            case "paste":
                yield events.Paste(unit.text)
            case "escape":
                yield events.Key("escape", "\x1b")
            case "text":
                yield from self._parser.feed(unit.text)
            case "alt":
                if unit.text in {"\x1b\r", "\x1b\n"}:
                    yield events.Key("alt+enter", None)
                else:
                    yield from self._parser.feed(unit.text)
                    yield from self._give_up()
            case "sequence":
                yield from self._sequence(unit.text)

    def _sequence(self, sequence: str) -> Iterator[Message]:
        if text := _text_of(sequence):
            yield from [events.Paste(text)] if len(text) > BURST else self._parser.feed(text)
            return
        if other := _OTHER_KEY.fullmatch(sequence):
            sequence = f"\x1b[{other[2]};{other[1]}u"
        if len(sequence) > _LONGEST_KNOWN:
            return
        yield from self._parser.feed(sequence)
        for _ in self._give_up():
            pass  # a sequence that nobody knows is not text that somebody typed

    def _give_up(self) -> Iterator[Message]:
        """End what the parser still hopes to go on; what it makes of it."""
        if self._parser._timeout_time is not None:
            self._parser._timeout_time = 0.0
            yield from self._parser.tick()


def _text_of(sequence: str) -> str:
    """The characters that a sequence brings as text, where it is no key: committed by an input method, or shifted."""
    if (committed := _COMMITTED.fullmatch(sequence)) and ":" in committed[1]:
        return _characters(committed[1].split(":"))
    if (other := _OTHER_KEY.fullmatch(sequence)) and int(other[1]) == _SHIFT_ONLY:
        return _characters([other[2]])
    return ""


def _characters(codes: list[str]) -> str:
    """The printable ones of these code points; empty where one is not."""
    numbers = [int(code) for code in codes]
    if not all(number <= _LAST_CODE_POINT for number in numbers):
        return ""
    text = "".join(map(chr, numbers))
    return text if text.isprintable() else ""
