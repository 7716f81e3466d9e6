"""Takes an exported JSON document into the journal: all of it, or nothing where anything in it is wrong.

It is read piece by piece into a journal of its own beside the real one, and taken over from there in one transaction.
Everything keeps its id, so that a document imported twice is there once.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import struct
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from tui.journal.apply import storable
from tui.journal.bell import ring
from tui.journal.connect import open_file
from tui.journal.export import FORMAT, VERSION
from tui.journal.fields import Fields, WrongField
from tui.journal.index import take_in
from tui.journal.json_stream import BadJson, JsonStream
from tui.journal.sql import load
from tui.journal.text import RECENT
from tui.journal.trouble import JournalUnusable, judge
from tui.say import say

_SQL = load("import.sql")
_STATES = ("streaming", "interrupted", "done", "failed", "stopped")
_RUNGS = ("replay", "prefill", "continue", "restart")
_INDEX_STEP = 300_000
"""Code points that the full-text index takes in at a time."""

_PREFIX = ".import-"
"""Of the folder beside the journal in which a document is read."""

_ABANDONED = 86400.0
"""Seconds since anything was written into it: it is written all the time."""

_MERGE = tuple(name for name in _SQL if name.startswith("merge_"))

Progress = Callable[[int], None]
"""Told how many bytes of the document have been read."""


class BadExport(ValueError):
    """The document cannot be imported; the journal was not touched."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self._words = words

    def sentence(self) -> str:
        """What is wrong, what is safe, what to do."""
        return f"{self._words} {say('importing.untouched')}\n{say('importing.do')}"


@dataclass(frozen=True, slots=True)
class Imported:
    """What was new; the rest of the document was there already."""

    conversations: int
    turns: int
    replies: int


def import_document(document: BinaryIO, path: Path, progress: Progress) -> Imported:
    """Take `document` into the journal at `path`. Raises BadExport, JournalUnusable, OSError; the journal is then as it
    was before."""
    open_file(path).close()  # what is wrong with the journal is said before the document is read
    _sweep(path.parent)
    with TemporaryDirectory(prefix=_PREFIX, dir=path.parent) as folder:
        staged = Path(folder) / "staged.sqlite3"
        try:
            _stage(document, staged, progress)
            imported = _merge(path, staged)
        except sqlite3.Error as error:
            raise JournalUnusable(judge(error), path) from error
    ring(path)
    return imported


def index_all(path: Path, progress: Callable[[float], None] = lambda _: None) -> None:
    """Take what is new into the full-text index; `progress` is told the share that is done. May be interrupted at any
    time: the next writer goes on."""
    with closing(open_file(path)) as db, contextlib.suppress(sqlite3.Error):
        count = _SQL["left_to_index"]
        whole = max(db.execute(count).fetchone()[0], 1)
        while take_in(db, _INDEX_STEP, 5000):
            progress(1 - min(db.execute(count).fetchone()[0] / whole, 1))


def _sweep(folder: Path) -> None:
    """Remove what an import left that was killed: it is a copy of a document, and may be large."""
    for left in folder.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - max(file.stat().st_mtime for file in (left, *left.iterdir())) > _ABANDONED:
                shutil.rmtree(left, ignore_errors=True)


def _stage(document: BinaryIO, staged: Path, progress: Progress) -> None:
    with closing(open_file(staged)) as db:
        # A journal for a moment: nothing is lost with it.
        for setting in ("pragma synchronous = off", "pragma foreign_keys = off", "begin"):
            db.execute(setting)
        reading = _Reading(db, document, progress)
        try:
            reading.document()
        except BadJson as error:
            name = "importing.cut" if error.cut else "importing.not_json"
            raise BadExport(say(name, at=f"{error.at:,}", count=f"{reading.count:,}")) from error
        except WrongField as error:
            raise BadExport(say("importing.wrong_field", where=error.where)) from error
        db.execute("commit")


def _merge(path: Path, staged: Path) -> Imported:
    with closing(open_file(path)) as db:
        db.execute("attach ? as staged", (str(staged),))
        db.execute("begin immediate")
        for name in ("fresh_conversations", "fresh_turns", "fresh_replies", *_MERGE, "to_index"):
            db.execute(_SQL[name])
        db.execute("commit")

        def count(what: str) -> int:
            found: int = db.execute(f"select count(*) from fresh_{what}").fetchone()[0]  # noqa: S608  our own names
            return found

        return Imported(count("conversations"), count("turns"), count("replies"))


class _Reading:
    """One document on its way into the staged journal."""

    def __init__(self, db: sqlite3.Connection, document: BinaryIO, progress: Progress) -> None:
        self._db = db
        self._document = document
        self._progress = progress
        self._bytes = 0
        self._json = JsonStream(self._read)
        self.count = 0
        """Conversations read so far."""

    def _read(self, size: int) -> bytes:
        data = self._document.read(size)
        self._bytes += len(data)
        self._progress(self._bytes)
        return data

    def document(self) -> None:
        head: dict[str, object] = {}
        for name in self._json.members():
            if name == "conversations":
                self._check(head, whole=False)
                for _ in self._json.items():
                    self._conversation(f"conversations[{self.count}]")
                    self.count += 1
                head[name] = True
            else:
                head[name] = self._json.value()
        self._json.end()
        self._check(head, whole=True)
        if self._db.execute(_SQL["strays"]).fetchone():
            raise WrongField("turns.conversation")

    def _check(self, head: Mapping[str, object], *, whole: bool) -> None:
        """That it is an export of ours, of a version that is known: as soon as it says so."""
        if (whole or "format" in head) and head.get("format") != FORMAT:
            raise BadExport(say("importing.foreign"))
        version = head.get("version", None if whole else VERSION)
        if not isinstance(version, int) or version < 1 or (whole and "conversations" not in head):
            raise BadExport(say("importing.foreign"))
        if version > VERSION:
            raise BadExport(say("importing.newer", version=version, known=VERSION))

    def _conversation(self, where: str) -> None:
        """Its turns one by one: a conversation may be longer than what should be in memory."""
        head: dict[str, object] = {}
        line: list[tuple[str, int]] = []
        choices: list[tuple[str, str]] = []
        dropped: list[tuple[str, float]] = []
        for name in self._json.members():
            if name != "turns":
                head[name] = self._json.value()
                continue
            for place, _ in enumerate(self._json.items()):
                turn = Fields(self._json.value(), f"{where}.turns[{place}]")
                self._turn(turn)
                line.append((turn.name("conversation"), turn.whole("position")))
                if (chosen := turn.text_or_none("chosen")) is not None:
                    choices.append((turn.name("id"), chosen))
                if (deleted := turn.number_or_none("deleted")) is not None:
                    dropped.append((turn.name("id"), deleted))
        about = Fields(head, where)
        own = about.name("id")
        self._put("real", {"id": own})
        self._put("conversation", _conversation_row(about))
        for turn_id, reply in choices:
            self._put("choice", {"conversation": own, "turn": turn_id, "reply": reply})
        for turn_id, at in dropped:
            self._put("dropped", {"conversation": own, "turn": turn_id, "at": at})
        self._homes(own, about.text_or_none("branched_from"), line)

    def _homes(self, own: str, parent: str | None, line: list[tuple[str, int]]) -> None:
        """Where inherited turns are from must be there too; those that the document has itself replace this."""
        homes = dict.fromkeys(home for home, _ in sorted(line, key=lambda turn: turn[1]) if home != own)
        if parent is not None:
            homes.pop(parent, None)
            homes[parent] = None
        before: str | None = None
        for home in homes:
            upto = max((at + 1 for earlier, at in line if earlier == before), default=None)
            # Without a turn of its own, the one before it gives it nothing either.
            link = before if upto is not None else None
            self._put("stub", {"id": home, "branched_from": link, "branched_at": upto})
            before = home

    def _turn(self, turn: Fields) -> None:
        name = turn.name("id")
        self._put(
            "turn",
            {
                "id": name,
                "conversation": turn.name("conversation"),
                "position": turn.whole("position"),
                "created": turn.number("created"),
                "prompt": turn.text("prompt"),
            },
        )
        for reply in turn.objects("replies"):
            self._reply(reply, name)

    def _reply(self, reply: Fields, turn: str) -> None:
        name = reply.name("id")
        self._put("reply", _reply_row(reply, turn))
        if reasoning := reply.text("reasoning"):
            self._put("reasoning", {"reply": name, "text": reasoning, "at": reply.number("started")})
        for attempt in reply.objects("attempts"):
            self._put("attempt", {"reply": name, **_attempt_row(attempt)})
        for number, seam in enumerate(reply.objects("seams")):
            self._put("seam", {"reply": name, "number": number, **_seam_row(seam)})
        usage = reply.object_or_none("usage")
        if usage is not None:
            counted = {"prompt": usage.whole("prompt"), "completion": usage.whole("completion")}
            cost = {"cost_usd": reply.number_or_none("cost_usd"), "at_least": reply.truth("cost_at_least")}
            self._put("usage", {"reply": name, **counted, "exact": usage.truth("exact"), **cost})

    def _put(self, name: str, values: Mapping[str, str | int | float | bytes | None]) -> None:
        kept = {key: value if isinstance(value, bytes) else storable(value) for key, value in values.items()}
        self._db.execute(_SQL[name], kept)


Row = dict[str, str | int | float | bytes | None]


def _conversation_row(about: Fields) -> Row:
    parent, at = about.text_or_none("branched_from"), about.whole_or_none("branched_at")
    if (parent is None) != (at is None):
        raise about.wrong("branched_at")
    return {
        "id": about.name("id"),
        "title": about.text("title") if about.truth("renamed") else None,
        "system": about.text("system"),
        "provider": about.text("provider"),
        "model": about.text("model"),
        "branched_from": parent,
        "branched_at": at,
        "created": about.number("created"),
        "updated": about.number("updated"),
        "sampling": json.dumps(about.parameters("sampling"), ensure_ascii=False),
        "deleted": about.number_or_none("deleted"),
    }


def _reply_row(reply: Fields, turn: str) -> Row:
    state = reply.one_of("state", _STATES)
    text = reply.text("text")
    recent = [end for end in reply.wholes("boundaries") if 0 < end <= len(text) and end >= len(text) - RECENT]
    distances = [len(text) - end for end in recent]
    return {
        "id": reply.name("id"),
        "turn": turn,
        "position": reply.whole("position"),
        "provider": reply.text("provider"),
        "base_url": reply.text("base_url"),
        "model": reply.text("model"),
        "parameters": json.dumps(reply.parameters("parameters"), ensure_ascii=False),
        # Nobody here writes it: it can be gone on with.
        "state": "streaming" if state == "interrupted" else state,
        "started": reply.number("started"),
        "ended": reply.number_or_none("ended"),
        "first_text_after": reply.number_or_none("first_text_after"),
        "finish_reason": reply.text_or_none("finish_reason"),
        **_fault_row(reply.object_or_none("fault")),
        "note": reply.text("note"),
        "verified": reply.truth("verified"),
        "boundaries": struct.pack(f"<{len(distances)}H", *distances),
        "text": text,
    }


def _attempt_row(attempt: Fields) -> Row:
    return {
        "number": attempt.whole("number"),
        "connection_id": attempt.whole("connection_id"),
        "provider": attempt.text("provider"),
        "model": attempt.text("model"),
        "rung": attempt.text_or_none("rung"),
        "replay_id": attempt.text_or_none("replay_id"),
        "started": attempt.number("started"),
        "ended": attempt.number_or_none("ended"),
        "ttfb": attempt.number_or_none("ttfb"),
        "first_text": attempt.number_or_none("first_text"),
        "dns": attempt.number_or_none("dns"),
        "tcp": attempt.number_or_none("tcp"),
        "tls": attempt.number_or_none("tls"),
        **_fault_row(attempt.object_or_none("fault")),
    }


def _seam_row(seam: Fields) -> Row:
    models = seam.texts("models")
    if len(models) != 2:
        raise seam.wrong("models")
    return {
        "at": seam.whole("at"),
        "how": seam.one_of("how", _RUNGS),
        "verified": seam.truth("verified"),
        "gap": seam.number("gap"),
        "paid_twice": seam.whole("paid_twice"),
        "model_before": models[0],
        "model_after": models[1],
    }


def _fault_row(fault: Fields | None) -> Row:
    if fault is None:
        return dict.fromkeys(("fault_kind", "fault_permanent", "fault_detail", "fault_status", "fault_wait"))
    return {
        "fault_kind": fault.text("kind"),
        "fault_permanent": fault.truth("permanent"),
        "fault_detail": fault.text("detail"),
        "fault_status": fault.whole_or_none("status"),
        "fault_wait": fault.number_or_none("wait"),
    }
