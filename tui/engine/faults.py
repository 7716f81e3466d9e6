"""One table of what can go wrong: every exception, status and in-stream error becomes a `Fault`.

Rows are measured on httpx 0.28.1. Exceptions are known by name, so that the engine needs no httpx.
A new kind is a row here, its words in phrases/*/faults.py, and a case in tests/engine/test_faults.py.
"""

from __future__ import annotations

import errno
import json
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import unescape
from socket import gaierror

from tui.words import Fault

SHOWN = 300
"""Characters of a body that are shown."""
_CODE = re.compile("[0-9]{1,9}")
_SECONDS = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(?:,|$)")
_LONGEST_ASKED = 10.0 * 365 * 86400
"""Seconds; whoever asks for more (a date with a slip of the pen, a number without end) means "not today"."""
_FULL = re.compile(
    r"maximum context length|context[ _](length|window|size)|prompt is too long|too many (input )?tokens", re.IGNORECASE
)
"""How servers without a `code` for it say that the request is too long: vLLM, OpenRouter, Anthropic, Ollama."""
_ROUGH = ("bad-request", "rate-limit", "forbidden")
"""Kinds that a `code` in the body may make more exact."""

EXCEPTIONS: Mapping[str, Fault] = {
    # By class name; a subclass needs no row: the nearest class in the MRO that has one decides.
    "ConnectError": Fault("refused", permanent=False),
    "ConnectTimeout": Fault("connect-timeout", permanent=False),
    "ReadError": Fault("reset", permanent=False),
    "ReadTimeout": Fault("no-bytes", permanent=False),
    "WriteError": Fault("reset", permanent=False),
    "WriteTimeout": Fault("write-timeout", permanent=False),
    "CloseError": Fault("reset", permanent=False),
    "PoolTimeout": Fault("transport", permanent=False),
    "RemoteProtocolError": Fault("truncated", permanent=False),
    "LocalProtocolError": Fault("bad-request", permanent=True),
    "ProxyError": Fault("proxy", permanent=False),
    "DecodingError": Fault("garbled", permanent=False),
    "UnsupportedProtocol": Fault("bad-url", permanent=True),
    "InvalidURL": Fault("bad-url", permanent=True),
    "TransportError": Fault("transport", permanent=False),
    "LineTooLong": Fault("line-too-long", permanent=False),
    "OSError": Fault("transport", permanent=False),
    "RequestError": Fault("transport", permanent=False),
    "StreamError": Fault("transport", permanent=False),
    "ImportError": Fault("proxy", permanent=True),
    "BadAddress": Fault("bad-url", permanent=True),
    "BadProxy": Fault("proxy", permanent=True),
    "BadCertificates": Fault("certificate", permanent=True),
    "UnicodeEncodeError": Fault("bad-request", permanent=True),  # a key with a character that no header can hold
}

UNKNOWN = Fault("transport", permanent=False)
TRUNCATED = Fault("truncated", permanent=False, detail="the stream ended without finish_reason or [DONE]")
NO_BYTES = Fault("no-bytes", permanent=False)
NO_TEXT = Fault("no-text", permanent=False)
CONTENT_FILTER = Fault("content-filter", permanent=True, detail="finish_reason: content_filter")

_AWAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN)
_PROTOCOL = (
    ("Receive buffer too long", "not-http"),
    ("Server disconnected without sending a response", "no-answer"),
    ("illegal ", "not-http"),  # status line, header line, chunk header: h11's words
    ("Invalid ", "not-http"),
)
"""What RemoteProtocolError is by its message, where it is not an answer that broke off."""

STATUSES: Mapping[int, Fault] = {
    400: Fault("bad-request", permanent=True),
    401: Fault("unauthorized", permanent=True),
    402: Fault("payment", permanent=True),
    403: Fault("forbidden", permanent=True),
    404: Fault("not-found", permanent=True),
    408: Fault("server-timeout", permanent=False),
    409: Fault("server", permanent=False),
    413: Fault("too-long", permanent=True),
    422: Fault("bad-request", permanent=True),
    425: Fault("server", permanent=False),
    429: Fault("rate-limit", permanent=False),
    503: Fault("overloaded", permanent=False),
    504: Fault("server-timeout", permanent=False),
    524: Fault("server-timeout", permanent=False),
    529: Fault("overloaded", permanent=False),
}

TYPES: Mapping[str, Fault] = {
    # In-stream errors without a numeric code, by `type` or by a `code` in words.
    "invalid_request_error": Fault("bad-request", permanent=True),
    "authentication_error": Fault("unauthorized", permanent=True),
    "invalid_api_key": Fault("unauthorized", permanent=True),
    "permission_error": Fault("forbidden", permanent=True),
    "not_found_error": Fault("not-found", permanent=True),
    "model_not_found": Fault("not-found", permanent=True),
    "request_too_large": Fault("too-long", permanent=True),
    "context_length_exceeded": Fault("too-long", permanent=True),
    "exceed_context_size_error": Fault("too-long", permanent=True),
    "insufficient_quota": Fault("payment", permanent=True),
    "billing_error": Fault("payment", permanent=True),
    "content_filter": Fault("content-filter", permanent=True),
    "content_policy_violation": Fault("content-filter", permanent=True),
    "overloaded_error": Fault("overloaded", permanent=False),
    "rate_limit_error": Fault("rate-limit", permanent=False),
    "rate_limit_exceeded": Fault("rate-limit", permanent=False),
    "timeout_error": Fault("server-timeout", permanent=False),
}


def of_exception(error: BaseException) -> Fault:
    """What `error` (and what caused it) means for the reply."""
    chain = list(_causes(error))
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Fault("certificate", permanent=True, detail=_words(cause))
        if isinstance(cause, ssl.SSLError) and "WRONG_VERSION_NUMBER" in str(cause):
            return Fault("not-tls", permanent=True, detail=_words(cause))
        if isinstance(cause, gaierror):
            return Fault("dns", permanent=False, detail=_words(cause))
    text = " ".join(str(cause) for cause in chain)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return Fault("certificate", permanent=True, detail=_words(error))
    if "WRONG_VERSION_NUMBER" in text:
        return Fault("not-tls", permanent=True, detail=_words(error))
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    row = next((EXCEPTIONS[c.__name__] for c in type(error).__mro__ if c.__name__ in EXCEPTIONS), UNKNOWN)
    return replace(row, kind=_more_exact(row.kind, chain), detail=_words(error))


def _more_exact(kind: str, chain: list[BaseException]) -> str:
    """One exception of httpx stands for several things that a reader tells apart."""
    if kind == "refused" and any(isinstance(cause, OSError) and cause.errno in _AWAY for cause in chain):
        return "unreachable"
    if kind == "refused" and any(isinstance(cause, ConnectionResetError) for cause in chain):
        return "reset"
    if kind == "refused" and any(isinstance(cause, ssl.SSLEOFError) for cause in chain):
        return "no-answer"  # somebody was there, and closed in the middle of the handshake
    if kind == "truncated":
        text = str(chain[0])
        return next((other for start, other in _PROTOCOL if text.startswith(start)), kind)
    return kind


def _causes(error: BaseException, depth: int = 0) -> Iterator[BaseException]:
    """`error` and what stands behind it; httpx hides a failed handshake behind two or three layers and a group."""
    if depth > 8:
        return
    yield error
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _causes(part, depth + 1)
    for behind in (error.__cause__, error.__context__):
        if behind is not None:
            yield from _causes(behind, depth + 1)


def _words(error: BaseException) -> str:
    text = str(error).strip()
    name = type(error).__name__
    return f"{name}: {text}"[:SHOWN] if text else name


def of_status(status: int, headers: Mapping[str, str], body: str, now: float) -> Fault:
    """A response that is not 200. `headers` have lower-case names; `now` is the wall clock, for dates."""
    row = STATUSES.get(status)
    if row is None:
        if 300 <= status < 400:
            row = Fault("redirect", permanent=True)
        elif 500 <= status < 600:
            row = Fault("server", permanent=False)
        else:
            row = Fault("unknown-status", permanent=True)
    refined = _refined(row, body)
    detail = f"HTTP {status}"
    if 300 <= status < 400 and "location" in headers:
        detail += f" → {headers['location'][:SHOWN]}"
    elif body.strip():
        detail += f": {message_of(body)}"
    return replace(refined, status=status, detail=detail, wait=None if refined.permanent else retry_after(headers, now))


def _refined(row: Fault, body: str) -> Fault:
    """A 400 or 429 may be something more exact by its body's `code`: too long, filtered, no money left."""
    if row.kind not in _ROUGH:
        return row
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return row
    error = value.get("error", value) if isinstance(value, dict) else None
    if isinstance(error, str):
        error = {"message": error}
    return _by_code(row, error) if isinstance(error, dict) else row


def _by_code(row: Fault, error: dict[str, object]) -> Fault:
    if row.kind not in _ROUGH:
        return row
    for name in (error.get("code"), error.get("type")):
        known = TYPES.get(name) if isinstance(name, str) else None
        if known is not None and known.kind in ("too-long", "content-filter", "payment"):
            return known
    message = error.get("message")
    if row.kind == "bad-request" and isinstance(message, str) and _FULL.search(message[:1000]):
        return TYPES["context_length_exceeded"]
    return row


def in_stream(error: object) -> Fault:
    """An `error` inside a 200 stream: by its numeric code as a status, else by its type; unknown ones are retryable."""
    if not isinstance(error, dict):
        return Fault("in-stream", permanent=False, detail=str(error)[:SHOWN])
    message = str(error.get("message") or error.get("type") or error.get("code") or error)[:SHOWN]
    code = error.get("code")
    number = code if isinstance(code, int) else int(code) if isinstance(code, str) and _CODE.fullmatch(code) else None
    if number is not None and number != 200:
        row = STATUSES.get(number) or Fault("server", permanent=not 500 <= number < 600)
        return replace(_by_code(row, error), detail=message, status=number)
    for name in (code, error.get("type")):
        known = TYPES.get(name) if isinstance(name, str) else None
        if known is not None:
            return replace(_by_code(known, error), detail=message)
    if _FULL.search(message):
        return replace(TYPES["context_length_exceeded"], detail=message)
    return Fault("in-stream", permanent=False, detail=message)


_PAGE = 8192
"""Characters of a page that are searched: the patterns below are quadratic on a hostile one."""
_TAGS = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)


def message_of(body: str) -> str:
    """The part of an error body that a person wants to read: a JSON message, a page's title, or its start."""
    body = body[:65536]
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        error = value.get("error", value)
        message = error.get("message") or error.get("detail") if isinstance(error, dict) else error
        if isinstance(message, str) and message:
            return message[:SHOWN]
    if is_page(body):
        body = body[:_PAGE]
        title = _TITLE.search(body)
        text = title.group(1) if title else _TAGS.sub(" ", body)
        return " ".join(unescape(text).split())[:SHOWN]
    return body.strip()[:SHOWN]


def is_page(body: str) -> bool:
    """Looks like HTML."""
    start = body.lstrip("\ufeff \t\r\n")[:64].lower()
    return start.startswith(("<!doctype", "<html", "<head", "<body", "<?xml", "<h1", "<center"))


def not_a_stream(content_type: str, body: str) -> Fault:
    """A 200 whose body is neither a stream nor a chat completion."""
    if is_page(body):
        return Fault("page", permanent=True, detail=message_of(body), status=200)
    seen = message_of(body) or "an empty body"
    return Fault("no-stream", permanent=True, detail=f"{content_type or 'no content type'}: {seen}"[:SHOWN], status=200)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds the server asks to wait: `retry-after-ms`, `retry-after` in seconds or as a date (RFC 9110, 10.2.3)."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        # Sent twice it arrives as "30, 30".
        if found := _SECONDS.match(value):
            return min(float(found.group(1)) * unit, _LONGEST_ASKED)
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        at = datetime.fromisoformat(value) if value[0].isdigit() else parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    # A date without a zone is UTC (RFC 9110, 5.6.7); Python reads "-0000" as naive.
    stamp = at.timestamp() if at.tzinfo else at.replace(tzinfo=UTC).timestamp()
    return min(max(0.0, stamp - now), _LONGEST_ASKED)
