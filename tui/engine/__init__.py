"""One reply, from request to last byte, whatever the network does.

Knows no file, no screen and no httpx. Everything is pure but run.py and pump.py under it, the only ones that await.
Start at run.py `stream_reply`; sse.py makes frames of bytes, chunks.py makes meaning of frames, attempt.py decides what
that meaning does to an attempt, seam.py where two attempts meet, ladder.py what is asked next, kept.py which streams a
server keeps, turns.py how an attempt begins and ends, faults.py what broke.

    async for event in stream_reply(request, provider):
        match event: ...

All that a program needs beside it can be imported from here, too.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from tui.words import (
    Content,
    Done,
    Error,
    Event,
    Fault,
    Key,
    Learned,
    Limits,
    Message,
    Model,
    NewReply,
    Partial,
    Policy,
    Price,
    Provider,
    Reasoning,
    Request,
    Retry,
    Seam,
    SeamMark,
    State,
    Timeouts,
    TokenCount,
    Usage,
)

if TYPE_CHECKING:
    from tui.engine.retry_budget import RetryBudget
    from tui.engine.run import stream_reply

__all__ = [
    "Content",
    "Done",
    "Error",
    "Event",
    "Fault",
    "Key",
    "Learned",
    "Limits",
    "Message",
    "Model",
    "NewReply",
    "Partial",
    "Policy",
    "Price",
    "Provider",
    "Reasoning",
    "Request",
    "Retry",
    "RetryBudget",
    "Seam",
    "SeamMark",
    "State",
    "Timeouts",
    "TokenCount",
    "Usage",
    "stream_reply",
]

_LATER = {"stream_reply": "tui.engine.run", "RetryBudget": "tui.engine.retry_budget"}
"""tenacity is not loaded by those who only want a pure part."""


def __getattr__(name: str) -> object:
    if name in _LATER:
        value: object = getattr(import_module(_LATER[name]), name)
        return value
    raise AttributeError(name)
