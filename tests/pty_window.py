"""The real command in a pty of the test's own, with pyte as its screen: a terminal that can stall, and that can vanish.

Nothing is read from it but while a test waits for something to be shown: one that nobody reads is one that stalls.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyte

ROOT = Path(__file__).parents[1]
COMMAND = (sys.executable, "-m", "tui")
LONG = 60.0
"""Seconds after which what is waited for counts as never coming."""

_NOT_FOR_PYTE = re.compile(rb"\x1b\[>[0-9;]*[um]|\x1b\[<u|\x1b\[\?\d+\$p|\x1b\]22;[^\x07]*\x07")


def _log_in() -> None:
    """As a login does it: a terminal of its own, and no SIGHUP ignored because whoever runs the tests does (nohup)."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Window:
    """One terminal with a program in it, `unbroken` where no other command is named."""

    def __init__(
        self, *arguments: str, command: Sequence[str] = COMMAND, width: int = 100, height: int = 30, **environ: str
    ) -> None:
        self.master, slave = pty.openpty()
        self.screen = pyte.Screen(width, height)
        self._stream = pyte.ByteStream(self.screen)
        self.resize(width, height)
        self.process = subprocess.Popen(
            [*command, *arguments], stdin=slave, stdout=slave, stderr=slave, cwd=ROOT, start_new_session=True,
            env=os.environ | {"TERM": "xterm-256color"} | environ,
            preexec_fn=_log_in,
        )  # fmt: skip
        os.close(slave)

    def __enter__(self) -> Window:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        if self.master >= 0:
            self.hang_up()

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.screen.resize(height, width)

    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    def shows(self, *words: str) -> None:
        self.until(lambda: all(word in self.text() for word in words), words)

    def until(self, condition: Callable[[], object], what: object = "") -> None:
        """Read the terminal until `condition` holds."""
        end = time.monotonic() + LONG
        while not condition():
            ready, _, _ = select.select([self.master], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"never: {what}\n{self.text()}"
            try:
                data = os.read(self.master, 1 << 16)
            except OSError:
                data = b""
            assert data or condition(), f"ended before: {what}\n{self.text()}"
            self._stream.feed(_NOT_FOR_PYTE.sub(b"", data))

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def hang_up(self) -> None:
        """The terminal is gone: SIGHUP, and EIO for all who read or write."""
        os.close(self.master)
        self.master = -1

    def code(self) -> int:
        """The exit code, once the process has ended; the terminal is read meanwhile, where there is one."""
        end = time.monotonic() + LONG
        with os.fdopen(os.pidfd_open(self.process.pid)) as ended:
            while self.process.poll() is None:
                sources = [ended.fileno(), *([self.master] if self.master >= 0 else [])]
                ready, _, _ = select.select(sources, [], [], max(0.0, end - time.monotonic()))
                assert ready, self.text()
                if self.master in ready:
                    try:
                        self._stream.feed(_NOT_FOR_PYTE.sub(b"", os.read(self.master, 1 << 16)))
                    except OSError:
                        self.process.wait(LONG)
        return self.process.wait()
