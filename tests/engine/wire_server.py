"""A real server on loopback that writes HTTP/1.1 byte for byte as told, breaks when told, and keeps a log of the truth.

    with WireServer([Answer(stream("Hello"), cut=300, end="rst"), Answer(stream("Hello"))]) as server:
        ... ask server.url + "/chat/completions", from this process or another ...
    assert [note.what for note in server.log if note.connection == 1] == ["open", "request", "head", "body", "rst"]

It runs on a thread and a loop of its own, so that a test may block, use its own loop, or drive a subprocess.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Framing = Literal["chunked", "close", "http10", "length"]
"""How the body's end is told: chunks, closing, closing under HTTP/1.0, Content-Length."""

Ending = Literal["clean", "fin", "rst", "stall", "ragged"]
"""clean: as the framing has it. fin: the connection is closed where it stands, under TLS with a close_notify; ragged:
without one. stall: nothing more, until the other side goes or the server stops."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request gets."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "text/event-stream"})
    framing: Framing = "chunked"
    cut: int | None = None
    """Bytes of `body` that are sent before the end strikes; None: all."""
    end: Ending = "clean"
    piece: int = 0
    """Bytes of each write (and chunk); 0: all at once."""
    pause: float = 0.0
    """Seconds between two writes."""
    raw: bytes | None = None
    """Sent instead of a response: a garbage status line, half a header."""
    silent: bool = False
    """Closed (or reset) without a word."""
    before: float = 0.0
    """Seconds between the request and the headers."""
    lead: int = 0
    """Bytes of `body` that are sent first, at once: what `piece` says holds for the rest."""
    thinking: float = 0.0
    """Seconds between the lead and the rest."""


ERROR_FRAME = b'data: {"error": {"message": "the upstream is gone", "type": "server_error", "code": 502}}\n\n'
KEEP_ALIVE = b": keep-alive\n\n"
GARBAGE = b"\x00\xff\xfe{]~\r\n\r\n\x80"
HTML = {"Content-Type": "text/html"}
PAGE = Answer(b"<!doctype html><title>Log in to the hotel</title>", headers=HTML, framing="length")

TEXT = re.compile(rb'"content": "[^"]')
"""In a frame, as model_servers.py writes them."""

NO_STREAMS = Answer(b'{"error": "not found"}', 404, {"Content-Type": "application/json"}, "length")


def rate_limited(headers: Mapping[str, str]) -> Answer:
    body = b'{"error": {"message": "Slow down.", "type": "rate_limit_error"}}'
    return Answer(body, 429, {"Content-Type": "application/json", **headers}, "length")


@dataclass(frozen=True, slots=True)
class Seen:
    """One request, as it came."""

    connection: int
    method: str
    path: str
    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes

    def json(self) -> dict[str, object]:
        value: object = json.loads(self.body)
        assert isinstance(value, dict)
        return value


@dataclass(frozen=True, slots=True)
class Note:
    """One thing the server did or saw. `at`: time.monotonic()."""

    at: float
    connection: int
    what: Literal[
        "open",
        "request",
        "head",
        "body",
        "clean",
        "fin",
        "rst",
        "stall",
        "ragged",
        "gone",
        "tls-failed",
        "refusing",
        "listening",
    ]
    detail: str = ""
    """request: method and path; head: the status; body: bytes of the body sent."""


async def _turns() -> None:
    for _ in range(8):
        await asyncio.sleep(0)  # noqa: TID251


class WireServer:
    """Answers with the list, in order (its last for ever), or with what `answers(seen)` says."""

    def __init__(
        self,
        answers: Callable[[Seen], Answer] | Iterable[Answer],
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        lookup: Answer | None = None,
    ) -> None:
        """`lookup`: what it says to those that ask whether it keeps streams; None: it does not, as most."""
        self.log: list[Note] = []
        self.seen: list[Seen] = []
        """Requests, without those that ask whether streams are kept."""
        self.first_text: dict[int, float] = {}
        self.last_text: dict[int, float] = {}
        """By connection: when text that is not empty was sent, time.monotonic()."""
        self.lookups = 0
        self.port = 0
        self._host = host
        self._lookup = lookup or NO_STREAMS
        self._tls = tls
        self._connections = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._wanted = asyncio.Event()
        self._refuses = False
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="wire-server", daemon=True)
        self._list: list[Answer] = []
        if callable(answers):
            self._answer = answers
        else:
            self._list = list(answers)
            self._answer = lambda _: self._list.pop(0) if len(self._list) > 1 else self._list[0]

    @property
    def url(self) -> str:
        """A base_url."""
        return f"http{'s' if self._tls else ''}://{self._host}:{self.port}/v1"

    def __enter__(self) -> WireServer:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end_all)
        self._thread.join(10)
        assert not self._thread.is_alive()

    def refuse(self, refuses: bool) -> None:
        """From when this returns on, connections are refused, or accepted again; from any thread but the server's."""
        self._done.clear()
        self._refuses = refuses
        self._loop.call_soon_threadsafe(self._wanted.set)
        assert self._done.wait(10)

    def _end_all(self) -> None:
        self._stop.set()
        self._wanted.set()

    def did(self, connection: int) -> list[str]:
        """The words of one connection's notes, in order."""
        return [note.what for note in self.log if note.connection == connection]

    def written(self) -> str:
        """The log as JSON lines, for another process to read."""
        return "".join(
            json.dumps({"at": note.at, "connection": note.connection, "what": note.what, "detail": note.detail}) + "\n"
            for note in self.log
        )

    def _note(self, connection: int, what: str, detail: str = "") -> None:
        self.log.append(Note(time.monotonic(), connection, what, detail))  # type: ignore[arg-type]  # a word of the list

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._main())

    async def _main(self) -> None:
        tasks: set[asyncio.Task[None]] = set()
        writers: list[asyncio.StreamWriter] = []

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)  # a task that is cancelled before its first step closes nothing
            task = asyncio.create_task(self._serve(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(connected, self._host, 0, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        while not self._stop.is_set():
            self._wanted.clear()
            if self._refuses and server.is_serving():
                # Only the listening ends: what was accepted goes on.
                server.close()
                self._note(0, "refusing")
            elif not self._refuses and not server.is_serving():
                server = await asyncio.start_server(connected, self._host, self.port, ssl=self._tls)
                self._note(0, "listening")
            self._done.set()
            await self._wanted.wait()
        # A connection that is just being accepted becomes one of ours first: asyncio 3.11 would leave it open.
        await _turns()
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()
        await _turns()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        number = self._connections
        self._note(number, "open")
        try:
            seen = await self._read(number, reader, writer)
            if seen is not None and seen.path.endswith("/streams/lookup"):
                self.lookups += 1
                self._note(number, "request", f"{seen.method} {seen.path}")
                await self._write(number, self._lookup, reader, writer)
            elif seen is not None:
                self.seen.append(seen)
                self._note(number, "request", f"{seen.method} {seen.path}")
                await self._write(number, self._answer(seen), reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            self._note(number, "gone")
        finally:
            writer.close()
            try:
                with contextlib.suppress(ConnectionError, ssl.SSLError):
                    await writer.wait_closed()
            finally:
                writer.transport.abort()

    async def _read(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Seen | None:
        try:
            first_byte = await reader.readexactly(1)
            if first_byte == b"\x16":
                # Somebody speaks TLS to a server without it; every real one answers that at once, in clear.
                writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
                self._note(number, "tls-failed")
                return None
            head = (first_byte + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError as error:
            self._note(number, "gone", f"{len(error.partial)} bytes of a head")
            return None
        first, *lines = head.strip().split("\r\n")
        method, path, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Seen(number, method, path, headers, body)

    async def _write(
        self, number: int, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if answer.before:
            await asyncio.sleep(answer.before)  # noqa: TID251  a server's own time
        if answer.raw is not None:
            writer.write(answer.raw)
            await writer.drain()
        elif not answer.silent:
            self._note(number, "head", str(answer.status))
            writer.write(self._head(answer))
            await self._body(number, answer, writer)
        await self._end(number, answer, reader, writer)

    def _head(self, answer: Answer) -> bytes:
        version = "1.0" if answer.framing == "http10" else "1.1"
        headers = dict(answer.headers)
        if answer.framing == "chunked":
            headers["Transfer-Encoding"] = "chunked"
        elif answer.framing == "length":
            headers.setdefault("Content-Length", str(len(answer.body)))
        else:
            headers["Connection"] = "close"
        lines = [f"HTTP/{version} {answer.status} Whatever", *(f"{name}: {value}" for name, value in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    async def _body(self, number: int, answer: Answer, writer: asyncio.StreamWriter) -> None:
        body = answer.body if answer.cut is None else answer.body[: answer.cut]
        size = answer.piece or max(1, len(body))
        starts = [*([0] if answer.lead else []), *range(answer.lead, len(body), size)]
        for start, end in itertools.pairwise([*starts, len(body)]):
            piece = body[start:end]
            if TEXT.search(piece):
                self.last_text[number] = time.monotonic()
                self.first_text.setdefault(number, self.last_text[number])
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if answer.framing == "chunked" else piece)
            await writer.drain()
            pause = answer.thinking if answer.lead and not start else answer.pause
            if pause:
                await asyncio.sleep(pause)  # noqa: TID251  a server's own time
        self._note(number, "body", str(len(body)))

    async def _end(
        self, number: int, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._note(number, answer.end)
        if answer.end == "clean" and answer.framing == "chunked" and answer.raw is None and not answer.silent:
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        elif answer.end == "rst":
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        elif answer.end == "ragged":
            # Below the TLS layer, which would say goodbye.
            writer.get_extra_info("socket").shutdown(socket.SHUT_WR)
        elif answer.end == "stall":
            await reader.read()
            self._note(number, "gone")
