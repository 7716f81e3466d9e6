"""TCP connections that know when their bytes came, under httpcore.

The event loop reads when it has nothing else to do, and drawing a screen takes it 4 to 10 ms: a moment taken there is
late by as much. Linux notes for each segment when it came in (SO_TIMESTAMPING, Documentation/networking/timestamping)
and tells it with the bytes, to anybody; where the kernel tells nothing, the moment of the reading stands.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from itertools import chain, zip_longest

import httpcore
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream
from anyio.abc import ByteStream
from anyio.streams.tls import TLSAttribute, TLSStream

MOST = 65536
"""Bytes of one read: what httpcore asks for."""

NEXT_ADDRESS = 0.25
"""Seconds after which the next address of a name is tried beside the one that does not answer (RFC 8305)."""

_TIMESTAMPING, _RECEIVED, _IN_SOFTWARE = 37, 1 << 3, 1 << 4
"""Of Linux's asm-generic/socket.h and net_tstamp.h; Python has no names for them."""
_TIMESPEC = struct.Struct("@ll")
_SPACE = socket.CMSG_SPACE(3 * _TIMESPEC.size)

APART = 0.001
"""Seconds by which wall clock and monotonic clock move apart only where one is set, or the machine slept."""

Address = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
Place = tuple[socket.AddressFamily, Address]
Ancillary = list[tuple[int, int, bytes]]


class Wire(ByteStream):
    """One connection. Moments are on the monotonic clock.

    What the kernel holds of several segments it gives at once, with the moment of the last.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.arrived = time.monotonic()
        """When the bytes that were received last had come."""
        self.sent = self.arrived
        """When the last bytes were given to the kernel: before it took them, for the answer to them may come before
        this process has its turn again."""
        self._ahead = _ahead()
        self._loop = asyncio.get_running_loop()
        self._held: tuple[bytes, float] | OSError | None = None
        """Read and not yet taken. One read at most: what is not taken stays in the kernel, and slows the sender."""
        self._broken: OSError | None = None
        """What a write failed with: the kernel tells it once, and a read behind it would look like an orderly end."""
        self._reading = False
        self._readable: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        if sys.platform == "linux":
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, _TIMESTAMPING, _RECEIVED | _IN_SOFTWARE)

    async def receive(self, max_bytes: int = MOST) -> bytes:
        while self._held is None:
            if self.sock.fileno() < 0:
                raise ClosedResourceError
            if not self._reading:
                self._reading = True
                self._loop.add_reader(self.sock.fileno(), self._read)
            self._readable = self._loop.create_future()
            await self._readable
        held = self._held
        if isinstance(held, OSError):
            raise BrokenResourceError from held
        data, self.arrived = held
        if not data:
            if self._broken is not None:
                raise BrokenResourceError from self._broken
            raise EndOfStream
        self._held = (data[max_bytes:], self.arrived) if len(data) > max_bytes else None
        return data[:max_bytes]

    def _read(self) -> None:
        """The loop says that there is something; what has not been taken yet is enough for now."""
        if self._held is not None:
            self._reading = False
            self._loop.remove_reader(self.sock.fileno())
            return
        try:
            data, told, _, _ = self.sock.recvmsg(MOST, _SPACE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._held = error
        else:
            self._held = data, self._moment(told)
        _wake(self._readable)

    def _moment(self, told: Ancillary) -> float:
        """When it came: the kernel's wall clock on ours, or now."""
        now = time.monotonic()
        for level, kind, data in told:
            if (level, kind) != (socket.SOL_SOCKET, _TIMESTAMPING) or len(data) < _TIMESPEC.size:
                continue
            seconds: int
            nanos: int
            seconds, nanos = _TIMESPEC.unpack_from(data)
            if seconds and self._clocks_agree(now):
                return max(self.arrived, min(now, seconds + nanos / 1e9 - self._ahead))
        return now

    def _clocks_agree(self, now: float) -> bool:
        """Whether the wall clock is where it was; else it was set, or the machine slept, and it tells nothing."""
        if abs(time.time() - now - self._ahead) < APART:
            return True
        # Or this process was put aside between the two looks.
        before, self._ahead = self._ahead, _ahead()
        return abs(self._ahead - before) < APART

    async def send(self, item: bytes) -> None:
        """Gives way only where the kernel takes no more."""
        rest = memoryview(item)
        while rest:
            if self.sock.fileno() < 0:
                raise ClosedResourceError
            self.sent = time.monotonic()
            try:
                rest = rest[self.sock.send(rest) :]
            except (BlockingIOError, InterruptedError):
                await self._room()
            except OSError as error:
                self._broken = error
                raise BrokenResourceError from error

    async def _room(self) -> None:
        self._writable = self._loop.create_future()
        self._loop.add_writer(self.sock.fileno(), _wake, self._writable)
        try:
            await self._writable
        finally:
            if self.sock.fileno() >= 0:
                self._loop.remove_writer(self.sock.fileno())

    async def send_eof(self) -> None:
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    async def aclose(self) -> None:
        if self.sock.fileno() >= 0:
            self._loop.remove_reader(self.sock.fileno())
            self._loop.remove_writer(self.sock.fileno())
            self.sock.close()
        _wake(self._readable)
        _wake(self._writable)

    @property
    def has_something(self) -> bool:
        """Bytes or an end, that nobody asked for while the connection was idle."""
        if self._held is not None or self.sock.fileno() < 0:
            return True
        from select import POLLIN, poll

        looked = poll()
        looked.register(self.sock.fileno(), POLLIN)
        return bool(looked.poll(0))


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


def _ahead() -> float:
    """Seconds by which the wall clock is ahead of the monotonic one: of five looks the one that took least."""
    looks = []
    for _ in range(5):
        before, wall, after = time.monotonic(), time.time(), time.monotonic()
        looks.append((after - before, wall - (before + after) / 2))
    return min(looks)[1]


class Stream(httpcore.AsyncNetworkStream):
    """A `Wire`, or TLS over it, as httpcore wants it. Errors as its own backend raises them."""

    def __init__(self, stream: ByteStream, wire: Wire, dns: float | None) -> None:
        self._stream, self._wire, self._dns = stream, wire, dns

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            if timeout is None:
                return await self._stream.receive(max_bytes)
            async with asyncio.timeout(timeout):
                return await self._stream.receive(max_bytes)
        except EndOfStream:
            return b""
        except TimeoutError as error:
            raise httpcore.ReadTimeout(str(error)) from error
        except (BrokenResourceError, ClosedResourceError) as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return
        try:
            async with asyncio.timeout(timeout):
                await self._stream.send(buffer)
        except TimeoutError as error:
            raise httpcore.WriteTimeout(str(error)) from error
        except (BrokenResourceError, ClosedResourceError) as error:
            raise httpcore.WriteError(str(error)) from error

    @property
    def arrived(self) -> float:
        """When the bytes of the last read had come, on the monotonic clock."""
        return self._wire.arrived

    @property
    def sent(self) -> float:
        """When the last bytes went out, on the monotonic clock."""
        return self._wire.sent

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Stream:
        try:
            async with asyncio.timeout(timeout):
                over = await TLSStream.wrap(
                    self._stream,
                    ssl_context=ssl_context,
                    hostname=server_hostname,
                    standard_compatible=False,
                    server_side=False,
                )
        except BaseException as error:
            await self.aclose()
            if isinstance(error, TimeoutError):
                raise httpcore.ConnectTimeout(str(error)) from error
            if isinstance(error, BrokenResourceError | EndOfStream | ssl.SSLError):
                raise httpcore.ConnectError(str(error)) from error
            raise
        return Stream(over, self._wire, self._dns)

    def get_extra_info(self, info: str) -> object:
        if info == "dns":
            return self._dns
        if info == "socket":
            return self._wire.sock
        if info == "is_readable":
            return self._wire.has_something
        if info == "ssl_object" and isinstance(self._stream, TLSStream):
            return self._stream.extra_attributes[TLSAttribute.ssl_object]()
        return None


class Backend(httpcore.AsyncNetworkBackend):
    """Makes the connections, with `options` on each socket."""

    def __init__(self, options: Iterable[tuple[int, int, int]]) -> None:
        self._options = tuple(options)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002  httpcore's signature; nobody here binds one
        socket_options: object = None,  # noqa: ARG002  httpcore's signature; a SOCKS proxy would get none
    ) -> Stream:
        try:
            async with asyncio.timeout(timeout):
                addresses, dns = await _look_up(host, port)
                sock = await _connected(addresses)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        for option in ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), *self._options):
            with suppress(OSError):  # it may be reset already: the first read tells
                sock.setsockopt(*option)
        wire = Wire(sock)
        return Stream(wire, wire, dns)


async def _look_up(host: str, port: int) -> tuple[list[Place], float | None]:
    """Where `host` is, the families in turn, and the seconds that the look-up took; None where it is an address."""
    dns = None
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        began = time.monotonic()
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        dns = time.monotonic() - began
    addresses: list[Place] = [(family, address) for family, _, _, _, address in found]
    first = [one for one in addresses if one[0] == addresses[0][0]]
    others = [one for one in addresses if one[0] != addresses[0][0]]
    return [one for one in chain(*zip_longest(first, others)) if one is not None], dns


async def _connected(addresses: Iterable[Place]) -> socket.socket:
    """A connection to the first address that takes one: each is given a moment before the next is tried beside it."""
    left = list(addresses)
    trying: set[asyncio.Task[socket.socket]] = set()
    errors: list[OSError] = []
    try:
        while left or trying:
            if left:
                trying.add(asyncio.create_task(_connect(*left.pop(0)), name="unbroken-connect"))
            ended, _ = await asyncio.wait(
                trying, timeout=NEXT_ADDRESS if left else None, return_when=asyncio.FIRST_COMPLETED
            )
            for one in ended:
                trying.discard(one)
                error = one.exception()
                if error is None:
                    trying |= ended - {one}  # another may have come in the same moment
                    return one.result()
                if not isinstance(error, OSError):
                    raise error
                errors.append(error)
    finally:
        await _give_up(trying)
    if len(errors) == 1:
        raise errors[0]
    raise OSError("All connection attempts failed") from ExceptionGroup("each address", errors)


async def _connect(family: socket.AddressFamily, address: Address) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


async def _give_up(trying: set[asyncio.Task[socket.socket]]) -> None:
    """Nobody waits for these any more; a socket that has connected meanwhile is closed."""
    for one in trying:
        one.add_done_callback(_close)
        one.cancel()
    if trying:
        await asyncio.wait(trying)


def _close(one: asyncio.Task[socket.socket]) -> None:
    if not one.cancelled() and one.exception() is None:
        one.result().close()
