"""TLS: what a certificate that is not right means for a reply."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from model_servers import stream
from scenes import TEXT, head
from test_net import Then, ask, ended, failed, first_fault
from wire_server import Answer, Ending, Framing, WireServer

from tui import net
from tui.words import Done

WHOLE = stream(TEXT)


@pytest.fixture
def tls_server(certificate: tuple[Path, Path]) -> Iterator[WireServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    net._tls.cache_clear()
    with WireServer([Answer(WHOLE)], tls=context) as server:
        yield server
    net._tls.cache_clear()


def test_a_certificate_that_nobody_knows_is_told_once(tls_server: WireServer) -> None:
    events = ask(tls_server.url)
    assert (failed(events).kind, failed(events).permanent) == ("certificate", True)
    assert tls_server.seen == []


def test_ssl_cert_file_is_honoured(
    tls_server: WireServer, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    assert ended(ask(tls_server.url)).text == TEXT


def test_a_certificate_for_another_name_is_told_once(
    tls_server: WireServer, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    fault = failed(ask(tls_server.url.replace("127.0.0.1", "localhost")))
    assert (fault.kind, fault.permanent) == ("certificate", True)


def test_an_ssl_cert_file_that_cannot_be_read(tls_server: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/cert.pem")
    fault = failed(ask(tls_server.url))
    assert (fault.kind, fault.permanent) == ("certificate", True)
    assert "/nowhere/cert.pem" in fault.detail


def test_tls_to_a_server_without_it() -> None:
    with WireServer([Answer(WHOLE)]) as server:
        fault = failed(ask(server.url.replace("http:", "https:")))
    assert (fault.kind, fault.permanent) == ("not-tls", True)


@pytest.mark.parametrize("framing", ["chunked", "close", "http10", "length"])
@pytest.mark.parametrize("end", ["fin", "ragged", "rst"])
def test_every_cut_under_tls_is_resumed(
    framing: Framing, end: Ending, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a close_notify, without one, and reset: a body that closing ends looks whole to TLS and HTTP alike."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    net._tls.cache_clear()
    first = Answer(head(20) + WHOLE, cut=len(head(20)) + 50, framing=framing, end=end, piece=500)
    with WireServer(Then(first), tls=context) as server:
        events = ask(server.url)
    net._tls.cache_clear()
    last = ended(events)
    assert isinstance(last, Done)
    assert (last.text, last.resumes, last.verified) == (TEXT, 1, True)
    assert first_fault(events).kind == ("reset" if end == "rst" else "truncated")
    assert server.did(1)[:5] == ["open", "request", "head", "body", end]
