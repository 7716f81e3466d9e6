"""What the connection did, with times: the newest entries of this run, and the attempts of its newest reply.

Constant memory: text is counted, not kept.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never

from tui.clock import Clock
from tui.plain import one_line
from tui.timing import UNTIMED, Timing
from tui.words import (
    Content,
    Done,
    Error,
    Event,
    Fault,
    NewReply,
    Reasoning,
    Rung,
    Seam,
    SeamMark,
    State,
    StateName,
    TokenCount,
    Usage,
)

KEPT = 1000
"""Entries; a reply without a fault makes five."""

ATTEMPTS = 100
"""Of one reply; the usual limit is 20."""

REPLIES = 50
"""Of which the attempts are kept, the newest: a reply may be gone on with after others."""

What = StateName | Literal["stopped", "seam", "reply", "usage", "probe_lost", "probe_odd", "probe_back"]
"""probe_odd: an answer came, but not the one that was asked for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened."""

    at: float
    """On the clock."""
    wall: float
    """Seconds since the epoch."""
    what: What
    connection_id: int = 0
    attempt: int = 0
    model: str = ""
    retry_count: int = 0
    max_retries: int = 0
    wait: float | None = None
    """backing_off: seconds to the next attempt."""
    fault: Fault | None = None
    rung: Rung | None = None
    mark: SeamMark | None = None
    """seam: where the attempts met."""
    reply: int = 0
    """reply: the number of the answer that starts over."""
    usage: TokenCount | None = None
    ttfb: float | None = None
    """From the request sent, seconds; streaming: of its attempt."""
    ttft: float | None = None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One attempt of the reply."""

    number: int
    connection_id: int
    model: str
    began: float
    """Wall clock."""
    rung: Rung | None
    timing: Timing = UNTIMED
    received: int = 0
    """Code points of new text that it brought."""
    fault: Fault | None = None
    """Why it ended early."""
    ended: bool = False


class LinkLog:
    """Hears every event of every reply of this run, in order."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._attempts: deque[AttemptRow] = deque(maxlen=ATTEMPTS)
        self._by_reply: dict[str, deque[AttemptRow]] = {}
        """The same of each reply, the one heard of last at the end; an answer that starts over shares those before."""
        self._received = 0
        self._told: tuple[int, StateName] | None = None
        self._probed: tuple[str, bool] = ("", False)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Oldest first."""
        return tuple(self._entries)

    @property
    def attempts(self) -> tuple[AttemptRow, ...]:
        """Of the reply heard of last, in order: all that this run has made."""
        if not self._attempts:
            return ()
        *before, last = self._attempts
        return (*before, last if last.ended else replace(last, received=self._received))

    def hear(self, event: Event, of: str = "") -> None:
        """Keep what `event` says. `of`: the reply's name; what is resumed goes on under it. Empty: every stream of
        events is a reply of its own."""
        match event:
            case Content(content=text):
                self._received += len(text)
            case Reasoning() | Done() | Error():
                # Their State came before them.
                pass
            case State():
                self._state(event, of)
            case Seam(mark=mark):
                self._add(Entry(event.t, self._wall(event.t), "seam", event.connection_id, rung=mark.how, mark=mark))
            case NewReply(reply=reply):
                self._received = 0
                self._add(Entry(event.t, self._wall(event.t), "reply", event.connection_id, reply=reply))
            case Usage(usage=usage):
                self._add(Entry(event.t, self._wall(event.t), "usage", event.connection_id, usage=usage))
            case _:
                assert_never(event)

    def stopped(self) -> None:
        """The user stopped the reply."""
        now = self._clock.now()
        number = self._attempts[-1].connection_id if self._attempts else 0
        self._close(None, UNTIMED)
        self._add(Entry(now, self._clock.wall(), "stopped", number))

    def probed(self, reason: str, *, lost: bool) -> None:
        """A probe ended: lost, or answered; `reason` is why, or what came instead. Only changes are events."""
        if (reason, lost) == self._probed:
            return
        self._probed = reason, lost
        fault = Fault(reason, permanent=False) if reason else None
        what: What = "probe_lost" if lost else "probe_odd" if reason else "probe_back"
        self._add(Entry(self._clock.now(), self._clock.wall(), what, fault=fault))

    def _state(self, state: State, of: str) -> None:
        if state.state == "connecting" and not state.connection_id:
            # No attempt yet.
            return
        if state.state == "connecting":
            self._open(state, of)
        elif state.state in ("backing_off", "failed", "done"):
            self._close(state.fault, state.timing)
        elif self._attempts and state.timing != UNTIMED:
            self._attempts[-1] = replace(self._attempts[-1], timing=state.timing)
        if of and state.attempt:
            self._name(of)
        if (state.connection_id, state.state) == self._told:
            # A sign of life, not a change.
            return
        self._told = state.connection_id, state.state
        self._add(
            Entry(
                state.t,
                self._wall(state.t),
                state.state,
                state.connection_id,
                state.attempt,
                state.model,
                state.retry_count,
                state.max_retries,
                wait=None if state.until is None else max(0.0, state.until - state.t),
                fault=state.fault if state.state in ("backing_off", "failed") else None,
                rung=state.rung,
                ttfb=state.timing.ttfb if state.state == "streaming" else None,
                ttft=state.timing.ttft if state.state == "streaming" else None,
            )
        )

    def _name(self, of: str) -> None:
        """The attempts at hand are those of the reply `of`, the newest."""
        self._by_reply.pop(of, None)
        self._by_reply[of] = self._attempts
        if len(self._by_reply) > REPLIES:
            del self._by_reply[next(iter(self._by_reply))]

    def _open(self, state: State, of: str) -> None:
        if state.attempt == 1:
            self._close(None, UNTIMED)
            self._attempts = self._by_reply.get(of) or deque(maxlen=ATTEMPTS)
        else:
            self._close(state.fault, state.timing)
        self._received = 0
        began = self._wall(state.t)
        number = self._attempts[-1].number + 1 if self._attempts else 1
        self._attempts.append(AttemptRow(number, state.connection_id, state.model, began, state.rung))

    def _close(self, fault: Fault | None, timing: Timing) -> None:
        """The newest attempt is over, if it was not."""
        if self._attempts and not self._attempts[-1].ended:
            last = self._attempts[-1]
            timing = last.timing if timing == UNTIMED else timing
            self._attempts[-1] = replace(last, timing=timing, received=self._received, fault=fault, ended=True)

    def _wall(self, at: float) -> float:
        return self._clock.wall() - (self._clock.now() - at)

    def _add(self, entry: Entry) -> None:
        self._entries.append(entry)


def as_json(entries: tuple[Entry, ...]) -> str:
    """The entries as a document for others to read: local times with their offset, durations in seconds."""
    events = [
        {name: value for name, value in _fields(entry).items() if value not in (None, "", 0)} for entry in entries
    ]
    return json.dumps({"version": 1, "events": events}, ensure_ascii=False, indent=1) + "\n"


def _fields(entry: Entry) -> dict[str, object]:
    mark, fault, usage = entry.mark, entry.fault, entry.usage
    return {
        "time": datetime.fromtimestamp(entry.wall).astimezone().isoformat(timespec="milliseconds"),
        "event": entry.what,
        "connection_id": entry.connection_id,
        "attempt": entry.attempt,
        "model": one_line(entry.model, 200),
        "retry_count": entry.retry_count,
        "wait": None if entry.wait is None else round(entry.wait, 3),
        "fault": one_line(fault.kind, 80) if fault else None,
        "detail": one_line(fault.detail, 300) if fault else None,
        "status": fault.status if fault else None,
        "how": entry.rung,
        "ttfb": None if entry.ttfb is None else round(entry.ttfb, 4),
        "ttft": None if entry.ttft is None else round(entry.ttft, 4),
        "seam": None if mark is None else {"at": mark.at, "verified": mark.verified, "gap": round(mark.gap, 3)},
        "reply": entry.reply,
        "tokens": None
        if usage is None
        else {"prompt": usage.prompt, "completion": usage.completion, "exact": usage.exact},
    }
