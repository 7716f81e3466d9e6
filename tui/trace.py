"""A stopwatch that hears what httpcore tells of a request (its `trace` extension).

Measured on httpcore 1.0.9: connect_tcp (with the look-up in it), start_tls, send_request_headers, send_request_body,
receive_response_headers, each `.started` and `.complete` or `.failed`, behind a prefix that depends on the transport
(connection., http11., proxy., socks.). A CONNECT to a proxy tells of itself as of any request.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from tui.timing import Timing

LATE = 0.2
"""Seconds by which this program, busy with drawing, may hear late of a connection that stands. More is not ours: a
lost SYN is sent again after 1 s, a second address tried after 0.25 s, and that belongs to what it took."""

_RTT, _RTT_AT = struct.Struct("=I"), 68
"""tcpi_rtt, microseconds, in Linux's struct tcp_info: right after the connect it is the time from SYN to SYN-ACK."""


class Stopwatch:
    """The phases of one request. `sent` is called once the request (not a proxy's CONNECT) is sent."""

    def __init__(self, sent: Callable[[], None] = lambda: None) -> None:
        self.timing = Timing(warm=True)
        self._sent = sent
        self._started: dict[str, float] = {}
        self._through_proxy = False
        self._lookup: asyncio.Task[float | None] | None = None

    async def trace(self, name: str, info: Mapping[str, object]) -> None:
        """For the request's `extensions`."""
        now = time.monotonic()
        phase, what = name.split(".")[-2:]
        if what == "started":
            self._began(phase, info, now)
        elif what == "complete":
            self._complete(phase, now, info.get("return_value"))

    def stop(self) -> None:
        """Nothing more is asked of the look-up."""
        if self._lookup is not None:
            self._lookup.cancel()

    def _began(self, phase: str, info: Mapping[str, object], now: float) -> None:
        self._started[phase] = now
        if phase == "connect_tcp":
            self.timing = Timing()
            host, port = info.get("host"), info.get("port")
            if isinstance(host, str) and isinstance(port, int) and not _is_address(host):
                self._lookup = asyncio.get_running_loop().create_task(_look_up(host, port), name="unbroken-look-up")
        elif phase == "send_request_headers":
            self._through_proxy = getattr(info.get("request"), "method", b"") == b"CONNECT"

    def _complete(self, phase: str, now: float, made: object) -> None:
        took = now - self._started.get(phase, now)
        timing = self.timing
        if phase == "connect_tcp":
            dns = self._looked_up(took)
            seen = took - (dns or 0.0)
            exact = round_trip(made)
            late = exact is not None and exact <= seen < exact + LATE
            self.timing = replace(timing, dns=dns, tcp=exact if late else seen)
        elif phase == "start_tls":
            self.timing = replace(timing, tls=took + (timing.tls or 0.0))
        elif self._through_proxy:
            return
        elif phase == "send_request_body":
            self.timing = replace(timing, sent=now)
            self._sent()
        elif phase == "receive_response_headers" and timing.sent is not None:
            self.timing = replace(timing, ttfb=now - timing.sent)

    def _looked_up(self, connected: float) -> float | None:
        """Seconds of the look-up; None where the connection knew the address before it was over."""
        lookup, self._lookup = self._lookup, None
        if lookup is None:
            return None
        if not lookup.done():
            lookup.cancel()
            return None
        took = lookup.result()
        return None if took is None else min(took, connected)


def round_trip(stream: object) -> float | None:
    """Seconds that the connecting took as the kernel timed it; None where it does not tell."""
    told = getattr(stream, "get_extra_info", None)
    sock = told("socket") if callable(told) else None
    if sys.platform != "linux" or sock is None:
        return None
    try:
        found: bytes = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _RTT.size + _RTT_AT)
        (micros,) = _RTT.unpack_from(found, _RTT_AT)
    except (OSError, struct.error):
        return None
    return int(micros) / 1_000_000 if micros else None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


async def _look_up(host: str, port: int) -> float | None:
    """Seconds that the system takes to look up `host`; None where it cannot."""
    began = time.monotonic()
    try:
        await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    return time.monotonic() - began
