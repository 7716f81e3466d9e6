"""The lines of `ask --json`: the words that the documents promise, one line each, whatever an answer holds."""

from __future__ import annotations

import json
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from tui.chat.jsonl import line
from tui.words import (
    Content,
    Done,
    Error,
    Event,
    Fault,
    Learned,
    NewReply,
    Reasoning,
    Seam,
    SeamMark,
    State,
    TextSoFar,
    TokenCount,
    Usage,
)

BEGAN = 100.0
STAMP = {"connection_id": 7, "retry_count": 2, "t": 101.23456}
COMMON = {"connection_id": 7, "retry_count": 2, "t": 1.235}
SLOW = Fault("rate-limit", permanent=False, detail="429: slow down", status=429, wait=7.0)


def said(event: Event) -> dict[str, object]:
    value = json.loads(line(event, BEGAN))
    assert isinstance(value, dict)
    return value


def content(text: str) -> Content:
    return Content(content=text, _text=TextSoFar(text), _end=len(text), **STAMP)


def state(**more: object) -> State:
    values: dict[str, object] = {"model": "m", "attempt": 2, "max_retries": 5, "last_byte": 101.0, "last_text": 101.0}
    return State(**(values | STAMP | more))  # type: ignore[arg-type]


EVENTS: dict[str, tuple[Event, dict[str, object]]] = {
    "state": (
        state(state="backing_off", until=103.5, fault=SLOW, rung="prefill"),
        {
            "state": "backing_off", "until": 3.5, "attempt": 2, "max_retries": 5, "model": "m",
            "fault": "rate-limit", "detail": "429: slow down", "how": "prefill",
        },
    ),
    "content": (content("春"), {"content": "春"}),
    "reasoning": (Reasoning(content="hm", **STAMP), {"content": "hm"}),
    "seam": (
        Seam(mark=SeamMark(12, "continue", False, 2.34567, 3, ("a", "b")), **STAMP),
        {"at": 12, "how": "continue", "verified": False, "gap": 2.346, "paid_twice": 3, "models": ["a", "b"]},
    ),
    "reply": (NewReply(reply=2, **STAMP), {"reply": 2}),
    "usage": (
        Usage(usage=TokenCount(3, 4, exact=False), cost_usd=None, at_least=True, **STAMP),
        {
            "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7, "exact": False},
            "cost_usd": None, "cost_at_least": True,
        },
    ),
    "done": (
        Done(text="春", finish_reason="stop", attempts=3, resumes=2, verified=False, learned=Learned(), **STAMP),
        {"text": "春", "finish_reason": "stop", "attempts": 3, "resumes": 2, "verified": False, "note": None},
    ),
    "error": (
        Error(
            fault=SLOW, failed_after_retries=5, text="partial", attempts=6, resumes=1, learned=Learned(), **STAMP
        ),
        {
            "error": "429: slow down", "kind": "rate-limit", "permanent": False, "status": 429, "retry_after": 7.0,
            "failed_after_retries": 5, "attempts": 6, "resumes": 1, "text": "partial",
        },
    ),
}  # fmt: skip


def test_every_event_is_here() -> None:
    assert {type(event) for event, _ in EVENTS.values()} == set(get_args(Event))


def test_the_words_of_each_line() -> None:
    for name, (event, words) in EVENTS.items():
        assert said(event) == {"type": name} | words | COMMON


def test_what_is_not_known_is_null() -> None:
    assert said(state(state="connecting"))["until"] is None
    assert said(state(state="connecting"))["fault"] is None


@given(st.text())
def test_any_text_is_one_line_of_ascii_and_comes_back(text: str) -> None:
    written = line(content(text), BEGAN)
    assert written.isascii()
    assert written.isprintable()
    assert json.loads(written)["content"] == text
