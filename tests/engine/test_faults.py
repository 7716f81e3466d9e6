"""Every row of the fault table, and everything that can stand in a Retry-After."""

from __future__ import annotations

import errno
import json
import socket
import ssl
from datetime import UTC, datetime
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine import faults
from tui.engine.faults import in_stream, message_of, not_a_stream, of_exception, of_status, retry_after
from tui.engine.sse import LineTooLong
from tui.phrases.en.faults import PHRASES

NOW = 1_800_000_000.0


def raised(
    error: BaseException, cause: BaseException | None = None, context: BaseException | None = None
) -> BaseException:
    error.__cause__ = cause
    error.__context__ = context
    return error


EXCEPTIONS = [
    (httpx.ConnectError("All connection attempts failed"), "refused", False),
    (httpx.ConnectTimeout(""), "connect-timeout", False),
    (httpx.ReadError(""), "reset", False),
    (httpx.ReadTimeout(""), "no-bytes", False),
    (httpx.WriteError(""), "reset", False),
    (httpx.WriteTimeout(""), "write-timeout", False),
    (httpx.CloseError(""), "reset", False),
    (httpx.PoolTimeout(""), "transport", False),
    (httpx.RemoteProtocolError("Server disconnected without sending a response."), "no-answer", False),
    (httpx.RemoteProtocolError("illegal status line: bytearray(b'x')"), "not-http", False),
    (httpx.RemoteProtocolError("peer closed connection without sending complete message body"), "truncated", False),
    (httpx.LocalProtocolError("Illegal header value"), "bad-request", True),
    (httpx.ProxyError("407"), "proxy", False),
    (httpx.DecodingError("incorrect header check"), "garbled", False),
    (httpx.UnsupportedProtocol("ftp"), "bad-url", True),
    (httpx.InvalidURL("no"), "bad-url", True),
    (httpx.TooManyRedirects("20"), "transport", False),
    (httpx.StreamConsumed(), "transport", False),
    (httpx.NetworkError(""), "transport", False),
    (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate has expired"), "certificate", True),
    (httpx.ConnectError("[SSL: WRONG_VERSION_NUMBER] wrong version number"), "not-tls", True),
    (OSError(113, "No route to host"), "transport", False),
    (ConnectionResetError(), "transport", False),
    (ImportError("socksio"), "proxy", True),
    (LineTooLong(), "line-too-long", False),
    (RuntimeError("what is this"), "transport", False),
    ("ü".encode, "bad-request", True),
]


@pytest.mark.parametrize(
    ("error", "kind", "permanent"), EXCEPTIONS, ids=[str(row[0]) or repr(row[0]) for row in EXCEPTIONS]
)
def test_an_exception(error: object, kind: str, permanent: bool) -> None:
    if not isinstance(error, BaseException):
        error = UnicodeEncodeError("ascii", "ü", 0, 1, "ordinal not in range(128)")
    fault = of_exception(error)
    assert (fault.kind, fault.permanent) == (kind, permanent)
    assert type(error).__name__ in fault.detail


def test_what_stands_behind_an_exception_decides() -> None:
    name = raised(httpx.ConnectError("All connection attempts failed"), raised(OSError("x"), socket.gaierror(-2, "no")))
    assert of_exception(name).kind == "dns"
    away = raised(httpx.ConnectError("All connection attempts failed"), OSError(errno.ENETUNREACH, "no route"))
    assert of_exception(away).kind == "unreachable"
    refused = ssl.SSLCertVerificationError(1, "hostname mismatch")
    group = ExceptionGroup("all failed", [OSError("first"), raised(OSError("second"), refused)])
    for error in (
        raised(httpx.ConnectError(""), refused),
        raised(httpx.ConnectError(""), None, refused),
        raised(httpx.ConnectError(""), raised(OSError(""), group)),
    ):
        fault = of_exception(error)
        assert (fault.kind, fault.permanent) == ("certificate", True)
        assert "hostname mismatch" in fault.detail
    tls = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    assert of_exception(raised(httpx.ConnectError(""), tls)).kind == "not-tls"


def test_a_chain_that_bites_its_tail_ends() -> None:
    first, second = httpx.ReadError("a"), OSError("b")
    raised(first, second)
    raised(second, first)
    assert of_exception(first).kind == "reset"


STATUSES = {
    400: ("bad-request", True), 401: ("unauthorized", True), 402: ("payment", True), 403: ("forbidden", True),
    404: ("not-found", True), 405: ("unknown-status", True), 408: ("server-timeout", False), 409: ("server", False),
    413: ("too-long", True), 418: ("unknown-status", True), 422: ("bad-request", True), 425: ("server", False),
    429: ("rate-limit", False), 500: ("server", False), 502: ("server", False), 503: ("overloaded", False),
    504: ("server-timeout", False), 520: ("server", False), 521: ("server", False), 522: ("server", False),
    523: ("server", False), 524: ("server-timeout", False), 529: ("overloaded", False),
    301: ("redirect", True), 302: ("redirect", True), 307: ("redirect", True), 308: ("redirect", True),
    204: ("unknown-status", True), 206: ("unknown-status", True), 600: ("unknown-status", True),
}  # fmt: skip


@pytest.mark.parametrize("code", STATUSES)
def test_a_status(code: int) -> None:
    fault = of_status(code, {}, "", NOW)
    assert (fault.kind, fault.permanent) == STATUSES[code]
    assert fault.status == code
    assert str(code) in fault.detail
    assert fault.wait is None


def test_an_unknown_status_shows_the_start_of_its_body() -> None:
    fault = of_status(418, {}, "I am a teapot. " * 100, NOW)
    assert fault.detail.startswith("HTTP 418: I am a teapot.")
    assert len(fault.detail) < 330


def test_a_redirect_says_where_to() -> None:
    assert "https://elsewhere.example/" in of_status(307, {"location": "https://elsewhere.example/"}, "", NOW).detail


@pytest.mark.parametrize(
    ("status", "error", "kind", "permanent"),
    [
        (400, {"code": "context_length_exceeded", "message": "too long"}, "too-long", True),
        (400, {"type": "exceed_context_size_error", "code": 400}, "too-long", True),
        (400, {"message": "This model's maximum context length is 4096 tokens. You requested 9000."}, "too-long", True),
        (400, {"message": "prompt is too long: 210000 tokens > 200000 maximum"}, "too-long", True),
        (400, {"message": "Assistant response prefill is incompatible with enable_thinking."}, "bad-request", True),
        (400, {"code": "content_filter"}, "content-filter", True),
        (400, {"code": "rate_limit_exceeded"}, "bad-request", True),
        (429, {"code": "insufficient_quota"}, "payment", True),
        (429, {"code": "rate_limit_exceeded"}, "rate-limit", False),
        (500, {"code": "insufficient_quota"}, "server", False),
    ],
)
def test_a_body_makes_a_status_more_exact(status: int, error: dict[str, object], kind: str, permanent: bool) -> None:
    fault = of_status(status, {"retry-after": "7"}, json.dumps({"error": error}), NOW)
    assert (fault.kind, fault.permanent, fault.status) == (kind, permanent, status)
    assert fault.wait == (None if permanent else 7.0)


def test_a_body_whose_error_is_a_text_is_read_too() -> None:
    assert of_status(400, {}, '{"error": "prompt is too long; exceeded max context length"}', NOW).kind == "too-long"


@pytest.mark.parametrize("kind", ["BadRequestError", "invalid_request_error"])
def test_a_stream_may_say_in_words_that_it_is_full(kind: str) -> None:
    full = in_stream({"type": kind, "message": "This endpoint's maximum context length is 8192 tokens"})
    assert (full.kind, full.permanent) == ("too-long", True)


@pytest.mark.parametrize("name", faults.TYPES)
def test_an_error_in_words_inside_a_stream(name: str) -> None:
    row = faults.TYPES[name]
    for error in ({"type": name, "message": "m"}, {"code": name, "message": "m"}):
        assert (in_stream(error).kind, in_stream(error).permanent) == (row.kind, row.permanent)
    assert in_stream({"type": name, "message": "m"}).detail == "m"


@pytest.mark.parametrize("code", ["²", "٣", "1" * 400, -5, True, 200, "200", None, 0.5, ["x"]])
def test_an_error_with_a_strange_code_is_survived(code: object) -> None:
    assert isinstance(in_stream({"code": code, "message": "m"}).permanent, bool)


def test_every_kind_has_its_words() -> None:
    kinds = {row.kind for table in (faults.EXCEPTIONS, faults.STATUSES, faults.TYPES) for row in table.values()}
    kinds |= {"certificate", "not-tls", "dns", "redirect", "server", "unknown-status", "in-stream", "page", "no-stream"}
    kinds |= {"suspended", "no-first-byte", "no-bytes", "no-text", "missed", "garbled", "content-filter", "truncated"}
    kinds |= {"no-answer", "not-http", "unreachable"}
    kinds |= {"attempts-used", "time-used", "tokens-used", "money-used"}
    assert kinds <= set(PHRASES)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"error": {"message": "No such model"}}', "No such model"),
        ('{"error": "No"}', "No"),
        ('{"detail": "Not authenticated"}', "Not authenticated"),
        ('{"message": "forbidden"}', "forbidden"),
        ("<html><head><title>502 Bad\n Gateway</title></head><body>x</body></html>", "502 Bad Gateway"),
        ("<!DOCTYPE html><body><script>evil()</script><h1>Blocked &amp; gone</h1></body>", "Blocked & gone"),
        ("upstream connect error", "upstream connect error"),
        ("[1, 2]", "[1, 2]"),
        ("", ""),
    ],
)
def test_what_a_person_wants_to_read_of_a_body(body: str, message: str) -> None:
    assert message_of(body) == message


def test_a_hostile_page_is_read_in_bounded_steps() -> None:
    for part in ("<script ", "<title>", "<title", "<", "<style>"):
        assert len(message_of("<html>" + part * 20_000)) <= faults.SHOWN


def test_a_200_that_is_no_stream() -> None:
    page = not_a_stream("text/html", "<html><title>Log in to the hotel</title>")
    assert (page.kind, page.permanent, page.detail) == ("page", True, "Log in to the hotel")
    text = not_a_stream("text/plain", "OK")
    assert (text.kind, text.permanent, text.detail) == ("no-stream", True, "text/plain: OK")


# Retry-After

AT = datetime.fromtimestamp(NOW + 90, UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "30, 30"}, 30.0),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": format_datetime(AT, usegmt=True)}, 90.0),
        ({"retry-after": format_datetime(AT)}, 90.0),
        ({"retry-after": AT.strftime("%a, %d %b %Y %H:%M:%S")}, 90.0),
        ({"retry-after": AT.strftime("%a, %d %b %Y %H:%M:%S -0000")}, 90.0),
        ({"retry-after": AT.strftime("%A, %d-%b-%y %H:%M:%S GMT")}, 90.0),
        ({"retry-after": AT.strftime("%a %b %d %H:%M:%S %Y")}, 90.0),
        ({"retry-after": AT.isoformat()}, 90.0),
        ({"retry-after": AT.strftime("%Y-%m-%dT%H:%M:%SZ")}, 90.0),
        ({"retry-after": format_datetime(datetime.fromtimestamp(NOW - 90, UTC), usegmt=True)}, 0.0),
        ({}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 400}, 315_360_000.0),
        ({"retry-after": "0.000000000001"}, 1e-12),
        ({"retry-after-ms": "-1", "retry-after": "9"}, 9.0),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, 315_360_000.0),
        ({"retry-after": "1e3"}, None),
        ({"retry-after": "²"}, None),
        ({"retry-after": "Mon, 99 Nov 2026 00:00:00 GMT"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


@given(
    st.text(max_size=40) | st.from_regex(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{1,5} \d\d:\d\d:\d\d [+-]?\w{1,6}")
)
def test_any_retry_after_is_survived(value: str) -> None:
    seconds = retry_after({"retry-after": value, "retry-after-ms": value}, NOW)
    assert seconds is None or seconds >= 0.0
