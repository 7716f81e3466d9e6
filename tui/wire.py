"""What the engine asks of a network, as types: the real one is net.py, tests bring their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from tui.timing import UNTIMED, Timing
from tui.words import Timeouts


@dataclass(slots=True)
class HttpCall:
    """One HTTP request, ready to be sent, once."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    timeouts: Timeouts
    local: bool = False
    """Loopback: no proxy, no certificates from the environment."""
    method: Literal["POST", "GET", "DELETE"] = "POST"

    def take_body(self) -> list[bytes]:
        """The body, for who sends it, to be taken out of the list: nobody needs it while the answer comes, and that of
        a resume is as long as the text so far."""
        body, self.body = self.body, b""
        return [body] if body else []


class Chunk(NamedTuple):
    """A part of a body."""

    data: bytes
    at: float
    """When it came, on the clock: by the kernel's word, where it gives it, not when this program found time to look."""


class HttpReply(Protocol):
    """A response whose body is still on its way."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Lower-case names."""

    @property
    def timing(self) -> Timing:
        """The phases up to the headers."""

    def chunks(self) -> AsyncIterator[Chunk]:
        """The body, decoded from its transfer coding, as it arrives. WireError where it breaks."""


Transport = Callable[[HttpCall, Callable[[], None]], AbstractAsyncContextManager[HttpReply]]
"""Sends; calls the second argument once the request is sent. WireError where it cannot."""


class WireError(Exception):
    """The wire broke; `__cause__` is what the HTTP library said."""

    timing: Timing = UNTIMED
    """How far the request had come."""
