"""What becomes of a reply, and of the prompts queued behind it, when the screen is gone.

To its user a queued prompt is sent: where the run may finish, it is asked in its turn; where it may not, it stays in
the journal as a turn without a reply, which the next start offers. It is not asked after a reply that failed: what to
do then is the user's to say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from tui.chat.send import Sending
from tui.chat.talk import Talk
from tui.chat.turns import CUT_LIMIT, Ending, Turn


async def finish(
    talk: Talk,
    sending: Sending | None,
    queue: Iterable[Turn],
    limit: float,
    stop: asyncio.Event,
    why: Callable[[], Ending],
) -> bool:
    """Have `sending` and then `queue` answered, within `limit` seconds in all, or until `stop`, of which `why` tells
    the reason.

    Whether every answer is whole. What is not asked stays as it was queued; what was received is kept in any case.
    """
    waiting = list(queue)
    end = asyncio.get_running_loop().time() + limit
    stopping = asyncio.create_task(stop.wait())
    try:
        while True:
            if sending is not None and not await _ended(sending, stopping, end):
                break
            whole = sending is None or sending.lost or sending.view.link.state == "done"
            if not whole or not waiting or stop.is_set():
                break
            turn = waiting.pop(0)
            if turn in talk.turns and not turn.versions:
                sending = Sending(turn, talk.answer(turn, kept=True))
    finally:
        stopping.cancel()
        if sending is not None and sending.running:
            talk.ending = why() if stop.is_set() else CUT_LIMIT
            await sending.stop()
    return not waiting and (sending is None or sending.lost or sending.view.link.state == "done")


async def _ended(sending: Sending, stopping: asyncio.Task[bool], end: float) -> bool:
    """Whether it has ended by itself, before anybody stopped it and the time was over."""
    left = max(0.0, end - asyncio.get_running_loop().time())
    await asyncio.wait([sending.task, stopping], timeout=left, return_when=asyncio.FIRST_COMPLETED)
    return not sending.running
