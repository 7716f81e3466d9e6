"""Schedules of faults, drawn by hypothesis: what each request of one reply meets, one after another.

A server here goes on with whatever answer it is sent the beginning of, so that an attempt may change the answer and the
next one go on with the changed one. The verdict is the matrix's: right, or honestly marked (cuts.py).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass

from answers import ANSWERS, wire
from cuts import FAULTS, NOISE, surely
from fakes import Asked, Clean, End, Pause, Script, Step, refuse, status
from hard_texts import HARD
from hypothesis import strategies as st
from model_servers import DIFFERENT, KNOWING, REFUSED, sent_back, tokens
from play import Played

from tui.words import Done, Event, NewReply, Partial, Seam

KEEP_ALIVE = b": keep-alive\n\n"

ROWS = "| a | 1 |\n" * 9
TEXTS = {
    **ANSWERS,
    **HARD,
    "rows": "| n | v |\n|---|---|\n" + ROWS + "| b | 2 |\n" + ROWS + "That was the table of equal rows, twice.\n",
    "refrain": "The rain, the rain, it never says why,\nit falls from the sky.\n" * 5 + "And then it is dry.",
    "short": "Spring has four signs.",
    "ha": "ha " * 60 + "said the crow,  and then:  " + "は" * 90 + "と鳴いた。",
}
SHIPS = {"different": DIFFERENT, "other words": DIFFERENT.replace("ships", "boats")}


@dataclass(frozen=True, slots=True)
class Refused:
    """No connection."""

    def __str__(self) -> str:
        return "connection refused"


@dataclass(frozen=True, slots=True)
class Says:
    """A status, with what it asks to wait."""

    code: int
    retry_after: float | None

    def __str__(self) -> str:
        return f"{self.code}" + (f", Retry-After {self.retry_after:g}" if self.retry_after is not None else "")


@dataclass(frozen=True, slots=True)
class Empty:
    """200 and a body without text, ended in some way."""

    fault: str
    comments: int

    def __str__(self) -> str:
        return f"no text, {self.comments} keep-alives, then {self.fault}"


@dataclass(frozen=True, slots=True)
class Speaks:
    """An answer, in a manner, and how it breaks. `cut` None: it comes whole."""

    manner: str
    fault: str
    cut: int | None
    noises: tuple[int, ...]
    piece: int
    pings: bool

    def __str__(self) -> str:
        end = "whole" if self.cut is None else f"{self.fault} at byte {self.cut}"
        noise = f", noise at {', '.join(map(str, self.noises))}" if self.noises else ""
        return f"{self.manner}, {end}{noise}, in pieces of {self.piece}{', with keep-alives' if self.pings else ''}"


Meets = Refused | Says | Empty | Speaks


@dataclass(frozen=True, slots=True)
class Schedule:
    """`rung`: what is asked first. `held`: code points that an earlier process held; 0: a new reply. After the last of
    `meets` the server is well."""

    text: str
    rung: str
    held: int
    meets: tuple[Meets, ...]

    def __str__(self) -> str:
        lines = [f"  request {at}: {met}" for at, met in enumerate(self.meets, 1)]
        before = f", {self.held} characters held before" if self.held else ""
        return "\n".join([f'the text "{self.text}", resumed by {self.rung}{before}', *lines])

    def partial(self) -> Partial | None:
        if not self.held:
            return None
        text = TEXTS[self.text]
        ends = itertools.accumulate(len(token) for token in tokens(text))
        boundaries = tuple(end for end in ends if end <= self.held)
        return Partial(text[: boundaries[-1]], boundaries) if boundaries else None


MANNERS = (*KNOWING, *SHIPS, "refuses")
_ENDS = tuple(FAULTS)

_speaks = st.builds(
    Speaks,
    manner=st.sampled_from(MANNERS),
    fault=st.sampled_from(_ENDS),
    cut=st.one_of(st.none(), st.integers(0, 900), st.integers(0, 9000)),
    noises=st.lists(st.integers(0, 3000), max_size=2).map(lambda found: tuple(sorted(found))),
    piece=st.sampled_from([9999, 1, 7, 64, 500]),
    pings=st.booleans(),
)
_meets = st.one_of(
    _speaks,
    _speaks,
    st.just(Refused()),
    st.builds(Says, st.sampled_from([408, 429, 500, 502, 503, 529]), st.sampled_from([None, 0.0, 1.5, 40.0])),
    st.builds(Empty, st.sampled_from(_ENDS), st.integers(0, 3)),
)
schedules = st.builds(
    Schedule,
    text=st.sampled_from(list(TEXTS)),
    rung=st.sampled_from(["prefill", "continue", "restart"]),
    held=st.one_of(st.just(0), st.just(0), st.integers(1, 400)),
    meets=st.lists(_meets, min_size=1, max_size=8).map(tuple),
)


class Server:
    """What the schedule says, request by request."""

    def __init__(self, schedule: Schedule) -> None:
        self.answer = TEXTS[schedule.text]
        self.answers = [self.answer]
        """Whole answers that were begun."""
        self._spoke = schedule.held > 0
        self.waits: list[tuple[float, float]] = []
        """When a wait was asked for, and how long."""
        self._meets: Iterator[Meets] = iter(schedule.meets)

    def __call__(self, asked: Asked) -> Script:
        met = next(self._meets, None)
        match met:
            case None:
                return Script((wire(self._text("exact", *sent_back(asked)) or ""),))
            case Refused():
                return refuse()
            case Says(code, retry_after):
                headers = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
                self.waits.append((asked.at, retry_after or 0.0))
                return status(code, "", headers)
            case Empty(fault, comments):
                after, end = FAULTS[fault]
                return Script((KEEP_ALIVE * comments, after), end)
            case Speaks():
                return self._speaks(met, asked)

    def _speaks(self, met: Speaks, asked: Asked) -> Script:
        text = self._text(met.manner, *sent_back(asked))
        if text is None:
            return status(400, json.dumps(REFUSED))
        body, after = wire(text), b""
        end: End = Clean()
        if met.cut is not None and met.fault != "noise":
            after, end = FAULTS[met.fault]
            body = body[: met.cut]
        for noise in (*met.noises, *([met.cut] if met.fault == "noise" and met.cut is not None else [])):
            body = body[:noise] + NOISE + body[noise:]
        pieces: list[Step] = [body[at : at + met.piece] for at in range(0, len(body), met.piece)]
        if met.pings:
            pieces = [KEEP_ALIVE, Pause(3.0), *pieces, Pause(7.0)]
        return Script((*pieces, after), end)

    def _text(self, manner: str, sent: str, rung: str) -> str | None:
        if manner == "refuses":
            if rung == "prefill":
                return None
            manner = "exact"
        if manner in SHIPS and self._spoke:
            answer = SHIPS[manner]
        else:
            answer = next((known for known in self.answers if sent and known.startswith(sent.rstrip())), self.answer)
            manner = manner if manner in KNOWING else "exact"
        self._spoke = True
        if answer not in self.answers:
            self.answers.append(answer)
        return answer if manner in SHIPS else KNOWING[manner](answer, sent)


def wrongs(server: Server, result: Played, held: str = "") -> list[str]:
    """What a reader would have to complain of; empty: right, or honestly marked."""
    found = []
    for at, sure in enumerate(surely(result.events, held), 1):
        if not any(answer.startswith(sure) for answer in server.answers):
            found.append(f"reply {at} looks certain and is wrong: {sure!r}")
    certain = _certain(result.events)
    if isinstance(result.last, Done):
        if result.last.verified != certain:
            found.append(f"Done says verified={result.last.verified}, the seams say {certain}")
        if certain and not result.last.note and result.text not in server.answers:
            found.append(f"whole and certain, it says, and it is not: {result.text!r}")
    if result.last.attempts != len(result.wire.asked) or result.last.attempts > 20:
        found.append(f"{result.last.attempts} attempts told, {len(result.wire.asked)} made")
    times = [asked.at for asked in result.wire.asked]
    if any(later - before < 0.099 for before, later in itertools.pairwise(times)):
        found.append(f"two requests within 0.1 s: {times}")
    for at, wait in server.waits:
        following = next((time for time in times if time > at), None)
        if following is not None and following < at + wait:
            found.append(f"asked to wait {wait:g} s at {at}, it came back at {following}")
    return found


def _certain(events: list[Event]) -> bool:
    """Whether no seam of the last reply is without proof."""
    certain = True
    for event in events:
        if isinstance(event, NewReply):
            certain = True
        elif isinstance(event, Seam):
            certain = certain and event.mark.verified
    return certain
