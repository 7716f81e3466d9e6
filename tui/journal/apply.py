"""What each record does to the journal, inside the writer's transaction."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from typing import assert_never

from tui.journal.owner import Owner
from tui.journal.records import (
    RUNG_HELD,
    AddReasoning,
    AddSeam,
    AddText,
    BeginAttempt,
    BeginReply,
    ChooseReply,
    CutReply,
    DeleteConversation,
    DeleteTurn,
    DropReasoning,
    EndAttempt,
    EndReply,
    KeepChoice,
    Learn,
    NewConversation,
    NewTurn,
    Parameters,
    Record,
    RenameConversation,
    ResumeReply,
    SetSampling,
    SetSystem,
    SetUsage,
)
from tui.journal.sql import load
from tui.journal.sums import running
from tui.journal.text import compact, drop_behind, held
from tui.words import Fault

SQL = load("writes.sql")

Value = str | int | float | None

_SURROGATES = re.compile("[\ud800-\udfff]")
_LARGEST = 2**63 - 1
"""SQLite's integers have 64 bits; numbers from outside (tokens, a server's wait) may have more."""


def storable(value: Value) -> Value:
    """`value` as the file can hold it: lone surrogates, which are no text, become U+FFFD, one for one."""
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATES.sub("\ufffd", value)
    if isinstance(value, int):
        return max(-_LARGEST, min(value, _LARGEST))
    return value


def as_json(parameters: Parameters) -> str:
    return json.dumps(dict(parameters), ensure_ascii=False)


def run(db: sqlite3.Connection, name: str, values: Mapping[str, Value]) -> None:
    """The statement `name` of writes.sql."""
    db.execute(SQL[name], {key: storable(value) for key, value in values.items()})


def apply(db: sqlite3.Connection, record: Record, owner: Owner) -> None:  # noqa: C901  one case for each record
    """Write `record`, which `owner` gave."""
    match record:
        case NewConversation():
            run(db, "new_conversation", _conversation(record))
            if record.title is not None:
                run(db, "to_index", {"thing": record.id})
            if record.branched_from is not None:
                run(db, "inherit_choices", _inherited(record))
                run(db, "inherit_deletions", {"id": record.id, "branched_from": record.branched_from})
        case RenameConversation(id=name, title=title):
            run(db, "rename_conversation", {"id": name, "title": title})
            run(db, "to_index", {"thing": name})
        case DeleteConversation(id=name, at=at):
            run(db, "delete_conversation", {"id": name, "at": at})
        case NewTurn():
            run(db, "new_turn", _turn(record))
            run(db, "touch_conversation", {"id": record.conversation, "at": record.created})
            run(db, "to_index", {"thing": record.id})
        case SetSystem(id=name, system=system):
            run(db, "set_system", {"id": name, "system": system})
        case SetSampling(id=name, sampling=sampling):
            run(db, "set_sampling", {"id": name, "sampling": as_json(sampling)})
        case DeleteTurn(conversation=conversation, id=name, at=at):
            asked: dict[str, Value] = {"conversation": conversation, "turn": name}
            run(db, *(("restore_turn", asked) if at is None else ("delete_turn", asked | {"at": at})))
        case ChooseReply(conversation=conversation, turn=turn, reply=reply):
            run(db, "choose_reply", {"conversation": conversation, "turn": turn, "reply": reply})
        case KeepChoice(conversation=conversation, turn=turn):
            run(db, "keep_choice", {"conversation": conversation, "turn": turn})
        case BeginReply():
            run(db, "begin_reply", _reply(record) | {"owner": owner.id})
            run(db, "use_model", _used(record, record.started))
        case ResumeReply():
            run(db, "resume_reply", _resumed(record) | {"owner": owner.id})
            drop_behind(db, record.id)
            if not record.unasked:
                run(db, "use_model", _used(record, record.at))
        case AddText(reply=reply, seq=seq, text=text, offset=offset, at=at):
            delta: dict[str, Value] = {"reply": reply, "seq": seq, "text": text, "offset": offset, "at": at}
            run(db, "append_delta", delta | {"sum": _sum(db, record)})
        case AddReasoning(reply=reply, text=text, at=at):
            run(db, "append_reasoning", {"reply": reply, "text": text, "at": at})
        case DropReasoning(reply=reply):
            run(db, "drop_reasoning", {"reply": reply})
        case BeginAttempt():
            run(db, "begin_attempt", _attempt(record))
        case EndAttempt():
            run(db, "end_attempt", _attempt_end(record))
        case AddSeam():
            run(db, "add_seam", _seam(record))
        case SetUsage():
            run(db, "set_usage", _usage(record))
        case EndReply():
            run(db, "end_reply", _reply_end(record))
            compact(db, record.reply)
            run(db, "to_index", {"thing": record.reply})
        case CutReply(reply=reply, note=note):
            run(db, "cut_reply", {"reply": reply, "note": note})
            run(db, "to_index", {"thing": reply})
        case Learn():
            for statement, values in _learned(record):
                run(db, statement, values)
        case _:
            assert_never(record)


def _sum(db: sqlite3.Connection, record: AddText) -> int | None:
    """Of the reply up to the end of this delta; None: it is not the next one."""
    found: tuple[int, int | None] | None = db.execute(SQL["sum_so_far"], {"reply": record.reply}).fetchone()
    last, before = found or (None, None)
    if before is None:
        whole = held(db, record.reply)
        if whole is None:
            return None
        last, before = whole.through, running(whole.text)
    return running(str(storable(record.text)), before) if record.seq - 1 == last else None


def _conversation(record: NewConversation) -> dict[str, Value]:
    return {
        "id": record.id,
        "title": record.title,
        "system": record.system,
        "provider": record.provider,
        "model": record.model,
        "branched_from": record.branched_from,
        "branched_at": record.branched_at,
        "created": record.created,
        "sampling": as_json(record.sampling),
    }


def _inherited(record: NewConversation) -> dict[str, Value]:
    return {"id": record.id, "branched_from": record.branched_from, "branched_at": record.branched_at}


def _turn(record: NewTurn) -> dict[str, Value]:
    return {
        "id": record.id,
        "conversation": record.conversation,
        "position": record.position,
        "prompt": record.prompt,
        "created": record.created,
    }


def _reply(record: BeginReply) -> dict[str, Value]:
    return {
        "id": record.id,
        "turn": record.turn,
        "position": record.position,
        "provider": record.provider,
        "base_url": record.base_url,
        "model": record.model,
        "parameters": as_json(record.parameters),
        "started": record.started,
    }


def _resumed(record: ResumeReply) -> dict[str, Value]:
    return {"id": record.id, "provider": record.provider, "base_url": record.base_url, "model": record.model}


def _used(record: BeginReply | ResumeReply, at: float) -> dict[str, Value]:
    return {"reply": record.id, "provider": record.provider, "model": record.model, "at": at}


def _attempt(record: BeginAttempt) -> dict[str, Value]:
    return {
        "reply": record.reply,
        "number": record.number,
        "connection_id": record.connection_id,
        "provider": record.provider,
        "model": record.model,
        "rung": record.rung,
        "replay_id": record.replay_id,
        "started": record.started,
    }


def _attempt_end(record: EndAttempt) -> dict[str, Value]:
    return {
        "reply": record.reply,
        "number": record.number,
        "ended": record.ended,
        "ttfb": record.ttfb,
        "first_text": record.first_text,
        "dns": record.dns,
        "tcp": record.tcp,
        "tls": record.tls,
        **_fault(record.fault),
    }


def _seam(record: AddSeam) -> dict[str, Value]:
    mark = record.mark
    before, after = mark.models
    return {
        "reply": record.reply,
        "at": mark.at,
        "how": mark.how,
        "verified": mark.verified,
        "gap": mark.gap,
        "paid_twice": mark.paid_twice,
        "model_before": before,
        "model_after": after,
    }


def _usage(record: SetUsage) -> dict[str, Value]:
    return {
        "reply": record.reply,
        "prompt": record.usage.prompt,
        "completion": record.usage.completion,
        "exact": record.usage.exact,
        "cost_usd": record.cost_usd,
        "at_least": record.at_least,
    }


def _reply_end(record: EndReply) -> dict[str, Value]:
    return {
        "reply": record.reply,
        "state": record.state,
        "ended": record.ended,
        "finish_reason": record.finish_reason,
        "note": record.note,
        "verified": record.verified,
        "first_text_after": record.first_text_after,
        **_fault(record.fault),
    }


def _fault(fault: Fault | None) -> dict[str, Value]:
    if fault is None:
        names = ("fault_kind", "fault_permanent", "fault_detail", "fault_status", "fault_wait")
        return dict.fromkeys(names)
    return {
        "fault_kind": fault.kind,
        "fault_permanent": fault.permanent,
        "fault_detail": fault.detail,
        "fault_status": fault.status,
        "fault_wait": fault.wait,
    }


def _learned(record: Learn) -> list[tuple[str, dict[str, Value]]]:
    """The statements that write it, with their values."""
    lesson = record.learned
    doubted = {*lesson.refused, *(["prefill"] if lesson.misses else [])}
    rungs = [
        {"rung": rung, "refused": int(rung in lesson.refused), "misses": lesson.misses if rung == "prefill" else 0}
        for rung in sorted(doubted)
    ]
    who: dict[str, Value] = {"base_url": record.base_url, "model": record.model}
    said: dict[str, Value] = {"bare_end": lesson.bare_end, "no_thinking": lesson.no_thinking, "at": record.at}
    held, stale = json.dumps(rungs), record.at - RUNG_HELD
    written: list[tuple[str, dict[str, Value]]] = [
        ("learn", who | said),
        ("forget_rungs", who | {"rungs": held, "stale": stale}),
        ("learn_rungs", who | {"rungs": held, "at": record.at}),
        ("forget_keepers", {"base_url": record.base_url if lesson.replay is False else "", "stale": stale}),
    ]
    if lesson.replay:
        written.append(("learn_keeper", {"base_url": record.base_url, "at": record.at}))
    return written
