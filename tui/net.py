"""Every HTTP request of the program, and the only importer of httpx.

A client of its own for each attempt: a dead pooled connection costs a retry, and httpx leaks pool slots on a double
cancel (encode/httpx#3782). HTTP/1.1 only: a GOAWAY kills a stream that it still covers. Redirects are not followed, for
a key goes with the request.
"""

from __future__ import annotations

import asyncio
import functools
import os
import ssl
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import IPPROTO_TCP, SO_KEEPALIVE, SOL_SOCKET
from urllib.parse import urlsplit

import httpcore
import httpx

from tui import __version__
from tui.plain import SHORTEST_PART
from tui.sockets import Backend, Stream
from tui.timing import UNTIMED, Timing
from tui.trace import Stopwatch
from tui.wire import Chunk, HttpCall, HttpReply, WireError
from tui.wire_log import WireLog
from tui.words import Key

USER_AGENT = f"unbroken/{__version__}"

KEEPALIVE_SECONDS = 60
"""Idle time and interval of TCP keep-alive probes; five of them unanswered end a dead connection."""

GET_LIMIT = 4 * 1024 * 1024
"""Bytes of a GET's body that are read; a model list has some hundred kB at most."""

_TROUBLE = (
    *(httpx.HTTPError, httpx.InvalidURL, httpx.StreamError),
    *(httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, httpcore.ProxyError),
    *(httpcore.UnsupportedProtocol, httpcore.ConnectionNotAvailable),
    *(OSError, RuntimeError, ValueError, OverflowError, ImportError, ExceptionGroup),
)
"""What httpx, httpcore and the socket raise for a wire (or an address) that does not work. The first two
have the same names for the same things, and the engine goes by the names."""


def _socket_options() -> list[tuple[int, int, int]]:
    import socket

    options = [(SOL_SOCKET, SO_KEEPALIVE, 1)]
    for name, value in (("TCP_KEEPIDLE", KEEPALIVE_SECONDS), ("TCP_KEEPINTVL", KEEPALIVE_SECONDS), ("TCP_KEEPCNT", 5)):
        number = getattr(socket, name, None)
        if isinstance(number, int):
            options.append((IPPROTO_TCP, number, value))
    return options


class BadAddress(ValueError):
    """A URL that nothing can be asked for."""


class BadProxy(ValueError):
    """The environment names a proxy whose address cannot be used."""


class BadCertificates(ValueError):
    """SSL_CERT_FILE or SSL_CERT_DIR cannot be read."""


@functools.cache
def _tls() -> ssl.SSLContext:
    """One for all requests: loading the certificates costs 20 ms. SSL_CERT_FILE and SSL_CERT_DIR are honoured."""
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        place = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR") or ""
        raise BadCertificates(f"{place}: {error.strerror or error}") from error


@functools.cache
def _no_tls() -> ssl.SSLContext:
    """For a request without TLS: loads nothing."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def proxy_for(url: str) -> str | None:
    """The environment's proxy for `url` (HTTPS_PROXY, ALL_PROXY, NO_PROXY …), None for a direct connection."""
    parts = urlsplit(url)
    proxies = urllib.request.getproxies()
    address = proxies.get(parts.scheme) or proxies.get("all")
    if not address or urllib.request.proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    return address if "://" in address else f"http://{address}"


def proxy_variable(url: str) -> str:
    """The name of the environment's variable that `proxy_for` reads for `url`."""
    scheme = urlsplit(url).scheme
    names = [name for kind in (scheme, "all") for name in (f"{kind}_proxy", f"{kind}_proxy".upper())]
    return next((name for name in names if os.environ.get(name)), f"{scheme}_proxy".upper())


def _client(url: str, *, local: bool) -> httpx.AsyncClient:
    try:
        _ = urlsplit(url).port  # asyncio finds a port out of range too late, and leaves sockets open
    except ValueError as error:
        raise BadAddress(str(error)) from error
    address = None if local else proxy_for(url)
    try:
        # socks5h is curl's word for "the proxy resolves the name", which is what the transport does anyway.
        proxy = httpx.Proxy(address.replace("socks5h://", "socks5://", 1)) if address else None
    except (ValueError, httpx.InvalidURL) as error:
        raise BadProxy(str(error)) from error
    context = _tls() if url.startswith("https:") or (address or "").startswith("https:") else _no_tls()
    return httpx.AsyncClient(transport=_Transport(context, proxy), follow_redirects=False, trust_env=False)


class _Transport(httpx.AsyncBaseTransport):
    """As httpx's own over httpcore, with connections of ours (httpx gives no way to bring them)."""

    def __init__(self, context: ssl.SSLContext, proxy: httpx.Proxy | None) -> None:
        network = Backend(_socket_options())
        self._pool: httpcore.AsyncConnectionPool
        if proxy is None:
            self._pool = httpcore.AsyncConnectionPool(ssl_context=context, network_backend=network)
            return
        address, auth = str(proxy.url), proxy.raw_auth
        if proxy.url.scheme == "socks5":
            self._pool = httpcore.AsyncSOCKSProxy(
                address, proxy_auth=auth, ssl_context=context, network_backend=network
            )
        else:
            self._pool = httpcore.AsyncHTTPProxy(address, proxy_auth=auth, ssl_context=context, network_backend=network)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url, body = request.url, request.stream
        assert isinstance(body, httpx.AsyncByteStream)
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        asked = httpcore.Request(
            request.method, target, headers=request.headers.raw, content=body, extensions=request.extensions
        )
        told = await self._pool.handle_async_request(asked)
        return httpx.Response(told.status, headers=told.headers, stream=_Body(told), extensions=told.extensions)

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    """A response's body, closed with it."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._response.aiter_stream():
            yield part

    async def aclose(self) -> None:
        await self._response.aclose()


class _Reply:
    """A response whose body is on its way."""

    def __init__(self, response: httpx.Response, timing: Timing, log: WireLog | None) -> None:
        self._response = response
        self._stream = _stream_of(response)
        self._log = log
        self._told = b""  # the end of what stands in the log already
        self.timing = timing
        self.status = response.status_code
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}

    async def chunks(self) -> AsyncIterator[Chunk]:
        stream = self._stream
        try:
            async for chunk in self._response.aiter_bytes():
                if self._log is not None:
                    self._log.chunk(self._told, chunk)
                    self._told = (self._told + chunk)[-SHORTEST_PART:]
                yield Chunk(chunk, stream.arrived)
        except _TROUBLE as error:
            raise WireError from error
        if self._log is not None:
            self._log.note("=", "end of the body")


def _stream_of(response: httpx.Response) -> Stream:
    """What it came over."""
    stream: object = response.extensions["network_stream"]
    assert isinstance(stream, Stream)
    return stream


async def _taken(body: list[bytes]) -> AsyncIterator[bytes]:
    """Sent and forgotten: httpx would keep the bytes as long as the response."""
    yield body.pop()


@asynccontextmanager
async def exchange(call: HttpCall, sent: Callable[[], None]) -> AsyncIterator[HttpReply]:
    """Send `call`; the response is open inside the block. WireError, with its cause, where the wire breaks."""
    async with Line(call.url, local=call.local) as line, line.send(call, sent) as reply:
        yield reply


class Line:
    """One client. For measurements it is kept between requests, so that the second finds the connection standing."""

    def __init__(self, url: str, *, local: bool = False) -> None:
        self._url, self._local = url, local
        self._opened: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Line:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.hang_up()

    async def hang_up(self) -> None:
        """Close what stands; the next request makes a fresh connection."""
        client, self._opened = self._opened, None
        if client is not None:
            # What is closed for good need not be closed well.
            with suppress(*_TROUBLE):
                await client.aclose()

    def _client(self) -> httpx.AsyncClient:
        if self._opened is None:
            self._opened = _client(self._url, local=self._local)
        return self._opened

    @asynccontextmanager
    async def send(self, call: HttpCall, sent: Callable[[], None]) -> AsyncIterator[HttpReply]:
        """As `exchange` above, over this line."""
        limits = call.timeouts
        timeout = httpx.Timeout(None, connect=limits.connect, write=limits.write, pool=limits.connect)
        headers = {**call.headers, "user-agent": USER_AGENT}
        async with self._exchange(call.method, call.url, headers, call.take_body(), timeout, Stopwatch(sent)) as reply:
            yield reply

    async def get(self, url: str, key: Key | None, deadline: float) -> Got:
        """As `get` below, over this line."""
        headers = {"accept": "application/json", "accept-encoding": "identity", "user-agent": USER_AGENT}
        if key is not None:
            headers["authorization"] = f"Bearer {key.reveal()}"
        body, whole, watch = bytearray(), True, Stopwatch()
        try:
            async with (
                asyncio.timeout(deadline),
                self._exchange("GET", url, headers, [], httpx.Timeout(deadline), watch) as reply,
            ):
                async for chunk in reply.chunks():
                    body += chunk.data
                    if len(body) > GET_LIMIT:
                        whole = False
                        break
        except TimeoutError as error:
            raise _broken(watch) from error
        return Got(reply.status, reply.headers, bytes(body), reply.timing.ttfb or 0.0, reply.timing, whole)

    @asynccontextmanager
    async def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: list[bytes],
        timeout: httpx.Timeout,
        watch: Stopwatch,
    ) -> AsyncIterator[_Reply]:
        log = _log

        async def trace(name: str, info: Mapping[str, object]) -> None:
            if log is not None and name.startswith("connection."):
                log.note("-", name)
            await watch.trace(name, info)

        if log is not None:
            log.request(method, url, headers, b"".join(body))
        try:
            client = self._client()
            content = _taken(body) if body else None
            if body:
                headers = {**headers, "content-length": str(len(body[0]))}
            request = client.build_request(
                method, url, headers=headers, content=content, timeout=timeout, extensions={"trace": trace}
            )
            response = await client.send(request, stream=True)
            stream = _stream_of(response)
            watch.answered(stream.sent, stream.arrived)
            try:
                if log is not None:
                    ttfb = (watch.timing.ttfb or 0.0) * 1000
                    log.note("<", f"{response.status_code} {dict(response.headers)!r}, TTFB {ttfb:.1f} ms")
                yield _Reply(response, watch.timing, log)
            finally:
                await response.aclose()
        except WireError as error:
            if log is not None:
                log.note("!", repr(error.__cause__))
            raise
        except _TROUBLE as error:
            if log is not None:
                log.note("!", repr(error))
            raise _broken(watch) from error
        except asyncio.CancelledError:
            if log is not None:
                log.note("!", "closed from here")
            raise


def _broken(watch: Stopwatch) -> WireError:
    error = WireError()
    error.timing = watch.timing
    return error


@dataclass(frozen=True, slots=True)
class Got:
    """A GET's answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    ttfb: float
    """Seconds from the request sent to the response's headers."""
    timing: Timing = UNTIMED
    whole: bool = True
    """False: the body was longer than anybody needs, and its end was not read."""


async def get(url: str, key: Key | None, deadline: float, *, local: bool = False) -> Got:
    """GET `url` with the key, within `deadline` seconds. WireError where it does not work or takes too long."""
    async with Line(url, local=local) as line:
        return await line.get(url, key, deadline)


_log: WireLog | None = None


def log_to(path: Path) -> None:
    """Write what happens on the wire to `path` from here on, readable for its owner alone. OSError where it cannot."""
    global _log  # noqa: PLW0603  one process has one wire log, opened once at its start
    path.touch(mode=0o600)
    _log = WireLog(path.open("a", encoding="utf-8"))
