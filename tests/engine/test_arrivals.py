"""When bytes came, over real sockets: by the kernel's word, whatever the event loop was doing; and how a connection is
made, given up and closed."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpcore
import pytest

from tui import net, sockets
from tui.engine import stream_reply
from tui.sockets import Backend, Wire
from tui.wire import Chunk, HttpCall
from tui.words import Content, Message, Provider, Request, State, Timeouts

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
TEXT = b'data: {"choices":[{"delta":{"content":"Spring"}}]}\n\n'
END = b'data: {"choices":[{"delta":{"content":" opens"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

kernel_tells = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when bytes came")


class Server:
    """Serves one request at a time in a thread of its own, step by step, each when it is told to."""

    def __init__(self, *steps: bytes, tls: ssl.SSLContext | None = None) -> None:
        self._steps, self._tls = steps, tls
        self._go = [threading.Event() for _ in steps]
        self._done = [threading.Event() for _ in steps]
        self.sent_at: list[float] = []
        """time.monotonic() once the kernel had taken each."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._tls.wrap_socket(connection, server_side=True) if self._tls else connection as there:
            asked = b""
            while not asked.endswith(b"}"):
                asked += there.recv(65536)
            for step, go, done in zip(self._steps, self._go, self._done, strict=True):
                go.wait(10)
                there.sendall(step)
                self.sent_at.append(time.monotonic())
                done.set()

    def send(self, number: int, *, busy: float = 0.0) -> float:
        """Sends that step, while this thread (so the event loop) does nothing else; when this was over."""
        self._go[number].set()
        assert self._done[number].wait(10)
        end = time.monotonic() + busy
        while time.monotonic() < end:
            pass
        return time.monotonic()

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for go in self._go:
            go.set()
        self._thread.join(10)
        self._listener.close()


@pytest.fixture
def noting() -> Iterator[None]:
    """The kernel notes moments while some socket wants them, and begins a little after the first has asked."""
    with pair() as (ours, theirs):
        ours.setsockopt(socket.SOL_SOCKET, sockets._TIMESTAMPING, sockets._RECEIVED | sockets._IN_SOFTWARE)
        ours.setblocking(True)
        told: list[tuple[int, int, bytes]] = []
        while not told:
            theirs.sendall(b"x")
            _, told, _, _ = ours.recvmsg(1, sockets._SPACE)
        yield


def call(server: Server, scheme: str = "http") -> HttpCall:
    return HttpCall(f"{scheme}://127.0.0.1:{server.port}/v1/chat/completions", {}, b"{}", Timeouts(), local=True)


@kernel_tells
@pytest.mark.usefixtures("noting")
def test_bytes_that_come_while_the_loop_is_busy_came_when_they_came() -> None:
    async def main() -> None:
        with Server(HEAD, TEXT, END) as server:
            over: list[float] = []

            def sent() -> None:
                over.append(server.send(0, busy=0.03))

            async with net.exchange(call(server), sent) as reply:
                timing = reply.timing
                assert timing.sent is not None
                assert timing.ttfb is not None
                assert timing.sent + timing.ttfb < over[0] - 0.02, "while this program was busy, not after it"
                chunks = reply.chunks()
                for number, data in ((1, TEXT), (2, END)):
                    coming = asyncio.ensure_future(anext(chunks))
                    await asyncio.sleep(0)  # noqa: TID251  it reads now
                    after = server.send(number, busy=0.03)
                    chunk = await coming
                    assert chunk.data == data
                    assert chunk.at < after - 0.02
                    assert chunk.at > server.sent_at[number - 1]

    asyncio.run(main())


@kernel_tells
@pytest.mark.usefixtures("noting")
def test_a_reply_is_timed_by_the_moments_of_its_bytes() -> None:
    async def main() -> None:
        with Server(HEAD, TEXT, END) as server:
            request = Request("m", (Message("user", "Hi"),))
            provider = Provider("p", f"http://127.0.0.1:{server.port}/v1", local=True)
            busy_until = 0.0
            async for event in stream_reply(request, provider):
                if isinstance(event, State) and event.state == "waiting" and not busy_until:
                    server.send(0)
                    busy_until = server.send(1, busy=0.03)
                elif isinstance(event, State) and event.state == "streaming":
                    timing = event.timing
                    assert timing.sent is not None
                    assert timing.ttfb is not None
                    assert timing.ttft is not None
                    assert timing.sent + timing.ttfb < busy_until - 0.02
                    assert timing.sent + timing.ttft < busy_until - 0.02
                    assert timing.ttfb <= timing.ttft
                elif isinstance(event, Content) and event.content == "Spring":
                    assert event.t < busy_until - 0.02
                    server.send(2)
            assert busy_until

    # A server that keeps no streams is not asked whether it does: it would be a second request here.
    with pytest.MonkeyPatch.context() as patch:
        from tui.engine.reply import Reply

        patch.setattr(Reply, "asks_for_replay", False)
        asyncio.run(main())


@kernel_tells
@pytest.mark.usefixtures("noting")
def test_the_tickets_of_a_handshake_are_not_the_first_byte(certificate: tuple[Path, Path]) -> None:
    """TLS 1.3 sends them behind the handshake, before it is asked anything."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    async def main() -> None:
        with Server(HEAD, TEXT, tls=context) as server:
            called = call(server, "https")
            called.local = False
            asked, opened = asyncio.Event(), asyncio.Event()

            async def ask() -> tuple[float, float, list[Chunk]]:
                async with net.exchange(called, asked.set) as reply:
                    opened.set()
                    timing = reply.timing
                    assert timing.sent is not None
                    assert timing.ttfb is not None
                    return timing.sent, timing.ttfb, [chunk async for chunk in reply.chunks()]

            task = asyncio.create_task(ask())
            await asked.wait()
            for _ in range(20):
                await asyncio.sleep(0.002)  # noqa: TID251  the tickets are read, and nothing else comes
            before = time.monotonic()
            over = server.send(0, busy=0.03)
            await opened.wait()
            server.send(1)
            sent, ttfb, chunks = await task
            assert before < sent + ttfb < over - 0.02
            assert [chunk.data for chunk in chunks] == [TEXT]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(certificate[0]))
        net._tls.cache_clear()
        asyncio.run(main())
        net._tls.cache_clear()


def test_where_the_kernel_tells_nothing_the_moment_of_the_reading_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "_TIMESTAMPING", -1)

    async def main() -> None:
        with Server(HEAD + TEXT) as server:
            over: list[float] = []
            async with net.exchange(call(server), lambda: over.append(server.send(0, busy=0.03))) as reply:
                assert reply.timing.sent is not None
                assert reply.timing.ttfb is not None
                assert reply.timing.sent + reply.timing.ttfb >= over[0]
                assert [chunk.data async for chunk in reply.chunks()] == [TEXT]

    asyncio.run(main())


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_a_wall_clock_that_is_set_meanwhile_tells_nothing(monkeypatch: pytest.MonkeyPatch, step: float) -> None:
    """The kernel's moments are on it: after a step, only the monotonic clock is believed, until both agree again."""
    real = time.time

    async def main() -> None:
        with pair() as (ours, theirs):
            wire = Wire(ours)
            monkeypatch.setattr(time, "time", lambda: real() + step)
            before = time.monotonic()
            theirs.sendall(b"x")
            assert await wire.receive() == b"x"
            assert before <= wire.arrived <= time.monotonic()
            await wire.aclose()

    asyncio.run(main())


# Reading and writing


@contextmanager
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of one TCP connection; the first does not block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def test_what_is_longer_than_was_asked_for_is_given_in_parts() -> None:
    async def main() -> None:
        with pair() as (ours, theirs):
            wire = Wire(ours)
            theirs.sendall(b"0123456789")
            assert [await wire.receive(4), await wire.receive(4), await wire.receive(4)] == [b"0123", b"4567", b"89"]
            await wire.aclose()

    asyncio.run(main())


def test_bytes_that_nobody_takes_stay_in_the_kernel() -> None:
    """Else a fast server would fill the memory of a program that is slow."""

    async def main() -> None:
        with pair() as (ours, theirs):
            wire = Wire(ours)
            theirs.sendall(b"first")
            assert await wire.receive() == b"first"
            theirs.sendall(b"x" * 200_000)
            for _ in range(20):
                await asyncio.sleep(0)  # noqa: TID251  the loop looks, and looks again
            assert isinstance(wire._held, tuple)
            assert len(wire._held[0]) <= sockets.MOST
            assert ours.recv(1, socket.MSG_PEEK) == b"x", "the rest is where it was"
            got = 0
            while got < 200_000:
                got += len(await wire.receive())
            await wire.aclose()

    asyncio.run(main())


def test_more_than_the_kernel_takes_at_once_is_sent_whole() -> None:
    body = bytes(range(256)) * 40_000

    async def main() -> bytes:
        with pair() as (ours, theirs):
            wire = Wire(ours)

            def drain() -> bytes:
                parts = []
                while part := theirs.recv(65536):
                    parts.append(part)
                return b"".join(parts)

            reading = asyncio.create_task(asyncio.to_thread(drain))
            await wire.send(body)
            await wire.send_eof()
            await wire.aclose()
            return await reading

    assert asyncio.run(main()) == body


def test_closing_ends_a_read_and_a_write_that_wait() -> None:
    from anyio import ClosedResourceError

    async def main() -> None:
        with pair() as (ours, _):
            wire = Wire(ours)
            reading = asyncio.create_task(wire.receive())
            writing = asyncio.create_task(wire.send(b"x" * 20_000_000))
            await asyncio.sleep(0)  # noqa: TID251  both wait
            await wire.aclose()
            for task in (reading, writing):
                with pytest.raises(ClosedResourceError):
                    await task

    asyncio.run(main())


# Connecting


def connected(places: list[sockets.Place]) -> Coroutine[None, None, socket.socket]:
    return sockets._connected(places)


def test_an_address_that_refuses_gives_way_to_the_next() -> None:
    async def main(listener: socket.socket, refused: socket.socket) -> None:
        places = [(socket.AF_INET, refused.getsockname()), (socket.AF_INET, listener.getsockname())]
        with await connected(places) as made:
            assert made.getpeername() == listener.getsockname()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as refused:
        refused.bind(("127.0.0.1", 0))  # and nobody listens
        asyncio.run(main(listener, refused))


def test_an_address_that_never_answers_does_not_keep_the_next_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "NEXT_ADDRESS", 0.02)
    closed: list[bool] = []

    async def main(listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        real = loop.sock_connect

        async def connect(sock: socket.socket, address: tuple[str, int]) -> None:
            if address[0] == "192.0.2.1":  # a test's own network (RFC 5737): no packet goes there
                try:
                    await loop.create_future()
                finally:
                    closed.append(True)
            await real(sock, address)

        monkeypatch.setattr(loop, "sock_connect", connect)
        with await connected([(socket.AF_INET, ("192.0.2.1", 9)), (socket.AF_INET, listener.getsockname())]) as made:
            assert made.getpeername() == listener.getsockname()
        assert closed == [True]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with socket.create_server(("127.0.0.1", 0)) as listener:
        asyncio.run(main(listener))


def test_nobody_answers_says_what_each_said() -> None:
    async def main(refused: list[socket.socket]) -> None:
        places = [(socket.AF_INET, one.getsockname()) for one in refused]
        with pytest.raises(OSError, match="All connection attempts failed") as caught:
            await connected(places)
        assert isinstance(caught.value.__cause__, ExceptionGroup)
        assert all(isinstance(one, ConnectionRefusedError) for one in caught.value.__cause__.exceptions)
        with pytest.raises(ConnectionRefusedError):
            await connected(places[:1])

    with socket.socket() as one, socket.socket() as other:
        for sock in (one, other):
            sock.bind(("127.0.0.1", 0))
        asyncio.run(main([one, other]))


def test_giving_up_while_it_connects_leaves_nothing() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        begun: list[socket.socket] = []

        async def connect(sock: socket.socket, address: object) -> None:
            begun.append(sock)
            await loop.create_future()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop, "sock_connect", connect)
            with pytest.raises(httpcore.ConnectTimeout):
                await Backend(()).connect_tcp("127.0.0.1", 9, timeout=0.02)
        assert [sock.fileno() for sock in begun] == [-1]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_the_families_of_a_name_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 8305: a network whose IPv6 is broken costs one wait, not one for each address."""

    def found(*names: str) -> Callable[..., Coroutine[None, None, list[object]]]:
        async def getaddrinfo(*_: object, **__: object) -> list[object]:
            return [
                (socket.AF_INET6 if ":" in name else socket.AF_INET, socket.SOCK_STREAM, 6, "", (name, 80))
                for name in names
            ]

        return getaddrinfo

    async def main() -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found("::1", "::2", "::3", "10.0.0.1"))
        places, took = await sockets._look_up("localhost", 80)
        assert [address[0] for _, address in places] == ["::1", "10.0.0.1", "::2", "::3"]
        assert took is not None
        places, took = await sockets._look_up("127.0.0.1", 80)
        assert ([address for _, address in places], took) == ([("127.0.0.1", 80)], None)

    asyncio.run(main())
