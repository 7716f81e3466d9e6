"""What is held of one reply over all its attempts, and what each attempt does to it."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import assert_never

from tui.clock import Clock
from tui.engine.arrivals import Short
from tui.engine.budget import Budget
from tui.engine.call import call_for, without
from tui.engine.judge import CleanEnds, came_back, doubts_repeated, of_fault
from tui.engine.kept import Streams, keeps_streams
from tui.engine.ladder import avoided, plan
from tui.engine.ledger import estimate_tokens
from tui.engine.lessons import after_miss, after_refusal, after_seam
from tui.engine.outcome import MISSED, CutShort, MissedTail, Refused, Stamp, Turn, WholeAtLast
from tui.engine.reader import Reader
from tui.engine.reads import Alive, Delta, Ended, Quiet, Read, Skipped, Thinking, Underway
from tui.engine.seam import Differs, Joined, Missed, Verdict
from tui.engine.turns import begin, replay
from tui.timing import Timing
from tui.wire import HttpCall
from tui.words import (
    Content,
    Done,
    Error,
    Event,
    Fault,
    NewReply,
    Policy,
    Provider,
    Reasoning,
    Request,
    Rung,
    Seam,
    SeamMark,
    State,
    StateName,
    TextSoFar,
    Usage,
)

REMEMBERED = 1200
"""Code points at the text's end whose delta boundaries are kept: twice what an anchor looks back over."""

_connections = itertools.count(1)


class Reply:
    """The book of one reply: what is asked next, and what each answer does to it. Pure but for reading the clock."""

    def __init__(self, request: Request, provider: Provider, policy: Policy, clock: Clock) -> None:
        self.request = request
        self.provider = provider
        self.policy = policy
        self.clock = clock
        self._model = provider.model(request.model)
        self.budget = Budget(policy.limits, self._model.price, clock)
        self.asked_at = began = clock.now()
        self.retry_count = 0
        self.backed_off = 0.0
        """The last back-off since there was progress, seconds."""
        partial = request.partial
        self.text = TextSoFar(partial.text if partial else "")
        self._boundaries = deque(partial.boundaries if partial else ())
        self._writer = (partial.model if partial else None) or request.model
        self._accepted = bool(partial and partial.text)
        self.learned = provider.learned
        self._refused: frozenset[Rung] = frozenset()
        self._missed = False
        self._reply = 1
        self._resumes = 0
        self._doubts: list[int] = []
        self._rate_limits = 0
        self._ends = CleanEnds()
        self._garbled_at = -1
        self._fault: Fault | None = None
        self._connection = 0
        self._last_byte = began
        self._last_text = began
        self._new_text_at = began - (partial.age if partial else 0.0)
        self._rung: Rung | None = None
        self._timing = Timing()
        self._kept_as: str | None = None
        self.streams = Streams(provider, request.model, partial)

    @property
    def asks_for_replay(self) -> bool:
        """Whether a request is due, and nobody knows yet whether this server would keep its stream."""
        return self.learned.replay is None and self.streams.asks

    def learn_replay(self, answer: Short | None) -> None:
        """The answer to the lookup; None where there was none in time."""
        if answer is not None:
            self.learned = replace(self.learned, replay=keeps_streams(answer.status, answer.body))

    # One attempt

    def ask(self) -> tuple[Turn, Reader, HttpCall]:
        """Begin the next attempt: what to send, and who reads the answer."""
        # The text is joined here, once an attempt, never once a delta.
        held = str(self.text)
        replayed = self.streams.next()
        turn = self._request(held) if replayed is None else replay(replayed, len(held), self.clock.now())
        self._kept_as = turn.kept.id if turn.kept is not None else None
        self.budget.attempts += 1
        self._connection = next(_connections)
        self._rung = turn.ask.rung
        self.asked_at = self._last_byte = self.clock.now()
        call = call_for(turn.ask, self.provider, self.policy.timeouts, turn.kept)
        turn.ask = replace(turn.ask, body=b"")  # as long as the text so far
        return turn, turn.reader, call

    def _request(self, held: str) -> Turn:
        known = (self.request, self.provider, held, self._boundaries, self.learned)
        ask = plan(*known, refused=self._refused, missed=self._missed)
        kept = self.streams.fresh(self.learned.replay)
        return begin(ask, kept, len(held), self.clock.now(), skip_garbled=self._garbled_at == len(held))

    def hear(self, turn: Turn, reader: Reader, read: Read) -> Iterable[Event]:
        """What one thing that arrived means for the reader; sets `turn.outcome` where it ends the attempt."""
        if turn.passing and isinstance(read, Delta):
            # Nearly every delta takes this way.
            turn.received += len(read.text)
            self._last_byte = self._last_text = reader.last_text
            if self.budget.watched:
                self._watch_budget(turn)
            return (self._content(read.text, read.offset),)
        self._last_byte = max(self._last_byte, reader.last_byte)
        if isinstance(read, Delta | Thinking):
            self._last_text = reader.last_text
        self._timing = reader.timing
        return self._hear(turn, read)

    def _hear(self, turn: Turn, read: Read) -> Iterator[Event]:
        match read:
            case Delta(text, offset):
                turn.received += len(text)
                yield from self._text(turn, text, offset)
                self._watch_budget(turn)
            case Thinking(text):
                turn.thought += len(text)
                if turn.replaying and not turn.unverified:
                    # Of the same answer, and not lost with the attempt before: progress, as text is.
                    self.retry_count = 0
                if not turn.flowing and turn.joiner is None:
                    turn.flowing = True
                    yield self.state("streaming")
                yield Reasoning(content=text, **self._stamp())
                self._watch_budget(turn)
            case Underway():
                yield self.state("waiting")
            case Quiet():
                turn.passing = turn.flowing = False
                turn.stalled = True
                yield self.state("stalled")
            case Alive():
                yield self.state("stalled" if turn.stalled else "waiting")
            case Skipped(start):
                yield from self._skipped(turn, start)
            case Ended():
                yield from self._end(turn, read)
            case _:
                assert_never(read)

    def _watch_budget(self, turn: Turn) -> None:
        """A stream that never ends is stopped where the next attempt would not be allowed."""
        if not self.budget.watched or turn.outcome is not None:
            return
        if kind := self.budget.used_up(max(1, (turn.received + turn.thought) // 4)):
            turn.outcome = CutShort(Fault(kind, permanent=False))

    def _text(self, turn: Turn, text: str, offset: int) -> Iterator[Event]:
        if turn.joiner is not None:
            if not turn.flowing:
                turn.flowing = True
                yield self.state("resuming")
            yield from self._decide(turn, turn.joiner.feed(text), offset)
        elif turn.back is not None:
            yield from self._join(turn, turn.back, text, offset)
        else:
            yield from self._flow(turn, text, offset)

    def _decide(self, turn: Turn, verdict: Verdict, offset: int) -> Iterator[Event]:
        match verdict:
            case None:
                pass
            case Joined(text=text):
                turn.joiner = None
                turn.back = verdict
                if text or not verdict.verified:
                    yield from self._join(turn, verdict, text, offset)
            case Differs(text):
                turn.joiner = None
                self.learned = after_miss(self.learned, turn.how, self.request.temperature, near=False)
                yield from self._start_over(turn, text, offset)
            case Missed(near=near):
                self.learned = after_miss(self.learned, turn.how, self.request.temperature, near=near)
                # A rung that is not worth asking any more gives way to the next, with an anchor.
                self._missed = turn.how not in avoided(self.provider, self.learned)
                self._fault = MISSED
                turn.outcome = MissedTail(MISSED)
            case _:
                assert_never(verdict)

    def _join(self, turn: Turn, back: Joined, text: str, offset: int) -> Iterator[Event]:
        """The two attempts meet here; `text` is the first that is new (it may be nothing, at a finish)."""
        assert turn.how is not None
        mark = SeamMark(
            at=len(self.text),
            how=turn.how,
            verified=back.verified,
            gap=self.clock.now() - self._new_text_at,
            paid_twice=estimate_tokens(self.text.since(len(self.text) - back.again)),
            models=(self._writer, self.request.model),
        )
        turn.back = None
        if back.verified:
            self.learned = after_seam(self.learned, turn.how)
        turn.glued = not back.verified
        turn.unverified = turn.unverified or turn.glued
        self._resumes += 1
        if not back.verified:
            self._doubts.append(mark.at)
        self._writer = self.request.model
        self._missed = False
        yield Seam(mark=mark, **self._stamp())
        if text:
            yield from self._flow(turn, text, offset)

    def _start_over(self, turn: Turn, text: str, offset: int) -> Iterator[Event]:
        """A different answer: it becomes a reply of its own, and the partial one stays beside it."""
        doubts = doubts_repeated(turn, str(self.text), text, self._doubts)
        self._reply += 1
        self.text = TextSoFar()
        self._boundaries.clear()
        self._doubts.clear()
        self._missed = False
        self._garbled_at = -1
        self._ends = CleanEnds()
        self._writer = self.request.model
        turn.unverified = True
        yield NewReply(reply=self._reply, **self._stamp())
        for start, at in itertools.pairwise((0, *doubts)):
            yield from self._flow(turn, text[start:at], offset) if at > start else ()
            yield self._doubt(turn)
        if rest := text[doubts[-1] if doubts else 0 :]:
            yield from self._flow(turn, rest, offset)

    def _flow(self, turn: Turn, text: str, offset: int) -> Iterator[Event]:
        """New text for the reader."""
        if not turn.unverified:
            # Verified progress: the next fault begins a new count.
            self.retry_count = 0
            self.backed_off = 0.0
            self._rate_limits = 0
        self._accepted = True
        self._ends.new_text(verified=not turn.unverified)
        turn.passing = turn.flowing = True
        yield self.state("streaming")
        yield self._content(text, offset)

    def _skipped(self, turn: Turn, start: str) -> Iterator[Event]:
        """A garbled frame came twice at the same place: what it held is gone, and the place says so.

        Anywhere else (in the text that has to come back, or farther on) it is the first there, and a fault.
        """
        if self._garbled_at != len(self.text) or not (turn.joiner is None or came_back(turn)):
            yield from self._end(turn, Ended(Fault("garbled", permanent=False, detail=start)))
            return
        self._garbled_at = -1
        yield self._doubt(turn)

    def _doubt(self, turn: Turn) -> Seam:
        """Something may be missing or wrong here."""
        turn.unverified = True
        self._doubts.append(len(self.text))
        models = (self._writer, self.request.model)
        mark = SeamMark(len(self.text), self._rung or "restart", verified=False, gap=0.0, paid_twice=0, models=models)
        return Seam(mark=mark, **self._stamp())

    # Its end

    def _end(self, turn: Turn, ended: Ended) -> Iterator[Event]:
        fault, turn.ended = ended.fault, ended
        if fault is None:
            yield from self._whole(turn, ended)
            return
        if self.provider.key is not None:
            # A provider may quote the key it refuses.
            fault = replace(fault, detail=without(self.provider.key, fault.detail))
        self._fault = fault
        if shown := self._ends.what(turn, ended, self.learned):
            # After "lost" it will never say more: what a finish would mean, this end means.
            lost = self._whole(turn, Ended(None), note="bare-end-lost")
            yield from self._proved_whole(turn) if shown == "proved" else lost
            return
        if fault.kind == "garbled" and not turn.replaying:
            self._garbled_at = len(self.text)
        turn.outcome = of_fault(turn, ended, fault, accepted=self._accepted)
        if isinstance(turn.outcome, Refused) and self._rung is not None and not turn.replaying:
            self.learned, again = after_refusal(self.learned, self._rung, fault, self._model)
            if not again:
                self._refused |= {self._rung}

    def _whole(self, turn: Turn, ended: Ended, note: str = "") -> Iterator[Event]:
        joiner, turn.joiner = turn.joiner, None
        if joiner is not None:
            yield from self._decide(turn, joiner.finish(), 0)
        if turn.outcome is None:
            if turn.back is not None:
                yield from self._join(turn, turn.back, "", 0)
            turn.outcome = WholeAtLast(ended.reason, note)

    def _proved_whole(self, turn: Turn) -> Iterator[Event]:
        """Twice the known text came back with nothing behind it: it was whole, and this server just does not say so.

        Only the tail proves it. An answer told again from its beginning may have met the same limit of bytes or time.
        """
        proof = turn.back
        yield from self._join(turn, proof or Joined("", verified=False, again=len(self.text)), "", 0)
        if proof is not None and proof.verified:
            self.learned = replace(self.learned, bare_end=True)
        turn.outcome = WholeAtLast(None, note="bare-end")

    def count_rate_limit(self, fault: Fault) -> int:
        """How many 429 came in a row, this one included."""
        self._rate_limits = self._rate_limits + 1 if fault.kind == "rate-limit" else 0
        return self._rate_limits

    # Events

    def backing_off(self, fault: Fault, until: float) -> State:
        return replace(self.state("backing_off"), fault=fault, since=self.clock.now(), until=until)

    def usage(self) -> Usage:
        spent = self.budget.ledger
        return Usage(usage=spent.tokens, cost_usd=spent.cost_usd, at_least=spent.unpriced, **self._stamp())

    def done(self, outcome: WholeAtLast) -> Done:
        return Done(
            text=str(self.text),
            finish_reason=outcome.finish_reason,
            attempts=self.budget.attempts,
            resumes=self._resumes,
            verified=not self._doubts,
            note=outcome.note,
            learned=self.learned,
            **self._stamp(),
        )

    def failed(self, fault: Fault) -> Error:
        return Error(
            fault=fault,
            failed_after_retries=0 if fault.permanent else self.retry_count,
            text=str(self.text),
            attempts=self.budget.attempts,
            resumes=self._resumes,
            learned=self.learned,
            **self._stamp(),
        )

    def _stamp(self) -> Stamp:
        return {"connection_id": self._connection, "retry_count": self.retry_count, "t": self.clock.now()}

    def state(self, state: StateName) -> State:
        return State(
            state=state,
            model=self.request.model,
            attempt=self.budget.attempts,
            max_retries=self.policy.retry.max_retries,
            last_byte=self._last_byte,
            last_text=self._last_text,
            fault=self._fault if state in ("connecting", "waiting", "resuming") else None,
            rung=self._rung,
            timing=self._timing,
            replay_id=self._kept_as,
            **self._stamp(),
        )

    def _content(self, text: str, offset: int) -> Content:
        end = self.text.add(text)
        boundaries = self._boundaries
        boundaries.append(end)
        while boundaries[0] < end - REMEMBERED:
            boundaries.popleft()
        now = self._new_text_at = self._last_text
        return Content(
            content=text,
            offset=offset,
            _text=self.text,
            _end=end,
            connection_id=self._connection,
            retry_count=self.retry_count,
            t=now,
        )
