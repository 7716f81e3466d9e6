"""Streams that a server keeps, so that a cut one can be read on from where it was cut: rung `replay`. Pure.

The protocol is llama.cpp's (reference, A.1 and its test notes, 3a): a POST with an `X-Conversation-Id` is kept in a
ring of 4 MiB until 300 s after its end, `GET /v1/stream?conv_id=…&from=N` sends it again from body byte N and follows
it live, and it is generated to its end whoever listens, unless `DELETE /v1/stream?conv_id=…` says stop. Support is
asked with `POST /v1/streams/lookup`. The first version, with the id in the path, had no lookup: it is not spoken.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui.engine.arrivals import Short
from tui.engine.faults import of_status
from tui.engine.ledger import Ledger
from tui.engine.policy import FLOOR, LONGEST_OBEYED
from tui.engine.seam import Joined, Joiner
from tui.plain import plain
from tui.words import Fault, Partial, Provider, Rung

if TYPE_CHECKING:
    from tui.engine.outcome import Turn

LOOKUP_LIMIT = 1.0
"""Seconds that the first request waits to hear whether streams are kept; llama.cpp says so within 0.03."""
STOP_LIMIT = 3.0
"""Seconds within which a server is told to stop, or is left to itself."""
STOP_PAUSE = 0.5
"""Seconds between two tries of telling it."""
STOP_WAIT = 0.25
"""Seconds that the end of a reply waits for it; after that it goes on in a task of its own."""

_GATEWAYS = (502, 504)
"""Said by what stands before the server, which may be generating none the less."""


@dataclass(slots=True)
class Kept:
    """One stream: how far it was read, and what was not decided yet about its text."""

    id: str
    offset: int = 0
    """Body bytes up to the end of the last whole frame."""
    fruitless: int = 0
    """Replays in a row that the server itself ended without one new frame."""
    joiner: Joiner | None = None
    back: Joined | None = None
    how: Rung | None = None
    """The rung of the seam that is not decided yet."""
    unverified: bool = False
    before: Ledger | None = None
    """What the reply had cost before it: the stream's own `usage` counts all of it, and replaces the estimates."""


class Streams:
    """Those of one reply: the one that can be replayed now, and those that must be told to stop."""

    def __init__(self, provider: Provider, model: str, partial: Partial | None) -> None:
        self.nobody = uuid.uuid4().hex
        """A name that no stream has, to ask for."""
        self._wanted = wanted(provider, model)
        self._current: Kept | None = None
        """Perhaps still generated; unfinished as far as we know."""
        self._replayable = False
        self._stopped: list[str] = []
        if self._wanted and partial is not None and partial.replay_id and provider.learned.replay is not False:
            self._current = Kept(plain(partial.replay_id), partial.replay_offset if partial.text else 0)
            self._replayable = True

    @property
    def asks(self) -> bool:
        """Whether a request is due for which it matters whether this server keeps streams."""
        return self._wanted and not self._replayable

    def next(self) -> Kept | None:
        """What can be replayed now; None: a request is due."""
        return self._current if self._replayable else None

    def fresh(self, learned: bool | None) -> Kept | None:
        """The stream of a new request; None where the server keeps none."""
        self.drop()
        if self._wanted and learned:
            self._current = Kept(uuid.uuid4().hex)
        return self._current

    def after(self, turn: Turn, *, done: bool, again: bool) -> None:
        """`turn` is over. `done`: nothing is generated any more. `again`: another attempt may go on where it ended."""
        kept, reader = turn.kept, turn.reader
        if kept is None:
            return
        begun = turn.replaying or (reader.sent and reader.status in (0, 200, *_GATEWAYS))
        if done or not begun:
            self._current, self._replayable = None, False
            return
        if not again:
            self.drop()
            return
        if reader.kept_to > kept.offset:
            kept.offset, kept.fruitless = reader.kept_to, 0
        elif turn.replaying and turn.ended is not None and turn.ended.said:
            kept.fruitless += 1
        undecided = turn.joiner is not None or (turn.back is not None and turn.how != "replay")
        kept.joiner, kept.unverified = turn.joiner, turn.unverified
        kept.back, kept.how = (turn.back, turn.how) if undecided else (None, None)
        self._replayable = True

    def drop(self) -> None:
        """Whatever is still generated is not wanted any more."""
        if self._current is not None:
            self._stopped.append(self._current.id)
        self._current, self._replayable = None, False

    def to_stop(self) -> list[str]:
        """Streams that are to be told to stop, each once."""
        stopped, self._stopped = self._stopped, []
        return stopped


def wanted(provider: Provider, model: str) -> bool:
    """Whether replaying is the first rung here: where it is configured, or (auto) on this machine or by the catalog."""
    if provider.resume != "auto":
        return provider.resume == "replay"
    return provider.local or provider.model(model).first_rung == "replay"


def busy(answer: Short, wall: float) -> Fault | None:
    """Why a lookup should be asked a second time, and after how many seconds; None: it says what it will say."""
    if answer.status == 200:
        return None
    fault = of_status(answer.status, answer.headers, answer.body.decode("utf-8", "replace"), wall)
    if fault.permanent or (fault.wait or 0.0) > LONGEST_OBEYED:
        return None
    return replace(fault, wait=max(FLOOR, fault.wait or 0.0))


def keeps_streams(status: int, body: bytes) -> bool | None:
    """What the answer to a lookup says; None: nothing, for the server was busy or did not take the key."""
    if status in (401, 403, 408, 425, 429) or status >= 500:
        return None
    if status != 200:
        return False
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, list)
