"""Writes one reply into the journal as its events come: Event -> Record. Never waits, never fails.

A batching thread does the writing (tui/journal/writer.py); trouble with the disk is told by it, not here.
"""

from __future__ import annotations

from typing import assert_never

from tui.chat.turns import CUT, Ending
from tui.clock import Clock
from tui.journal.ids import new_id
from tui.journal.records import (
    AddReasoning,
    AddSeam,
    AddText,
    BeginAttempt,
    BeginReply,
    CutReply,
    DropReasoning,
    EndAttempt,
    EndReply,
    Learn,
    ResumeReply,
    SetUsage,
)
from tui.journal.writer import Writer
from tui.timing import UNTIMED
from tui.words import (
    Content,
    ConversationId,
    Done,
    Error,
    Event,
    Fault,
    NewReply,
    Provider,
    Reasoning,
    ReplyId,
    Request,
    Seam,
    State,
    TurnId,
    Usage,
)


class Keeper:
    """One stream's way into the journal; a different answer makes it begin another reply of the same turn."""

    def __init__(
        self,
        writer: Writer,
        clock: Clock,
        turn: TurnId,
        position: int,
        provider: Provider,
        within: ConversationId | None = None,
    ) -> None:
        """`within`: the conversation that is open, which may be a branch of the turn's own."""
        self._within = within
        self._writer, self._clock = writer, clock
        self._turn, self._position = turn, position
        self._provider = provider
        self._request: Request | None = None
        self.reply = ReplyId(new_id())
        self._seq = 0
        self._attempt = 0
        self._attempts = 0
        self._thought = False
        self._ended = False
        self._timing = UNTIMED

    def begin(self, request: Request, *, first: bool = False) -> None:
        """A new reply to `request`. `first`: only where its turn has none yet, in any window; Writer.lost tells."""
        self._request = request
        asked = {"max_tokens": request.max_tokens, "temperature": request.temperature, "seed": request.seed}
        self._writer.put(
            BeginReply(
                self.reply,
                self._turn,
                self._position,
                self._provider.name,
                self._provider.base_url,
                request.model,
                self._clock.wall(),
                asked,
                first,
                self._within,
            )
        )

    def go_on(
        self,
        request: Request,
        reply: ReplyId,
        next_seq: int,
        attempts: int,
        *,
        thought: bool = False,
        unasked: bool = False,
    ) -> None:
        """An earlier reply is resumed: its text stays, what comes is added behind it. `thought`: it has reasoning,
        which stays only where the stream that it came from is replayed from behind it. `unasked`: it is no choice of
        the user's who goes on."""
        self._thought = thought
        self._request, self.reply = request, reply
        self._seq, self._attempts = next_seq, attempts
        provider = self._provider
        who = (provider.name, provider.base_url, request.model)
        self._writer.put(ResumeReply(reply, *who, self._clock.wall(), next_seq, unasked, self._within))
        if thought and not (request.partial and request.partial.text):
            self._thought = False
            self._writer.put(DropReasoning(reply))

    def note(self, event: Event) -> None:
        """Keep what `event` says."""
        put, reply, wall = self._writer.put, self.reply, self._clock.wall()
        match event:
            case Content(content=text, offset=offset):
                put(AddText(reply, self._seq, text, offset, wall))
                self._seq += 1
            case Reasoning(content=text):
                self._thought = True
                put(AddReasoning(reply, text, wall))
            case State():
                self._state(event, wall)
            case Seam(mark=mark):
                put(AddSeam(reply, mark))
            case NewReply():
                self._start_over(wall)
            case Usage(usage=usage, cost_usd=cost, at_least=at_least):
                put(SetUsage(reply, usage, cost, at_least))
            case Done():
                self._end_attempt(wall, None)
                self._learn(event, wall)
                self._ended = True
                how = (event.finish_reason, None, event.note, event.verified)
                put(EndReply(reply, "done", wall, *how, within=self._within))
            case Error(fault=fault):
                self._end_attempt(wall, fault)
                self._learn(event, wall)
                self._ended = True
                put(EndReply(reply, "failed", wall, fault=fault, within=self._within))
            case _:
                assert_never(event)

    @property
    def progress(self) -> tuple[int, int]:
        """The next delta's number, and how many attempts there were: what resuming needs."""
        return self._seq, self._attempts

    def stopped(self, ending: Ending = "") -> None:
        """It was stopped, by the user or by `ending`; nothing happens where it had ended already."""
        if not self._ended:
            self._ended = True
            wall = self._clock.wall()
            self._end_attempt(wall, None)
            if ending in CUT:
                self._writer.put(CutReply(self.reply, ending, self._within))
            else:
                self._writer.put(EndReply(self.reply, "stopped", wall, note=ending, within=self._within))

    def _state(self, state: State, wall: float) -> None:
        if state.state == "connecting" and not state.connection_id:
            # No attempt yet.
            return
        # The one that says `connecting` still tells of the attempt before it.
        self._timing = state.timing
        if state.state == "connecting":
            self._end_attempt(wall, state.fault)
            if self._thought and state.rung != "replay":
                self._thought = False
                self._writer.put(DropReasoning(self.reply))
            self._attempts += 1
            self._attempt = self._attempts
            self._timing = UNTIMED
            self._writer.put(
                BeginAttempt(
                    self.reply,
                    self._attempt,
                    state.connection_id,
                    self._provider.name,
                    state.model,
                    wall,
                    state.rung,
                    state.replay_id,
                )
            )
        elif state.state == "backing_off":
            self._end_attempt(wall, state.fault)

    def _end_attempt(self, wall: float, fault: Fault | None) -> None:
        if self._attempt:
            timing = self._timing
            times = (timing.ttfb, timing.ttft, timing.dns, timing.tcp, timing.tls)
            self._writer.put(EndAttempt(self.reply, self._attempt, wall, fault, *times))
            self._attempt = 0

    def _start_over(self, wall: float) -> None:
        """The partial one is kept as it is; what follows is another reply of the turn."""
        assert self._request is not None
        self._end_attempt(wall, None)
        self._writer.put(EndReply(self.reply, "failed", wall, note="superseded", within=self._within))
        self.reply = ReplyId(new_id())
        self._position += 1
        self._seq = 0
        self._attempts = 0
        self._thought = False
        self.begin(self._request)

    def _learn(self, event: Done | Error, wall: float) -> None:
        if event.learned != self._provider.learned and self._request is not None:
            self._writer.put(Learn(self._provider.base_url, self._request.model, event.learned, wall))
