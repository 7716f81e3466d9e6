"""A gateway on loopback that keeps connections, takes its time where told, and logs the truth.

with Gateway(head=0.05, text=0.03) as gateway:
    ... ask gateway.url + "/chat/completions" ...
served = gateway.log[0]; served.head_at - served.request_at is the TTFB as the server knows it
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Served:
    """One request. Times: time.monotonic()."""

    connection: int
    place: int
    """On its connection, from 1: 1 came over a fresh one."""
    path: str
    asked: dict[str, object]
    request_at: float = 0.0
    head_at: float = 0.0
    texts_at: list[float] | None = None


class Gateway:
    """GET /models, and POST /chat/completions as a stream or whole."""

    def __init__(
        self,
        *,
        head: float = 0.0,
        text: float = 0.0,
        gap: float = 0.0,
        tokens: int = 10,
        status: int = 200,
        keep: bool = True,
        keep_streams: bool = True,
        late: bool = False,
        usage: bool = True,
        tls: ssl.SSLContext | None = None,
        status_of: Callable[[int], int] | None = None,
        headers: str = "",
    ) -> None:
        """Seconds before the headers, then before the first text, then between texts; `keep`: connections stay open.

        `keep_streams`: also behind a stream. `late`: closed behind a stream only when the next request has come.

        `status_of` says the status of request number n (from 1).
        """
        self.log: list[Served] = []
        self.port = 0
        self.head, self.text, self.gap, self.tokens = head, text, gap, tokens
        self._status_of = status_of or (lambda _: status)
        self._keep_streams, self._late = keep_streams, late
        self._keep, self._usage, self._tls, self._headers = keep, usage, tls, headers
        self._connections = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="gateway", daemon=True)

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Gateway:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._main())

    async def _main(self) -> None:
        tasks: set[asyncio.Task[None]] = set()
        writers: list[asyncio.StreamWriter] = []

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            task = asyncio.create_task(self._serve(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
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
        number, place = self._connections, 0
        streamed = False
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                while True:
                    place += 1
                    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                    fields = dict(line.lower().split(": ", 1) for line in head.strip().split("\r\n")[1:])
                    body = await reader.readexactly(int(fields.get("content-length", "0")))
                    asked = json.loads(body) if body else {}
                    if streamed and self._late:
                        return
                    streamed = bool(asked.get("stream"))
                    served = Served(number, place, head.split(" ")[1], asked, time.monotonic())
                    self.log.append(served)
                    await self._answer(served, writer)
                    if not self._keep or (asked.get("stream") and not self._keep_streams):
                        return
        finally:
            writer.transport.abort() if not self._keep and self._tls else writer.close()

    async def _answer(self, served: Served, writer: asyncio.StreamWriter) -> None:
        await _wait(self.head)
        status = self._status_of(len(self.log))
        kind = "text/event-stream" if served.asked.get("stream") else "application/json"
        closing = "" if self._keep else "Connection: close\r\n"
        served.head_at = time.monotonic()
        if status != 200 or kind == "application/json":
            data = json.dumps(_whole(served) if status == 200 else {"error": {"message": "no"}}).encode()
            start = f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n"
            writer.write((start + closing + self._headers + "\r\n").encode() + data)
            await writer.drain()
            return
        start = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n"
        writer.write((start + closing + self._headers + "\r\n").encode())
        await writer.drain()
        served.texts_at = []
        _event(writer, {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})
        await _wait(self.text)
        for number in range(self.tokens):
            if number:
                await _wait(self.gap)
            served.texts_at.append(time.monotonic())
            _event(writer, {"choices": [{"index": 0, "delta": {"content": f"word{number} "}}]})
            await writer.drain()
        _event(writer, {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]})
        if self._usage:
            counted = {"prompt_tokens": 8, "completion_tokens": self.tokens, "total_tokens": 8 + self.tokens}
            _event(writer, {"choices": [], "usage": counted})
        data = b"data: [DONE]\n\n"
        writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data))
        await writer.drain()


def _event(writer: asyncio.StreamWriter, value: dict[str, object]) -> None:
    data = b"data: " + json.dumps(value).encode() + b"\n\n"
    writer.write(b"%x\r\n%b\r\n" % (len(data), data))


def _whole(served: Served) -> dict[str, object]:
    if served.path.endswith("/models"):
        return {"object": "list", "data": [{"id": "a"}, {"id": "b"}]}
    message = {"role": "assistant", "content": "Hello."}
    usage = {"prompt_tokens": 8, "completion_tokens": 2, "total_tokens": 10}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}


async def _wait(seconds: float) -> None:
    if seconds:
        await asyncio.sleep(seconds)  # noqa: TID251  a server's own time


async def _turns() -> None:
    for _ in range(8):
        await asyncio.sleep(0)  # noqa: TID251
