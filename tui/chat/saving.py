"""Waits for the journal at the end of a program that nobody can ask what else to do."""

from __future__ import annotations

import asyncio

from tui.journal.writer import Writer

TERMINATING = 5.0
"""Seconds in which saving is tried on after SIGTERM. Who sends it kills soon after: containers after 10 s, service
managers after 90; with the last try at the end (2 s behind a lock) the program is gone within 10 s, and says how."""


async def saved(writer: Writer, seconds: float, stop: asyncio.Event) -> bool:
    """Until all that was put is on disk, `seconds` at most, or until `stop`; whether it is.

    What fails is tried again meanwhile (writer.py); only a record that the journal refused ends it at once.
    """
    flushed = asyncio.wrap_future(writer.flush())
    stopping = asyncio.create_task(_wait(stop))
    both: list[asyncio.Future[None]] = [flushed, stopping]
    try:
        await asyncio.wait(both, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
        return flushed.done() and flushed.exception() is None
    finally:
        stopping.cancel()
        flushed.cancel()


async def _wait(stop: asyncio.Event) -> None:
    await stop.wait()
