"""Other windows: what they write of the open conversation appears in this one, while they write it.

A FIFO rings when another process has written (journal/bell.py), and the system tells when the writer of a reply has
died. Only where one of the two is not to be had does the follower look by itself, and only while something is being
written elsewhere. A reply whose writer is gone is told as an orphan: whoever follows may go on with it, and the journal
lets one (journal/lease.py).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tui.chat.talk import Talk
from tui.chat.turns import Turn, Version, grow, turn_of, version_of
from tui.clock import Bell as Waking
from tui.clock import Clock
from tui.journal.bell import Bell
from tui.journal.live import LiveJournal, Mark, OpenReply, Tail
from tui.journal.owner import BEAT, Owner, is_dead, is_here
from tui.journal.stored import StoredTurn
from tui.journal.trouble import JournalUnusable
from tui.words import ConversationId, ReplyId, TurnId

LEAST = 0.05
"""Seconds between two looks: each writer rings ten times a second at most, and there may be several."""

BLIND = 0.1
"""Seconds between two looks where there is no bell, and something is being written elsewhere."""

UNTOLD = 1.0
"""Seconds between two looks at a writer whose end the system does not tell."""

SAME_MOMENT = 0.5
"""Seconds by which two readings of one moment may differ: the wall clock is set now and then."""

Marks = dict[TurnId, tuple[Mark, ...]]

Endings = dict[TurnId, tuple[tuple[ReplyId, str], ...]]
"""The replies of each turn, and how they ended."""

NEVER = 1e9
"""Seconds: until somebody rings."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What other processes have done since the last time."""

    before: tuple[Turn, ...]
    """The turns as they were, in their order."""
    changed: frozenset[TurnId]
    orphans: tuple[Turn, ...]
    """Turns whose reply was being written elsewhere, by a process that is gone now."""
    dropped: tuple[Turn, ...] = ()
    """Turns that another process has deleted; those that are being written here stay in the conversation."""
    deleted: bool = False
    """Another process has deleted the conversation."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """One look at the journal."""

    marks: Marks
    shape: object
    turns: tuple[StoredTurn, ...]
    """Those that are new or have changed."""
    tails: tuple[Tail, ...]
    open: tuple[OpenReply, ...]
    """Of this conversation, other processes' alone."""
    own: frozenset[ReplyId]
    """Replies that the journal has as this process's."""
    deleted: bool
    """The conversation is."""
    dropped: frozenset[TurnId]
    """The turns that are deleted from it."""


class Follower:
    """Follows the conversation that is open, in one process."""

    def __init__(
        self, path: Path, clock: Clock, owner: str, talk: Callable[[], Talk | None], heard: Callable[[Heard], None]
    ) -> None:
        """`owner`: the journal's name of this process. `heard` is called on the event loop."""
        self._path, self._clock, self._owner = path, clock, owner
        self._talk, self._heard = talk, heard
        self._waking = Waking()
        self._journal: LiveJournal | None = None
        self._of: ConversationId | None = None
        self._marks: Marks = {}
        self._shape: object = None
        self._deleted = False
        """Whether the conversation was, as of the last look."""
        self._dropped = frozenset[TurnId]()
        """The turns that were deleted from it by then."""
        self._looked = 0.0
        """When the file was read last."""
        self._live: dict[ReplyId, OpenReply] = {}
        """Replies that others are writing, as of the last look."""
        self._watched: dict[Owner, int] = {}
        """Their processes, each with a descriptor that is readable when it has ended."""
        self.bell: Bell | None = None
        with suppress(OSError):
            self.bell = Bell(path)

    def look(self) -> None:
        """Look soon, rung or not."""
        self._waking.ring()

    async def run(self) -> None:
        """Until cancelled."""
        self._waking.ring()
        loop = asyncio.get_running_loop()
        if self.bell is not None:
            loop.add_reader(self.bell.fd, self._rung)
        try:
            while True:
                rung = await self._clock.wait(self._waking, self._clock.now() + self._patience())
                self._waking.clear()
                with suppress(JournalUnusable):
                    # Trouble with the file is told by the writer; here it is only a look that showed nothing.
                    await self._look(blind=not rung and self.bell is None)
                await self._clock.sleep(LEAST)
        finally:
            self._watch(())
            if self.bell is not None:
                loop.remove_reader(self.bell.fd)
                self.bell.close()
            if self._journal is not None:
                self._journal.close()

    def _rung(self) -> None:
        assert self.bell is not None
        self.bell.quiet()
        self._waking.ring()

    def _patience(self) -> float:
        if not self._live:
            return NEVER
        if self.bell is None:
            return BLIND
        watched = all(reply.owner in self._watched for reply in self._live.values())
        # A sign of life in the file is all that another machine gives.
        return BEAT if watched else UNTOLD

    async def _look(self, *, blind: bool) -> None:
        talk = self._talk()
        if talk is None or talk.id is None:
            self._begin(None)
            return
        if self._of != talk.id:
            self._begin(talk.id)
        # What was read when the conversation was opened need not be read again.
        held = {} if self._marks else {turn.id: _held(turn) for turn in talk.turns}
        known = {version.id: version.next_seq for _, version in _having(talk, self._live)}
        seen = await asyncio.to_thread(self._read, talk.id, known, held, blind)
        if seen is not None and self._talk() is talk:
            self._take(talk, seen)

    def _begin(self, conversation: ConversationId | None) -> None:
        """Nothing is known of `conversation` yet."""
        self._of, self._marks, self._shape, self._live = conversation, {}, None, {}
        self._deleted, self._dropped = False, frozenset()

    def _read(
        self, conversation: ConversationId, known: dict[ReplyId, int], held: Endings, blind: bool
    ) -> _Seen | None:
        """In a thread. `known`: how far each reply is held. None: nothing was written, and everybody lives."""
        if self._journal is None:
            self._journal = LiveJournal.open(self._path)
        journal = self._journal
        if blind and not journal.changed() and self._clock.now() - self._looked < BEAT:
            owners = [reply.owner for reply in self._live.values() if reply.owner is not None]
            if not any(is_dead(owner) for owner in owners):
                return None
        self._looked = self._clock.now()
        everywhere = journal.open_replies(even=conversation)
        own = frozenset(reply.reply for reply in everywhere if reply.owner and reply.owner.id == self._owner)
        others = tuple(
            reply
            for reply in everywhere
            if reply.reply not in own and (reply.conversation == conversation or reply.turn in self._marks)
        )
        there = journal.shape(conversation)
        shape = (there, frozenset((reply.reply, reply.state, reply.owner) for reply in others))
        marks, turns, dropped = self._marks, tuple[StoredTurn, ...](), self._dropped
        if shape != self._shape:
            dropped = journal.dropped(conversation)
            marks = journal.marks(conversation)
            for reply in others:
                if reply.turn in marks:
                    # Nothing in the file tells that its process is gone.
                    marks[reply.turn] += (Mark(reply.reply, reply.state, None, None, ""),)
            turns = journal.named_turns(
                conversation,
                (
                    name
                    for name, mark in marks.items()
                    if self._marks.get(name) != mark and held.get(name) != tuple((one.reply, one.state) for one in mark)
                ),
            )
        fresh = {reply.id for turn in turns for reply in turn.replies}
        tails = tuple(
            journal.tail(reply.reply, known[reply.reply])
            for reply in others
            if reply.state == "streaming" and reply.reply in known and reply.reply not in fresh
        )
        deleted = there is not None and there.deleted
        return _Seen(marks, shape, turns, tails, others, own, deleted, dropped)

    def _take(self, talk: Talk, seen: _Seen) -> None:
        before = tuple(talk.turns)
        first = not self._marks
        gone = seen.dropped - self._dropped
        dropped = tuple(turn for turn in before if turn.id in gone)
        followed = {
            version.id for _, version in _having(talk, {reply.reply for reply in seen.open}) if version.elsewhere
        }
        # Its writer may have died in the middle of the look before: then the turns knew of it already, and this list
        # did not.
        followed |= self._live.keys()
        changed = {TurnId(turn.id) for turn in seen.turns if _merge(talk, turn, seen.own)}
        if seen.shape != self._shape:
            _order(talk, [*seen.marks], gone.union(self._marks))
        changed |= _grow(talk, seen.tails)
        orphans = [
            turn
            for turn, version in _having(talk, followed)
            # Nobody asked for what was deleted to go on.
            if not seen.deleted
            and turn.current is version
            and any(reply.reply == version.id and reply.state == "interrupted" for reply in seen.open)
        ]
        deleted = seen.deleted and not self._deleted
        self._marks, self._shape = seen.marks, seen.shape
        self._deleted, self._dropped = seen.deleted, seen.dropped
        self._live = {reply.reply: reply for reply in seen.open if reply.state == "streaming"}
        changed |= self._date(talk, seen.tails)
        self._watch(reply.owner for reply in self._live.values() if reply.owner is not None)
        if changed or orphans or dropped or deleted or before != tuple(talk.turns) or first:
            self._heard(Heard(before, frozenset(changed), tuple(orphans), dropped, deleted))

    def _date(self, talk: Talk, tails: Iterable[Tail]) -> set[TurnId]:
        """Say of the replies that others write when something new of them came; the turns where that has changed.

        More is not known of them: a writer that is suspended and one whose server is silent look the same."""
        changed = set[TurnId]()
        attempts = {tail.reply: tail.attempt for tail in tails}
        now, wall = self._clock.now(), self._clock.wall()
        for turn, version in _having(talk, self._live):
            if not version.elsewhere:
                continue
            attempt, link = attempts.get(version.id), version.view.link
            tried = 0.0 if attempt is None else attempt.ended or attempt.started
            news = now - max(0.0, wall - max(version.quiet_since, tried))
            if link.news is None or abs(link.news - news) > SAME_MOMENT:
                version.view = replace(version.view, link=replace(link, news=news))
                changed.add(turn.id)
        return changed

    def _watch(self, owners: Iterable[Owner]) -> None:
        """Be told when one of `owners` ends, and of no others any more."""
        wanted = set(owners)
        loop = asyncio.get_running_loop()
        for owner in [*self._watched]:
            if owner not in wanted:
                descriptor = self._watched.pop(owner)
                loop.remove_reader(descriptor)
                os.close(descriptor)
        for owner in wanted - {*self._watched}:
            found = _watch_process(owner)
            if found is not None:
                self._watched[owner] = found
                loop.add_reader(found, self._died, owner)

    def _died(self, owner: Owner) -> None:
        descriptor = self._watched.pop(owner)
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)
        self._waking.ring()


def _watch_process(owner: Owner) -> int | None:
    """A descriptor that becomes readable when `owner` ends; None where the system gives none."""
    if not is_here(owner) or not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(owner.pid)
    except (OSError, OverflowError):
        # Gone already, which the next look sees; or not allowed.
        return None


def _held(turn: Turn) -> tuple[tuple[ReplyId, str], ...]:
    return tuple((version.id, version.view.link.state) for version in turn.versions)


def _having(talk: Talk, wanted: Collection[ReplyId]) -> list[tuple[Turn, Version]]:
    """The turns that have a reply of `wanted`, the last first."""
    left = set(wanted)
    found: list[tuple[Turn, Version]] = []
    for turn in reversed(talk.turns):
        if not left:
            break
        for version in turn.versions:
            if version.id in left:
                left.remove(version.id)
                found.append((turn, version))
    return found


def _merge(talk: Talk, stored: StoredTurn, own: frozenset[ReplyId]) -> bool:
    """Bring `stored` into `talk`; whether anything is different now."""
    turn = next((turn for turn in reversed(talk.turns) if turn.id == stored.id), None)
    if turn is None:
        talk.turns.append(turn_of(stored))
        return True
    held = {version.id: version for version in turn.versions}
    versions: list[Version] = []
    for reply in stored.replies:
        known = held.pop(reply.id, None)
        if known is not None and (reply.id in own or reply.id in talk.writing or _same(known, version_of(reply))):
            versions.append(known)
        else:
            versions.append(version_of(reply))
    # What is left is so new that the journal does not have it yet.
    versions += [version for version in held.values() if not version.elsewhere]
    if not any(version.id in talk.writing for version in versions):
        turn.written = next((version for version in versions if turn.written and version.id == turn.written.id), None)
        turn.conversation, turn.position, turn.chosen = stored.conversation, stored.position, stored.chosen
    different = [id(version) for version in versions] != [id(version) for version in turn.versions]
    turn.versions[:] = versions
    return different


def _same(known: Version, stored: Version) -> bool:
    """Whether what is held says more than what was read: it ended here, in the same way."""
    if known.elsewhere or stored.elsewhere:
        return False
    here, there = known.view, stored.view
    return (here.link.state, known.next_seq, here.note) == (there.link.state, stored.next_seq, there.note)


def _order(talk: Talk, order: list[TurnId], known: Collection[TurnId]) -> None:
    """The turns in the journal's order; behind them those that are not in it yet. `known`: those that were."""
    turns = {turn.id: turn for turn in talk.turns}
    listed = [turns.pop(name) for name in order if name in turns]
    ours = [
        turn
        for turn in turns.values()
        if turn.id not in known or any(version.id in talk.writing for version in turn.versions)
    ]
    talk.turns[:] = [*listed, *ours]


def _grow(talk: Talk, tails: Iterable[Tail]) -> set[TurnId]:
    """Add what came; the turns that it came to."""
    changed = set[TurnId]()
    wanted = {tail.reply: tail for tail in tails}
    for turn, version in _having(talk, wanted):
        before = version.view
        grow(version, wanted[version.id])
        if version.view != before:
            changed.add(turn.id)
    return changed
