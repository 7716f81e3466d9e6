"""What earlier runs left behind: replies whose process ended before they did, and prompts that were never asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tui.chat.talk import CLAIM, Talk
from tui.chat.turns import DISCARDED, KEPT, Turn
from tui.chat.versions import choose
from tui.chat.view import stopped
from tui.journal.live import LiveJournal, OpenReply
from tui.journal.records import EndReply
from tui.journal.trouble import JournalUnusable
from tui.words import ConversationId, ReplyId, TurnId


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """The newest first."""

    interrupted: tuple[OpenReply, ...] = ()
    unsent: tuple[TurnId, ...] = ()
    """Turns without a reply at the end of the conversation that was used last."""
    conversation: ConversationId | None = None
    """Theirs."""


def left_behind(path: Path) -> LeftBehind:
    """Nothing, where the journal cannot be read: whoever opens a conversation tells that."""
    try:
        with LiveJournal.open(path) as journal:
            unended = journal.open_replies()
            interrupted = tuple(reply for reply in unended if reply.state == "interrupted")
            latest = journal.latest()
            # Behind a reply that somebody writes they are queued: he asks them.
            busy = {reply.conversation for reply in unended if reply.state == "streaming"}
            unsent = journal.unsent(latest.id) if latest is not None and latest.id not in busy else ()
    except JournalUnusable:
        return LeftBehind()
    return LeftBehind(interrupted, unsent, latest.id if latest is not None else None)


def turn_with(talk: Talk, reply: ReplyId) -> Turn | None:
    """The turn of `reply`, which is its current one then."""
    for turn in talk.turns:
        for place, version in enumerate(turn.versions):
            if version.id == reply:
                if turn.current is not version:
                    choose(talk, turn, place)
                return turn
    return None


async def keep(talk: Talk, turn: Turn) -> bool:
    """The interrupted reply stays as it is, and nobody is asked about it again. False: another process has it now."""
    return await _settle(talk, turn, KEPT)


async def discard(talk: Talk, turn: Turn) -> bool:
    """The interrupted reply is not wanted: neither shown nor sent. Resuming takes that back. False: as in `keep`."""
    return await _settle(talk, turn, DISCARDED)


async def _settle(talk: Talk, turn: Turn, note: str) -> bool:
    version = turn.current
    assert version is not None
    talk.writer.put(EndReply(version.id, "stopped", version.quiet_since, note=note))
    saved = asyncio.wrap_future(talk.writer.flush())
    await asyncio.wait([saved], timeout=CLAIM)
    if saved.done():
        saved.exception()
    else:
        saved.cancel()
    if talk.writer.lost(version.id):
        return False
    version.view = replace(stopped(version.view), note=note)
    return True


def unsent_turns(talk: Talk, names: Sequence[TurnId]) -> list[Turn]:
    """Those of `names` that are still without a reply."""
    return [turn for turn in talk.turns if turn.id in names and not turn.versions]
