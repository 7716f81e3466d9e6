"""On what kind of file system a journal lies: SQLite's log with several machines at once needs one that they share."""

from __future__ import annotations

from pathlib import Path

NETWORKED = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "9p", "beegfs"})
"""Kinds that another machine may write at the same time. SQLite's write-ahead log needs all its processes on one host
(https://www.sqlite.org/wal.html, "Overview")."""

_MOUNTS = Path("/proc/self/mountinfo")


def network_kind(path: Path) -> str | None:
    """The kind of network file system that `path` lies on; None: none, or the system does not tell."""
    try:
        mounts = _MOUNTS.read_text("utf-8", "surrogateescape")
        real = path.resolve()
    except OSError:
        return None
    kind = kind_of(real, mounts)
    return kind if kind in NETWORKED or kind.startswith("fuse.sshfs") else None


def kind_of(path: Path, mounts: str) -> str:
    """The kind of file system that holds `path`, absolute, by lines of proc_pid_mountinfo(5); "" where none does."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        before, found, after = line.partition(" - ")
        fields, words = before.split(" "), after.split(" ")
        if not found or len(fields) < 5:
            continue
        place = Path(_plain(fields[4]))
        # A later line of the same place is mounted over the earlier.
        if len(place.parts) >= best and path.is_relative_to(place):
            best, kind = len(place.parts), words[0]
    return kind


def _plain(field: str) -> str:
    r"""Blanks and backslashes are written as \040, \011, \012 and \134."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, character)
    return field
