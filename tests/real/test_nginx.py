"""Behind a real nginx: its timeouts, its pages of HTML, its gzip, its buffers and its limits."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import pytest
from breaking_provider import cut_after, held, settings
from gateways import nginx, port_of, program
from model_servers import stream
from streaming import TEXT, ask, assert_whole, command, flowing, server
from wire_server import Answer

from tui import net

pytestmark = pytest.mark.skipif(program("nginx") is None, reason="no nginx here")

SILENT = Answer(raw=b"", end="stall")
"""Takes the request and says nothing."""


def place(port: int, more: str = "") -> str:
    return f"server {{ listen {{0}}; location / {{ proxy_pass http://127.0.0.1:{port}; {more} }} }}"


@pytest.mark.parametrize("buffering", ["on", "off"])
def test_a_read_timeout_in_the_middle_of_the_answer(buffering: str, tmp_path: Path) -> None:
    more = f"proxy_buffering {buffering}; proxy_read_timeout 300ms;"
    with (
        server(cut_after(40, TEXT, "stall"), cut_after(30, TEXT[len(held(40, TEXT)) - 40 :], "stall")) as backend,
        nginx(tmp_path, place(backend.port, more)) as (url,),
    ):
        seen = ask(url)
    assert_whole(seen)
    assert seen.faults == ["truncated", "truncated"]


def test_a_read_timeout_before_the_answer_is_a_504(tmp_path: Path) -> None:
    with server(SILENT) as backend, nginx(tmp_path, place(backend.port, "proxy_read_timeout 300ms;")) as (url,):
        seen = ask(url)
    assert_whole(seen)
    assert seen.faults == ["server-timeout"]
    assert seen.seams == []


def test_an_upstream_that_hangs_up_is_a_502_page_and_the_reply_goes_on(tmp_path: Path) -> None:
    gone = Answer(silent=True, end="fin")
    with (
        server(cut_after(40, TEXT), gone, gone) as backend,
        nginx(tmp_path, place(backend.port, "proxy_next_upstream off;")) as (url,),
    ):
        seen = ask(url)
    assert_whole(seen)
    assert seen.faults == ["truncated", "server", "server"]
    assert [mark.at for mark in seen.seams] == [len(held(40, TEXT))]


def test_an_upstream_that_is_gone_for_good_gives_one_message(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, not listening: whoever connects is refused
        with nginx(tmp_path, place(port_of(nobody))) as (url,):
            done = command(settings(tmp_path, url, more="max_retries = 2\n"))
    assert done.returncode == 1
    assert done.stdout == ""
    *waiting, last, advice = done.stderr.splitlines()
    assert [line.rpartition("; ")[2].partition(" in ")[0] for line in waiting] == ["reconnecting"] * 2
    assert ["(retry 1/2)" in line for line in waiting] == [True, False]  # the lookup's wait is a retry too
    assert last.startswith("unbroken: No answer came: ")
    assert "HTTP 502: 502 Bad Gateway" in last
    assert "after 2 retries" in last
    assert advice.startswith("Try again in a moment")
    assert "<" not in done.stderr


def test_gzip_that_nobody_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two in a row: the inner one is told that its client wants gzip, the outer one passes on what it says."""
    wire = io.StringIO()
    monkeypatch.setattr(net, "_log", net.WireLog(wire))
    with (
        server(flowing()) as backend,
        nginx(
            tmp_path,
            "server { listen {0}; location / { proxy_pass http://{1}; proxy_set_header Accept-Encoding gzip; } }"
            f"server {{ listen {{1}}; location / {{ proxy_pass http://127.0.0.1:{backend.port}; }} }}",
            count=2,
            more="  gzip on; gzip_proxied any; gzip_min_length 1; gzip_types text/event-stream;",
        ) as (url, _),
    ):
        seen = ask(url)
    assert_whole(seen)
    assert seen.faults == []
    assert "'content-encoding': 'gzip'" in wire.getvalue()


def test_gzip_cut_in_the_middle(tmp_path: Path) -> None:
    with (
        server(cut_after(60, TEXT, "stall")) as backend,
        nginx(
            tmp_path,
            "server { listen {0}; location / { proxy_pass http://{1}; proxy_set_header Accept-Encoding gzip; } }"
            f"server {{ listen {{1}}; location / {{ proxy_pass http://127.0.0.1:{backend.port};"
            " proxy_read_timeout 300ms; } }",
            count=2,
            more="  gzip on; gzip_proxied any; gzip_min_length 1; gzip_types text/event-stream;",
        ) as (url, _),
    ):
        seen = ask(url)
    assert_whole(seen)
    assert seen.faults == ["truncated"]


def test_its_rate_limit_is_waited_for(tmp_path: Path) -> None:
    """limit_req gives a page of HTML with 429; the Retry-After is what its administrator added."""
    with (
        server(cut_after(40, TEXT)) as backend,
        nginx(
            tmp_path,
            place(backend.port, "limit_req zone=slow; limit_req_status 429; add_header Retry-After 1 always;"),
            more="  limit_req_zone $binary_remote_addr zone=slow:64k rate=1r/s;",
        ) as (url,),
    ):
        seen = ask(url)
    assert_whole(seen)
    assert set(seen.faults) == {"truncated", "rate-limit"}


def test_the_command_through_buffers_and_gzip(tmp_path: Path) -> None:
    with (
        server(cut_after(40, TEXT, "stall")) as backend,
        nginx(
            tmp_path,
            place(backend.port, "proxy_buffering on; proxy_buffers 2 4k; proxy_read_timeout 300ms;"),
            more="  gzip on; gzip_proxied any; gzip_min_length 1; gzip_types text/event-stream;"
            " proxy_buffer_size 4k; proxy_busy_buffers_size 4k;",
        ) as (url,),
    ):
        done = command(settings(tmp_path, url, resume="prefill"))
        accepted = {seen.headers["accept-encoding"] for seen in backend.seen if seen.method == "POST"}
    assert (done.returncode, done.stdout) == (0, TEXT + "\n")
    assert done.stderr.count("seam verified") == 1
    assert accepted == {"identity"}
    assert len(stream(TEXT)) > 2 * 4096
