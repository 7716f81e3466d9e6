"""A port that takes no connection and refuses none: its backlog is full, and every SYN is dropped."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

MORE = 4
"""Connections that are begun; Linux takes one more than the backlog says."""


@contextmanager
def black_hole() -> Iterator[str]:
    """Its base_url."""
    with ExitStack() as held:
        server = held.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        address = server.getsockname()
        for _ in range(MORE):
            client = held.enter_context(socket.socket())
            client.setblocking(False)
            with suppress(BlockingIOError):
                client.connect(address)
        yield f"http://127.0.0.1:{address[1]}/v1"
