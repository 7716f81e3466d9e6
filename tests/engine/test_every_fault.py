"""Each fault of the list (reference, A to D) in the middle of a reply: the answer is exact all the same.

Two tables: what does no harm, so that nothing is asked again, and what breaks an attempt, so that the reply is resumed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

import pytest
from fakes import SSE, Clean, End, Fin, Rst, Script, Stall, status
from model_servers import DONE, chunk, frames, stream
from play import KEY, REQUEST, play
from scenes import TEXT, head, held, serving
from wire_server import Answer, WireServer

from tui.engine import stream_reply
from tui.words import Done, Event, Policy, Provider, Retry

HEAD, REST = head(20), b"".join(frames(TEXT)[20:])
END = chunk({}, "stop") + DONE
WHOLE = HEAD + REST + END
ODD = "a\u2028b\u2029c\x85d\u000be\u000cf\u001cg 日本 👩‍👩‍👧‍👦 é"


def raw(text: str) -> bytes:
    """A delta with nothing escaped that JSON lets stand."""
    return b'data: {"choices": [{"delta": {"content": ' + json.dumps(text, ensure_ascii=False).encode() + b"}}]}\n\n"


def escaped(text: str) -> bytes:
    """A delta with `text` between the quotes as it stands."""
    return b'data: {"choices": [{"delta": {"content": "' + text.encode() + b'"}}]}\n\n'


def bytewise(body: bytes) -> Script:
    return Script(tuple(body[at : at + 1] for at in range(len(body))))


def headed(content_type: str) -> Script:
    return Script((raw(ODD) + END,), headers={"content-type": content_type})


HARMLESS: dict[str, tuple[Script, str]] = {
    "CR": (Script((WHOLE.replace(b"\n", b"\r"),)), TEXT),
    "CRLF": (Script((WHOLE.replace(b"\n", b"\r\n"),)), TEXT),
    "CRLF byte by byte": (bytewise(WHOLE.replace(b"\n", b"\r\n")), TEXT),
    "BOM": (Script((b"\xef\xbb\xbf" + WHOLE,)), TEXT),
    "comments": (Script((HEAD, b": OPENROUTER PROCESSING\n\n:\n\n: keep-alive\n\n", REST, END)), TEXT),
    "ping as data": (Script((HEAD, b"data: ping\n\n", REST, END)), TEXT),
    "ping as an event": (Script((HEAD, b'event: ping\ndata: {"type": "ping"}\n\n', REST, END)), TEXT),
    "empty frames": (Script((HEAD, b"data:\n\ndata: \n\n\n\n", REST, END)), TEXT),
    "empty content": (Script((HEAD, chunk({"content": ""}), chunk({"content": None}), REST, END)), TEXT),
    "choices null": (Script((HEAD, b'data: {"choices": null}\n\n', REST, END)), TEXT),
    "unknown fields": (Script((HEAD, b"id: 7\nretry: 5\nfoo: bar\n\n", REST, END)), TEXT),
    "glued": (Script((HEAD, REST.replace(b"\n\ndata: ", b""), END)), TEXT),
    "no space after the colon": (Script((WHOLE.replace(b"data: ", b"data:"),)), TEXT),
    "separators of other standards": (Script((raw(ODD) + END,)), ODD),
    "every character torn": (bytewise(raw(ODD) + END), ODD),
    "charset=windows-1252": (headed("text/event-stream; charset=windows-1252"), ODD),
    "a trailing semicolon": (headed("text/event-stream;"), ODD),
    "capitals": (headed("TEXT/EVENT-STREAM"), ODD),
    "a bogus type": (headed("text/x-bogus"), ODD),
    "no type": (Script((raw(ODD) + END,), headers={}), ODD),
    "halves of a character in two deltas": (Script((escaped("\\ud83d"), escaped("\\ude00"), END)), "😀"),
    "half a character": (Script((escaped("a\\udcafb"), END)), "a\ufffdb"),
    "invalid UTF-8": (Script((chunk({"content": "x"}).replace(b'"x"', b'"a\xffb"'), END)), "a\ufffdb"),
    "no [DONE]": (Script((HEAD, REST, chunk({}, "stop"))), TEXT),
    "no finish_reason": (Script((HEAD, REST, DONE)), TEXT),
    "[DONE] without its empty line": (Script((HEAD, REST, b"data: [DONE]")), TEXT),
    "cut behind the finish": (Script((HEAD, REST, chunk({}, "stop")), Rst()), TEXT),
    "silent behind [DONE]": (Script((WHOLE,), Stall()), TEXT),
    "an error behind the finish": (Script((HEAD, REST, chunk({}, "stop"), b'data: {"error": "late"}\n\n')), TEXT),
    "a whole completion": (
        Script((json.dumps({"choices": [{"message": {"content": ODD}, "finish_reason": "stop"}]}).encode(),)),
        ODD,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HARMLESS)
def test_what_does_no_harm(name: str) -> None:
    script, text = HARMLESS[name]
    result = play([script])
    assert result.done.text == text
    assert (result.done.attempts, result.seams) == (1, [])


def error(value: object, *, event: str = "") -> bytes:
    return (f"event: {event}\n" if event else "").encode() + b"data: " + json.dumps(value).encode() + b"\n\n"


def broken(after: bytes = b"", end: End | None = None, headers: Mapping[str, str] = SSE) -> Script:
    return Script((HEAD, after), end or Clean(), headers=headers)


OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
OPENROUTER = {
    "error": {"code": 502, "message": "gone"},
    "choices": [{"delta": {"content": ""}, "finish_reason": "error"}],
}

TOO_LONG = '{"error": {"code": "context_length_exceeded", "message": "too long"}}'

BREAKS: dict[str, tuple[Script, str]] = {
    "FIN": (broken(end=Fin()), "truncated"),
    "RST": (broken(end=Rst()), "reset"),
    "silence": (broken(end=Stall()), "no-bytes"),
    "a clean end": (broken(), "truncated"),
    "a clean end in a frame": (broken(REST[:30]), "truncated"),
    "a clean end in a character": (broken(raw("日")[:-9]), "truncated"),
    "an empty delta, then a clean end": (broken(chunk({"content": ""})), "truncated"),
    "a usage chunk, then a clean end": (broken(error({"choices": [], "usage": {"prompt_tokens": 1}})), "truncated"),
    "half a [DONE]": (broken(b"data: [DON"), "truncated"),
    "an error": (broken(error({"error": {"message": "gone", "type": "server_error"}})), "in-stream"),
    "an error in words": (broken(error({"error": "gone"})), "in-stream"),
    "vLLM's error": (broken(error({"object": "error", "message": "gone", "code": 500})), "server"),
    "Anthropic's error": (broken(error(OVERLOADED, event="error")), "overloaded"),
    "OpenRouter's error": (broken(error(OPENROUTER)), "server"),
    "a rate limit inside": (broken(error({"error": {"message": "slow", "code": 429}})), "rate-limit"),
    "finish_reason error": (broken(chunk({}, "error")), "in-stream"),
    "not JSON": (broken(b'data: {"choices": [{"delta": {"cont\n\n'), "garbled"),
    "noise": (broken(b"\x00\xff\xfe{]~\r\n\r\n\x80" + REST), "garbled"),
    "a page in the middle": (broken(b"data: <html>{}</html>\n\n"), "garbled"),
    "a line of 9 MiB": (broken(b"data: " + b"x" * (9 * 1024 * 1024)), "line-too-long"),
    "a frame of 9 MiB": (broken((b"data: " + b"x" * 65536 + b"\n") * 144), "line-too-long"),
    "429": (status(429, "", {"retry-after": "2"}), "rate-limit"),
    "500": (status(500, "<html><title>Oops</title>"), "server"),
    "502 as a page": (status(502, "<html><title>502 Bad Gateway</title>"), "server"),
    "503": (status(503), "overloaded"),
    "524": (status(524, "<!doctype html><title>A timeout occurred</title>"), "server-timeout"),
    "529": (status(529), "overloaded"),
    "an empty 200": (Script(()), "truncated"),
    "an error object with status 200": (Script((b'{"error": {"message": "later", "code": 503}}',)), "overloaded"),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_what_breaks_an_attempt_is_resumed(name: str) -> None:
    script, kind = BREAKS[name]
    cuts = (script,) if script.status == 200 and HEAD in script.steps else (20, script)
    result = play(serving(*cuts))
    assert result.faults[-1] == kind
    assert result.done.text == TEXT
    assert result.done.verified
    assert [seam.verified for seam in result.seams] == [True]


PERMANENT: dict[str, tuple[Script, str]] = {
    "401": (status(401, '{"error": {"message": "no"}}'), "unauthorized"),
    "402": (status(402), "payment"),
    "403": (status(403), "forbidden"),
    "404": (status(404), "not-found"),
    "413": (status(413), "too-long"),
    "context length": (status(400, TOO_LONG), "too-long"),
    "a filtered prompt": (status(400, '{"error": {"code": "content_filter"}}'), "content-filter"),
    "307": (status(307, "", {"location": "https://elsewhere.example/"}), "redirect"),
    "418": (status(418, "I am a teapot"), "unknown-status"),
    "a page": (Script((b"<!doctype html><title>Log in</title>",), headers={"content-type": "text/html"}), "page"),
    "text": (Script((b"OK",), headers={"content-type": "text/plain"}), "no-stream"),
    "content filter": (broken(chunk({}, "content_filter")), "content-filter"),
    "401 inside": (broken(error({"error": {"message": "no", "code": 401}})), "unauthorized"),
}  # fmt: skip


@pytest.mark.parametrize("name", PERMANENT)
def test_what_cannot_be_helped_is_asked_once_and_keeps_the_text(name: str) -> None:
    script, kind = PERMANENT[name]
    cuts = (script,) if HEAD in script.steps else (20, script)
    result = play(serving(*cuts))
    assert (result.fault.kind, result.fault.permanent) == (kind, True)
    assert result.last.text == held(20)
    assert len(result.wire.asked) == len(cuts)


def test_a_content_length_that_is_too_short_is_a_cut() -> None:
    """httpx says nothing: what is behind it is not read."""
    short = {"Content-Type": "text/event-stream", "Content-Length": str(len(HEAD))}

    async def last(url: str) -> Event:
        policy = Policy(retry=Retry(initial_backoff=0.01))
        return [event async for event in stream_reply(REQUEST, Provider("p", url, key=KEY), policy)][-1]

    with WireServer([Answer(WHOLE, headers=short, framing="length"), Answer(stream(TEXT))]) as server:
        done = asyncio.run(last(server.url))
    assert isinstance(done, Done)
    assert (done.text, done.attempts) == (TEXT, 2)
