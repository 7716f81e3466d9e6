"""Where two attempts meet: what to send back, and whether what comes belongs behind it. Pure.

The rule (design, section 4): send the text before an anchor, and believe the answer only once the whole tail behind the
anchor has come back. A shorter or repeated anchor was measured to give text that is wrong yet looks verified.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

SHORTEST = 48
"""Code points; a shorter partial is asked for again from the start."""
TAIL = 24
"""Code points that must be unique and must come back, at the least."""
NEAR, FAR = 120, 600
"""How far back an anchor is looked for: near first, then far."""
WINDOW = 600
"""Code points of a reply within which the tail must have come."""

BEGUN = 4
"""Code points of the tail that must have come back, at the least, for a miss that began as the tail did."""


@dataclass(frozen=True, slots=True)
class Anchor:
    at: int
    """The text before it is sent."""
    tail: str
    """The text behind it must come back, whole."""


def find_anchor(held: str, boundaries: Sequence[int]) -> Anchor | None:
    """The nearest place that can be recognised again: a word end, else (text without spaces) a boundary of deltas."""
    if len(held) < SHORTEST:
        return None
    for reach in (NEAR, FAR):
        lowest = max(1, len(held) - reach)
        word_ends = [
            at for at in range(len(held) - TAIL, lowest - 1, -1) if held[at].isspace() and not held[at - 1].isspace()
        ]
        # Within a line before the end of one: a server that loses the line break there could not be told from one that
        # goes on at the next line.
        for at in sorted(word_ends, key=lambda at: held[at] != " "):
            if _unique(held, at):
                return Anchor(at, held[at:])
        for at in reversed(boundaries):
            if at < lowest:
                break
            if at <= len(held) - TAIL and _clean_cut(held, at) and _unique(held, at):
                return Anchor(at, held[at:])
    return None


def _unique(held: str, at: int) -> bool:
    """Whether the next TAIL code points, leading white space aside, stand nowhere else; overlaps count."""
    while at < len(held) and held[at].isspace():
        at += 1
    probe = held[at : at + TAIL]
    return len(probe) == TAIL and held.find(probe) == at and held.find(probe, at + 1) == -1


def _clean_cut(held: str, at: int) -> bool:
    """No white space beside it (servers trim), and not inside a character that people see as one."""
    before, after = held[at - 1], held[at]
    if before.isspace() or after.isspace():
        return False
    if before.isascii() and after.isascii():
        return True
    from wcwidth import iter_graphemes

    # Far enough back to see the start of the longest emoji sequence, near enough to cost nothing.
    start = max(0, at - 40)
    place = start
    for grapheme in iter_graphemes(held[start : at + 40]):
        if place >= at:
            break
        place += len(grapheme)
    return place == at


def _explained(came: str, held: str) -> bool:
    """Whether what `came` before the tail is a repetition of what was `held` before it, from the middle of a clause.

    Whatever else came may be a preface ("Sure, continuing:"), another answer with some words in common, or the answer
    itself that went on elsewhere, to a place where its words come again (a refrain, a line of a log, two blocks of code
    with one head): nothing in the text tells which. What a line or a sentence began with may begin a later one, too.
    """
    shared = zip(reversed(came), reversed(held), strict=False)
    again = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], shared))
    if "\n" in came or came[: len(came) - again].strip(" "):
        return False
    return not again or held[: len(held) - again].rstrip(" ")[-1:].isalnum()


@dataclass(frozen=True, slots=True)
class Joined:
    """Decided: `text` follows the held text; everything after it does, too.

    Not verified: it stands where it probably belongs, and says so.
    """

    text: str
    verified: bool
    again: int
    """Code points of the attempt that were held already."""


@dataclass(frozen=True, slots=True)
class Differs:
    """A different answer: `text` is its beginning."""

    text: str


@dataclass(frozen=True, slots=True)
class Missed:
    """The tail did not come back; `dropped` code points are thrown away."""

    dropped: int
    near: bool = False
    """It began as the tail did, and then took another turn."""


Verdict = Joined | Differs | Missed | None
"""None: not decided yet; what came is held."""

How = Literal["anchored", "appended", "restarted"]


class Joiner:
    """Decides about one attempt's text. Feed it until it says something; then it has nothing more to say."""

    def __init__(self, held: str, how: How, tail: str = "") -> None:
        self._held = held
        self._tail = tail
        self._bare_tail = tail.lstrip()
        self._bare = held.lstrip()
        self._head = self._bare[:SHORTEST]
        self._got = ""
        self._how: How | Literal["repeating"] = how
        self._repeated: list[str] = []
        self._passed = 0
        self._limit = max(WINDOW, len(tail) + NEAR)
        if how == "restarted":
            self._how = "repeating"

    @property
    def started(self) -> bool:
        """Whether any text came."""
        return bool(self._got) or self._passed > 0

    @property
    def astray(self) -> bool:
        """What came is neither the known text nor its beginning; or, where the tail is not asked for, undecided."""
        if self._how != "anchored":
            return self._how == "appended"
        got = self._got
        known = (self._tail, self._bare_tail, self._bare)
        return bool(got.strip()) and not any(text.startswith((got, got.lstrip())) for text in known)

    def feed(self, text: str) -> Verdict:
        match self._how:
            case "repeating":
                return self._repeat(text)
            case "anchored":
                self._got += text
                return self._anchored()
            case _:
                self._got += text
                return self._appended(final=False)

    def finish(self) -> Joined | Differs | Missed:
        """The attempt is whole: now it must be decided."""
        match self._how:
            case "repeating":
                if self.whole_again:
                    return Joined("", verified=True, again=self._passed)
                return Differs("".join(self._repeated))
            case "anchored":
                return self._miss()
            case _:
                verdict = self._appended(final=True)
                assert not isinstance(verdict, Missed | None)
                return verdict

    @property
    def whole_again(self) -> bool:
        """Everything held came back and nothing new: a clean end here, twice, means that it was whole."""
        return self._how == "repeating" and self._passed == len(self._bare)

    def _anchored(self) -> Verdict:
        got = self._got
        if got.startswith(self._tail):
            return Joined(got[len(self._tail) :], verified=True, again=len(self._tail))
        if got.startswith(self._bare_tail):
            # Without its space it was trimmed; without its line break, it may be a later line that begins so, too.
            same_line = "\n" not in self._tail[: -len(self._bare_tail)]
            return Joined(got[len(self._bare_tail) :], verified=same_line, again=len(self._bare_tail))
        if self._tail.startswith(got) or self._bare_tail.startswith(got):
            return None
        if got.lstrip().startswith(self._head):
            return self._switch_to_repeating()
        if self._head.startswith(got.lstrip()):
            return None
        # Within the limit, however large the pieces are in which it comes.
        at = got.find(self._bare_tail, 0, self._limit)
        if at >= 0:
            end = at + len(self._bare_tail)
            before = self._held[: len(self._held) - len(self._bare_tail)]
            return Joined(got[end:], verified=_explained(got[:at], before), again=end)
        return self._miss() if len(got) >= self._limit else None

    def _miss(self) -> Missed:
        begun = self._got.lstrip()[:BEGUN]
        return Missed(len(self._got), near=len(begun) == BEGUN and self._bare_tail.startswith(begun))

    def _appended(self, *, final: bool) -> Verdict:
        got = self._got
        if got.lstrip().startswith(self._head):
            verdict = self._switch_to_repeating()
            return self.finish() if final and verdict is None else verdict
        if not final and self._head.startswith(got.lstrip()):
            return None
        if self._held[-1:].isspace():
            got = got.lstrip()
            if not got and not final:
                return None
        return Joined(got, verified=False, again=0)

    def _switch_to_repeating(self) -> Verdict:
        """It begins as the answer did: an echo or a restart, held until it has passed the held text."""
        got, self._got = self._got, ""
        self._how = "repeating"
        return self._repeat(got)

    def _repeat(self, text: str) -> Verdict:
        held, passed = self._bare, self._passed
        self._repeated.append(text)
        if not passed:
            # Leading white space is nothing that makes an answer another one.
            text = text.lstrip()
        known = held[passed : passed + len(text)]
        if not text.startswith(known):
            return Differs("".join(self._repeated))
        self._passed = passed + len(known)
        if len(text) > len(known):
            return Joined(text[len(known) :], verified=True, again=self._passed)
        return None
