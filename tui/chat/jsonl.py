"""An event as the line that `ask --json` prints: the words of the documents, and nothing that a terminal would obey."""

from __future__ import annotations

import json
from typing import assert_never

from tui.words import Content, Done, Error, Event, NewReply, Reasoning, Seam, State, Usage


def line(event: Event, began: float) -> str:
    """One JSON object without a raw line separator. Times are seconds since `began`."""
    said = {"type": _TYPES[type(event)], **_fields(event, began)}
    said["connection_id"] = event.connection_id
    said["retry_count"] = event.retry_count
    said["t"] = round(event.t - began, 3)
    # ASCII: U+2028 and its like are line ends to some readers.
    return json.dumps(said, ensure_ascii=True)


_TYPES: dict[type[Event], str] = {
    State: "state",
    Content: "content",
    Reasoning: "reasoning",
    Seam: "seam",
    NewReply: "reply",
    Usage: "usage",
    Done: "done",
    Error: "error",
}


def _fields(event: Event, began: float) -> dict[str, object]:
    match event:
        case Content(content=text) | Reasoning(content=text):
            return {"content": text}
        case State():
            return {
                "state": event.state,
                "until": None if event.until is None else round(event.until - began, 3),
                "attempt": event.attempt,
                "max_retries": event.max_retries,
                "model": event.model,
                "fault": None if event.fault is None else event.fault.kind,
                "detail": None if event.fault is None else event.fault.detail,
                "how": event.rung,
            }
        case Seam(mark=mark):
            return {
                "at": mark.at,
                "how": mark.how,
                "verified": mark.verified,
                "gap": round(mark.gap, 3),
                "paid_twice": mark.paid_twice,
                "models": list(mark.models),
            }
        case NewReply(reply=reply):
            return {"reply": reply}
        case Usage(usage=usage, cost_usd=cost, at_least=at_least):
            counted = {
                "prompt_tokens": usage.prompt,
                "completion_tokens": usage.completion,
                "total_tokens": usage.prompt + usage.completion,
                "exact": usage.exact,
            }
            return {"usage": counted, "cost_usd": cost, "cost_at_least": at_least}
        case Done():
            return {
                "text": event.text,
                "finish_reason": event.finish_reason,
                "attempts": event.attempts,
                "resumes": event.resumes,
                "verified": event.verified,
                "note": event.note or None,
            }
        case Error(fault=fault):
            return {
                "error": event.error,
                "kind": fault.kind,
                "permanent": fault.permanent,
                "status": fault.status,
                "retry_after": fault.wait,
                "failed_after_retries": event.failed_after_retries,
                "attempts": event.attempts,
                "resumes": event.resumes,
                "text": event.text,
            }
        case _:
            assert_never(event)
