"""What this process has written of a reply that it is still writing: a rescue may have lost it, and it is put back."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator
from itertools import accumulate

from tui.journal.records import AddText
from tui.journal.sql import load
from tui.journal.sums import running
from tui.journal.text import Held
from tui.words import ReplyId

_SQL = load("writes.sql")

_JOIN = 1000
"""Pieces that are kept by themselves before they are joined: memory is the text and 12 bytes a delta."""


class Spoken:
    """The text of one reply, by its deltas."""

    def __init__(self, before: Held | None) -> None:
        """`before`: what the reply had when it was resumed."""
        self._before = before.text if before else ""
        self._through = before.through if before else -1
        self._joined: list[str] = []
        self._pieces: list[str] = []
        self._lengths = array("I")
        self._times = array("d")

    def add(self, record: AddText) -> None:
        """It is in the file now; what `before` has already is passed over."""
        if record.seq <= self._through:
            return
        self._pieces.append(record.text)
        self._lengths.append(len(record.text))
        self._times.append(record.at)
        if len(self._pieces) >= _JOIN:
            self._joined.append("".join(self._pieces))
            self._pieces.clear()

    def put_back(self, db: sqlite3.Connection, reply: ReplyId, owner: str) -> None:
        """Within the caller's transaction. Does nothing where the reply is not there, or somebody else has taken it on
        since it was rescued."""
        mine = {"reply": reply, "owner": owner, "text": self._before, "through": self._through}
        if not db.execute(_SQL["put_back"], mine).rowcount:
            return
        db.execute(_SQL["drop_all_deltas"], mine)
        total = running(self._before)
        for seq, (text, at) in enumerate(self._deltas(), self._through + 1):
            total = running(text, total)
            db.execute(_SQL["put_back_delta"], {"reply": reply, "seq": seq, "text": text, "at": at, "sum": total})

    def _deltas(self) -> Iterator[tuple[str, float]]:
        text = "".join((*self._joined, *self._pieces))
        ends = list(accumulate(self._lengths, initial=0))
        for start, end, at in zip(ends, ends[1:], self._times, strict=False):
            yield text[start:end], at
