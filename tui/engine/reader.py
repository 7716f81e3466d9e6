"""One response, read to its end: bytes to deltas, under the two clocks.

The byte clock starts again with any byte, keep-alive comments included; the progress clock only with text or reasoning
(design, section 4). Says what arrived; does not know what is held or what will be asked next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import assert_never

from tui.engine import faults
from tui.engine.arrivals import Arrival, End, Opened, Sent
from tui.engine.attempt import OPEN, Bill, Broke, Eof, Over, Phase, Whole, step
from tui.engine.chunks import (
    Garbled,
    Ignored,
    Piece,
    Surrogates,
    Text,
    Thought,
    cut_json,
    pieces,
    whole,
    whole_or_nothing,
)
from tui.engine.reads import Alive, Delta, Ended, Quiet, Read, Skipped, Thinking, Underway
from tui.engine.sse import Decoder, Frame, LineTooLong
from tui.timing import Timing
from tui.wire import Chunk
from tui.words import Fault, Timeouts

STALL = 10.0
"""Seconds without text after which a reply is called stalled (or half the limit, the smaller)."""
ALIVE = 1.0
"""Seconds between two signs of life that are told: a screen counts whole ones."""
DRAIN = 2.0
"""Seconds that usage is waited for, once the answer is complete."""
GOODBYE = 0.25
"""Seconds that [DONE] or the end is waited for, once usage came too: who leaves before it is, to a server or a gateway
that counts, a client that broke the stream off."""
TICK = 2.0
"""Seconds between two looks at both clocks, so that a suspended machine is noticed."""
SUSPENDED = 5.0
"""Seconds by which the wall clock may run ahead of the monotonic one."""
BODY_LIMIT = 8 * 1024 * 1024
"""Bytes kept of a body that is no stream."""
OK = 200
_BOM = b"\xef\xbb\xbf"
_NAMES = (b"data:", b"event:", b"id:", b"retry:")
_FIELDS = (b"data", b"event", b"id", b"retry", b":")
ERROR_BODY_LIMIT = 64 * 1024
ERROR_BODY_WAIT = 10.0
"""Seconds that an error's body is waited for."""


class Reader:
    """What one response has said so far. Pure: pump.py feeds it."""

    def __init__(self, now: float, *, skip_garbled: bool, kept: bool = False, replay_from: int | None = None) -> None:
        """`kept`: the server keeps the stream, so what comes of it is cut at whole frames only. `replay_from`: this is
        such a stream, from its body byte so and so on."""
        self.bill: Bill | None = None
        self.last_byte = now
        """When it came."""
        self.last_text = now
        self._at = now
        """When what is being read came. The limits count from when it was heard: a program that was stopped for a
        minute, and finds bytes of a minute ago, has not waited for the next ones yet."""
        self._byte_heard = now
        self._text_heard = now
        self.flowing = False
        self.status = 0
        self.offset = replay_from or 0
        self.kept_to = self.offset
        """Body bytes of the stream up to the end of the last frame that was taken whole: what a replay begins after."""
        self.comments = 0
        self.phase: Phase = OPEN
        self.timing = Timing()
        self._skip_garbled = skip_garbled
        self._skipped: Garbled | None = None
        self._decoder = Decoder()
        self._surrogates = Surrogates(whole=kept)
        self._thought_surrogates = Surrogates(whole=kept)
        self._kept = kept
        self._replay_from = replay_from
        self._start = self.offset
        self._headers: dict[str, str] = {}
        self._kind: str = "unknown"
        self._body = bytearray()
        self.sent = False
        self._opened_at = now
        self._whole_at = now
        self._counted_at: float | None = None
        self._any_byte = False
        self._quiet = False
        self._alive_at = float("-inf")

    def arrived(self, arrival: Arrival, now: float, wall: float) -> Iterator[Read]:
        """What the pump brought."""
        if isinstance(arrival, Sent):
            self.timing = replace(self.timing, sent=arrival.at)
        if not self.sent and not isinstance(arrival, End):
            self.sent = True
            yield Underway()
        match arrival:
            case Sent():
                pass
            case Opened(status, headers):
                self.status = status
                self.timing = _opened(self.timing, arrival)
                self._opened_at = now
                self._headers = dict(headers)
                if status != OK:
                    self._kind = "error"
            case End(error):
                yield from self.ended(error, now, wall)
            case Chunk(data, at):
                self._at = at
                if not self._any_byte:
                    # The progress clock counts only while bytes flow.
                    self._any_byte = True
                    self.last_text, self._text_heard = at, now
                self.last_byte, self._byte_heard = at, now
                yield from self._frames(data, now) if self._kind == "stream" else self.heard(data, now, wall)
                if self._shows_life(now):
                    self._alive_at = now
                    yield Alive()

    def _shows_life(self, now: float) -> bool:
        """Whether what came was no text although text is waited for, and nobody has been told of it lately."""
        waited_for = self.phase is OPEN and self.status == OK and (not self.flowing or self._quiet)
        return waited_for and now >= self._alive_at + ALIVE

    def heard(self, chunk: bytes, now: float, wall: float) -> Iterator[Read]:
        """What `chunk` says, as long as it is not known to be part of a stream."""
        self._body += chunk
        if self._kind == "unknown":
            self._kind = self._sniff()
            if self._kind == "stream":
                first, self._body = bytes(self._body), bytearray()
                yield from self._frames(first, now)
                return
            if self._kind == "document" and self._replay_from is not None:
                # Nothing of it is wanted, and it may be long on its way.
                yield Ended(self._no_stream(self._body[:ERROR_BODY_LIMIT].decode("utf-8", "replace")), said=True)
                return
            if self._kind == "out-of-step":
                yield Ended(Fault("garbled", permanent=False, detail="the replay is out of step"), said=True)
                return
        # Longer than anything that could be meant for us:
        if self._kind == "error" and len(self._body) > ERROR_BODY_LIMIT:
            yield from self.ended(None, now, wall)
        elif len(self._body) > BODY_LIMIT:
            yield Ended(self._no_stream(self._body[:ERROR_BODY_LIMIT].decode("utf-8", "replace")))

    def _sniff(self) -> str:
        """By the first bytes, then by the header: pages and error objects come under any content type."""
        if self._replay_from is not None:
            return _in_step(bytes(self._body))
        start = bytes(self._body[:64])
        if _BOM.startswith(start[:3]) and len(start) < len(_BOM):
            return "unknown"
        start = start.removeprefix(_BOM).lstrip()
        if not start and len(self._body) < 64:
            return "unknown"
        if start.startswith((b"{", b"<", b"[")):
            return "document"
        if "text/event-stream" in self._headers.get("content-type", "").lower():
            return "stream"
        if any(field.startswith(start) and field != start for field in _FIELDS):
            return "unknown"
        return "stream" if start.startswith(_FIELDS) else "document"

    def _frames(self, chunk: bytes, now: float) -> Iterator[Read]:
        try:
            frames = self._decoder.feed(chunk)
        except LineTooLong as error:
            yield from self.take(Broke(faults.of_exception(error)), now)
            return
        self.comments = self._decoder.comments
        for frame in frames:
            self.offset = self._start + frame.end
            said = _said(frame) if frame.damaged else pieces(frame.data)
            if self._kept:
                said = whole_or_nothing(said)
            for piece in said:
                yield from self.take(piece, now)
                if self.phase is not OPEN and isinstance(self.phase, Over):
                    return
            if self._kept:
                self._count(said)

    def _count(self, said: list[Piece]) -> None:
        """The frame is taken whole, so a replay begins after it; a frame that says nothing may be a gateway's own."""
        if any(not isinstance(piece, Ignored) for piece in said) and not (
            self._surrogates.holding or self._thought_surrogates.holding
        ):
            self.kept_to = self.offset

    def take(self, piece: Piece | Eof | Broke, now: float) -> Iterable[Read]:
        """One step of the attempt."""
        if isinstance(piece, Text) and self.phase is OPEN:
            # Nearly every piece takes this way; `step` says the same of it, and changes no phase.
            return self._shown(piece.text, now)
        if isinstance(piece, Garbled) and self._skip_garbled and not isinstance(self.phase, Whole):
            self._skip_garbled = False
            self._skipped = piece
            return ()
        before = self.phase
        self.phase, effect = step(before, piece)
        match effect:
            case Text(text):
                return self._shown(text, now)
            case Thought(text):
                return self._thought(text, now)
            case Bill():
                self.bill = effect
                if isinstance(self.phase, Whole):
                    self._counted_at = now
            case None:
                pass
            case _:
                assert_never(effect)
        if isinstance(self.phase, Whole) and before is OPEN:
            self._whole_at = now
        return self._over(self.phase, said=not isinstance(piece, Broke)) if isinstance(self.phase, Over) else ()

    def _shown(self, text: str, now: float) -> Iterable[Read]:
        """Text for the reader: nearly every piece is one."""
        text = self._surrogates.mend(text)
        if not text:
            return ()
        self.last_text, self._text_heard = self._at, now
        self.flowing = True
        self._quiet = False
        if self.timing.ttft is None:
            self.timing = replace(self.timing, ttft=_after(self.timing.sent, self._at))
        delta = Delta(text, self.offset)
        return (delta,) if self._skipped is None else (*self._past_gap(), delta)

    def _thought(self, text: str, now: float) -> Iterable[Read]:
        self.last_text, self._text_heard = self._at, now
        self.flowing = True
        self._quiet = False
        text = self._thought_surrogates.mend(text)
        if not text:
            return ()
        if self.timing.thought is None:
            self.timing = replace(self.timing, thought=_after(self.timing.sent, self._at))
        return (Thinking(text),)

    def _over(self, over: Over, *, said: bool) -> Iterator[Read]:
        if over.fault is None:
            yield from self._past_gap()
            if rest := self._surrogates.rest():
                yield Delta(rest, self.offset)
        yield Ended(over.fault, over.reason, over.clean, said)

    def _past_gap(self) -> Iterator[Read]:
        """A frame that was passed over is told once something stands behind it: before a fault it changes nothing."""
        if self._skipped is not None:
            start, self._skipped = self._skipped.start, None
            yield Skipped(start)

    def ended(self, error: BaseException | None, now: float, wall: float) -> Iterator[Read]:
        """The body is over: what that means depends on what it was."""
        if self._kind == "error":
            body = self._body.decode("utf-8", "replace")
            yield Ended(faults.of_status(self.status, self._headers, body, wall), said=True)
        elif error is not None and not (self._kind == "document" and whole(self._body.decode("utf-8", "replace"))):
            yield from self.take(Broke(faults.of_exception(error)), now)
        elif self._kind == "stream":
            for frame in self._decoder.finish():
                self.offset = self._start + frame.end
                for piece in _said(frame):
                    yield from self.take(piece, now)
            if not isinstance(self.phase, Over):
                yield from self.take(Eof(), now)
        else:
            yield from self._document(now)

    def _document(self, now: float) -> Iterator[Read]:
        """A 200 that is no stream: a whole completion is the answer, an error object a fault, all else permanent."""
        body = self._body.decode("utf-8", "replace")
        found = whole(body)
        if found is not None:
            for piece in found:
                if not isinstance(self.phase, Over):
                    yield from self.take(piece, now)
            if not isinstance(self.phase, Over):
                # A completion without finish_reason, whole as JSON: nothing can be missing from it.
                reason = None if any(isinstance(piece, Text) for piece in found) else faults.TRUNCATED
                self.phase = Over(reason)
                yield Ended(reason)
            return
        if self._kind == "unknown" or cut_json(body):
            yield from self.take(Eof(), now)
            return
        yield Ended(self._no_stream(body), said=True)

    @property
    def streamed(self) -> bool:
        """Whether it was a stream, as far as can be seen."""
        return self.status == 200 and self._kind in ("stream", "unknown")

    def _no_stream(self, body: str) -> Fault:
        return faults.not_a_stream(self._headers.get("content-type", ""), body)

    def deadline(self, limits: Timeouts) -> float:
        """The next moment at which silence means something."""
        if self._kind == "error":
            return self._opened_at + ERROR_BODY_WAIT
        if isinstance(self.phase, Whole):
            return self._whole_at + DRAIN if self._counted_at is None else self._counted_at + GOODBYE
        if not self._any_byte:
            return self._byte_heard + limits.first_byte
        due = min(self._byte_heard + limits.idle, self._text_heard + limits.progress)
        if self.flowing and not self._quiet:
            due = min(due, self._text_heard + stall_after(limits))
        return due

    def overdue(self, now: float, wall: float, limits: Timeouts) -> Iterator[Read]:
        """The deadline has passed: what the silence is."""
        if self._kind == "error":
            yield from self.ended(None, now, wall)
        elif isinstance(self.phase, Whole):
            yield Ended(None, self.phase.reason)
        elif (fault := self._silence(now, limits)) is not None:
            yield Ended(fault)
        elif self.flowing and not self._quiet:
            self._quiet = True
            yield Quiet()

    def out_of_time(self) -> Ended:
        """The reply may take no more time: an answer that is whole is whole, only its usage is missing."""
        if isinstance(self.phase, Whole):
            return Ended(None, self.phase.reason)
        return Ended(Fault("time-used", permanent=False))

    def _silence(self, now: float, limits: Timeouts) -> Fault | None:
        if not self._any_byte:
            since, limit, kind = self._byte_heard, limits.first_byte, "no-first-byte"
        elif now >= self._byte_heard + limits.idle:
            since, limit, kind = self._byte_heard, limits.idle, "no-bytes"
        else:
            since, limit, kind = self._text_heard, limits.progress, "no-text"
        # The same sums as in `deadline`: with a difference instead, rounding could let neither of them be due.
        return Fault(kind, permanent=False, detail=f"{limit:g} s") if now >= since + limit else None


def _said(frame: Frame) -> list[Piece]:
    said = pieces(frame.data)
    return [*said, Garbled("a line that is no field of an event stream")] if frame.damaged else said


def _opened(timing: Timing, opened: Opened) -> Timing:
    """The wire's own measurement, and where it has none what was seen here."""
    ttfb, sent = opened.timing.ttfb, opened.timing.sent
    if ttfb is None or sent is None:
        return replace(opened.timing, sent=timing.sent, ttfb=_after(timing.sent, opened.at))
    return opened.timing


def _after(began: float | None, at: float) -> float | None:
    """Seconds; None where it never began. A server may answer before it has been asked all."""
    return None if began is None else max(0.0, at - began)


def _in_step(body: bytes) -> str:
    """What a replay is by its first line. It begins where a frame ended, so with a field: with anything else the bytes
    were counted differently somewhere on the way, and what follows cannot be placed."""
    if body.lstrip().startswith((b"{", b"<", b"[")):
        return "document"
    line, end, _ = body.replace(b"\r", b"\n").partition(b"\n")
    if line.startswith(b":"):
        # A comment, unless it is the middle of an object.
        if any(sign in line for sign in (b'"', b"{", b"}")):
            return "out-of-step"
        return "stream" if end else "unknown"
    if (not line and end) or line.startswith(_NAMES):
        return "stream"
    return "unknown" if any(name.startswith(line) for name in _NAMES) else "out-of-step"


def stall_after(limits: Timeouts) -> float:
    """Seconds without text that are called a stall."""
    return min(STALL, min(limits.idle, limits.progress) / 2)
