"""The thread that writes to the terminal, so that nobody else waits for it.

A terminal may take no bytes for an hour, or be gone. What waits here is bounded: of things of which only the newest
matters (a mode, the clipboard, the bell) one is kept, and frames are made only while nothing waits (display.py).
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable

_PIECE = 1024
"""Bytes of one write: after each, a slow terminal counts as one that moves."""

_MOST_WAITING = 4 * 1024 * 1024
"""Bytes; what comes on top is dropped. Frames never get there: they are made only while nothing waits."""

_MODE = re.compile(r"\x1b\[\?([0-9;]+)[hl]")


class Outbox:
    """What waits to be written, in order; of each kind of which the last one settles it, one."""

    def __init__(self) -> None:
        self._waiting: dict[str, bytes] = {}
        self._count = 0
        self._size = 0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        kind = _kind(text)
        if not kind:
            self._count += 1
            kind = str(self._count)
        self._size -= len(self._waiting.pop(kind, b""))
        if self._waiting and self._size + len(data) > _MOST_WAITING:
            return
        self._waiting[kind] = data
        self._size += len(data)

    def take(self) -> bytes:
        """All that waits; nothing waits any more."""
        data = b"".join(self._waiting.values())
        self.clear()
        return data

    def clear(self) -> None:
        self._waiting.clear()
        self._size = 0


def _kind(text: str) -> str:
    """A name for what a later one of the same name makes needless; empty where each counts."""
    if text == "\a":
        return "bell"
    for start in ("\x1b]52;", "\x1b]22;", "\x1b]9;"):  # clipboard, pointer shape, notification
        if text.startswith(start):
            return start
    mode = _MODE.fullmatch(text)
    return f"mode {mode[1]}" if mode else ""


class Writer:
    """Writes to one file descriptor from its own daemon thread."""

    def __init__(self, fd: int, lost: Callable[[], None]) -> None:
        """`lost` is called once, from the thread, when the descriptor takes no more."""
        self._fd = fd
        self._lost = lost
        self._outbox = Outbox()
        self._changed = threading.Condition()
        self._writing = False
        self._stopping = False
        self._waiter: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._run, name="terminal-output", daemon=True)
        self.dead = False
        self.written = 0
        """Bytes that the terminal has taken."""

    def start(self) -> None:
        self._thread.start()

    def put(self, text: str) -> None:
        """Have `text` written; never waits."""
        with self._changed:
            if not self.dead and not self._stopping:
                self._outbox.put(text)
                self._changed.notify_all()

    @property
    def idle(self) -> bool:
        """Nothing waits, and the terminal has taken all that was given to it."""
        with self._changed:
            return self._is_idle()

    def _is_idle(self) -> bool:
        return not (self._writing or self._outbox or self._stopping or self.dead)

    def when_idle(self, call: Callable[[], None]) -> None:
        """Call `call` once, when idle next; from the thread, or at once. A later `call` takes the place of this one."""
        with self._changed:
            if not self._is_idle():
                self._waiter = call
                return
        call()

    def finish(self, patience: float, longest: float) -> bool:
        """Take no more, and wait until all is written: `patience` seconds for each piece, `longest` for all.

        False: something could not be written. The thread may then wait on for a terminal that takes nothing.
        """
        with self._changed:
            self._stopping = True
            self._waiter = None
            self._changed.notify_all()
        rounds = max(1, int(longest / patience))
        for _ in range(rounds):
            before = self.written
            self._thread.join(patience)
            if not self._thread.is_alive() or self.written == before:
                break
        return not self._thread.is_alive() and not self.dead

    def _run(self) -> None:
        try:
            while data := self._next():
                for start in range(0, len(data), _PIECE):
                    self._write(memoryview(data)[start : start + _PIECE])
                self._rest()
        except OSError:
            with self._changed:
                self.dead = True
                self._writing = False
                self._outbox.clear()
            self._lost()

    def _next(self) -> bytes:
        """What is to be written next, waiting for it; nothing: the end."""
        with self._changed:
            while not self._outbox and not self._stopping:
                self._changed.wait()
            self._writing = bool(self._outbox)
            return self._outbox.take()

    def _write(self, piece: memoryview) -> None:
        while piece:
            count = os.write(self._fd, piece)
            self.written += count
            piece = piece[count:]

    def _rest(self) -> None:
        with self._changed:
            self._writing = False
            call = self._waiter if self._is_idle() else None
            if call is not None:
                self._waiter = None
        if call is not None:
            call()
