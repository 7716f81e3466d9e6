"""How long the parts of one request took: measured in net.py, passed up as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """The phases of one request. Durations are seconds; None: it did not happen (or not yet), or is not known.

    What comes after `sent` counts from there, never from the connect.
    """

    dns: float | None = None
    """The name looked up; None where it is an address."""
    tcp: float | None = None
    """Connected, the look-up not counted."""
    tls: float | None = None
    """The handshake (or both, where the proxy is spoken to in TLS too)."""
    sent: float | None = None
    """When the request was sent, on the clock."""
    ttfb: float | None = None
    """From the request sent to the response's headers."""
    thought: float | None = None
    """From the request sent to the first reasoning."""
    ttft: float | None = None
    """From the request sent to the first text that is not empty."""
    warm: bool = False
    """The connection stood already: no look-up, no connect, no handshake."""

    @property
    def connect(self) -> float | None:
        """Look-up, connect and handshake together; None on a warm connection."""
        parts = [part for part in (self.dns, self.tcp, self.tls) if part is not None]
        return sum(parts) if parts else None


UNTIMED = Timing()
"""Nothing is known."""
