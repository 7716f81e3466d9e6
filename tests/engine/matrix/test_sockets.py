"""A seeded sample of the fault matrix over real sockets; full.py runs ten times as many."""

from __future__ import annotations

import os

from cuts import complaints, sample, tally
from sockets import run_over_sockets

SEED = int(os.environ.get("UNBROKEN_TEST_SEED", "20261123"))


def test_over_real_sockets_every_text_is_right_or_marked() -> None:
    cells = sample(SEED, 2)
    verdicts = run_over_sockets(cells, SEED)
    assert len(verdicts) == len(cells) >= 300
    assert complaints(tally(verdicts)) == []
    assert sum(verdict.resumed for verdict in verdicts) > len(verdicts) / 2
