"""How a window learns at once that another process wrote into the journal: a FIFO beside it, a byte a batch.

SQLite tells nobody of a commit. Each window that shows a conversation has a FIFO of its own in a directory beside the
journal; whoever writes puts one byte into each after a commit, and waits for none of them. The bytes mean nothing but
"look": where one is lost, or the file system knows no FIFOs, the follower looks now and then by itself.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from tui.journal.ids import new_id

_READ = 4096
"""Bytes; a reader that looks ten times a second finds a few."""


class Bell:
    """One window's FIFO. OSError where there can be none."""

    def __init__(self, journal: Path) -> None:
        folder = bells(journal)
        folder.mkdir(mode=0o700, exist_ok=True)
        self.name = new_id()
        self._path = folder / self.name
        # Under its name it has a reader from the first moment: one without is taken for a dead window's.
        making = folder / f".{self.name}"
        os.mkfifo(making, 0o600)
        try:
            # For reading and writing: a FIFO whose last writer goes would be at its end for ever.
            self.fd = os.open(making, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            making.unlink()
            raise
        making.rename(self._path)

    def quiet(self) -> None:
        """Forget the ringing so far."""
        with suppress(BlockingIOError):
            while len(os.read(self.fd, _READ)) == _READ:
                pass

    def close(self) -> None:
        with suppress(OSError):
            self._path.unlink()
        os.close(self.fd)


def bells(journal: Path) -> Path:
    """The directory of the windows' FIFOs."""
    return journal.with_name("windows")


def ring(journal: Path, but: str = "") -> None:
    """Ring every window's bell except the one named `but`; those of windows that are gone are removed."""
    folder = bells(journal)
    try:
        names = os.listdir(folder)  # noqa: PTH208  ten times a second: names are enough
    except OSError:
        return
    for name in names:
        if name != but and not name.startswith("."):
            _ring_one(folder / name)


def _ring_one(path: Path) -> None:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        # ENXIO: nobody reads it any more. Or it has just gone.
        with suppress(OSError):
            path.unlink()
        return
    try:
        # A full one has been rung often enough.
        with suppress(OSError):
            os.write(fd, b".")
    finally:
        os.close(fd)
