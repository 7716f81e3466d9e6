"""A stopwatch that hears what httpcore tells of a request (its `trace` extension).

Measured on httpcore 1.0.9: connect_tcp (with the look-up in it), start_tls, send_request_headers, send_request_body,
each `.started` and `.complete` or `.failed`, behind a prefix that depends on the transport
(connection., http11., proxy., socks.). A CONNECT to a proxy tells of itself as of any request.
"""

from __future__ import annotations

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

    async def trace(self, name: str, info: Mapping[str, object]) -> None:
        """For the request's `extensions`."""
        now = time.monotonic()
        phase, what = name.split(".")[-2:]
        if what == "started":
            self._began(phase, info, now)
        elif what == "complete":
            self._complete(phase, now, info.get("return_value"))

    def answered(self, sent: float, at: float) -> None:
        """The response's headers came `at` that moment, to a request whose last bytes went out at `sent`."""
        if self.timing.sent is not None:
            # A server may answer before it has been asked all.
            self.timing = replace(self.timing, sent=sent, ttfb=max(0.0, at - sent))

    def _began(self, phase: str, info: Mapping[str, object], now: float) -> None:
        self._started[phase] = now
        if phase == "connect_tcp":
            self.timing = Timing()
        elif phase == "send_request_headers":
            self._through_proxy = getattr(info.get("request"), "method", b"") == b"CONNECT"

    def _complete(self, phase: str, now: float, made: object) -> None:
        took = now - self._started.get(phase, now)
        timing = self.timing
        if phase == "connect_tcp":
            dns = looked_up(made)
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


def looked_up(stream: object) -> float | None:
    """Seconds of the look-up; None where there was none."""
    told = getattr(stream, "get_extra_info", None)
    took = told("dns") if callable(told) else None
    return took if isinstance(took, float) else None


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
