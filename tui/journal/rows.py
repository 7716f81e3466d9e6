"""Rows of the journal as values. A row may come from a damaged or newer file: what is not known reads as nothing."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable

from tui.journal.owner import Owner, is_alive
from tui.journal.records import Parameters
from tui.journal.stored import StoredAttempt, StoredConversation, StoredReply, StoredState, StoredTurn, title_of
from tui.words import ConversationId, Fault, Learned, ReplyId, Rung, SeamMark, TokenCount, TurnId

_RUNGS: tuple[Rung, ...] = ("replay", "prefill", "continue", "restart")


def by_reply(found: Iterable[sqlite3.Row]) -> defaultdict[str, list[sqlite3.Row]]:
    """Rows by the reply that they belong to, in their order."""
    groups: defaultdict[str, list[sqlite3.Row]] = defaultdict(list)
    for row in found:
        groups[row["reply"]].append(row)
    return groups


def conversation(row: sqlite3.Row, opening: str | None, turns: int) -> StoredConversation:
    """`opening`: the beginning of its first prompt."""
    title: str | None = row["title"]
    parent: str | None = row["branched_from"]
    return StoredConversation(
        id=ConversationId(row["id"]),
        title=title_of(opening or "") if title is None else title,
        renamed=title is not None,
        system=row["system"],
        provider=row["provider"],
        model=row["model"],
        created=row["created"],
        updated=row["updated"],
        turns=turns,
        branched_from=None if parent is None else ConversationId(parent),
        branched_at=row["branched_at"],
        sampling=_parameters(row["sampling"]),
        deleted=row["deleted_at"],
    )


def turn(row: sqlite3.Row, replies: tuple[StoredReply, ...], deleted: float | None = None) -> StoredTurn:
    return StoredTurn(
        id=TurnId(row["id"]),
        conversation=ConversationId(row["conversation"]),
        position=row["position"],
        prompt=row["prompt"],
        created=row["created"],
        replies=replies,
        chosen=None if row["chosen"] is None else ReplyId(row["chosen"]),
        deleted=deleted,
    )


def reply(
    row: sqlite3.Row,
    text: tuple[str, int],
    reasoning: str,
    seams: tuple[SeamMark, ...],
    attempts: tuple[StoredAttempt, ...],
    now: float,
) -> StoredReply:
    """`text`: whole, and the number of the last delta in it. `now`: when its owner is asked for, wall clock."""
    counted = row["prompt"] is not None
    return StoredReply(
        id=ReplyId(row["id"]),
        turn=TurnId(row["turn"]),
        position=row["position"],
        provider=row["provider"],
        base_url=row["base_url"],
        model=row["model"],
        parameters=_parameters(row["parameters"]),
        state=state_now(row, now),
        text=text[0],
        next_seq=text[1] + 1,
        reasoning=reasoning,
        started=row["started"],
        ended=row["ended"],
        last_text=row["last_text"],
        first_text_after=row["first_text"],
        finish_reason=row["finish_reason"],
        fault=_fault(row),
        note=row["note"],
        verified=bool(row["verified"]),
        seams=seams,
        attempts=attempts,
        usage=TokenCount(row["prompt"], row["completion"], bool(row["exact"])) if counted else None,
        cost_usd=row["cost_usd"],
        at_least=bool(row["at_least"]),
    )


def attempt(row: sqlite3.Row) -> StoredAttempt:
    return StoredAttempt(
        number=row["number"],
        connection_id=row["connection_id"],
        provider=row["provider"],
        model=row["model"],
        rung=_rung(row["rung"]),
        replay_id=row["replay_id"],
        started=row["started"],
        ended=row["ended"],
        ttfb=row["ttfb"],
        first_text=row["first_text"],
        fault=_fault(row),
        dns=row["dns"],
        tcp=row["tcp"],
        tls=row["tls"],
    )


def seam(row: sqlite3.Row) -> SeamMark:
    return SeamMark(
        at=row["at"],
        how=_rung(row["how"]) or "restart",
        verified=bool(row["verified"]),
        gap=row["gap"],
        paid_twice=row["paid_twice"],
        models=(row["model_before"], row["model_after"]),
    )


def learned(row: sqlite3.Row) -> Learned:
    found = _json(row["rungs"])
    rungs = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    refused = {one.get("rung") for one in rungs if one.get("refused")}
    misses = next((one["misses"] for one in rungs if one.get("rung") == "prefill"), 0)
    return Learned(
        refused=frozenset(rung for rung in _RUNGS if rung in refused),
        misses=misses,
        no_thinking=bool(row["no_thinking"]),
        bare_end=bool(row["bare_end"]),
    )


def state_now(row: sqlite3.Row, now: float) -> StoredState:
    """Of a row with its owner's columns: one without an end is being written while its owner lives."""
    state: StoredState = row["state"]
    if state != "streaming":
        return state
    if row["owner_id"] is None or row["closed"] is not None:
        return "interrupted"
    owner = Owner(row["owner_id"], row["pid"], row["machine"], row["born"])
    return "streaming" if is_alive(owner, row["heartbeat"], now) else "interrupted"


def _fault(row: sqlite3.Row) -> Fault | None:
    kind: str | None = row["fault_kind"]
    if kind is None:
        return None
    return Fault(kind, bool(row["fault_permanent"]), row["fault_detail"] or "", row["fault_status"], row["fault_wait"])


def _rung(name: str | None) -> Rung | None:
    return next((rung for rung in _RUNGS if rung == name), None)


def _json(text: str) -> object:
    try:
        found: object = json.loads(text)
    except ValueError:
        return None
    return found


def _parameters(text: str) -> Parameters:
    found = _json(text)
    known = found.items() if isinstance(found, dict) else ()
    return {str(key): value for key, value in known if isinstance(value, str | int | float | bool | None)}
