"""Whose an unfinished reply is: processes as the journal knows them, and whether one still lives."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tui.journal.ids import new_id

BEAT = 5.0
"""Seconds between two signs of life of a process that writes a reply."""

LEASE = 30.0
"""Seconds without one after which a process that cannot be asked counts as gone: six beats, for a slow disk."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A process that writes."""

    id: str
    pid: int
    machine: str
    """The boot and the process namespace that the pid counts in."""
    born: str
    """When the system started that pid, so that a number used again is not taken for it; '' where it does not tell."""


def this_process() -> Owner:
    """This process, as the owner of what one writer writes."""
    pid = os.getpid()
    return Owner(new_id(), pid, _machine(), _born(pid))


def is_alive(owner: Owner, heartbeat: float, now: float) -> bool:
    """Whether `owner` still runs; `heartbeat` is its last sign of life, both wall-clock times.

    Where it can be asked, the system's word counts: a process that is suspended has no heartbeat, and comes back.
    """
    fresh = abs(now - heartbeat) < LEASE
    if not is_here(owner):
        return fresh
    return _exists(owner.pid) and (_born(owner.pid) == owner.born if owner.born else fresh)


def is_here(owner: Owner) -> bool:
    """Whether this system can be asked for it."""
    return owner.machine == _machine()


def is_dead(owner: Owner) -> bool:
    """Whether this system says that it is gone; False where it cannot be asked."""
    return is_here(owner) and not (_exists(owner.pid) and _born(owner.pid) == owner.born)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OverflowError:
        return False  # no pid: a damaged row
    except PermissionError:
        pass  # somebody else's, so it exists
    return True


@cache
def _machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        import uuid

        # Many machines are called the same (localhost): the number of a network card tells them apart.
        return f"{os.uname().nodename} {uuid.getnode():x}"


@cache
def _proc_counts_as_we_do() -> bool:
    """Whether the numbers in /proc are pids of this process's namespace: a new one may have the old /proc."""
    try:
        return Path("/proc/self").readlink() == Path(str(os.getpid()))
    except OSError:
        return False


def _born(pid: int) -> str:
    """Field 22 of /proc/<pid>/stat (proc(5)): clock ticks after boot; '' where there is no such file, or where it is
    dead and only waits to be noticed by its parent."""
    if not _proc_counts_as_we_do():
        return ""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return ""
    fields = stat.rpartition(b")")[2].split()
    return "" if fields[0] in {b"Z", b"X"} else fields[19].decode("ascii")
