"""Takes conversations out of the journal: as JSON, which loses nothing, and as Markdown, to read."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from tui.journal.records import Parameters
from tui.journal.store import Journal
from tui.journal.stored import StoredAttempt, StoredConversation, StoredReply, StoredTurn
from tui.plain import one_line
from tui.say import say
from tui.words import Fault, ReplyId, SeamMark, TokenCount

FORMAT = "unbroken conversations"
VERSION = 3
"""Of the JSON document; grows when a reader of the older one would be misled. 2: the reply chosen, sampling, and where
the deltas of an unfinished reply ended. 3: conversations and turns that were deleted; a document without any is of the
version before."""

_PAGE = 200
"""Conversations read at a time."""

Whole = tuple[StoredConversation, tuple[StoredTurn, ...]]

Boundaries = Callable[[ReplyId], tuple[int, ...]]
"""Where the last received deltas of a reply ended: what resuming it needs."""

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


TOLD = ("kept", "discarded", "hung_up", "unread", "cut_limit", "cut_asked", "damaged")
"""Notes of replies that are not whole that say more than their state."""


def everything(journal: Journal, *, deleted: bool = False) -> Iterator[StoredConversation]:
    """Every conversation, the last used first; `deleted`: then those that were deleted."""
    last: StoredConversation | None = None
    while True:
        page = journal.conversations(_PAGE, last)
        yield from page
        if len(page) < _PAGE:
            break
        last = page[-1]
    if deleted:
        yield from journal.deleted(-1)  # SQLite's word for all of them


def read(journal: Journal, wanted: Iterable[StoredConversation], *, deleted: bool = False) -> Iterator[Whole]:
    """Each with its turns, `deleted`: with those too that were deleted from it. One conversation at a time is in
    memory."""
    for conversation in wanted:
        yield conversation, journal.turns(conversation.id, deleted=deleted)


def to_json(
    wanted: Iterable[Whole], now: float, boundaries: Boundaries = lambda _: (), *, deleted: bool = False
) -> Iterator[str]:
    """One document, in pieces; each reply's whole text is one string. `now`: wall clock. `deleted`: `wanted` has what
    was deleted, too."""
    version = VERSION if deleted else VERSION - 1
    head = json.dumps({"format": FORMAT, "version": version, "exported": now}, indent=1)
    yield head[:-2] + ',\n "conversations": ['
    between = "\n"
    for conversation, turns in wanted:
        value = _conversation(conversation, turns, boundaries)
        yield between + json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
        between = ",\n"
    yield "\n]}\n"


def _number(value: float | None) -> float | None:
    """JSON has no infinity."""
    return value if value is None or math.isfinite(value) else None


def _conversation(
    conversation: StoredConversation, turns: Iterable[StoredTurn], boundaries: Boundaries
) -> dict[str, Json]:
    return {
        "id": conversation.id,
        "title": conversation.title,
        "renamed": conversation.renamed,
        "system": conversation.system,
        "provider": conversation.provider,
        "model": conversation.model,
        "created": _number(conversation.created),
        "updated": _number(conversation.updated),
        "branched_from": conversation.branched_from,
        "branched_at": conversation.branched_at,
        "sampling": _parameters(conversation.sampling),
        **_deleted(conversation.deleted),
        "turns": [_turn(turn, boundaries) for turn in turns],
    }


def _turn(turn: StoredTurn, boundaries: Boundaries) -> Json:
    return {
        "id": turn.id,
        "conversation": turn.conversation,
        "position": turn.position,
        "prompt": turn.prompt,
        "created": _number(turn.created),
        "chosen": turn.chosen,
        **_deleted(turn.deleted),
        "replies": [_reply(reply, boundaries) for reply in turn.replies],
    }


def _deleted(at: float | None) -> dict[str, Json]:
    return {} if at is None else {"deleted": _number(at)}


def _parameters(parameters: Parameters) -> Json:
    return {key: _number(value) if isinstance(value, float) else value for key, value in parameters.items()}


def _reply(reply: StoredReply, boundaries: Boundaries) -> Json:
    ends: list[Json] = list(boundaries(reply.id)) if reply.state != "done" else []
    return {
        "id": reply.id,
        "position": reply.position,
        "provider": reply.provider,
        "base_url": reply.base_url,
        "model": reply.model,
        "parameters": _parameters(reply.parameters),
        "state": reply.state,
        "text": reply.text,
        "boundaries": ends,
        "reasoning": reply.reasoning,
        "started": _number(reply.started),
        "ended": _number(reply.ended),
        "first_text_after": _number(reply.first_text_after),
        "finish_reason": reply.finish_reason,
        "fault": _fault(reply.fault),
        "note": reply.note,
        "verified": reply.verified,
        "seams": [_seam(seam) for seam in reply.seams],
        "attempts": [_attempt(attempt) for attempt in reply.attempts],
        "usage": _usage(reply.usage),
        "cost_usd": _number(reply.cost_usd),
        "cost_at_least": reply.at_least,
    }


def _usage(usage: TokenCount | None) -> Json:
    if usage is None:
        return None
    return {"prompt": usage.prompt, "completion": usage.completion, "exact": usage.exact}


def _seam(seam: SeamMark) -> Json:
    return {
        "at": seam.at,
        "how": seam.how,
        "verified": seam.verified,
        "gap": _number(seam.gap),
        "paid_twice": seam.paid_twice,
        "models": list(seam.models),
    }


def _attempt(attempt: StoredAttempt) -> Json:
    return {
        "number": attempt.number,
        "connection_id": attempt.connection_id,
        "provider": attempt.provider,
        "model": attempt.model,
        "rung": attempt.rung,
        "replay_id": attempt.replay_id,
        "started": _number(attempt.started),
        "ended": _number(attempt.ended),
        "ttfb": _number(attempt.ttfb),
        "first_text": _number(attempt.first_text),
        "dns": _number(attempt.dns),
        "tcp": _number(attempt.tcp),
        "tls": _number(attempt.tls),
        "fault": _fault(attempt.fault),
    }


def _fault(fault: Fault | None) -> Json:
    if fault is None:
        return None
    return {
        "kind": fault.kind,
        "permanent": fault.permanent,
        "detail": fault.detail,
        "status": fault.status,
        "wait": _number(fault.wait),
    }


def to_markdown(wanted: Iterable[Whole]) -> Iterator[str]:
    """One document: a heading a conversation, prompts as quotations, replies as they came, seams as footnotes."""
    for number, (conversation, turns) in enumerate(wanted, 1):
        yield _head(conversation)
        for turn in turns:
            yield _markdown_turn(turn, f"{number}-{turn.position + 1}")


def title(conversation: StoredConversation) -> str:
    """Its title on one line, or words for none; safe to show."""
    return title_words(conversation.title)


def title_words(title: str) -> str:
    """`title` on one line, or words for none; safe to show."""
    return one_line(title) or say("history.untitled")


def moment(time: float) -> str:
    """A wall-clock time in the user's time zone, to the minute; '' where it is no time."""
    try:
        return datetime.fromtimestamp(time).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return ""


def seam_words(seam: SeamMark) -> str:
    """A seam in words: how long the gap was, how it was closed, whether what follows belongs there."""
    verdict = say("history.verified" if seam.verified else "history.not_verified")
    words = say("history.seam", gap=f"{seam.gap:.1f}", how=seam.how, verdict=verdict)
    before, after = seam.models
    return words if before == after else words + say("history.seam_models", before=before, after=after)


def end_words(reply: StoredReply) -> str:
    """How a reply ended, where that needs saying; else ''."""
    if reply.state == "done":
        return say("history.state_length") if reply.finish_reason == "length" else ""
    words = say(f"history.state_{reply.note if reply.note in TOLD and reply.state != 'streaming' else reply.state}")
    reason = reply.fault and one_line(f"{reply.fault.kind} {reply.fault.detail}")
    return f"{words} ({reason})" if reason else words


def _head(conversation: StoredConversation) -> str:
    about = say("history.md_about", id=conversation.id, created=moment(conversation.created))
    system = f"{_quoted(conversation.system)}\n\n" if conversation.system else ""
    return f"# {title(conversation)}\n\n*{about}*\n\n{system}"


def _markdown_turn(turn: StoredTurn, number: str) -> str:
    parts = [f"## {turn.position + 1} · {moment(turn.created)}\n\n{_quoted(turn.prompt)}\n\n"]
    for index, reply in enumerate(turn.replies, 1):
        name = number if len(turn.replies) == 1 else f"{number}-{index}"
        parts.append(_markdown_reply(reply, name, index, len(turn.replies)))
    return "".join(parts)


def _markdown_reply(reply: StoredReply, number: str, index: int, of: int) -> str:
    about = say("history.md_reply", model=one_line(reply.model), started=moment(reply.started), index=index, of=of)
    labels = [f"[^seam-{number}-{count}]" for count in range(1, len(reply.seams) + 1)]
    text, blocks = _code_blocks(reply.text)
    for label, seam in reversed(list(zip(labels, reply.seams, strict=True))):
        place = _beside(seam.at, blocks)
        text = text[:place] + label + text[place:]
    notes = "".join(
        f"{label}: {say('history.md_seam', at=seam.at, words=seam_words(seam))}\n\n"
        for label, seam in zip(labels, reply.seams, strict=True)
    )
    end = end_words(reply)
    return f"*{about}*\n\n{text}\n\n{notes}" + (f"*{end}*\n\n" if end else "")


_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)\n?", re.MULTILINE)


def _code_blocks(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Where fenced code begins and ends: a mark within would change it. A block left open (the reply was cut in it) is
    closed in the text that comes back, or it would swallow the rest of the document."""
    blocks: list[tuple[int, int]] = []
    fence, start = "", 0
    for found in _FENCE.finditer(text):
        mark, rest = found[1], found[2]
        if not fence:
            fence, start = mark, found.start()
        elif mark[0] == fence[0] and len(mark) >= len(fence) and not rest.strip():
            blocks.append((start, found.end()))
            fence = ""
    if fence:
        text = f"{text.rstrip()}\n{fence}\n"
        blocks.append((start, len(text)))
    return text, blocks


def _beside(at: int, blocks: list[tuple[int, int]]) -> int:
    """`at`, or the end of the block that it is in, or of those that follow without a gap."""
    for start, end in blocks:
        if start <= at < end:
            at = end
    return at


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" if line else ">" for line in text.split("\n"))
