"""A seeded sample of the fault matrix; `python tests/engine/matrix/full.py` runs every cell."""

from __future__ import annotations

import asyncio
import os
import random
from dataclasses import replace

import pytest
from answers import ANSWERS, WIRES
from cuts import FAITHFUL, FAULTS, SERVERS, Cell, Serving, complaints, judge, right, run_all, sample, tally
from play import PREFILL, UNKNOWN, played

from tui.engine import ladder
from tui.engine.seam import Joined, Joiner, Verdict
from tui.words import Policy, Retry

SEED = int(os.environ.get("UNBROKEN_TEST_SEED", "20261123"))
EACH = 20
"""Cells of each answer, server and fault: 4,480 in all."""


def test_every_text_is_right_or_honestly_marked() -> None:
    verdicts = run_all(sample(SEED, EACH))
    table = tally(verdicts)
    assert complaints(table) == []
    assert len(verdicts) >= 3000
    for answer in ANSWERS:
        for server in ("left-trims", "repeats-line", "chats-first", "refuses", "restarts"):
            # Not promised, but so it is: a change that loses it should be seen.
            counted = table[answer, server]
            assert counted.right == counted.runs, (answer, server)
            assert counted.resumed >= 0.95 * counted.long, (answer, server)
        for server in ("different", "other-words"):
            assert table[answer, server].marked >= 0.9 * table[answer, server].runs


def test_a_client_that_merely_restarts_would_be_found_out() -> None:
    cells = sample(SEED, 2, FAITHFUL)
    verdicts = run_all(cells, replace(PREFILL, resume="restart"))
    assert not any(verdict.wrong for verdict in verdicts)
    found = complaints(tally(verdicts))
    assert len(found) == len(FAITHFUL) * len(ANSWERS)
    assert all("resumed only 0 of" in complaint for complaint in found)


class Naive(Joiner):
    """What others do: glue whatever comes."""

    def feed(self, text: str) -> Verdict:
        return Joined(text, verified=True, again=0)


def test_a_client_that_glues_would_be_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "Joiner", Naive)
    verdicts = run_all(sample(SEED, 1))
    assert sum(verdict.wrong for verdict in verdicts) > len(verdicts) / 2


@pytest.mark.parametrize("server", SERVERS)
def test_a_provider_of_which_nothing_is_known(server: str) -> None:
    """Asked by `continue` first."""
    verdicts = run_all(sample(SEED + 1, 3, (server,)), UNKNOWN)
    assert [verdict.cell for verdict in verdicts if verdict.wrong] == []


@pytest.mark.parametrize("server", SERVERS)
def test_several_faults_in_one_reply(server: str) -> None:
    """Up to six, at random bytes, some of them before the seam of the one before is decided."""
    dice = random.Random(f"{SEED} {server}")
    policy = Policy(retry=Retry(max_retries=10))

    async def some() -> None:
        for _ in range(40):
            answer = dice.choice(list(ANSWERS))
            size = len(WIRES[answer])
            reach = dice.choice((size, 600))
            schedule = [(dice.randrange(reach), dice.choice(list(FAULTS))) for _ in range(dice.randint(2, 6))]
            serving = Serving(ANSWERS[answer], server, schedule)
            result = await played(serving, policy=policy)
            verdict = judge(Cell(answer, server, str(schedule), 0), serving, result)
            assert verdict.marked or right(serving, result, verdict.held), verdict.cell
            if server in FAITHFUL and not any(fault == "noise" for _, fault in schedule):
                assert result.text == serving.model.answer, verdict.cell
                # A repetition of whole lines may be a block that comes again: right, and marked.
                assert result.done.verified or server == "overlaps", verdict.cell

    asyncio.run(some())
