"""The doctor asks for real answers: whether they stream, how a server keeps quiet, what resume it takes.

This costs tokens.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import replace
from itertools import pairwise

from tui.chat.doctor import Finding
from tui.chat.doctor_wire import broken
from tui.clock import Clock
from tui.engine import stream_reply
from tui.engine.arrivals import End, Opened, Sent
from tui.engine.call import call_for
from tui.engine.ladder import plan
from tui.engine.ledger import estimate_tokens
from tui.engine.reader import Reader
from tui.engine.reads import Delta, Ended, Thinking
from tui.monitor.models import fault_of_wire
from tui.plain import one_line
from tui.say import say
from tui.wire import Chunk, HttpCall, HttpReply, Transport, WireError
from tui.words import (
    Content,
    Done,
    Error,
    Fault,
    Learned,
    Limits,
    Message,
    Policy,
    Provider,
    Request,
    Retry,
    Rung,
    Seam,
    Timeouts,
)

ANSWER = 160
"""Tokens of an answer that is asked for: enough to see it flow, and to be cut behind its first sentences."""

QUESTION = "Write the numbers from one to forty in English words, in order, separated by commas. Nothing else."

CUT = 120
"""Characters after which the answer is cut: under 48 nothing is resumed."""

PATIENCE = 60.0
"""Seconds for one answer."""

ESTIMATE = 4 * (ANSWER + 60)
"""Tokens that all of this costs at most, about: one answer to watch, up to three that are cut and resumed."""

AT_ONCE = 0.005
"""Seconds; no model makes three pieces of text in less."""

RUNGS: tuple[Rung, ...] = ("replay", "prefill", "continue")


class _Watched:
    """One answer, as it comes."""

    def __init__(self, clock: Clock) -> None:
        self.pieces: list[float] = []
        """When text or reasoning came."""
        self.comments: list[float] = []
        """When keep-alives came."""
        self.kind = ""
        self.fault: Fault | None = None
        self.began = clock.now()
        """When the request was sent."""
        self._clock = clock
        self._reader = Reader(self.began, skip_garbled=False)
        self._ended = False

    @property
    def counted(self) -> bool:
        """It told its tokens."""
        return self._reader.bill is not None

    def sent(self) -> None:
        self.began = self._clock.now()
        self.hear(Sent(self.began))

    def opened(self, reply: HttpReply) -> None:
        self.kind = reply.headers.get("content-type", "")
        self.hear(Opened(reply.status, reply.headers, self._clock.now(), reply.timing))

    def hear(self, arrival: Sent | Opened | End | Chunk) -> None:
        if self._ended:
            return
        now, before = self._clock.now(), self._reader.comments
        came = arrival.at if isinstance(arrival, Chunk) else now
        for read in self._reader.arrived(arrival, now, self._clock.wall()):
            if isinstance(read, Delta | Thinking):
                self.pieces.append(came)
            elif isinstance(read, Ended):
                self.fault, self._ended = read.fault, True
                return
        if self._reader.comments > before:
            self.comments.append(came)


async def check_stream(
    provider: Provider, model: str, clock: Clock, transport: Transport | None = None
) -> AsyncGenerator[Finding, None]:
    """Whether an answer comes as it is made, or in one piece at its end."""
    watched = await _watch(provider, model, clock, transport)
    if watched.fault is not None:
        yield broken("endpoint.chat", watched.fault, provider)
        return
    yield Finding("endpoint.chat", "ok", say("doctor.chat", model=one_line(model, 80)))
    yield _flow(watched)
    quiet = _quiet(watched)
    if quiet is not None:
        yield quiet
    if not watched.counted:
        yield Finding("stream.usage", "warning", say("doctor.no_usage"), say("doctor.no_usage_do"))


def _flow(watched: _Watched) -> Finding:
    if not watched.pieces:
        return Finding("stream.flow", "warning", say("doctor.no_text"), say("doctor.no_text_do"))
    if "text/event-stream" not in watched.kind and len(watched.pieces) == 1:
        kind = one_line(watched.kind or "?", 60)
        return Finding("stream.flow", "warning", say("doctor.no_stream", kind=kind), say("doctor.no_stream_do"))
    first, last = watched.pieces[0] - watched.began, watched.pieces[-1] - watched.began
    about = {"first": f"{first:.2f}", "last": f"{last:.2f}", "pieces": len(watched.pieces)}
    # Tokens are made one after the other: many that come within a tenth of the wait for the first were held back.
    if len(watched.pieces) > 2 and last - first < max(AT_ONCE, 0.1 * first):
        return Finding("stream.flow", "warning", say("doctor.buffered", **about), say("doctor.buffered_do"))
    return Finding("stream.flow", "ok", say("doctor.flows", **about))


WAITED = 1.0
"""Seconds for the first piece from which a silence without keep-alives tells something."""


def _quiet(watched: _Watched) -> Finding | None:
    """None where nothing was waited for: then nothing is known of keep-alives."""
    gaps = [after - before for before, after in pairwise(watched.comments)]
    if gaps:
        seconds = f"{sum(gaps) / len(gaps):.1f}"
        return Finding("stream.keepalive", "ok", say("doctor.keepalive", seconds=seconds))
    waited = watched.pieces[0] - watched.began if watched.pieces else 0.0
    if not watched.comments and waited < WAITED:
        return None
    name = "doctor.keepalive_once" if watched.comments else "doctor.keepalive_none"
    return Finding("stream.keepalive", "ok", say(name, seconds=f"{waited:.1f}"))


async def _watch(provider: Provider, model: str, clock: Clock, transport: Transport | None) -> _Watched:
    watched = _Watched(clock)
    ask = plan(_request(model), provider, "", (), Learned(), missed=False)
    call = call_for(ask, provider, Timeouts())
    try:
        async with asyncio.timeout(PATIENCE), _open(call, watched.sent, transport) as reply:
            watched.opened(reply)
            async for chunk in reply.chunks():
                watched.hear(chunk)
            watched.hear(End(None))
    except TimeoutError:
        watched.fault = Fault("no-bytes", permanent=False, detail=f"{PATIENCE:g} s")
    except WireError as error:
        watched.fault = fault_of_wire(error)
    return watched


def _request(model: str) -> Request:
    return Request(model, (Message("user", QUESTION),), max_tokens=ANSWER, temperature=0.0)


def _open(
    call: HttpCall, sent: Callable[[], None], transport: Transport | None
) -> AbstractAsyncContextManager[HttpReply]:
    from tui.net import exchange

    return (transport or exchange)(call, sent)


async def check_resume(
    provider: Provider, model: str, clock: Clock, transport: Transport | None = None
) -> AsyncGenerator[Finding, None]:
    """An answer is cut and resumed, by each way that the server may take: best first, and no way twice."""
    tried: set[Rung] = set()
    for rung in RUNGS:
        if rung in tried:
            continue
        how, finding = await _tried(rung, provider, model, clock, transport)
        tried |= {rung, how}
        yield finding
        if finding.severity == "error":
            return


async def _tried(
    rung: Rung, provider: Provider, model: str, clock: Clock, transport: Transport | None
) -> tuple[Rung, Finding]:
    """The rung that was taken in the end, and what is to be told."""
    asked = replace(provider, resume=rung, learned=Learned())
    policy = Policy(retry=Retry(max_retries=1, initial_backoff=0.3), limits=Limits(attempts=4))
    seams: list[Seam] = []
    text = ""
    events = stream_reply(_request(model), asked, policy, clock, transport=Cutting(transport))
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Seam):
                seams.append(event)
            elif isinstance(event, Content):
                text += event.content
            elif isinstance(event, Error):
                return rung, broken("resume", event.fault, provider)
            elif isinstance(event, Done) and not seams:
                # It ended before it could be cut, or began again from nothing.
                return rung, Finding(f"resume.{rung}", "ok", say("doctor.not_cut", count=len(text)))
    if not seams:
        return rung, Finding(f"resume.{rung}", "warning", say("doctor.resume_other", rung=rung))
    mark = seams[-1].mark
    name = f"resume.{mark.how}"
    gap = f"{mark.gap:.1f}"
    if mark.verified and mark.how != "replay" and mark.paid_twice >= estimate_tokens(text[: mark.at]):
        # It may echo what it was given, or begin anew and say the same: either way it did not go on from there.
        return mark.how, Finding(name, "ok", say("doctor.resumed_again", rung=mark.how, gap=gap))
    if mark.verified:
        return mark.how, Finding(name, "ok", say("doctor.resumed", rung=mark.how, gap=gap))
    return mark.how, Finding(name, "warning", say("doctor.resumed_unverified", rung=mark.how), say("doctor.resume_do"))


class Cutting:
    """A transport that breaks the first answer after CUT characters of its text, and no other."""

    def __init__(self, transport: Transport | None = None) -> None:
        self._transport = transport
        self._cut = False

    @asynccontextmanager
    async def __call__(self, call: HttpCall, sent: Callable[[], None]) -> AsyncIterator[HttpReply]:
        async with _open(call, sent, self._transport) as reply:
            answers = call.url.endswith("/chat/completions")
            if self._cut or not answers or reply.status != 200:
                yield reply
            else:
                self._cut = True
                yield _Cut(reply)


class _Cut:
    """A response that breaks."""

    def __init__(self, reply: HttpReply) -> None:
        self._reply = reply
        self.status, self.headers, self.timing = reply.status, reply.headers, reply.timing

    async def chunks(self) -> AsyncIterator[Chunk]:
        reader = Reader(0.0, skip_garbled=False)
        for _ in reader.arrived(Opened(self.status, self.headers, 0.0), 0.0, 0.0):
            pass
        text = 0
        async for chunk in self._reply.chunks():
            # Line by line: a whole answer may come at once.
            for line in chunk.data.splitlines(keepends=True):
                piece = Chunk(line, chunk.at)
                yield piece
                text += sum(len(read.text) for read in reader.arrived(piece, 0.0, 0.0) if isinstance(read, Delta))
                if text >= CUT:
                    raise WireError from ConnectionResetError("cut by the doctor")
