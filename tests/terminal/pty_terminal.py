"""A terminal for tests: a real pty with pyte as its screen, and a child process at its other end.

Nothing is read from the pty but while this side asks for something: a terminal that stalls is one that is not asked.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import unicodedata
from pathlib import Path

import pyte

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

_NOT_FOR_PYTE = re.compile(rb"\x1b\[>[0-9;]*[um]|\x1b\[<u|\x1b\[\?\d+\$p|\x1b\]22;[^\x07]*\x07")


class Hangup(Exception):
    """The child has closed its end."""


class Terminal:
    """Spawns `screen_app.py` with `arguments` and shows what it writes."""

    def __init__(
        self, *arguments: str, width: int = 80, height: int = 24, stdin: int | None = None, **environ: str
    ) -> None:
        self.master, slave = pty.openpty()
        attributes = termios.tcgetattr(slave)
        attributes[1] &= ~termios.OPOST  # what is counted there is counted here
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        self.screen = pyte.Screen(width, height)
        self._stream = pyte.ByteStream(self.screen)
        self.received = b""
        self._fed = 0
        self.resize(width, height)
        ours, theirs = socket.socketpair()
        self.control = ours
        self._answers = b""
        base = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.child = subprocess.Popen(
            [sys.executable, str(HERE / "screen_app.py"), str(theirs.fileno()), *arguments],
            stdin=slave if stdin is None else stdin, stdout=slave, stderr=slave, pass_fds=[theirs.fileno()],
            cwd=ROOT, start_new_session=True,
            env=base | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)} | environ,
            preexec_fn=lambda: fcntl.ioctl(1, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(slave)
        theirs.close()

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.screen.resize(height, width)

    def type(self, data: str) -> None:
        os.write(self.master, data.encode())

    def send(self, do: str, **options: object) -> None:
        """Tell the child's other ear."""
        self.control.sendall(json.dumps({"do": do, **options}).encode() + b"\n")

    def hear(self, *, read_pty: bool = True) -> dict[str, object]:
        """The child's next answer; the pty is read meanwhile, or not (a stall)."""
        while b"\n" not in self._answers:
            sources = [self.control, self.master] if read_pty and self.master >= 0 else [self.control]
            ready, _, _ = select.select(sources, [], [])
            if self.master in ready:
                self._read()
            if self.control in ready:
                data = self.control.recv(1 << 20)
                if not data:
                    raise Hangup
                self._answers += data
        line, _, self._answers = self._answers.partition(b"\n")
        answer = json.loads(line)
        assert isinstance(answer, dict)
        return answer

    def ask(self, do: str, **options: object) -> dict[str, object]:
        """Tell, hear, and read all that the child had written when it answered."""
        self.send(do, **options)
        answer = self.hear()
        while len(self.received) < answer["written"]:
            self._read()
        return answer

    def _read(self) -> None:
        try:
            data = os.read(self.master, 1 << 16)
        except OSError:
            data = b""
        if not data:
            raise Hangup
        if b"\x1b[?2026$p" in data:
            os.write(self.master, b"\x1b[?2026;2$y")
        self.received += data

    def read_until(self, end: bytes) -> None:
        while not self.received.endswith(end):
            self._read()

    def rows(self) -> list[str]:
        """What is shown, a string a row."""
        self._stream.feed(_NOT_FOR_PYTE.sub(b"", self.received[self._fed :]))
        self._fed = len(self.received)
        return ["".join(row[x].data for x in range(self.screen.columns)) for row in self._lines()]

    def _lines(self) -> list[dict[int, pyte.screens.Char]]:
        return [self.screen.buffer[y] for y in range(self.screen.lines)]

    def drain(self) -> None:
        """Read until the child has closed its end."""
        try:
            while True:
                self._read()
        except Hangup:
            pass

    def silence(self, seconds: float) -> None:
        """Hear nothing for so long."""
        ready, _, _ = select.select([self.control], [], [], seconds)
        assert not ready, self.hear()

    def hang_up(self) -> None:
        """The terminal is gone: SIGHUP, and EIO for all who read or write."""
        os.close(self.master)
        self.master = -1

    def close(self) -> None:
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGKILL)
        self.child.wait()
        if self.master >= 0:
            self.hang_up()
        self.control.close()


def as_pyte_shows(text: str) -> str:
    """`text` in pyte's eyes, which draw clusters part by part: composed, and of each cluster what is left of it."""
    text = re.sub("\x1b|\u200d.|[\U0001f3fb-\U0001f3ff]", "", text)
    text = re.sub("([\U0001f1e6-\U0001f1ff])[\U0001f1e6-\U0001f1ff]", r"\1", text).replace("\ufe0f", " ")
    return unicodedata.normalize("NFC", text)
