"""What can go wrong with the journal's file, in a few kinds, each with its words."""

from __future__ import annotations

import errno
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tui.journal.rescued import Rescued
from tui.say import say

TroubleKind = Literal[
    "full",
    "read_only",
    "unwritable",
    "locked",
    "corrupt",
    "foreign",
    "newer",
    "gone",
    "io",
    "refused",
    "set_aside",
]
"""foreign: not a journal. newer: of a later version of the program. gone: moved or deleted while it was open.
refused: the file is well, but a record does not fit what it holds. set_aside: it was damaged; what could be
read of it is in a new one, and saving goes on there."""


@dataclass(frozen=True, slots=True)
class JournalTrouble:
    """Why nothing is being saved at the moment. What is not saved is kept in memory."""

    kind: TroubleKind
    detail: str = ""
    """What the system said. Outside text: not yet made safe."""
    rescued: Rescued | None = None
    """set_aside: what could be read; None: another window knows."""

    def sentence(self) -> str:
        """What happened, what is kept, what to do."""
        if self.kind == "set_aside":
            saved = say("journal.elsewhere") if self.rescued is None else self.rescued.sentence()
            return say("journal.set_aside", name=self.detail, saved=saved)
        return say("journal.not_saved", cause=say(f"journal.cause_{self.kind}"), advice=say(f"journal.do_{self.kind}"))


class JournalUnusable(Exception):
    """The journal cannot be read or written now; its file has not been changed."""

    def __init__(self, trouble: JournalTrouble, path: Path) -> None:
        super().__init__(f"{path}: {trouble.kind} {trouble.detail}".rstrip())
        self.trouble = trouble
        self.path = path

    def sentence(self) -> str:
        """What happened, what is safe, what to do. The path in it is not yet made safe."""
        kind = self.trouble.kind
        return say(
            "journal.unusable",
            path=self.path,
            cause=say(f"journal.cause_{kind}"),
            advice=say(f"journal.opening_{kind}"),
        )


CANNOT_WRITE: frozenset[TroubleKind] = frozenset({"read_only", "unwritable", "full"})
"""Where the journal may still be read as it is."""


class Interrupted(Exception):
    """Nobody waits for the answer any more. Nothing is wrong with the journal."""


def is_interrupt(error: sqlite3.Error) -> bool:
    """Whether it tells of that, and of no trouble."""
    return _code(error) == sqlite3.SQLITE_INTERRUPT


_BY_SQLITE_CODE: dict[int, TroubleKind] = {
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_PERM: "unwritable",
    sqlite3.SQLITE_AUTH: "unwritable",
    sqlite3.SQLITE_CANTOPEN: "unwritable",
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_PROTOCOL: "locked",
    sqlite3.SQLITE_CORRUPT: "corrupt",
    sqlite3.SQLITE_NOTADB: "foreign",
    sqlite3.SQLITE_IOERR: "io",
}
"""By primary result code; anything else is io."""

_BY_ERRNO: dict[int, TroubleKind] = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EROFS: "read_only",
    errno.ENOENT: "unwritable",
    errno.EACCES: "unwritable",
    errno.EPERM: "unwritable",
    errno.ENOTDIR: "unwritable",
    errno.EEXIST: "unwritable",
    errno.EISDIR: "unwritable",
}


SPARE = 65_536
"""Bytes without which SQLite cannot open the journal: it makes 32 KB beside it, and blocks have up to 64 KB."""


def judge_at(error: sqlite3.Error | OSError | JournalUnusable, path: Path) -> JournalTrouble:
    """The same, where `error` came from the journal at `path`: SQLite calls it an error of the disk when there is no
    room for what it makes beside the journal."""
    trouble = judge(error)
    if trouble.kind == "io" and _no_room(path):
        return JournalTrouble("full", trouble.detail)
    return trouble


def _no_room(path: Path) -> bool:
    try:
        place = os.statvfs(path.parent)
    except OSError:
        return False
    return place.f_bavail * place.f_frsize < SPARE


def judge(error: sqlite3.Error | OSError | JournalUnusable) -> JournalTrouble:
    """The kind of trouble that `error` tells of."""
    if isinstance(error, JournalUnusable):
        return error.trouble
    if isinstance(error, OSError):
        return JournalTrouble(_BY_ERRNO.get(error.errno or 0, "io"), error.strerror or type(error).__name__)
    return JournalTrouble(_BY_SQLITE_CODE.get(_code(error), "io"), str(error))


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 where the sqlite3 module itself complains."""
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else 0
