"""Conversations to write, and programs that write them in a process of their own."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import tui
from tui.journal.ids import new_id
from tui.journal.records import AddText, BeginReply, NewConversation, NewTurn
from tui.journal.trouble import JournalTrouble
from tui.journal.writer import Writer
from tui.words import ConversationId, ReplyId, TurnId

START = 1_700_000_000.0
"""A wall-clock time: 2023-11-14 22:13:20 UTC."""


@dataclass
class Talk:
    """A conversation of one turn and one reply, written into `writer`."""

    writer: Writer
    prompt: str = "Tell me of spring"
    at: float = START
    conversation: ConversationId = field(default_factory=lambda: ConversationId(new_id()))
    turn: TurnId = field(default_factory=lambda: TurnId(new_id()))
    reply: ReplyId = field(default_factory=lambda: ReplyId(new_id()))
    _seq: int = 0

    def begin(self) -> Talk:
        self.writer.put(NewConversation(self.conversation, self.at, "mine", "m"))
        self.writer.put(NewTurn(self.turn, self.conversation, 0, self.prompt, self.at))
        self.writer.put(BeginReply(self.reply, self.turn, 0, "mine", "http://127.0.0.1/v1", "m", self.at))
        return self

    def say(self, *texts: str) -> Talk:
        for text in texts:
            self.writer.put(AddText(self.reply, self._seq, text, 10 * (self._seq + 1), self.at + 1 + self._seq))
            self._seq += 1
        return self


class Troubles:
    """Remembers what a writer told, and lets a test wait for it."""

    def __init__(self) -> None:
        self.told: list[JournalTrouble | None] = []
        self._changed = threading.Condition()

    def __call__(self, trouble: JournalTrouble | None) -> None:
        with self._changed:
            self.told.append(trouble)
            self._changed.notify_all()

    def kinds(self) -> list[str | None]:
        return [trouble.kind if trouble else None for trouble in self.told]

    def wait_for(self, kind: str | None) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: kind in self.kinds(), 30), f"told {self.told}"


class Program:
    """Python code in a process of its own; it can be told lines and tells lines."""

    def __init__(self, code: str, *args: object, within: Sequence[str] = ()) -> None:
        """`within`: a command that runs it, such as unshare(1) in namespaces of its own."""
        root = Path(tui.__file__).parent.parent
        paths = f"import sys; sys.path[:0] = {[str(root), str(Path(__file__).parent)]!r}\n"
        self.process = subprocess.Popen(
            [*within, sys.executable, "-c", paths + code, *map(str, args)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _pipe(self, pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe

    def line(self) -> str:
        line = self._pipe(self.process.stdout).readline()
        assert line, self._pipe(self.process.stderr).read()
        return line.strip()

    def tell(self, line: str) -> None:
        pipe = self._pipe(self.process.stdin)
        pipe.write(line + "\n")
        pipe.flush()

    def end(self) -> str:
        """What it still says; it must end well."""
        out, err = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, err
        return out

    def kill(self) -> None:
        self.process.kill()

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


class Proxy:
    """A connection that can be made to fail."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def execute(self, sql: str, values: object = ()) -> sqlite3.Cursor:
        return self._db.execute(sql, values)  # type: ignore[arg-type]  # passed on as it came

    def close(self) -> None:
        self._db.close()
