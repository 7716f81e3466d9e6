"""The guard itself: a guard that lets things through guards nothing."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tui import paths, say

OUTSIDE = "192.0.2.1"
"""TEST-NET-1: nobody is there, should the guard fail."""


@pytest.mark.parametrize("call", ["connect", "connect_ex"])
def test_a_call_outside_fails_the_test(call: str) -> None:
    with socket.socket() as sock:
        sock.setblocking(False)
        with pytest.raises(pytest.fail.Exception, match="only loopback"):
            getattr(sock, call)((OUTSIDE, 80))


def test_a_datagram_outside_fails_the_test() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        with pytest.raises(pytest.fail.Exception, match="only loopback"):
            sock.sendto(b"x", (OUTSIDE, 9))
        with pytest.raises(pytest.fail.Exception, match="only loopback"):
            sock.sendmsg([b"x"], [], 0, (OUTSIDE, 9))


def test_a_name_is_not_looked_up() -> None:
    with pytest.raises(pytest.fail.Exception, match="only loopback"):
        socket.create_connection(("example.org", 80), timeout=1)


def test_loopback_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        there, _ = server.accept()
        with there:
            client.sendall(b"here")
            assert there.recv(4) == b"here"


def test_a_test_has_its_own_home(own_home: Path) -> None:
    assert Path.home() == own_home
    assert paths.config_file().is_relative_to(own_home)
    assert paths.data_dir().is_relative_to(own_home)
    assert "HOLYSHEEP_API_KEY" not in os.environ
    assert say.spoken() == "en"
