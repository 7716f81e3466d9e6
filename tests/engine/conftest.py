"""A certificate of our own, for servers that speak TLS."""

from fixtures_tls import certificate

__all__ = ["certificate"]
