"""Connections that break before there is an answer: on accept, in the TLS handshake, while the request goes out."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from model_servers import stream
from play import REQUEST
from scenes import TEXT
from test_net import QUICK, Then, ask, ended, failed, first_fault, provider
from wire_server import Answer, WireServer

from tui.engine import stream_reply
from tui.words import Done, Event, Message, Request

WHOLE = stream(TEXT)


def reset(connection: socket.socket) -> None:
    """A real RST: nothing lingers."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def reset_in_the_middle(connection: socket.socket) -> None:
    connection.recv(4096)
    reset(connection)


def closed_in_the_handshake(connection: socket.socket) -> None:
    connection.recv(4096)  # the client's hello
    connection.close()


@contextmanager
def breaking(how: Callable[[socket.socket], None]) -> Iterator[tuple[int, list[int]]]:
    """A port where every connection is broken so; and the numbers of those that came."""
    came: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                came.append(len(came) + 1)
                how(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], came
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def test_reset_on_accept() -> None:
    with breaking(reset) as (port, came):
        events = ask(f"http://127.0.0.1:{port}/v1")
    fault = failed(events)
    assert (fault.kind, fault.permanent, len(came)) == ("reset", False, 3)


def test_closed_in_the_tls_handshake() -> None:
    with breaking(closed_in_the_handshake) as (port, came):
        events = ask(f"https://127.0.0.1:{port}/v1")
    fault = failed(events)
    assert (fault.kind, fault.permanent, len(came)) == ("no-answer", False, 3)


def test_reset_while_the_request_goes_out() -> None:
    """8 MB: more than all buffers between the two take at once."""
    request = Request(REQUEST.model, (Message("user", "x" * 8_000_000),))

    async def main(url: str) -> list[Event]:
        events = [event async for event in stream_reply(request, provider(url), QUICK)]
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return events

    with breaking(reset_in_the_middle) as (port, came):
        events = asyncio.run(main(f"http://127.0.0.1:{port}/v1"))
    fault = failed(events)
    assert (fault.kind, fault.permanent, len(came)) == ("reset", False, 3)


@pytest.mark.parametrize("length", [200_000, 2_000_000])
def test_a_header_that_is_too_long(length: int) -> None:
    headers = {"Content-Type": "text/event-stream", "X-Long": "x" * length}
    with WireServer(Then(Answer(WHOLE, headers=headers))) as server:
        events = ask(server.url)
    assert first_fault(events).kind == "not-http"
    last = ended(events)
    assert isinstance(last, Done)
    assert last.text == TEXT
