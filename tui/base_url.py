"""Where requests may go: what a base_url must look like, and which hosts are this machine."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from tui.plain import plain
from tui.say import say

_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")


class BadUrl(Exception):
    """str() says what is allowed; it never repeats the address, which may hold a password."""


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine and no other: `localhost`, 127.0.0.0/8, ::1."""
    host = host.strip("[]").rstrip(".").lower()
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def host_of(url: str) -> str:
    """The host of a checked address, small letters, without a trailing dot."""
    return (urlsplit(url).hostname or "").rstrip(".")


def checked_url(url: str) -> str:
    """`url` without its trailing slash; BadUrl where a key must not be sent there or no request could be."""
    if plain(url) != url or any(letter.isspace() or letter == "\\" for letter in url):
        raise BadUrl(say("config.url"))
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadUrl(say("config.url")) from None
    # A host in other letters may be normalised to one of these on its way: what is checked must be what is called.
    if parts.scheme not in {"http", "https"} or not host or port == 0 or not _HOST.fullmatch(host):
        raise BadUrl(say("config.url"))
    if "@" in parts.netloc:
        raise BadUrl(say("config.url_userinfo"))
    if "?" in url or "#" in url:
        raise BadUrl(say("config.url_query"))
    if parts.path.rstrip("/").endswith(("/chat/completions", "/models")):
        raise BadUrl(say("config.url_endpoint"))
    if parts.scheme == "http" and not is_loopback(host):
        raise BadUrl(say("config.url_plain"))
    return url.rstrip("/")
