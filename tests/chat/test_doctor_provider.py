"""The doctor on the way to a provider: each step is found working or broken, and says what to do."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pytest
from fakes import FakeClock, FakeWire, Script
from model_servers import frames, stream
from scenes import serving
from wire_server import PAGE, Answer, WireServer

sys.path.insert(0, str(Path(__file__).parents[1] / "monitor"))

from black_hole import black_hole
from gateway import Gateway

from tui.chat import doctor_wire
from tui.chat.doctor import Finding
from tui.chat.doctor_here import check_configuration, check_versions, find_provider
from tui.chat.doctor_stream import check_resume, check_stream
from tui.chat.doctor_wire import check_way
from tui.clock import RealClock
from tui.config import Config, ConfigError, ProviderSettings
from tui.words import Key, Model, Provider

KEY = Key("hs_" + "a1" * 16)


def found(findings: AsyncGenerator[Finding, None]) -> dict[str, Finding]:
    async def all_of() -> dict[str, Finding]:
        async with aclosing(findings) as told:
            return {finding.name: finding async for finding in told}

    return asyncio.run(all_of())


def way(url: str, model: str = "a", target: float = 60.0) -> dict[str, Finding]:
    return found(check_way(Provider("p", url, key=KEY, local=True), model, RealClock(), target))


def severities(findings: dict[str, Finding]) -> dict[str, str]:
    return {name: finding.severity for name, finding in findings.items()}


def test_all_is_well() -> None:
    with Gateway() as gateway:
        findings = way(gateway.url)
    assert severities(findings) == dict.fromkeys(
        ("network.proxy", "network.dns", "network.tls", "network.ttfb", "endpoint.models", "key.server",
         "endpoint.model"), "ok"
    )  # fmt: skip
    assert "on one that stands" in findings["network.ttfb"].sentence
    assert all(finding.remedy == "" for finding in findings.values())


def test_what_is_only_to_be_looked_at() -> None:
    with Gateway(headers="Date: Tue, 01 Jan 2030 00:00:00 GMT\r\n") as gateway:
        findings = way(gateway.url, model="another", target=1e-6)
    warned = [name for name, finding in findings.items() if finding.severity == "warning"]
    assert warned == ["network.ttfb", "endpoint.model", "clock.skew"]
    assert all(findings[name].remedy for name in warned)


@pytest.mark.parametrize(
    ("answer", "name", "severity", "words"),
    [
        (Answer(b'{"error": {"message": "no"}}', 401, framing="length"), "key.server", "error", "refuses the key"),
        (Answer(b"", 429, framing="length"), "endpoint.models", "warning", "fewer requests"),
        (Answer(b"", 404, framing="length"), "endpoint.models", "error", "does not know"),
        (Answer(b"", 503, framing="length"), "endpoint.models", "error", "overloaded"),
        (PAGE, "endpoint.models", "error", "a web page"),
        (
            Answer(silent=True, end="rst"),
            "answer",
            "error",
            "takes the connection and the request, but",
        ),
    ],
)
def test_answers_that_are_none(answer: Answer, name: str, severity: str, words: str) -> None:
    with WireServer([answer]) as server:
        findings = way(server.url)
    assert findings[name].severity == severity
    assert words in findings[name].sentence
    assert findings[name].remedy
    assert "network.ttfb" not in findings, "what is no answer is not measured as one"


def test_the_key_is_in_no_finding() -> None:
    said = f'{{"error": {{"message": "wrong key {KEY.reveal()}"}}}}'.encode()
    with WireServer([Answer(said, 401, framing="length")]) as server:
        findings = way(server.url)
    assert KEY.reveal() not in repr(findings)
    assert findings["key.server"].severity == "error"


def test_nobody_listens_and_no_such_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with Gateway() as gateway:
        url = gateway.url
    assert way(url)["connection"].remedy.startswith("Nobody listens there")

    async def no_name(*_: object, **__: object) -> object:
        raise OSError("Name or service not known")

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", no_name)
    findings = way("http://nowhere.invalid/v1")
    assert list(findings) == ["network.proxy", "network.dns"]
    assert findings["network.dns"].severity == "error"


def test_where_tcp_never_connects_a_firewall_is_suspected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_wire, "DEADLINE", 0.3)
    with black_hole() as url:
        findings = way(url)
    assert "cannot be reached: the provider's address does not answer" in findings["connection"].sentence
    assert findings["connection"].remedy.startswith("A firewall may stand in between")


def test_a_silent_server_takes_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_wire, "DEADLINE", 0.2)
    with WireServer([Answer(silent=True, end="stall")]) as server:
        findings = way(server.url)
    assert findings["network.tls"].severity == "ok"
    assert "does not answer: the provider did not begin to answer" in findings["answer"].sentence


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY", "https_proxy"])
def test_a_dead_proxy_is_named_with_its_variable(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with Gateway() as gone:
        port = gone.url.split(":")[2].partition("/")[0]
    monkeypatch.setenv(variable, f"http://me:secret@127.0.0.1:{port}")
    findings = found(check_way(Provider("p", "https://p.example/v1", key=KEY), "a", RealClock(), 1.0))
    broken = findings["connection"]
    assert broken.severity == "error"
    assert f"The proxy 127.0.0.1:{port} cannot be reached: the connection was refused" in broken.sentence
    assert f"correct {variable}" in broken.remedy
    assert "secret" not in repr(findings)
    assert "base_url" not in broken.remedy


def test_a_proxy_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@127.0.0.1:1")
    findings = found(check_way(Provider("p", "https://api.example/v1"), "a", RealClock(), 1.0))
    assert "127.0.0.1:1" in findings["network.proxy"].sentence
    assert "secret" not in repr(findings)
    assert findings["connection"].severity == "error"


def test_the_configuration_and_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong() -> Config:
        raise ConfigError(tmp_path / "config.toml", 7, "There is no such thing.")

    finding, config = check_configuration(wrong)
    assert (finding.severity, config) == ("error", Config())
    assert "config.toml:7" in finding.sentence
    assert check_configuration(Config)[0].severity == "ok"
    assert check_versions().severity == "ok"
    findings, provider, _ = find_provider(Config(), None, None)
    assert (provider, findings[0].severity) == (None, "error")
    monkeypatch.setenv("HOLYSHEEP_API_KEY", "an-odd-key-1234567890")
    findings, provider, _ = find_provider(Config(), None, None)
    assert provider is not None
    assert findings[0].severity == "warning"
    assert "odd" not in repr(findings)
    mine = Config(provider="mine", providers={"mine": ProviderSettings(base_url="http://127.0.0.1:1/v1")})
    assert find_provider(mine, None, None)[0][0].severity == "ok"


# What costs tokens


def watched(url: str) -> dict[str, Finding]:
    return found(check_stream(Provider("p", url, local=True), "m", RealClock()))


def test_an_answer_that_streams() -> None:
    with Gateway(text=0.05, gap=0.02, tokens=12) as gateway:
        findings = watched(gateway.url)
    assert severities(findings) == dict.fromkeys(("endpoint.chat", "stream.flow"), "ok"), "nothing was waited for"
    assert "12 pieces" in findings["stream.flow"].sentence


def test_an_answer_that_was_held_back() -> None:
    with Gateway(text=0.5, tokens=12, usage=False) as gateway:
        findings = watched(gateway.url)
    assert findings["stream.flow"].severity == "warning"
    assert "at once" in findings["stream.flow"].sentence
    assert findings["stream.usage"].severity == "warning"


def test_an_answer_that_is_no_stream_and_one_that_is_none() -> None:
    whole = b'{"choices": [{"message": {"content": "Hello."}, "finish_reason": "stop"}]}'
    with WireServer([Answer(whole, headers={"Content-Type": "application/json"}, framing="length")]) as server:
        assert "although a stream was asked for" in watched(server.url)["stream.flow"].sentence
    with WireServer([Answer(b"{}", 402, framing="length")]) as server:
        findings = watched(server.url)
    assert list(findings) == ["endpoint.chat"]
    assert findings["endpoint.chat"].severity == "error"


def test_keep_alives_are_timed() -> None:
    ping = b": ping\n\n"
    with WireServer([Answer(5 * ping + stream("Hello"), piece=len(ping), pause=0.02)]) as server:
        sentence = watched(server.url)["stream.keepalive"].sentence
    assert "a keep-alive every 0.0 s" in sentence


@pytest.mark.parametrize("rung", ["prefill", "continue"])
def test_resume_is_tried_for_real(rung: str) -> None:
    clock = FakeClock()
    wire = FakeWire(clock, serving())
    provider = Provider("p", "http://x/v1", models={"m": Model("m")})
    findings = found(check_resume(provider, "m", clock, wire))
    assert findings[f"resume.{rung}"].severity == "ok"
    assert "verified" in findings[f"resume.{rung}"].sentence


@pytest.mark.parametrize("behaviour", ["restarts", "echoes"])
def test_a_server_that_says_it_all_again_does_not_go_on(behaviour: str) -> None:
    clock = FakeClock()
    provider = Provider("p", "http://x/v1", models={"m": Model("m")})
    findings = found(check_resume(provider, "m", clock, FakeWire(clock, serving(behaviour=behaviour))))
    assert "the same text again from its beginning" in findings["resume.prefill"].sentence
    assert findings["resume.prefill"].severity == "ok"


def test_an_answer_too_short_to_be_cut() -> None:
    clock = FakeClock()
    wire = FakeWire(clock, lambda _: Script((b"".join(frames("Too short.")), b"data: [DONE]\n\n")))
    findings = found(check_resume(Provider("p", "http://x/v1"), "m", clock, wire))
    assert all("too short" in finding.sentence for finding in findings.values())
