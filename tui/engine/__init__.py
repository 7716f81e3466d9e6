"""One reply, from request to last byte, whatever the network does.

Knows no file, no screen and no httpx. Everything is pure but run.py and pump.py under it, the only ones that await.
Start at run.py `stream_reply`; sse.py makes frames of bytes, chunks.py makes meaning of frames, attempt.py decides what
that meaning does to an attempt, seam.py where two attempts meet, ladder.py what is asked next, faults.py what broke.

    async for event in stream_reply(request, provider):
        match event: ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.engine.run import stream_reply

__all__ = ["stream_reply"]


def __getattr__(name: str) -> object:
    if name == "stream_reply":
        # tenacity is not loaded by those who only want a pure part.
        from tui.engine.run import stream_reply

        return stream_reply
    raise AttributeError(name)
