"""What works, what does not, what to do: findings as values. Here: the journal, checked and mended.

A check never changes what it looks at; a repair first makes a copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tui.clock import Clock
from tui.journal.health import Health, back_up, examine, release_orphans
from tui.journal.place import network_kind
from tui.journal.salvage import Identity, identity, set_aside
from tui.journal.trouble import SPARE, JournalTrouble, JournalUnusable, judge
from tui.plain import one_line
from tui.say import say

Severity = Literal["ok", "warning", "error"]
"""warning: works, but deserves a look. error: does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. Its words are safe to show."""

    name: str
    """Stable, for scripts: "journal.integrity"."""
    severity: Severity
    sentence: str
    """What was found, in the user's language."""
    remedy: str = ""
    """What to do about it; '' where there is nothing to do."""
    repairable: bool = False
    """A repair can mend it."""
    numbers: Mapping[str, int] = field(default_factory=dict)
    """For scripts, where it has any."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What a repair did, and the copy that was made before."""

    findings: tuple[Finding, ...]
    backup: Path | None = None
    """None: nothing was changed."""


def check_journal(path: Path, clock: Clock) -> tuple[Finding, ...]:
    """The journal at `path`. Blocks while it reads all of the file."""
    try:
        there = path.exists()
    except OSError as error:
        return (_unusable(judge(error), path),)
    if not there:
        return (Finding("journal.file", "ok", say("health.none_yet", path=one_line(str(path)))),)
    return _findings(examine(path, clock.wall()), path)


def repair_journal(path: Path, clock: Clock) -> Repair:
    """Mend what can be mended, after a copy was made. Blocks."""
    now = clock.wall()
    seen = identity(path)
    health = examine(path, now)
    if health.damage or (health.trouble is not None and health.trouble.kind == "corrupt"):
        return _rescue(path, now, seen)
    if health.trouble is not None or not health.writable or not health.orphans:
        return Repair(_findings(health, path))
    try:
        backup = back_up(path, now)
    except (JournalUnusable, OSError) as error:
        return Repair((Finding("journal.backup", "error", say("health.no_backup"), judge(error).sentence()),))
    done = [Finding("journal.backup", "ok", say("health.backup", path=one_line(str(backup))))]
    try:
        count = release_orphans(path, now)
    except JournalUnusable as error:
        return Repair((*done, _unusable(error.trouble, path)), backup)
    if count:
        done.append(Finding("journal.leases", "ok", say("health.released", count=count)))
    return Repair((*done, *_findings(examine(path, now), path)), backup)


def _rescue(path: Path, now: float, seen: Identity | None) -> Repair:
    """What can be read goes into a new journal; the damaged file is its own copy."""
    try:
        kept = set_aside(path, now, seen)
    except (JournalUnusable, OSError) as error:
        return Repair((Finding("journal.backup", "error", say("health.no_backup"), judge(error).sentence()),))
    saved = kept.rescued
    words = say("journal.elsewhere") if saved is None else saved.sentence()
    told = say("health.rescued", saved=words, path=one_line(str(kept.damaged)))
    lacking = saved is not None and (saved.cut or saved.lost or saved.lost_conversations)
    numbers = saved.numbers() if saved is not None else {}
    done = Finding("journal.backup", "warning" if lacking else "ok", told, numbers=numbers)
    return Repair((done, *_findings(examine(path, now), path)), kept.damaged)


def _findings(health: Health, path: Path) -> tuple[Finding, ...]:
    if health.trouble is not None:
        return (_unusable(health.trouble, path),)
    about = {"path": one_line(str(path)), "count": f"{health.conversations:,}", "size": _megabytes(health.size)}
    about["free"] = _megabytes(health.free)
    return (
        _file(health, about),
        *_place(path),
        _integrity(health),
        *(() if health.damage else (_leases(health), _interrupted(health))),
    )


LITTLE = 16_000_000
"""Bytes that are little for a disk: the log alone grows to 4 MB before it is taken into the file."""


def _file(health: Health, about: dict[str, str]) -> Finding:
    """Whether it can be written now."""
    if not health.writable and health.free >= SPARE:
        words, remedy = "health.not_writable", "journal.opening_unwritable"
    elif health.locked:
        words, remedy = "health.locked", "journal.do_locked"
    elif health.free < LITTLE and not health.damage:
        words, remedy = "health.full", "journal.do_full"
    else:
        return Finding("journal.file", "ok", say("health.file", **about))
    return Finding("journal.file", "warning", say(words, **about), say(remedy))


def _place(path: Path) -> tuple[Finding, ...]:
    kind = network_kind(path)
    if kind is None:
        return ()
    return (Finding("journal.place", "warning", say("health.networked", kind=kind), say("health.networked_do")),)


def _unusable(trouble: JournalTrouble, path: Path) -> Finding:
    # Its last line is the advice.
    words = one_line(JournalUnusable(trouble, path).sentence().partition("\n")[0])
    remedy = say(f"journal.opening_{trouble.kind}")
    return Finding("journal.file", "error", words, remedy, repairable=trouble.kind == "corrupt")


def _integrity(health: Health) -> Finding:
    if not health.damage:
        return Finding("journal.integrity", "ok", say("health.whole"))
    words = say("health.damaged", detail=one_line("; ".join(health.damage)))
    return Finding("journal.integrity", "error", words, say("health.damaged_do"), repairable=True)


def _leases(health: Health) -> Finding:
    if not health.orphans:
        return Finding("journal.leases", "ok", say("health.no_orphans"))
    words = say("health.orphans", count=len(health.orphans))
    return Finding("journal.leases", "warning", words, say("health.orphans_do"), repairable=True)


def _interrupted(health: Health) -> Finding:
    if not health.interrupted:
        return Finding("journal.interrupted", "ok", say("health.none_interrupted"))
    words = say("health.interrupted", count=health.interrupted)
    return Finding("journal.interrupted", "warning", words, say("health.interrupted_do"))


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"
