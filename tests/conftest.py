"""What holds for every test: no network beyond loopback, a home of its own, nobody's keys, English."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tui import say

_PLACES = ("CONFIG", "DATA", "CACHE", "STATE")
_PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "ftp_proxy"}


def _is_loopback(host: object) -> bool:
    if host is None:
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    if text in {"", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _check(sock: socket.socket, address: object) -> None:
    if sock.family == socket.AF_UNIX:
        return
    host = address[0] if isinstance(address, tuple) else address
    if not _is_loopback(host):
        pytest.fail(f"a test called {address!r}: only loopback is allowed")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that leaves this machine fails, whatever way it takes (style.md, B10)."""

    def guard(name: str, address_of: Callable[[tuple[object, ...]], object]) -> None:
        real = getattr(socket.socket, name)

        def guarded(sock: socket.socket, *args: object) -> object:
            address = address_of(args)
            if address is not None:
                _check(sock, address)
            return real(sock, *args)

        monkeypatch.setattr(socket.socket, name, guarded)

    guard("connect", lambda args: args[0])
    guard("connect_ex", lambda args: args[0])
    guard("sendto", lambda args: args[-1])
    guard("sendmsg", lambda args: args[3] if len(args) > 3 else None)
    lookup = socket.getaddrinfo

    def getaddrinfo(host: object, *args: object, **options: object) -> object:
        if not _is_loopback(host):
            pytest.fail(f"a test looked up {host!r}: only loopback is allowed")
        return lookup(host, *args, **options)  # type: ignore[call-overload]  # passed on as it came

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home: nothing of the user's configuration, data, keys or proxies reaches a test or is touched by it.

    UNBROKEN_TEST_* stays: that is how a test run is told things.
    """
    for name in list(os.environ):
        ours = name.startswith("UNBROKEN_") and not name.startswith("UNBROKEN_TEST_")
        if ours or name.lower() in _PROXIES or name.endswith(("_API_KEY", "_KEY_FILE")):
            monkeypatch.delenv(name)
    for name in ("LC_ALL", "LC_MESSAGES", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("HOME", str(home))
    for place in _PLACES:
        monkeypatch.setenv(f"XDG_{place}_HOME", str(home / f".{place.lower()}"))
    return home


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """A test may speak another language; the next one does not hear it."""
    say.speak("en")
    yield
    say.speak("en")
