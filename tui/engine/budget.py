"""What one reply has cost and whether it may cost more, over all its attempts. Reads the clock, nothing else."""

from __future__ import annotations

import math
from dataclasses import replace

from tui.clock import Clock
from tui.engine.ledger import Ledger
from tui.engine.outcome import Turn
from tui.engine.reader import Reader
from tui.words import Limits, Price, TextSoFar

BUDGET = ("attempts-used", "time-used", "tokens-used", "money-used")
"""Kinds of fault that say that this reply may cost no more."""


class Budget:
    """Counts attempts, time, tokens and money against their limits."""

    def __init__(self, limits: Limits, price: Price, clock: Clock) -> None:
        self.attempts = 0
        self.began = clock.now()
        self.ledger = Ledger()
        self.watched = bool(limits.seconds or limits.tokens or limits.usd)
        """Whether a stream that never ends could pass a limit."""
        self._limits, self._price, self._clock = limits, price, clock

    @property
    def ends(self) -> float:
        """The moment from which nothing more may be done, on the clock."""
        return self.began + self._limits.seconds if self._limits.seconds else math.inf

    def used_up(self, completion: int = 0) -> str:
        """The kind of fault that says which limit is reached, with `completion` more tokens; empty: none is."""
        limits, spent = self._limits, self.ledger
        dollars = (spent.cost_usd or 0.0) + completion * (self._price.output or 0.0) / 1_000_000
        if limits.attempts and self.attempts >= limits.attempts and not completion:
            return "attempts-used"
        if self._clock.now() >= self.ends:
            return "time-used"
        if limits.tokens and spent.prompt + spent.completion + completion >= limits.tokens:
            return "tokens-used"
        if limits.usd and dollars >= limits.usd:
            return "money-used"
        return ""

    def bill(self, turn: Turn, reader: Reader, text: TextSoFar) -> None:
        """Add what the attempt `turn` cost; `text` is the reply's."""
        kept = turn.kept
        if kept is not None and not turn.replaying:
            kept.before = replace(self.ledger)
        if reader.bill is not None:
            if kept is not None and kept.before is not None:
                # It counts the whole stream, with all that was estimated of it when it was cut.
                self.ledger = replace(kept.before)
            self.ledger.add(reader.bill.prompt, reader.bill.completion, self._price, exact=True)
        elif reader.status == 200:
            # Cut before it told: about four characters a token, as good as can be known.
            self.ledger.add(turn.ask.sent_tokens, turn.tokens(text), self._price, exact=False)
