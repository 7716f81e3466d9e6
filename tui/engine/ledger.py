"""Tokens and money of one reply, over all its attempts. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tui.words import Price, TokenCount


def estimate_tokens(text: str) -> int:
    """Roughly, rounded down: four ASCII characters a token, and six tokens for ten others (Japanese, emoji)."""
    other = len(text) - len(text.encode("ascii", "ignore"))
    return (len(text) - other) // 4 + other * 6 // 10


@dataclass(slots=True)
class Ledger:
    """Adds up what attempts cost."""

    prompt: int = 0
    completion: int = 0
    exact: bool = True
    cost: float = 0.0
    priced: bool = False
    """Some part had a price."""
    unpriced: bool = False
    """Some part had none."""

    def add(self, prompt: int, completion: int, price: Price, *, exact: bool) -> None:
        """One attempt's tokens at its model's price."""
        self.prompt += prompt
        self.completion += completion
        self.exact = self.exact and exact
        for tokens, dollars in ((prompt, price.input), (completion, price.output)):
            if dollars is not None:
                self.cost += tokens * dollars / 1_000_000
                self.priced = True
            elif tokens:
                self.unpriced = True

    @property
    def tokens(self) -> TokenCount:
        return TokenCount(self.prompt, self.completion, self.exact)

    @property
    def cost_usd(self) -> float | None:
        """None: nothing of it has a price."""
        return self.cost if self.priced else None
