"""Servers that answer as models and gateways do, and what their answers look like on the wire.

A behaviour is a pure function from what was asked to the text of the answer; `Refusal` where the server says 400.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

from fakes import Asked

from tui.engine.seam import SHORTEST

_TOKENS = re.compile(r"\s?[A-Za-z0-9]+|\s+|[^\sA-Za-z0-9]{1,2}|.", re.DOTALL)


def tokens(text: str) -> list[str]:
    """`text` as a model would send it: words with the space before them, one or two characters of anything else."""
    return _TOKENS.findall(text)


def chunk(delta: dict[str, object], finish: str | None = None, **more: object) -> bytes:
    """One frame of a chat.completions stream, as wide as real ones."""
    value = {
        "id": "chatcmpl-7Q",
        "object": "chat.completion.chunk",
        "created": 1800000000,
        "model": "test",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        **more,
    }
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def usage(prompt: int, completion: int) -> bytes:
    counted = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return (
        b"data: " + json.dumps({"object": "chat.completion.chunk", "choices": [], "usage": counted}).encode() + b"\n\n"
    )


DONE = b"data: [DONE]\n\n"


def frames(text: str) -> list[bytes]:
    """The deltas of `text`, a frame each, without an end."""
    return [chunk({"content": token}) for token in tokens(text)]


def stream(text: str, finish: str = "stop", counted: tuple[int, int] | None = (10, 20)) -> bytes:
    """A whole stream: role, deltas, finish, usage, [DONE]."""
    parts = [chunk({"role": "assistant", "content": ""}), *frames(text), chunk({}, finish)]
    if counted is not None:
        parts.append(usage(*counted))
    return b"".join([*parts, DONE])


class Refusal(Exception):
    """400: this server does not continue an assistant's message."""


Behaviour = Callable[[str, str], str]
"""(the whole answer, the text sent back) -> what the server says. The second is "" for a plain request."""


def exact(answer: str, sent: str) -> str:
    return answer.removeprefix(sent)


def trims(answer: str, sent: str) -> str:
    """Strips the prefill, then goes on from there (transformers, vLLM, LiteLLM)."""
    return exact(answer, sent.rstrip())


def left_trims(answer: str, sent: str) -> str:
    return exact(answer, sent).lstrip()


def echoes(answer: str, sent: str) -> str:
    """Says the prefill again, then goes on (Mistral)."""
    return sent + exact(answer, sent)


def restarts(answer: str, sent: str) -> str:
    return answer


def overlaps(answer: str, sent: str) -> str:
    return sent[-20:] + exact(answer, sent)


def repeats_line(answer: str, sent: str) -> str:
    return sent[sent.rfind("\n") + 1 :] + exact(answer, sent)


def chats(answer: str, sent: str) -> str:
    return ("Sure, continuing: " if sent else "") + exact(answer, sent).lstrip()


BEHAVIOURS: dict[str, Behaviour] = {
    "exact": exact,
    "trims": trims,
    "left-trims": left_trims,
    "echoes": echoes,
    "restarts": restarts,
    "overlaps": overlaps,
    "repeats-line": repeats_line,
    "chats-first": chats,
}
"""Those that know the answer. OTHERS are below."""


def _behind(mark: str) -> Behaviour:
    """Goes on behind the next `mark`: what stands before it is left out."""

    def behaviour(answer: str, sent: str) -> str:
        found = re.compile(mark).search(answer, len(sent)) if sent else None
        return answer[found.end() :] if found else exact(answer, sent)

    return behaviour


SKIPPING: dict[str, Behaviour] = {
    "next-line": _behind(r"\n"),
    "next-paragraph": _behind(r"\n\n"),
    "next-sentence": _behind(r"[.!?] +|[。！？]|\n"),
    "line-after-next": _behind(r"\n[^\n]*\n"),
}
"""They leave something out, and never say so."""

KNOWING = BEHAVIOURS | SKIPPING

OTHERS: Sequence[str] = ("different", "other-words", "shares-lines", "refuses")

DIFFERENT = (
    "Nothing of what was said above is repeated here. A wholly other answer follows, about ships: they float because "
    "they push away as much water as they weigh, and they steer by a rudder.\n\n1. hull\n2. keel\n3. mast\n\n"
    "So much for ships; ask about trains, and the answer will be longer than this one, for they have more parts."
)


def sharing(answer: str) -> str:
    """Another answer, with every second line (or sentence) of `answer` word for word in it."""
    lines = re.findall(r"[^\n。]*[\n。]?", answer)
    return "Another answer, then.\n" + "".join(lines[1::2]) + DIFFERENT


def sent_back(asked: Asked) -> tuple[str, str]:
    """(the assistant's text sent back, which rung it was), ("", "") for a plain request."""
    last = asked.messages[-1]
    if last["role"] == "assistant":
        return str(last["content"]), "prefill"
    before = asked.messages[-2] if len(asked.messages) > 1 else last
    return (str(before["content"]), "continue") if before["role"] == "assistant" else ("", "")


class Model:
    """A server with one of the behaviours; remembers every answer it gave."""

    def __init__(self, answer: str, behaviour: str) -> None:
        assert behaviour in KNOWING or behaviour in OTHERS
        self.answer = answer
        self.behaviour = behaviour
        self.said: list[str] = []

    def says(self, asked: Asked) -> str:
        """The text of the answer. Raises Refusal."""
        sent, rung = sent_back(asked)
        said = self._says(sent, rung)
        self.said.append(said)
        return said

    def _says(self, sent: str, rung: str) -> str:
        if self.behaviour == "refuses":
            if rung == "prefill":
                raise Refusal
            return exact(self.answer, sent)
        if not self.said:
            return self.answer
        if self.behaviour == "different":
            return DIFFERENT
        if self.behaviour == "shares-lines":
            return sharing(self.answer)
        if self.behaviour == "other-words":
            return f"Attempt {len(self.said)} says it in other words. " + DIFFERENT.replace(
                "ships", f"boat {len(self.said)}"
            )
        return KNOWING[self.behaviour](self.answer, sent)


REFUSED = {
    "error": {
        "message": "This model does not support assistant message prefill. It must end with a user message.",
        "type": "invalid_request_error",
    }
}

assert len(DIFFERENT) > 3 * SHORTEST
