"""A provider that breaks in every way it can be made to, one after another, and knows what it did.

with BreakingProvider(script(rounds=2)) as server: ... the connection of each request is in server.told, with its Step
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from breaking_provider import JSON, listing, no_such_model, refused_key
from model_servers import chunk, stream
from wire_server import ERROR_FRAME, GARBAGE, HTML, KEEP_ALIVE, PAGE, Answer, Ending, Framing, Seen, WireServer

IDLE, PROGRESS, FIRST_BYTE = 0.8, 1.3, 0.8
"""The limits, in seconds, that the stalls below run into."""

DELTAS = 60
"""Of an answer that breaks in its middle: more than the tail that has to come back."""

LONG_ANSWER = " ".join(
    f"Note {n}: lamp {n * 37 % 1009} was lit at {n % 24:02}:{n * 7 % 60:02} by keeper {n * 11 % 97}, and the tide said "
    f"{('nothing', 'little', 'enough', 'too much')[n % 4]}."
    for n in range(1, 30)
)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that goes wrong."""

    name: str
    kind: str
    """What a reader is to be told: a row of the fault table."""
    answer: Callable[[bytes], Answer] | None
    """Given a whole stream, what is sent of it; None: the connection is refused."""
    text: bool = False
    """Whether text comes first."""
    stalls: bool = False
    """Whether it hangs after text."""
    wait: float | None = None
    """Seconds that the server asks for."""
    final: bool = False
    """No retry helps."""
    sent: bool = True
    """Whether the request is heard."""


def _lead(whole: bytes) -> bytes:
    """The role and DELTAS deltas."""
    parts = whole.split(b"\n\n")
    return b"\n\n".join(parts[: DELTAS + 1]) + b"\n\n"


def _cut(end: Ending, framing: Framing = "chunked", then: bytes = b"") -> Callable[[bytes], Answer]:
    return lambda whole: Answer(_lead(whole) + then, end=end, framing=framing)


def _short(whole: bytes) -> Answer:
    """Fewer bytes than its header promises."""
    return Answer(whole, cut=len(_lead(whole)), framing="length", end="fin")


def _keep_alives(whole: bytes) -> Answer:
    return Answer(_lead(whole) + KEEP_ALIVE * 20, lead=len(_lead(whole)), piece=len(KEEP_ALIVE), pause=0.2, end="stall")


def _error(code: int | str) -> bytes:
    shown = f'"code": {code}' if isinstance(code, int) else f'"type": "{code}"'
    return b'data: {"error": {"message": "the upstream is gone", %b}}\n\n' % shown.encode()


def _status(status: int, headers: dict[str, str] | None = None) -> Callable[[bytes], Answer]:
    body = b'{"error": {"message": "Not now."}}'
    return lambda _: Answer(body, status, {**JSON, **(headers or {})}, "length")


def _always(answer: Answer) -> Callable[[bytes], Answer]:
    return lambda _: answer


IN_TEXT = (
    Step("closed", "truncated", _cut("fin"), text=True),
    Step("reset", "reset", _cut("rst"), text=True),
    Step("ended without a word", "truncated", _cut("clean"), text=True),
    Step("closed, not chunked", "truncated", _cut("fin", "close"), text=True),
    Step("HTTP/1.0 closed", "truncated", _cut("fin", "http10"), text=True),
    Step("shorter than promised", "truncated", _short, text=True),
    Step("silent", "no-bytes", _cut("stall"), text=True, stalls=True),
    Step("keep-alives only", "no-text", _keep_alives, text=True, stalls=True),
    Step("error 502 in the stream", "server", _cut("clean", then=ERROR_FRAME), text=True),
    Step("overloaded in the stream", "overloaded", _cut("clean", then=_error("overloaded_error")), text=True),
    Step("unknown error in the stream", "in-stream", _cut("clean", then=_error("gremlins")), text=True),
    Step("half an object", "garbled", _cut("clean", then=b'data: {"choices": [{"del\n\n'), text=True),
)
BEFORE_TEXT = (
    Step("closed at once", "no-answer", _always(Answer(silent=True))),
    Step("reset at once", "reset", _always(Answer(silent=True, end="rst"))),
    Step("429, in a second", "rate-limit", _status(429, {"Retry-After": "1"}), wait=1.0),
    Step("429, in 400 ms", "rate-limit", _status(429, {"Retry-After-Ms": "400"}), wait=0.4),
    Step("503", "overloaded", _status(503)),
    Step("503, in a second", "overloaded", _status(503, {"Retry-After": "1"}), wait=1.0),
    Step("500", "server", _status(500)),
    Step("504", "server-timeout", _status(504)),
    Step("408", "server-timeout", _status(408)),
    Step("409", "server", _status(409)),
    Step("502 with a page", "server", _always(replace(PAGE, status=502))),
    Step("no status line", "not-http", _always(Answer(raw=GARBAGE))),
    Step("half a header", "no-answer", _always(Answer(raw=b"HTTP/1.1 200 OK\r\nContent-"))),
    Step("headers only", "truncated", _always(Answer(b"", end="fin"))),
    Step("nothing at all", "no-first-byte", _always(Answer(silent=True, end="stall"))),
    Step("refused", "refused", None, sent=False),
)
FINAL = (
    Step("a login page", "page", _always(PAGE), final=True),
    Step("401", "unauthorized", _always(refused_key()), final=True),
    Step("404", "not-found", _always(no_such_model()), final=True),
    Step("402", "payment", _status(402), final=True),
    Step("plain text", "no-stream", _always(Answer(b"hello", headers=HTML, framing="length")), final=True),
)
WHOLE = Step("whole", "", lambda whole: Answer(whole), text=True)

IN_A_ROW = 3
"""Faults without text between them, at most; with the one in the text before them, and a refusal that is put off, they
use up the five retries that the settings allow."""


def script(rounds: int, seed: int = 6) -> list[list[Step]]:
    """Every step `rounds` times, dealt to replies; each reply ends whole, or with a step after which nothing helps."""
    dice = random.Random(seed)
    texts, quiet = list(IN_TEXT * rounds), list(BEFORE_TEXT * rounds)
    dice.shuffle(texts)
    dice.shuffle(quiet)
    replies: list[list[Step]] = []
    while texts or quiet:
        reply: list[Step] = []
        for _ in range(4):
            count = dice.randint(0, IN_A_ROW)
            reply += [*quiet[:count], *texts[:1]]
            del quiet[:count], texts[:1]
            if not texts:
                # No text parts what is left: a reply each, or its retries were used up.
                break
        if reply[0].answer is None:
            # Between replies nobody is to be refused: probes ask then.
            reply.insert(1, reply.pop(0))
        replies.append(reply)
    return [[*reply, FINAL[n % len(FINAL)] if n % 2 else WHOLE] for n, reply in enumerate(replies)]


def _sent_back(seen: Seen) -> str:
    """The answer as far as it goes back, to be gone on with."""
    messages = seen.json()["messages"]
    assert isinstance(messages, list)
    return str(messages[-1]["content"]) if messages[-1]["role"] == "assistant" else ""


class BreakingProvider(WireServer):
    """Answers the requests for answers by the script, a reply after the other, and all others well."""

    def __init__(self, replies: list[list[Step]], seed: int = 7) -> None:
        super().__init__(self._by_script)
        self.told: dict[int, Step] = {}
        """By connection: what it was answered with."""
        self.refused: list[Step] = []
        self._left = iter([step for reply in replies for step in reply])
        self._next: Step | None = next(self._left)
        self._dice = random.Random(seed)

    def _by_script(self, seen: Seen) -> Answer:
        if seen.method == "GET":
            return listing("test-model", "other-model")
        step = self._next
        assert step is not None, "more requests than the script has steps"
        assert step.answer is not None, "heard although it was to be refused"
        self.told[seen.connection] = step
        self._next = next(self._left, None)
        if self._next is not None and self._next.answer is None:
            # From the server's own thread; the connection at hand goes on.
            self._refuses = True
            self._wanted.set()
        before, thinking = self._dice.uniform(0.004, 0.12), self._dice.uniform(0.004, 0.12)
        rest = LONG_ANSWER.removeprefix(_sent_back(seen))
        # No more than is sent: the making of it takes time from whoever is measured in the same process.
        whole = stream(rest if step is WHOLE else rest[: DELTAS * 8])
        answer = replace(step.answer(whole), before=before)
        role = len(chunk({"role": "assistant", "content": ""}))
        if step.text and not answer.lead:
            answer = replace(answer, lead=role, thinking=thinking)
        return answer

    def was_refused(self) -> None:
        """The other side has met the refusal: from now on it is heard again."""
        assert self._next is not None
        self.refused.append(self._next)
        self._next = next(self._left, None)
        self.refuse(False)

    @property
    def refusing(self) -> bool:
        return self._refuses
