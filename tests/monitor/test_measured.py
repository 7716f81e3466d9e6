"""Timing from the wire, over real sockets: what is measured, from where it counts, and what is not there."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TypeVar

import pytest
from gateway import Gateway

from tui import net
from tui.clock import RealClock
from tui.config import ProbeSettings
from tui.engine import stream_reply
from tui.monitor.board import Board
from tui.monitor.chat_probe import Spent
from tui.monitor.models import fault_of_chat, twice
from tui.monitor.probe import Prober
from tui.monitor.view import ProbeView
from tui.net import Got
from tui.timing import Timing
from tui.wire import HttpCall, WireError
from tui.words import Content, Event, Message, Model, Price, Provider, Reasoning, Request, State, Timeouts

HI = Request("a", (Message("user", "Hi"),), max_tokens=10)


def ask(url: str) -> list[Event]:
    async def main() -> list[Event]:
        return [event async for event in stream_reply(HI, Provider("p", url, local=True))]

    return asyncio.run(main())


def test_a_reply_counts_from_the_request_sent() -> None:
    with Gateway(head=0.1, text=0.1) as gateway:
        events = ask(gateway.url)
    states = [event for event in events if isinstance(event, State) and event.connection_id]
    assert states[0].timing == Timing()
    assert states[1].state == "waiting"
    assert states[1].timing.sent is not None
    assert states[1].timing.ttfb is None
    streaming = next(state for state in states if state.state == "streaming").timing
    first = next(event for event in events if isinstance(event, Content))
    assert None not in (streaming.tcp, streaming.sent, streaming.ttfb, streaming.ttft)
    assert (streaming.dns, streaming.tls, streaming.warm) == (None, None, False)
    assert streaming.sent is not None
    assert streaming.ttfb is not None
    assert streaming.ttft is not None
    assert 0 <= first.t - streaming.sent - streaming.ttft < 0.05
    # The server waited so long by its own clock; how near they are is measured in tests/benchmarks/timing_truth.py.
    assert streaming.ttfb >= 0.05
    assert streaming.ttft - streaming.ttfb >= 0.05
    assert states[-1].state == "done"
    assert states[-1].timing == streaming


def test_reasoning_first_and_text_first_are_told_apart() -> None:
    from fakes import FakeClock, FakeWire, Pause, Script
    from model_servers import chunk

    clock = FakeClock()
    steps = (Pause(2.0), chunk({"reasoning_content": "Hm"}), Pause(3.0), chunk({"content": "Hello"}, "stop"))
    wire = FakeWire(clock, [Script(steps, before=(Pause(1.0),))])

    async def main() -> list[Event]:
        return [event async for event in stream_reply(HI, Provider("p", "http://x/v1"), clock=clock, transport=wire)]

    events = asyncio.run(main())
    assert any(isinstance(event, Reasoning) for event in events)
    last = [event for event in events if isinstance(event, State)][-1].timing
    assert (last.ttfb, last.thought, last.ttft) == (1.0, 3.0, 6.0)


def test_a_connection_that_is_refused_has_no_phases_and_the_next_attempt_tells_of_the_one_before() -> None:
    from fakes import FakeClock, FakeWire, Pause, Script, refuse
    from model_servers import stream

    clock = FakeClock()
    wire = FakeWire(clock, [Script((), before=(Pause(1.0),)), refuse(), Script((stream("Hello"),))])

    async def main() -> list[State]:
        events = stream_reply(HI, Provider("p", "http://x/v1"), clock=clock, transport=wire)
        return [event async for event in events if isinstance(event, State)]

    states = asyncio.run(main())
    told = [(state.state, state.timing.sent is not None, state.timing.ttfb) for state in states]
    assert told[:6] == [
        ("connecting", False, None),
        ("waiting", True, None),
        ("backing_off", True, 1.0),
        ("connecting", True, 1.0),
        ("backing_off", False, None),
        ("connecting", False, None),
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how long connecting took")
def test_a_program_that_is_busy_does_not_make_the_way_there_longer() -> None:
    async def main(url: str) -> Timing:
        asked = asyncio.create_task(net.get(url + "/models", None, 5.0))
        while not asked.done():
            time.sleep(0.004)  # noqa: TID251, ASYNC251  as drawing does: nothing else runs meanwhile
            await asyncio.sleep(0)  # noqa: TID251  only gives way
        return (await asked).timing

    with Gateway() as gateway:
        timing = asyncio.run(main(gateway.url))
    assert timing.tcp is not None
    assert timing.tcp < 0.004


def test_a_name_is_looked_up_and_timed() -> None:
    with Gateway() as gateway:
        url = gateway.url.replace("127.0.0.1", "localhost") + "/models"
        # Our own look-up runs beside the connection's: on a busy machine the connection may be faster, and then
        # nothing is known of it.
        gets = (asyncio.run(net.get(url, None, 5.0)).timing for _ in range(50))
        timing = next(timing for timing in gets if timing.dns is not None)
    assert timing.dns is not None
    assert timing.tcp is not None
    assert timing.connect == pytest.approx(timing.dns + timing.tcp)


def test_the_second_request_of_a_line_finds_the_connection_standing() -> None:
    async def main(url: str) -> list[Timing]:
        async with net.Line(url) as line:
            first = await line.get(url + "/models", None, 5.0)
            second = await line.get(url + "/models", None, 5.0)
            await line.hang_up()
            third = await line.get(url + "/models", None, 5.0)
        return [first.timing, second.timing, third.timing]

    with Gateway() as gateway:
        first, second, third = asyncio.run(main(gateway.url))
        assert [(one.connection, one.place) for one in gateway.log] == [(1, 1), (1, 2), (2, 1)]
    assert [one.warm for one in (first, second, third)] == [False, True, False]
    assert (second.tcp, second.connect) == (None, None)
    assert second.ttfb is not None


def test_twice_is_once_where_the_server_does_not_keep_or_does_not_like() -> None:
    def asked(gateway: Gateway) -> tuple[net.Got, float | None]:
        return asyncio.run(twice(gateway.url + "/models", None, 5.0, local=True))

    with Gateway() as gateway:
        got, warm = asked(gateway)
        assert got.status == 200
        assert warm is not None
    with Gateway(keep=False) as gateway:
        assert asked(gateway)[1] is None
    with Gateway(status=429) as gateway:
        got, warm = asked(gateway)
        assert (got.status, warm, len(gateway.log)) == (429, None, 1)


def test_a_deadline_after_the_headers_is_no_lost_probe() -> None:
    async def main(port: int) -> Timing:
        with pytest.raises(WireError) as caught:
            await net.get(f"http://127.0.0.1:{port}/models", None, 0.3)
        return caught.value.timing

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nx")
        await reader.read()
        writer.close()

    assert with_server(serve, main).ttfb is not None


def test_a_proxys_own_answer_is_not_the_requests(certificate: tuple[Path, Path]) -> None:
    """The CONNECT to a proxy is a request of its own: `sent` is called once, and TTFB counts from the real one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    sent: list[None] = []

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readuntil(b"\r\n\r\n")).split(b" ")
        host, _, port = line[1].decode().rpartition(":")
        assert line[0] == b"CONNECT"
        there, back = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")

        async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError):
                while data := await source.read(65536):
                    target.write(data)
                target.close()

        await asyncio.gather(copy(reader, back), copy(there, writer))

    async def main(port: int) -> Timing:
        call = HttpCall(gateway.url + "/chat/completions", {}, b'{"stream": true}', Timeouts())
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HTTPS_PROXY", f"http://localhost:{port}")
            patch.setenv("SSL_CERT_FILE", str(certificate[0]))
            async with net.exchange(call, lambda: sent.append(None)) as reply:
                return reply.timing

    net._tls.cache_clear()
    with Gateway(head=0.1, tls=context) as gateway:
        timing = with_server(tunnel, main)
    net._tls.cache_clear()
    assert sent == [None]
    assert timing.ttfb is not None
    assert timing.ttfb >= 0.05
    # The look-up is a second one beside the connection's own, and may end after it: then it tells nothing.
    assert None not in (timing.tcp, timing.tls)


def test_a_prober_measures_both_connections_and_puts_them_on_the_board() -> None:
    board = Board()
    with Gateway() as gateway:
        views = probed(gateway, ProbeSettings(), board, 1)
        assert [(one.path, one.connection) for one in gateway.log] == [("/v1/models", 1), ("/v1/models", 1)]
    assert views[0].warm is not None
    assert views[0].timing.tcp is not None
    assert (views[0].last, views[0].spent) == (views[0].timing.ttfb, None)
    track = board.view("p", "", RealClock().now())
    assert (track.fresh.count, track.warm.count, track.replies.count) == (1, 1, 0)


def test_a_chat_probe_says_what_it_costs() -> None:
    board = Board()
    with Gateway() as gateway:
        views = probed(gateway, ProbeSettings(kind="chat", interval=0.02), board, 2)
        asked = gateway.log[0].asked
    assert (asked["model"], asked["max_tokens"]) == ("a", 10)
    assert asked["messages"] == [{"role": "user", "content": "Hi"}]
    assert views[1].spent == Spent(2, 20, pytest.approx(2 * (8 * 3.0 + 2 * 15.0) / 1_000_000))
    assert views[1].what == "chat"
    assert board.view("p", "a", RealClock().now()).fresh.count == 2


def test_a_chat_that_counts_no_tokens_is_estimated_and_one_that_was_refused_costs_nothing() -> None:
    price = Price(3.0, 15.0)
    body = json.dumps({"choices": [{"message": {"content": "Hello there!"}}]}).encode()
    spent = Spent().plus(Got(200, {}, body, 0.1), price)
    assert spent == Spent(1, 11, pytest.approx((8 * 3.0 + 3 * 15.0) / 1_000_000), exact=False)
    counted = {"choices": [], "usage": {"prompt_tokens": 8, "completion_tokens": 10}}
    both = spent.plus(Got(200, {}, json.dumps(counted).encode(), 0.1), price)
    assert (both.tokens, both.exact) == (29, False), "one estimate makes the sum one"
    streamed = Spent().plus(Got(200, {}, b'data: {"choices": []}\n\n', 0.1), price)
    assert (streamed.tokens, streamed.exact) == (18, False), "who streams unasked is estimated by what was allowed"
    for refused in (Got(429, {}, b"{}", 0.1), Got(200, {}, b"<html>", 0.1)):
        assert Spent().plus(refused, price) == Spent(1)


@pytest.mark.parametrize(
    ("got", "kind"),
    [
        (Got(200, {}, b'{"choices": []}', 0.1), None),
        (Got(200, {}, b"data: {}", 0.1), None),
        (Got(200, {}, b'{"error": {"message": "no credit"}}', 0.1), "in-stream"),
        (Got(200, {}, b"[]", 0.1), "garbled"),
        (Got(200, {}, b"x" * 70_000, 0.1, Timing(), False), "too-much"),
        (Got(429, {}, b"", 0.1), "rate-limit"),
        (Got(302, {}, b"", 0.1), "redirect"),
        (Got(200, {"content-type": "text/html"}, b"<!doctype html><title>Log in</title>", 0.1), "page"),
    ],
)
def test_what_answers_a_chat_probe(got: Got, kind: str | None) -> None:
    fault = fault_of_chat(got)
    assert (fault.kind if fault else None) == kind


def test_a_chat_that_was_sent_and_never_answered_may_have_been_charged() -> None:
    """One that could not even be sent was not."""
    settings = ProbeSettings(kind="chat", interval=0.1)

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()  # until the other side has gone

    async def main(port: int) -> list[ProbeView]:
        return await probe_views(Provider("p", f"http://127.0.0.1:{port}/v1", local=True), settings, Board(), 1)

    view = with_server(silent, main)[0]
    assert view.loss == (1, 1)
    assert view.spent == Spent(1, 0, unanswered=1)
    assert view.spent.perhaps == 18
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        view = asyncio.run(main(nobody.getsockname()[1]))[0]
    assert view.spent == Spent(1)


def test_chat_probes_go_to_the_model_that_is_chosen() -> None:
    board = Board()
    with Gateway() as gateway:
        provider = Provider("p", gateway.url, local=True)

        async def main() -> list[ProbeView]:
            views: list[ProbeView] = []
            enough = asyncio.Event()

            def told(view: ProbeView) -> None:
                views.append(view)
                if len(views) == 1:
                    prober.use("b")
                if board.view("p", "b", RealClock().now()).fresh.count == 2:
                    enough.set()

            settings = ProbeSettings(kind="chat", interval=0.02)
            prober = Prober(provider, settings, RealClock(), told, model="a", board=board)
            task = asyncio.create_task(prober.run())
            await enough.wait()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            return views

        views = asyncio.run(main())
        assert [one.asked["model"] for one in gateway.log][:3] == ["a", "b", "b"]
    assert views[-1].loss == (0, 2), "the old model's are not counted as the new one's"
    assert board.view("p", "a", RealClock().now()).fresh.count == 1


def test_a_probe_answered_by_a_flood_says_so() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 10_000_000)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    async def main(port: int) -> list[ProbeView]:
        return await probe_views(Provider("p", f"http://127.0.0.1:{port}/v1", local=True), ProbeSettings(), Board(), 1)

    view = with_server(flood, main)[0]
    assert view.reason == "too-much"
    assert view.last is None, "a flood is no fast answer"
    assert (view.loss, view.refused, view.odd) == ((0, 1), 1, True)


def probed(gateway: Gateway, settings: ProbeSettings, board: Board, count: int) -> list[ProbeView]:
    models = {"a": Model("a", price=Price(3.0, 15.0))}
    provider = Provider("p", gateway.url, models=models, local=True)
    return asyncio.run(probe_views(provider, settings, board, count))


async def probe_views(provider: Provider, settings: ProbeSettings, board: Board, count: int) -> list[ProbeView]:
    views: list[ProbeView] = []
    enough = asyncio.Event()

    def told(view: ProbeView) -> None:
        views.append(view)
        if len(views) >= count:
            enough.set()

    task = asyncio.create_task(Prober(provider, settings, RealClock(), told, model="a", board=board).run())
    await enough.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return views


Answer = TypeVar("Answer")
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]


def with_server(serve: Serve, main: Callable[[int], Coroutine[None, None, Answer]]) -> Answer:
    """`main(port)` beside a server on the same loop; whatever is still served is cancelled."""

    async def both() -> Answer:
        tasks: set[asyncio.Task[None]] = set()

        async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            try:
                await serve(reader, writer)
            finally:
                tasks.discard(task)
                writer.close()

        server = await asyncio.start_server(one, "127.0.0.1", 0)
        try:
            return await main(server.sockets[0].getsockname()[1])
        finally:
            server.close()
            if tasks:
                await asyncio.wait(set(tasks), timeout=5)

    return asyncio.run(both())
