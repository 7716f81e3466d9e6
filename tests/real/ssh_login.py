"""An sshd of the test's own on loopback, and logins to it over a cable that can go dead without a word.

Its host key, port, users' keys and settings are the test's; it runs as whoever runs the test, and lets nobody else in.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from pty_window import ROOT

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")

PRIVILEGES = Path("/run/sshd")
"""Where Debian's sshd, run as root, wants an empty directory; the system's own service makes it at its start."""

SETTINGS = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
UsePAM no
LogLevel VERBOSE
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
ClientAliveInterval 1
ClientAliveCountMax 2
"""

PASSED = ("HOME", "LANG", "UNBROKEN_CONFIG", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")


class Cable:
    """Carries connections from its own port to sshd's, until it is dead: then nothing more, in neither direction, and
    nobody is told."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._dead = threading.Event()
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name="cable", daemon=True).start()

    def die(self) -> None:
        self._dead.set()

    def close(self) -> None:
        self._listener.close()
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                self._ends += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(1 << 16):
                if self._dead.is_set():
                    return  # and the sockets stay open
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)


class Sshd:
    """One sshd, and how to log in to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        for name in ("host", "user"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        settings = folder / "sshd_config"
        settings.write_text(SETTINGS.format(port=self.port, folder=folder))
        if os.geteuid() == 0:
            PRIVILEGES.mkdir(mode=0o755, exist_ok=True)
        assert SSHD is not None
        self._process = subprocess.Popen(
            [SSHD, "-D", "-e", "-f", str(settings)], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        self.log: list[str] = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, name="sshd-log", daemon=True)
        self._reader.start()
        self.wait_for("Server listening")

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._changed:
                self.log.append(line.rstrip())
                self._changed.notify_all()

    def wait_for(self, words: str) -> None:
        """Until sshd has said so."""
        with self._changed:
            said = self._changed.wait_for(lambda: any(words in line for line in self.log), 60)
        assert said, (words, self.log)

    def drop(self) -> None:
        """End its sessions without a goodbye to anybody, as it does with a client that is silent for too long.

        Its own ClientAliveInterval tells nothing here: it counts only while the session writes nothing either, and a
        stalled reply counts seconds on the screen.
        """
        parents: dict[int, int] = {}
        names: dict[int, str] = {}
        for entry in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                before, _, after = entry.read_text().rpartition(")")
                pid = int(before.split()[0])
                names[pid], parents[pid] = before.partition("(")[2], int(after.split()[1])
        family = {self._process.pid}
        while grown := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= grown
        for pid in family - {self._process.pid}:
            if names[pid].startswith("sshd"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def login(self, command: Sequence[str], *, port: int | None = None, terminal: bool = True) -> list[str]:
        """The ssh that runs `command` in a login, through `port` where a cable stands between."""
        carried = [f"{name}={os.environ[name]}" for name in PASSED if name in os.environ]
        python = ["env", *carried, f"PYTHONPATH={ROOT}", sys.executable, "-m", "tui"]
        return [
            *("ssh", "-tt" if terminal else "-T", "-F", "none", "-i", str(self.folder / "user")),
            *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes"),
            *("-o", "LogLevel=ERROR", "-p", str(port or self.port)),
            f"{getpass.getuser()}@127.0.0.1",
            shlex.join([*python, *command]),
        ]

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._reader.join(30)
        assert self._process.stderr is not None
        self._process.stderr.close()


@contextlib.contextmanager
def sshd(folder: Path) -> Iterator[Sshd]:
    folder.mkdir(mode=0o700)
    server = Sshd(folder)
    try:
        yield server
    finally:
        server.close()
