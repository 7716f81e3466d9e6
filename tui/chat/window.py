"""What of a conversation fits the model's context: decided, and told, before it is sent. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median

ASCII = 1.15 / 4
"""Tokens of an ASCII character: four characters to one, and 15 % more, for code takes more tokens than prose."""

BEYOND = 0.6
"""Tokens of each byte of UTF-8 after a character's first, for characters that are not ASCII: 0.6 for Cyrillic, 1.2 for
Japanese, 1.8 for emoji. Tokenizers differ there by three times; the new ones take less."""

SAMPLE = 100
"""Tokens of an answer, estimated, from which its count says something about the estimate."""

MOST = 4.0
"""How many times the estimate a tokenizer may take: a count above that has tokens in it that were not shown."""

RECENT = 5
"""Answers that are looked at for the model's own count."""

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
    wanted: int = 0
    """Tokens of all that would be sent if it fitted, estimated."""
    kept: int = 0
    """Tokens of the window that are kept free for the reply."""


class Sizes:
    """Estimates of a conversation's turns. Each is made again only where its text is another: all are asked for at
    every key press in the prompt."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[str, str, int, int]] = {}

    def of(self, place: int, asked: str, said: str) -> tuple[int, int]:
        """Tokens of the prompt and of the reply of the turn at `place`."""
        known = self._known.get(place)
        # Texts that are the same object are compared at once, whatever their length.
        if known is None or known[0] != asked or known[1] != said:
            known = self._known[place] = (asked, said, tokens_of(asked), tokens_of(said))
        return known[2], known[3]


def fit(
    system: str,
    turns: Sequence[tuple[str, str]],
    prompt: str,
    window: int | None,
    max_tokens: int | None,
    factor: float = 1.0,
    sizes: Sizes | None = None,
) -> Fit:
    """Leave out the oldest turns (prompt, reply) until the rest fits; a turn without a reply is never sent.

    The system prompt and `prompt` always stay. `factor`: what `factor_of` says of the model. `sizes`: what is known of
    these turns from the last time.
    """
    sizes = sizes or Sizes()

    def cost(tokens: int) -> int:
        return ceil(tokens * factor) + PER_MESSAGE + 1

    total = cost(tokens_of(prompt)) + (cost(tokens_of(system)) if system else 0)
    costs = [
        (place, sum(cost(tokens) for tokens in sizes.of(place, asked, said)))
        for place, (asked, said) in enumerate(turns)
        if said
    ]
    wanted = total + sum(cost for _, cost in costs)
    if window is None:
        return Fit(tokens=wanted, wanted=wanted)
    # A limit that takes the whole window is a mistake that must not silence the conversation.
    kept = min(ROOM_FOR_REPLY, window // 4) if max_tokens is None else min(max_tokens, window // 2)
    room = window - kept
    too_long = total > room
    left_out: list[int] = []
    for place, more in reversed(costs):
        # A gap in the middle would make nonsense of what follows: from the first that does not fit, all go.
        if left_out or total + more > room:
            left_out.append(place)
        else:
            total += more
    return Fit(tuple(reversed(left_out)), total, window, too_long, wanted, kept)


def tokens_of(text: str) -> int:
    """Estimated for a tokenizer that is not known, rather too many than too few."""
    ascii_only = len(text.encode("ascii", "ignore"))
    beyond = len(text.encode("utf-8", "surrogatepass")) - len(text)
    return ceil(ascii_only * ASCII + beyond * BEYOND)


def factor_of(answers: Iterable[tuple[str, int]]) -> float:
    """How many times the estimate a model's tokenizer takes, by its newest answers and the tokens counted for each.

    Never under 1: what is asked next may be in another language than what was answered.
    """
    ratios: list[float] = []
    for text, counted in answers:
        estimated = tokens_of(text)
        if estimated >= SAMPLE and counted <= MOST * estimated:
            ratios.append(counted / estimated)
        if len(ratios) == RECENT:
            break
    return max(1.0, median(ratios)) if ratios else 1.0
