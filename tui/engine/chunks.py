"""What a frame of a chat-completions stream means: text, reasoning, usage, a finish, an error, or nothing.

OpenAI's `chat.completion.chunk` and the dialects met in the wild (reference, B.2). No I/O.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from tui.engine.faults import in_stream
from tui.words import Fault


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """Reasoning, kept apart from the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Counted:
    """`usage` of this attempt so far; the last one counts."""

    prompt: int
    completion: int


@dataclass(frozen=True, slots=True)
class Finish:
    """finish_reason; None for [DONE]."""

    reason: str | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error inside the stream, or the end of what can be believed."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Garbled:
    """Something with a `{` in it that is not JSON: text may be lost in it."""

    start: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """Not for us: a gateway's `ping`."""

    start: str


Piece = Text | Thought | Counted | Finish | Trouble | Garbled | Ignored

_DECODER = json.JSONDecoder()
_SHOWN = 300
_HELD = 1000
"""Code points held back with half a character at their end, at the most."""
_NO_FINISH = ("", "null")
"""What gateways that cannot say null send with every delta."""


def pieces(data: str) -> list[Piece]:
    """What one frame's data says, in order. Empty data says nothing."""
    if not data.startswith("{"):
        data = data.strip().removeprefix("\ufeff")
        if not data:
            return []
        if data == "[DONE]":
            return [Finish(None)]
        if not data.startswith("{"):
            # A ping has no brace; a data line with noise before its object has one.
            return [Garbled(data[:_SHOWN]) if "{" in data else Ignored(data[:_SHOWN])]
    try:
        value, end = _DECODER.raw_decode(data)
    except (ValueError, RecursionError):
        return _glued(data)
    return _of(value) if end == len(data) else _glued(data)


def _glued(data: str) -> list[Piece]:
    """Several objects on one line, taken one by one; [DONE] may stand behind them."""
    found: list[Piece] = []
    at = 0
    while at < len(data):
        if data[at].isspace():
            at += 1
            continue
        if data.startswith("[DONE]", at):
            found.append(Finish(None))
            at += len("[DONE]")
            continue
        try:
            value, at = _DECODER.raw_decode(data, at)
        except (ValueError, RecursionError):
            found.append(Garbled(data[at : at + _SHOWN]))
            return found
        found += _of(value)
    return found


def _of(value: object) -> list[Piece]:
    if not isinstance(value, dict):
        return [Ignored(str(value)[:_SHOWN])]
    found: list[Piece] = []
    choices = value.get("choices")
    finish: object = None
    choice: dict[str, object] | None = None
    first: object = choices[0] if choices and isinstance(choices, list) else None
    if isinstance(first, dict):
        choice = first
        finish = choice.get("finish_reason")
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            # A server that answers a stream request with a whole completion puts it under "message".
            delta = choice.get("message")
        if isinstance(delta, dict):
            _say(delta, found)
    if "usage" in value or "x_groq" in value or (choice is not None and "usage" in choice):
        counted = _usage_in(value, choice)
        if counted is not None:
            found.append(counted)
    error = _error_in(value)
    if error is not None:
        found.append(Trouble(in_stream(error)))
    elif finish == "error":
        found.append(Trouble(Fault("in-stream", permanent=False, detail="finish_reason: error")))
    elif finish is not None and isinstance(finish, str) and finish not in _NO_FINISH:
        found.append(Finish(finish))
    return found


def _say(delta: dict[str, object], found: list[Piece]) -> None:
    thought = delta.get("reasoning_content") or delta.get("reasoning") or delta.get("thinking")
    if thought and isinstance(thought, str):
        found.append(Thought(thought))
    content = delta.get("content")
    if isinstance(content, str):
        if content:
            found.append(Text(content))
    elif isinstance(content, list):
        found.extend(_part(part) for part in content if isinstance(part, dict) and part)
    refusal = delta.get("refusal")
    if refusal and isinstance(refusal, str):
        found.append(Text(refusal))


def _part(part: dict[str, object]) -> Piece:
    """Mistral's form: content is a list of typed parts."""
    text = part.get("text")
    if isinstance(text, str):
        return Thought(text) if part.get("type") == "thinking" else Text(text)
    return Ignored(str(part)[:_SHOWN])


def _usage_in(value: dict[str, object], choice: dict[str, object] | None) -> Counted | None:
    """Beside the choices; Moonshot has it in the first choice, Groq under `x_groq`."""
    for place in (value, choice, value.get("x_groq")):
        usage = place.get("usage") if isinstance(place, dict) else None
        counted = _count(usage) if isinstance(usage, dict) else None
        if counted is not None:
            return counted
    return None


def _count(usage: dict[str, object]) -> Counted | None:
    """OpenAI's names, or Anthropic's."""
    prompt = usage.get("prompt_tokens", usage.get("input_tokens"))
    completion = usage.get("completion_tokens", usage.get("output_tokens"))
    if isinstance(prompt, int) and isinstance(completion, int) and prompt >= 0 and completion >= 0:
        return Counted(prompt, completion)
    return None


def _error_in(value: dict[str, object]) -> object:
    """OpenAI's {"error": …}, vLLM's {"object": "error", …}, Anthropic's {"type": "error", "error": …}."""
    return value.get("error") or (value if "error" in (value.get("object"), value.get("type")) else None)


def whole_or_nothing(said: list[Piece]) -> list[Piece]:
    """What a frame says where it can be read again: its text in one piece, and none of it where it is damaged."""
    for place, piece in enumerate(said):
        if isinstance(piece, Finish):
            break
        if isinstance(piece, Garbled) or (isinstance(piece, Trouble) and not piece.fault.permanent):
            return said[place:]
    texts = [piece.text for piece in said if isinstance(piece, Text)]
    if len(texts) < 2:
        return said
    first = next(place for place, piece in enumerate(said) if isinstance(piece, Text))
    rest = [piece for piece in said[first:] if not isinstance(piece, Text)]
    return [*said[:first], Text("".join(texts)), *rest]


def cut_json(body: str) -> bool:
    """A JSON document that breaks off (and not one with something else behind it)."""
    try:
        _DECODER.raw_decode(body.lstrip().removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return body.lstrip().removeprefix("\ufeff").startswith(("{", "["))
    return False


def whole(body: str) -> list[Piece] | None:
    """A body that is one JSON document instead of a stream: its meaning, or None where it is something else."""
    try:
        value: object = json.loads(body.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    found = _of(value)
    return found if any(isinstance(piece, Text | Trouble | Finish) for piece in found) else None


class Surrogates:
    """Joins UTF-16 halves that a provider split over two deltas, and makes U+FFFD of lone ones.

    They are real (reference, C.3) and would fail later, at the first `.encode()`.
    """

    def __init__(self, *, whole: bool = False) -> None:
        """`whole`: with a half, all of its piece is held, so that a piece is given whole or not at all."""
        self._held = ""
        self._whole = whole

    @property
    def holding(self) -> bool:
        return bool(self._held)

    def mend(self, text: str) -> str:
        if self._held:
            text, self._held = self._held + text, ""
        elif text.isascii():
            return text
        if "\ud800" <= text[-1] <= "\udbff":
            keep = 0 if self._whole and len(text) < _HELD else -1
            text, self._held = text[:keep], text[keep:]
            if not text:
                return ""
        try:
            text.encode()
        except UnicodeEncodeError:
            return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return text

    def rest(self) -> str:
        """What is still held when the stream ends: a half without its other half."""
        held, self._held = self._held, ""
        return held.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
