"""One cell of the fault matrix: one answer, one server, one fault at one byte; and the verdict on what a reader has.

The verdict is "right, or honestly marked". Right: the text is the answer, or the new reply is the server's whole new
answer while the partial one stands beside it. Marked: a seam that is not verified, or a new reply; what stands before
the mark must be right all the same, in every reply of the turn.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from answers import ANSWERS, WIRES, wire
from fakes import Asked, Clean, End, Fin, Rst, Script, Stall, status
from model_servers import KNOWING, OTHERS, REFUSED, Model, Refusal
from play import PREFILL, Played, played

from tui.engine.seam import SHORTEST
from tui.words import Content, Done, Event, NewReply, Provider, Seam, State

ERROR = b'\n\ndata: {"error":{"message":"the upstream is gone","type":"server_error","code":502}}\n\n'
GARBAGE = b"\x00\xff\xfe{]~\r\n\r\n\x80"
NOISE = b"\x00\xff~\n\n"

FAULTS: dict[str, tuple[bytes, End]] = {
    "FIN": (b"", Fin()),
    "RST": (b"", Rst()),
    "clean end": (b"", Clean()),
    "stall": (b"", Stall()),
    "error frame": (ERROR, Clean()),
    "garbage": (GARBAGE, Fin()),
    "noise": (NOISE, Clean()),
}
"""What comes after the cut. After "noise" the stream goes on as if nothing had happened."""

SERVERS = (*KNOWING, *OTHERS)
FAITHFUL = ("exact", "trims", "echoes", "overlaps")
"""Servers behind which every text must be exact, and resumed from SHORTEST characters on."""


class Cell(NamedTuple):
    answer: str
    server: str
    fault: str
    cut: int


@dataclass(frozen=True, slots=True)
class Verdict:
    cell: Cell
    held: int
    """Code points held at the fault."""
    right: bool
    marked: bool
    resumed: bool
    """Went on from the partial, by prefill or continue."""
    faulted: bool
    """The fault made a second attempt necessary."""
    attempts: int

    @property
    def wrong(self) -> bool:
        return not self.right and not self.marked


def every(answers: Iterable[str] = ANSWERS) -> Iterable[Cell]:
    for answer in answers:
        for server in SERVERS:
            for fault in FAULTS:
                for cut in range(len(WIRES[answer]) + 1):
                    yield Cell(answer, server, fault, cut)


def sample(seed: int, each: int, servers: tuple[str, ...] = SERVERS) -> list[Cell]:
    """`each` cells of each answer, server and fault, at bytes that the seed chooses."""
    dice = random.Random(seed)
    return [
        Cell(answer, server, fault, dice.randrange(len(WIRES[answer]) + 1))
        for answer in ANSWERS
        for server in servers
        for fault in FAULTS
        for _ in range(each)
    ]


def damaged(body: bytes, cut: int, fault: str) -> Script:
    """`body` with `fault` at byte `cut`."""
    after, end = FAULTS[fault]
    rest = body[cut:] if fault == "noise" else b""
    return Script((body[:cut], after + rest), end)


class Serving:
    """A model behind a network whose first answers break; `schedule` has a (cut, fault) for each."""

    def __init__(self, answer: str, server: str, schedule: Iterable[tuple[int, str]]) -> None:
        self.model = Model(answer, server)
        self._schedule = iter(schedule)

    def __call__(self, asked: Asked) -> Script:
        try:
            body = wire(self.model.says(asked))
        except Refusal:
            return status(400, str(REFUSED).replace("'", '"'))
        due = next(self._schedule, None)
        return Script((body,)) if due is None else damaged(body, min(due[0], len(body)), due[1])


def right(serving: Serving, result: Played, held: int) -> bool:
    """Whether the reader has the answer, or a whole new one beside the partial."""
    if not isinstance(result.last, Done):
        return False
    if result.text == serving.model.answer:
        return True
    return (len(result.replies) > 1 or not held) and result.text in serving.model.said


def surely(events: Iterable[Event], held: str = "") -> list[str]:
    """Of each reply of the turn, what a reader takes for certain: all before a seam that is not verified."""
    sure, certain = [held], True
    for event in events:
        match event:
            case Content(content=text) if certain:
                sure[-1] += text
            case Seam(mark=mark):
                certain = certain and mark.verified
            case NewReply():
                sure.append("")
                certain = True
    return sure


def honest(serving: Serving, result: Played) -> bool:
    """Whether everything that looks certain is the beginning of something that the server said."""
    whole = [serving.model.answer, *serving.model.said]
    return all(any(text.startswith(sure) for text in whole) for sure in surely(result.events))


async def run(cell: Cell, provider: Provider = PREFILL) -> Verdict:
    serving = Serving(ANSWERS[cell.answer], cell.server, [(cell.cut, cell.fault)])
    return judge(cell, serving, await played(serving, provider=provider))


def judge(cell: Cell, serving: Serving, result: Played) -> Verdict:
    held = 0
    for event in result.events:
        if isinstance(event, State) and event.state == "backing_off":
            break
        held += len(getattr(event, "content", ""))
    marks = result.seams
    return Verdict(
        cell,
        held=held,
        right=right(serving, result, held),
        marked=honest(serving, result) and (any(not mark.verified for mark in marks) or bool(result.of(NewReply))),
        resumed=any(mark.how in ("prefill", "continue") for mark in marks),
        faulted=result.last.attempts > 1,
        attempts=result.last.attempts,
    )


def run_all(cells: Iterable[Cell], provider: Provider = PREFILL) -> list[Verdict]:
    async def all_of_them() -> list[Verdict]:
        return [await run(cell, provider) for cell in cells]

    return asyncio.run(all_of_them())


@dataclass(slots=True)
class Tally:
    """Figures of one answer behind one server."""

    runs: int = 0
    right: int = 0
    marked: int = 0
    wrong: list[Cell] = field(default_factory=list)
    long: int = 0
    """Faults with at least SHORTEST characters held."""
    resumed: int = 0

    def add(self, verdict: Verdict) -> None:
        self.runs += 1
        self.right += verdict.right
        self.marked += verdict.marked
        if verdict.wrong:
            self.wrong.append(verdict.cell)
        if verdict.faulted and verdict.held >= SHORTEST:
            self.long += 1
            self.resumed += verdict.resumed

    def plus(self, other: Tally) -> None:
        self.runs += other.runs
        self.right += other.right
        self.marked += other.marked
        self.wrong += other.wrong
        self.long += other.long
        self.resumed += other.resumed


Table = dict[tuple[str, str], Tally]


def tally(verdicts: Iterable[Verdict]) -> Table:
    table: Table = {}
    for verdict in verdicts:
        table.setdefault((verdict.cell.answer, verdict.cell.server), Tally()).add(verdict)
    return table


def complaints(table: Table) -> list[str]:
    """What must not be: texts wrong and unmarked, and a client that merely restarts."""
    found = [f"wrong and unmarked: {cell}" for counted in table.values() for cell in counted.wrong]
    for (answer, server), counted in table.items():
        if server in FAITHFUL:
            if counted.right < counted.runs:
                found.append(f"{answer}, {server}: {counted.runs - counted.right} of {counted.runs} not byte-exact")
            least = 1.0 if answer == "mixed" else 0.95
            if counted.resumed < least * counted.long:
                found.append(f"{answer}, {server}: resumed only {counted.resumed} of {counted.long}")
    return found
