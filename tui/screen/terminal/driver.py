"""The terminal, for Textual: written to by a thread of its own, read without ever spinning, and lost without harm.

Textual's LinuxDriver stops the event loop, and with it the provider's stream, when the terminal takes no bytes; when
the terminal is gone, it spins and never ends. This one queues, tells when nothing waits any more (display.py draws
then) and tells its owner once when the terminal is gone. The descriptors stay blocking: the shell shares them.
"""

from __future__ import annotations

import os
import selectors
import threading
import time
from codecs import getincrementaldecoder
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Protocol, runtime_checkable

from textual import constants
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from tui.screen.terminal.environment import in_tmux
from tui.screen.terminal.pens import LINK_OFF
from tui.screen.terminal.reader import KeyReader
from tui.screen.terminal.writer import Writer

_KITTY_ASKED = "\x1b[>25u"
_KITTY_WANTED = "\x1b[>1u"
"""With flags 8 and 16 the text of input methods arrives as one long sequence, or not at all (textual.md, 8)."""

_OTHER_KEYS_ON = "\x1b[>4;2m"
_OTHER_KEYS_OFF = "\x1b[>4m"
"""tmux tells Shift+Enter from Enter only to those who ask."""

_FLUSH_PATIENCE = 1.0
"""Seconds at the end for a terminal to take another KiB; a dead one takes none of it."""

_FLUSH_LONGEST = 10.0
"""Seconds at the end for a slow terminal to take all that waits."""

_READ = 16 * 1024
"""Bytes; the kernel hands on at most 4,095 of a terminal at once."""


@runtime_checkable
class TerminalOwner(Protocol):
    """Who is told what happens to the terminal; on the event loop."""

    def terminal_lost(self) -> None:
        """It is gone: nothing can be shown or typed any more."""


class TerminalDriver(LinuxDriver):
    """A terminal that nobody waits for."""

    def __init__(
        self, app: App[object], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._owner = app if isinstance(app, TerminalOwner) else None
        self._terminals = [fd for fd in (0, 1, 2) if os.isatty(fd)]
        self._output = 1 if self._terminals and 2 not in self._terminals and 1 in self._terminals else 2
        self._writer: Writer | None = None
        self._wake: tuple[int, int] | None = None
        self._lock = threading.Lock()
        self._tmux = in_tmux()
        self._before = 0
        self.dead = False
        """The terminal is gone."""

    # What display.py needs

    @property
    def idle(self) -> bool:
        """The terminal has taken all that was given to it: a frame drawn now is shown now."""
        return self._writer is not None and self._writer.idle

    def when_idle(self, call: Callable[[], None]) -> None:
        """Call `call` once on the event loop when idle next; a later one takes its place. Never, if it ends first."""
        if self._writer is not None:
            self._writer.when_idle(partial(self._on_loop, call))

    @property
    def written(self) -> int:
        """Bytes that the terminal has taken since the start."""
        return self._before + (0 if self._writer is None else self._writer.written)

    def hold_mouse(self, hold: bool) -> None:
        """Have the mouse, or leave it to the terminal's own selection."""
        if hold:
            self._mouse = True
            self._enable_mouse_support()
        else:
            self._disable_mouse_support()
            self._mouse = False

    # What Textual calls

    def write(self, data: str) -> None:
        """Have `data` written; never waits. Outside of application mode there is nothing to write to."""
        if self._writer is not None:
            self._writer.put(_KITTY_WANTED if data == _KITTY_ASKED else data)

    def start_application_mode(self) -> None:
        if self.dead or self._writer is not None:
            return
        self._wake = os.pipe()
        self._writer = Writer(self._output, self._lose)
        self._writer.start()
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual left it so
        if self._writer_thread is not None:
            self._writer_thread.stop()  # the stock one; nothing has been given to it
            self._writer_thread = None
        if self._tmux:
            self.write(_OTHER_KEYS_ON)

    def disable_input(self) -> None:
        if self._wake is not None:
            os.write(self._wake[1], b".")
        super().disable_input()

    def stop_application_mode(self) -> None:
        self.write(f"\x1b[m{LINK_OFF}")
        if self._tmux:
            self.write(_OTHER_KEYS_OFF)
        super().stop_application_mode()

    def close(self) -> None:
        """Give the terminal a bounded time to take the rest."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.finish(_FLUSH_PATIENCE, _FLUSH_LONGEST)
            self._before += writer.written
        if self._wake is not None:
            for end in self._wake:
                os.close(end)
            self._wake = None

    # Signals: Python calls these between any two steps of the main thread, so the work waits for the loop.

    def _sigtstp_application(self, *_: object) -> None:
        self._on_loop(self._suspend)

    def _sigcont_application(self, *_: object) -> None:
        self._on_loop(self._resume)

    def _suspend(self) -> None:
        super()._sigtstp_application()

    def _resume(self) -> None:
        if self.dead or not self._auto_restart:
            return
        if self._writer is not None:
            # Stopped without a warning: the shell has had the terminal and may have changed everything. Or a hang-up,
            # which sends SIGCONT too: then this finds out.
            self.suspend_application_mode()
        self.resume_application_mode()

    # Input

    def _run_input_thread(self) -> None:
        try:
            self.run_input_thread()
        except OSError:
            self._lose()
        except Exception as error:  # noqa: BLE001  the top of this thread: a dead keyboard must not go unnoticed
            self._on_loop(partial(self._app._handle_exception, error))

    def run_input_thread(self) -> None:
        """Read until told to end, or until there is nothing left to read from."""
        assert self._wake is not None, "application mode has begun"
        reader = KeyReader(constants.ESCAPE_DELAY, debug=self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            selector.register(self._wake[0], selectors.EVENT_READ)
            while not self.exit_event.is_set():
                wait = None if reader.deadline is None else max(0.0, reader.deadline - time.monotonic())
                ready = [key.fd for key, _ in selector.select(wait)]
                if self.fileno in ready:
                    data = os.read(self.fileno, _READ)
                    if not data:
                        self._lose()
                        return
                    messages = reader.feed(decode(data), time.monotonic())
                else:
                    messages = reader.tick(time.monotonic())
                for message in messages:
                    self.process_message(message)

    # The end of the terminal

    def _lose(self) -> None:
        """From either thread: the terminal is gone. Told once."""
        with self._lock:
            if self.dead:
                return
            self.dead = True
        self._on_loop(self._hang_up)

    def _hang_up(self) -> None:
        if self.fileno in self._terminals or self._writer is None or self._writer.dead:
            self._let_go()  # else only the input has ended, and the screen can still be put back
        if self._owner is not None:
            self._owner.terminal_lost()

    def _let_go(self) -> None:
        """What anybody still prints goes nowhere: a failed flush at the end would change the exit code to 120."""
        nowhere = os.open(os.devnull, os.O_RDWR)
        for fd in self._terminals:
            os.dup2(nowhere, fd)
        os.close(nowhere)

    def _on_loop(self, call: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop has ended, and with it everybody who wanted to know
            self._loop.call_soon_threadsafe(call)
