"""The signals that end a session: the terminal went away, or somebody asks the process to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable


def install_signals(
    loop: asyncio.AbstractEventLoop,
    on_hangup: Callable[[], None],
    on_terminate: Callable[[], None],
    on_interrupt: Callable[[], None] | None = None,
) -> Callable[[], None]:
    """Call `on_hangup` at SIGHUP, `on_terminate` at SIGTERM, `on_interrupt` at SIGINT, on `loop`; the result undoes it.

    Without this a SIGHUP kills the process at once, and a SIGTERM leaves the terminal in its full-screen mode. Where
    the terminal is lost, the driver tells so as well as the SIGHUP: `on_hangup` must bear being called twice.
    """
    handlers = {signal.SIGHUP: on_hangup, signal.SIGTERM: on_terminate}
    if on_interrupt is not None:
        handlers[signal.SIGINT] = on_interrupt
    before = {number: signal.getsignal(number) for number in handlers}
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)

    def undo() -> None:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            if handler is not None:
                signal.signal(number, handler)

    return undo
