"""What of a conversation fits the model's context: decided, and told, before it is sent. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.engine.ledger import estimate_tokens

MARGIN = 1.15
"""Tokens counted for each token estimated: the estimate rounds down, and code takes more tokens than prose."""

PER_MESSAGE = 4
"""Tokens of a message beside its text: role and separators of the usual chat templates."""

ROOM_FOR_REPLY = 4096
"""Tokens kept free for the reply where no max_tokens is set; a quarter of a smaller window."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What goes to the model, and what does not."""

    left_out: tuple[int, ...] = ()
    """Places of turns that are not sent: the oldest."""
    tokens: int = 0
    """Of what is sent, estimated."""
    window: int | None = None
    """The model's context in tokens; None: not known, and all is sent."""
    too_long: bool = False
    """The system prompt and the prompt alone do not fit: the provider may refuse them."""


def fit(system: str, turns: Sequence[tuple[str, str]], prompt: str, window: int | None, max_tokens: int | None) -> Fit:
    """Leave out the oldest turns (prompt, reply) until the rest fits; a turn without a reply is never sent.

    The system prompt and `prompt` always stay.
    """
    total = _cost(prompt) + (_cost(system) if system else 0)
    costs = [(place, _cost(asked) + _cost(said)) for place, (asked, said) in enumerate(turns) if said]
    if window is None:
        return Fit(tokens=total + sum(cost for _, cost in costs))
    # A limit that takes the whole window is a mistake that must not silence the conversation.
    room = window - (min(ROOM_FOR_REPLY, window // 4) if max_tokens is None else min(max_tokens, window // 2))
    too_long = total > room
    left_out: list[int] = []
    for place, cost in reversed(costs):
        # A gap in the middle would make nonsense of what follows: from the first that does not fit, all go.
        if left_out or total + cost > room:
            left_out.append(place)
        else:
            total += cost
    return Fit(tuple(reversed(left_out)), total, window, too_long)


def _cost(text: str) -> int:
    return int(estimate_tokens(text) * MARGIN) + PER_MESSAGE + 1
