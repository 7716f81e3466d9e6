"""What is sent is let go once it is on its way: the request of a resume is as long as the text so far."""

from __future__ import annotations

import asyncio

from wire_server import Answer, WireServer

from tui import net
from tui.wire import HttpCall
from tui.words import Timeouts


def test_a_body_is_sent_whole_with_its_length_and_then_let_go() -> None:
    body = ("{" + " " * 300_000 + "}").encode()

    async def main(url: str) -> None:
        call = HttpCall(url, {}, body, Timeouts(), local=True)
        async with net.exchange(call, lambda: None) as reply:
            assert call.body == b""
            assert [chunk.data async for chunk in reply.chunks()] == [b"x"]

    with WireServer([Answer(b"x")]) as server:
        asyncio.run(main(server.url))
        assert server.seen[0].body == body
        assert server.seen[0].headers["content-length"] == str(len(body))
        assert "transfer-encoding" not in server.seen[0].headers
