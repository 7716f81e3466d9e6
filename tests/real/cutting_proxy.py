"""A TCP proxy that cuts what it carries, byte for byte where it is told to: the test's own bad network.

    with CuttingProxy(server.base_url, [Cut(4000), Cut(900, "rst")]) as proxy:
        ... ask proxy.base_url: the first answer breaks after 4,000 bytes, the second after 900, then none does ...

A cut connection is closed on both sides, so that the server behind it sees its client go. It runs on a thread and a
loop of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Cut:
    """Where one connection breaks."""

    after: int
    """Bytes of the answer, head and chunk sizes included."""
    how: Literal["fin", "rst"] = "fin"


class CuttingProxy:
    """Carries everything to the server at `base_url`; each cut strikes the first answer that is long enough for it.

    A None lets one connection pass, whatever comes after it in the list.
    """

    def __init__(self, base_url: str, cuts: Iterable[Cut | None] = ()) -> None:
        parts = urlsplit(base_url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._to = (parts.hostname, parts.port)
        self._path = parts.path
        self.cuts = list(cuts)
        """Those still to come; may be added to while it runs."""
        self.struck: list[Cut] = []
        """Those that broke an answer."""
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="cutting-proxy", daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self._path}"

    def __enter__(self) -> CuttingProxy:
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

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._carry(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        cut = self.cuts[0] if self.cuts else None
        if cut is None and self.cuts:
            self.cuts.pop(0)
        writers = [writer]
        try:
            up_reader, up_writer = await asyncio.open_connection(*self._to)
            writers.append(up_writer)
            asking = asyncio.create_task(_pass(reader, up_writer))
            answering = asyncio.create_task(self._answer(up_reader, writer, cut))
            _, others = await asyncio.wait({asking, answering}, return_when=asyncio.FIRST_COMPLETED)
            for other in others:
                other.cancel()
            await asyncio.gather(asking, answering, return_exceptions=True)
        except OSError:
            pass  # nobody behind it: the client sees its connection closed
        finally:
            for each in writers:
                each.close()
            for each in writers:
                with contextlib.suppress(OSError):
                    await each.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: Cut | None) -> None:
        left = cut.after if cut else None
        while data := await reader.read(65536):
            if left is not None and cut is not None and len(data) >= left:
                self.cuts.remove(cut)
                writer.write(data[:left])
                await writer.drain()
                self.struck.append(cut)
                if cut.how == "rst":
                    _reset(writer)
                return
            writer.write(data)
            await writer.drain()
            left = None if left is None else left - len(data)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """RST instead of FIN; what the kernel has not sent yet is lost, as it is when a real one strikes."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
