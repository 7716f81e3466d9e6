"""What arrives from the terminal, cut into whole units before Textual's parser sees any of it. No I/O.

The parser takes a sequence that was torn by a slow link, or that it does not know, for typed text; it fires `enter`
for an ESC CR inside a paste; and it spends 15 s on 10 kB that were pasted without brackets. Here a unit is whole or it
waits, what nobody knows is dropped, and a burst of text is a paste.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "paste", "escape", "alt", "sequence"]

PATIENCE = 1.0
"""Seconds that the rest of a sequence may take once two of its characters have come: links pause, fingers do not."""

BURST = 64
"""Characters in one read; more than that were not typed."""

BURST_QUIET = 0.1
"""Seconds without input that end a burst; what comes sooner belongs to it, and an Enter in it does not send."""

PASTE_SILENCE = 30.0
"""Seconds after which a paste whose end got lost is taken for ended."""

_LONGEST_PASTE = 16 * 1024 * 1024
"""Characters; more than that is handed on in pieces."""

_PASTE_START = "\x1b[200~"
_PASTE_END = "\x1b[201~"

_WHOLE = re.compile(
    r"""\x1b(?:
        \[\[[A-E]                             # the Linux console's function keys
      | \[M[\s\S]{3}                          # a mouse report of the first kind
      | \[[0-?]*[ -/]*(?![\[M])[@-~] | \[[0-?]+[ -/]*[@-~]    # CSI
      | O[ -~]                                # SS3
      | (?:\][0-9]{1,4};|P[0-9;]*[$+>!|])[^\x07\x1b]*(?:\x07|\x1b\\)   # a reply of the terminal: OSC, DCS
    )""",
    re.VERBOSE,
)
_TORN = re.compile(
    r"""\x1b(?:
        \[\[? | \[M[\s\S]{0,2} | \[[0-?]*[ -/]* | O
      | \][0-9]{0,4} | P[0-9;]*
      | (?:\][0-9]{1,4};|P[0-9;]*[$+>!|])[^\x07\x1b]*\x1b?
    )?\Z""",
    re.VERBOSE,
)
_BROKEN = re.compile(r"\x1b\[[0-?]+[ -/]*")
"""Of a sequence that something else broke into; nobody typed it."""

_REPLY = re.compile(r"\x1b(?:\][0-9]{1,4};|P[0-9;]*[$+>!|])")
_TYPABLE = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+")

_LONGEST_SEQUENCE = 64 * 1024
"""Characters; a reply that goes on longer is none."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Something whole that arrived: typed text, a paste, a lone Esc, Alt and a character, or a sequence."""

    kind: Kind
    text: str


class Cutter:
    """Decoded input in, units out; `now` is any clock in seconds."""

    def __init__(self, escape_delay: float = 0.1) -> None:
        self._escape_delay = escape_delay
        self._held = ""
        self._paste: list[str] | None = None
        self._paste_size = 0
        self._burst_until = 0.0
        self.deadline: float | None = None
        """When `tick` has something to say, if nothing arrives before."""

    def feed(self, data: str, now: float) -> list[Unit]:
        units: list[Unit] = []
        data = self._held + data
        self._held = ""
        while data:
            data = self._in_paste(data, units) if self._paste is not None else self._outside(data, now, units)
        self._set_deadline(now)
        return units

    def tick(self, now: float) -> list[Unit]:
        """The time is up for what was held."""
        if self.deadline is None or now < self.deadline:
            return []
        units: list[Unit] = []
        held, self._held = self._held, ""
        if self._paste is not None:
            self._paste.append(held)
            self._end_paste(units)
        elif held == "\x1b":
            units.append(Unit("escape", held))
        elif len(held) == 2:
            units.append(Unit("alt", held))
        elif held and held[1] not in "]P":
            units.append(Unit("sequence", held))
        elif held and _REPLY.match(held) is None:
            # Alt and a letter, then digits that were typed.
            units += [Unit("alt", held[:2]), Unit("text", held[2:])]
        self._set_deadline(now)
        return units

    def _set_deadline(self, now: float) -> None:
        if self._paste is not None:
            self.deadline = now + PASTE_SILENCE
        elif self._held:
            self.deadline = now + (self._escape_delay if self._held == "\x1b" else PATIENCE)
        else:
            self.deadline = None

    def _outside(self, data: str, now: float, units: list[Unit]) -> str:
        """Take one unit off the front of `data`; what is left of it."""
        if data[0] != "\x1b":
            text, escape, rest = data.partition("\x1b")
            units.append(self._typed(text, now))
            return escape + rest
        if data.startswith(_PASTE_START):
            self._paste = []
            return data[len(_PASTE_START) :]
        if whole := _WHOLE.match(data):
            if _REPLY.match(data) is None:
                units.append(Unit("sequence", whole[0]))
            return data[whole.end() :]
        if len(data) <= _LONGEST_SEQUENCE and _TORN.match(data):
            self._held = data
            return ""
        if data[1] == "\x1b":
            units.append(Unit("escape", "\x1b"))
            return data[1:]
        if broken := _BROKEN.match(data):
            return data[broken.end() :]
        units.append(Unit("alt", data[:2]))
        return data[2:]

    def _typed(self, text: str, now: float) -> Unit:
        """Text outside brackets: typed, or a paste that came without them."""
        in_burst = len(text) > BURST or now < self._burst_until
        if not in_burst or _TYPABLE.fullmatch(text) is None:
            return Unit("text", text)
        self._burst_until = now + BURST_QUIET
        return Unit("paste", _pasted(text))

    def _in_paste(self, data: str, units: list[Unit]) -> str:
        """Collect up to the end of the paste; what is left of `data`."""
        assert self._paste is not None, "called only inside a paste"
        text, end, rest = data.partition(_PASTE_END)
        if not end:
            # The last characters may be the beginning of the end.
            keep = next((n for n in range(len(_PASTE_END) - 1, 0, -1) if text.endswith(_PASTE_END[:n])), 0)
            text, self._held = text[: len(text) - keep], text[len(text) - keep :]
        self._paste.append(text)
        self._paste_size += len(text)
        if end:
            self._end_paste(units)
        elif self._paste_size > _LONGEST_PASTE:
            self._end_paste(units)
            self._paste = []
        return rest

    def _end_paste(self, units: list[Unit]) -> None:
        text = "".join(self._paste or [])
        self._paste = None
        self._paste_size = 0
        if text:
            units.append(Unit("paste", _pasted(text)))


def _pasted(text: str) -> str:
    """Lines end in \\n, whatever the terminal makes of them; NUL is nothing that anybody pastes."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
