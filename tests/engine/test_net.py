"""net.py and the engine over real sockets on loopback."""

from __future__ import annotations

import asyncio
import gzip
import re
import socket
from pathlib import Path

import pytest
from model_servers import chunk, stream
from play import KEY, REQUEST
from scenes import TEXT, head, held
from wire_server import ERROR_FRAME, GARBAGE, KEEP_ALIVE, PAGE, Answer, Ending, Framing, Seen, WireServer, rate_limited

from tui import net
from tui.engine import stream_reply
from tui.engine.faults import of_exception
from tui.wire import WireError
from tui.words import Done, Error, Event, Fault, Learned, Model, Policy, Provider, Retry, State, Timeouts

QUICK = Policy(
    retry=Retry(max_retries=2, initial_backoff=0.01, max_backoff=0.02),
    timeouts=Timeouts(connect=5, first_byte=5, idle=0.3, progress=5),
)
WHOLE = stream(TEXT)


def provider(url: str, *, local: bool = True) -> Provider:
    models = {"test": Model("test", first_rung="prefill")}
    return Provider("p", url, key=KEY, models=models, local=local, learned=Learned(replay=False))


def ask(url: str, *, local: bool = True) -> list[Event]:
    async def main() -> list[Event]:
        events = [event async for event in stream_reply(REQUEST, provider(url, local=local), QUICK)]
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return events

    return asyncio.run(main())


def ended(events: list[Event]) -> Done | Error:
    last = events[-1]
    assert isinstance(last, Done | Error)
    return last


def failed(events: list[Event]) -> Fault:
    last = ended(events)
    assert isinstance(last, Error)
    return last.fault


def first_fault(events: list[Event]) -> Fault:
    return next(
        event.fault for event in events if isinstance(event, State) and event.state == "backing_off" and event.fault
    )


def go_on(seen: Seen) -> Answer:
    """The rest of the answer, for whoever sends its beginning back."""
    messages = seen.json()["messages"]
    assert isinstance(messages, list)
    sent = messages[-1]["content"] if messages[-1]["role"] == "assistant" else ""
    return Answer(stream(TEXT.removeprefix(sent)))


class Then:
    """`first` once, then the answer goes on."""

    def __init__(self, first: Answer) -> None:
        self._left = [first]

    def __call__(self, seen: Seen) -> Answer:
        return self._left.pop() if self._left else go_on(seen)


# Faults on real sockets


@pytest.mark.parametrize("framing", ["chunked", "close", "http10", "length"])
@pytest.mark.parametrize("end", ["clean", "fin", "rst", "stall"])
def test_every_cut_in_every_framing_is_resumed(framing: Framing, end: Ending) -> None:
    cut = len(head(20))
    first = Answer(head(20) + WHOLE, cut=cut + 50, framing=framing, end=end, piece=500)
    with WireServer(Then(first)) as server:
        events = ask(server.url)
    last = ended(events)
    assert (last.text, last.resumes) == (TEXT, 1)
    assert isinstance(last, Done)
    assert last.verified
    expected = {"stall": "no-bytes", "rst": "reset"}.get(end, "truncated")
    assert first_fault(events).kind == expected
    words = ["open", "request", "head", "body", end, *(["gone"] if end == "stall" else [])]
    assert server.did(1) == words
    assert server.did(2) == ["open", "request", "head", "body", "clean"]


@pytest.mark.parametrize("after", [ERROR_FRAME, GARBAGE, KEEP_ALIVE])
def test_what_comes_instead_of_the_rest(after: bytes) -> None:
    with WireServer(Then(Answer(head(20) + after))) as server:
        assert ended(ask(server.url)).text == TEXT


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (Answer(silent=True, end="fin"), "no-answer"),
        (Answer(silent=True, end="rst"), "reset"),
        (Answer(raw=b"\x00\xffgarbage\r\n\r\n", end="fin"), "not-http"),
        (Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Ty", end="fin"), "no-answer"),
        (Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", end="fin"), "not-http"),
        (Answer(b"<html><title>502 Bad Gateway</title>", 502, framing="length"), "server"),
    ],
)
def test_answers_that_are_none(first: Answer, kind: str) -> None:
    with WireServer(Then(first)) as server:
        events = ask(server.url)
    assert first_fault(events).kind == kind
    assert ended(events).text == TEXT


def test_a_page_and_a_rate_limit() -> None:
    with WireServer([PAGE]) as server:
        assert failed(ask(server.url)).kind == "page"
    for headers in ({"Retry-After": "400"}, {"retry-after-ms": "400000"}, {"Retry-After": "Fri, 15 Jan 2100 08:00:00"}):
        with WireServer([rate_limited(headers)]) as server:
            fault = failed(ask(server.url))
        assert fault.kind == "rate-limit"
        assert fault.wait is not None
        assert fault.wait > 300
        assert len(server.seen) == 1


@pytest.mark.parametrize("whole", [True, False])
def test_gzip_that_nobody_asked_for(whole: bool) -> None:
    packed = gzip.compress(WHOLE)
    headers = {"Content-Type": "text/event-stream", "Content-Encoding": "gzip"}
    first = Answer(packed if whole else packed[: len(packed) // 2], headers=headers)
    with WireServer(Then(first)) as server:
        events = ask(server.url)
    assert ended(events).text == TEXT
    assert len(server.seen) == (1 if whole else 2)
    assert server.seen[0].headers["accept-encoding"] == "identity"
    junk = Answer(b"this is no gzip at all", headers=headers)
    with WireServer(Then(junk)) as server:
        assert first_fault(ask(server.url)).kind == "garbled"


def test_redirects_are_not_followed_and_the_key_stays_home() -> None:
    with WireServer([Answer(WHOLE)]) as other:
        for code in (301, 302, 307, 308):
            with WireServer([Answer(b"", code, {"Location": other.url + "/chat/completions"}, "length")]) as server:
                fault = failed(ask(server.url))
                assert (fault.kind, fault.status) == ("redirect", code)
                assert other.url in fault.detail
                assert server.seen[0].headers["authorization"] == f"Bearer {KEY.reveal()}"
                assert server.seen[0].path == "/v1/chat/completions"
    assert other.log == []


def test_each_attempt_has_its_own_connection() -> None:
    with WireServer(Then(Answer(b"{}", 503, framing="length"))) as server:
        assert ended(ask(server.url)).text == TEXT
    assert [seen.connection for seen in server.seen] == [1, 2]


def test_stopping_closes_the_socket() -> None:
    async def main(url: str) -> str:
        events = stream_reply(REQUEST, provider(url), Policy())
        text = ""
        async for event in events:
            text += getattr(event, "content", "")
            if text:
                break
        await events.aclose()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return text

    with WireServer([Answer(head(20), end="stall")]) as server:
        assert held(20).startswith(asyncio.run(main(server.url)))
    assert server.did(1) == ["open", "request", "head", "body", "stall", "gone"]


def test_nobody_listens() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        events = ask(f"http://127.0.0.1:{sock.getsockname()[1]}/v1")
    assert failed(events).kind == "refused"
    assert [event.state for event in events if isinstance(event, State)].count("waiting") == 0


def test_a_name_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver's answer is made here: a test asks no name server."""

    def unknown(host: object, *args: object, **options: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, f"Name or service not known: {host!r}")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    fault = failed(ask("http://nowhere.invalid/v1"))
    assert (fault.kind, fault.permanent) == ("dns", False)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/v1", "http://", "nonsense", "http://127.0.0.1:99999/v1"])
def test_an_address_that_cannot_be_used(url: str) -> None:
    with pytest.raises(WireError) as raised:
        asyncio.run(net.get(url, None, 2.0))
    assert raised.value.__cause__ is not None
    assert of_exception(raised.value.__cause__).detail


# Sockets and proxies


def test_keep_alive_probes_are_on(monkeypatch: pytest.MonkeyPatch) -> None:
    sockets: list[tuple[int, int]] = []
    real = socket.socket.setsockopt

    def noted(sock: socket.socket, level: int, name: int, *value: object) -> None:
        sockets.append((level, name))
        real(sock, level, name, *value)  # type: ignore[call-overload]

    monkeypatch.setattr(socket.socket, "setsockopt", noted)
    with WireServer([Answer(WHOLE)]) as server:
        ask(server.url)
    assert (socket.SOL_SOCKET, socket.SO_KEEPALIVE) in sockets
    if hasattr(socket, "TCP_KEEPIDLE"):
        assert (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) in sockets


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({"HTTPS_PROXY": "http://p:1"}, "https://api.example/v1", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1"}, "http://api.example/v1", None),
        ({"https_proxy": "http://p:1", "NO_PROXY": "api.example"}, "https://api.example/v1", None),
        ({"https_proxy": "http://p:1", "no_proxy": ".example"}, "https://api.example:8443/v1", None),
        ({"https_proxy": "http://p:1", "NO_PROXY": "*"}, "https://api.example/v1", None),
        ({"https_proxy": "http://p:1", "NO_PROXY": "other.example"}, "https://api.example/v1", "http://p:1"),
        ({"ALL_PROXY": "socks5://p:1"}, "https://api.example/v1", "socks5://p:1"),
        ({"ALL_PROXY": "p:1"}, "http://api.example/v1", "http://p:1"),
        ({}, "https://api.example/v1", None),
    ],
)
def test_the_environments_proxy(
    environment: dict[str, str], url: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert net.proxy_for(url) == proxy


def test_a_request_goes_through_the_proxy_unless_it_is_local(monkeypatch: pytest.MonkeyPatch) -> None:
    with WireServer([Answer(WHOLE)]) as proxy, WireServer([Answer(WHOLE)]) as server:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert ended(ask("http://elsewhere.invalid/v1", local=False)).text == TEXT
        assert proxy.seen[0].path == "http://elsewhere.invalid/v1/chat/completions"
        assert ended(ask(server.url, local=True)).text == TEXT
        assert len(proxy.seen) == 1
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert ended(ask(server.url, local=False)).text == TEXT
        assert len(proxy.seen) == 1


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_socks_proxy_in_the_environment_breaks_nothing(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:{sock.getsockname()[1]}")
        with WireServer([Answer(WHOLE)]) as server:
            assert ended(ask(server.url)).text == TEXT
        assert not failed(ask("http://elsewhere.invalid/v1", local=False)).permanent


def test_a_proxy_that_is_none_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://127.0.0.1:70")
    events = ask("http://elsewhere.invalid/v1", local=False)
    assert (failed(events).kind, failed(events).permanent) == ("proxy", True)
    assert "gopher" in failed(events).detail


# Certificates


def test_get() -> None:
    body = b'{"data": []}'
    with WireServer([Answer(body, 200, {"Content-Type": "application/json"}, "length")]) as server:
        got = asyncio.run(net.get(server.url + "/models", KEY, 5.0))
        assert (got.status, got.body) == (200, body)
        assert 0 < got.ttfb < 5
        assert server.seen[0].headers["authorization"] == f"Bearer {KEY.reveal()}"
        asyncio.run(net.get(server.url + "/models", None, 5.0))
        assert "authorization" not in server.seen[1].headers
    with WireServer([Answer(b"x", end="stall")]) as server, pytest.raises(WireError):
        asyncio.run(net.get(server.url + "/models", None, 0.2))


def test_the_wire_log_has_everything_but_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = KEY.reveal()
    refusal = Answer(f'{{"error": {{"message": "wrong key {secret}"}}}}'.encode(), 401, framing="length")
    log = tmp_path / "wire.log"
    monkeypatch.setattr(net, "_log", None)
    net.log_to(log)
    with WireServer([Answer(head(5) + chunk({}, "stop")), refusal]) as server:
        ask(server.url)
        ask(server.url)
    told = log.read_text()
    assert log.stat().st_mode & 0o077 == 0
    assert secret not in told
    assert "Tell me of spring." in told
    assert "wrong key …" in told
    assert " < 401" in told
    net._log._file.close()  # type: ignore[union-attr]  # opened above


@pytest.mark.parametrize("size", [1, 5, 20])
def test_the_wire_log_has_no_part_of_a_key_that_comes_in_parts(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = KEY.reveal()
    body = f'{{"error": {{"message": "wrong key {secret} and …{secret[-10:]}"}}}}'.encode()
    log = tmp_path / "wire.log"
    monkeypatch.setattr(net, "_log", None)
    net.log_to(log)
    with WireServer([Answer(body, 401, piece=size)]) as server:
        ask(server.url)
    told = "".join(re.findall(r" < b['\"](.*)['\"]$", log.read_text(), re.MULTILINE))
    assert "wrong key " in told
    assert not any(secret[at : at + 8] in told for at in range(len(secret) - 7))
    net._log._file.close()  # type: ignore[union-attr]  # opened above


def test_a_key_that_no_header_can_hold_is_told_once() -> None:
    from tui.words import Key

    for key in ("hs_ключ", "hs_\nx"):
        with WireServer([Answer(WHOLE)]) as server:
            who = Provider("p", server.url, key=Key(key), local=True, learned=Learned(replay=False))

            async def main(who: Provider) -> list[Event]:
                return [event async for event in stream_reply(REQUEST, who, QUICK)]

            assert failed(asyncio.run(main(who))).permanent
        assert server.seen == []
