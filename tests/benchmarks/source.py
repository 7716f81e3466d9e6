"""A provider without token delay, in a process of its own: what benchmarks of the engine read from.

    python tests/benchmarks/source.py      prints its port and answers until its stdin ends

/DELTAS/PER_CHUNK/BREAK/v1/chat/completions answers with DELTAS deltas, PER_CHUNK frames in an HTTP chunk, and breaks
(FIN in the middle of the body) each time BREAK more deltas are sent; 0: never. Sent the beginning of its answer back,
it goes on behind it. The answer is the numbers from 0 up, six digits and a space each: each place in it is known.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

WIDTH = 7
"""Characters of one delta."""
BLOCK = 256
"""HTTP chunks written at a time."""


def said(first: int, last: int) -> str:
    """The answer from its `first` delta to before its `last`."""
    return "".join(f"{number:06d} " for number in range(first, last))


def frame(number: int) -> bytes:
    """As a provider writes it: 245 bytes."""
    value = {
        "id": "chatcmpl-D0nTpAn1cTh1sIsAnId",
        "object": "chat.completion.chunk",
        "created": 1_800_000_000,
        "model": "test-2026-11-01",
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
        "choices": [{"index": 0, "delta": {"content": f"{number:06d} "}, "logprobs": None, "finish_reason": None}],
    }
    return b"data: " + json.dumps(value, separators=(",", ":")).encode() + b"\n\n"


LAST = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def _chunks(first: int, last: int, per_chunk: int) -> Iterator[bytes]:
    for start in range(first, last, per_chunk):
        body = b"".join(frame(number) for number in range(start, min(start + per_chunk, last)))
        yield b"%x\r\n%b\r\n" % (len(body), body)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        if "/chat/completions " not in head:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            return
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        messages = json.loads(await reader.readexactly(length))["messages"]
        deltas, per_chunk, every = (int(part) for part in head.split(" ", 2)[1].split("/")[1:4])
        held = messages[-1]["content"] if messages[-1]["role"] == "assistant" else ""
        first = -(-len(held) // WIDTH)
        # A resume says a few deltas again, and still breaks after so many new ones.
        last = min(deltas, (first // every + 1) * every + every // 2) if every else deltas
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        block: list[bytes] = []
        for chunk in _chunks(first, last, per_chunk):
            block.append(chunk)
            if len(block) >= BLOCK:
                writer.write(b"".join(block))
                block.clear()
                await writer.drain()
        if last == deltas:
            block.append(b"%x\r\n%b\r\n0\r\n\r\n" % (len(LAST), LAST))
        writer.write(b"".join(block))
        await writer.drain()
    writer.close()


async def _main() -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201  the port, for whoever started it
    await asyncio.to_thread(sys.stdin.read)


@contextlib.contextmanager
def running() -> Iterator[int]:
    """The port of a source of its own."""
    command = [sys.executable, str(Path(__file__).resolve())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield int(process.stdout.readline())
        process.stdin.close()


if __name__ == "__main__":
    asyncio.run(_main())
