"""A server that keeps its streams as llama.cpp does, behind a network that breaks them; and streams worth breaking.

serve = Keeps(STREAM, [(700, "FIN"), (120, "garbage")])
result = play(serve, provider=KEEPING)
assert result.text == ANSWER
assert serve.methods == ["lookup", "POST", "GET", "GET"]
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from fakes import Asked, Clean, End, Fin, Rst, Script, Stall, status
from model_servers import Model, usage
from play import PREFILL

from tui.words import Learned

KEEPING = replace(PREFILL, local=True)
"""A provider that is asked whether it keeps streams."""
KNOWN = replace(KEEPING, learned=Learned(replay=True))
"""One that is known to."""

FAULTS: dict[str, tuple[bytes, End]] = {
    "FIN": (b"", Fin()),
    "RST": (b"", Rst()),
    "clean end": (b"", Clean()),
    "stall": (b"", Stall()),
    "error frame": (
        b'\n\ndata: {"error":{"message":"the upstream is gone","type":"server_error","code":502}}\n\n',
        Clean(),
    ),
    "garbage": (b"\x00\xff\xfe{]~\r\n\r\n\x80", Fin()),
}


def frame(*deltas: dict[str, object], finish: str | None = None, end: bytes = b"\n\n") -> bytes:
    """One frame; several deltas are glued onto one line, as some gateways do."""
    choices = [{"delta": delta} | ({"finish_reason": finish} if finish else {}) for delta in deltas]
    objects = [json.dumps({"choices": [choice]}, ensure_ascii=True, separators=(",", ":")) for choice in choices]
    return b"data: " + "".join(objects).encode() + end


def content(text: str) -> dict[str, object]:
    return {"content": text}


THOUGHTS = ("Spring ", "first; ", "then 夏…")
ANSWER = "春はあけぼの。 Rain and  rain,\n| 3 |\n| 3 |\nglued together 👍 and x = 🐈‍⬛ 1\n\nThe end."

STREAM = b"".join(
    [
        frame({"role": "assistant", "content": None}),
        *(frame({"reasoning_content": thought}) for thought in THOUGHTS),
        frame(content("春は")),
        frame(content("あけぼの。")),
        b":\n\n",
        frame(content(" Rain"), end=b"\r\n\r\n"),
        frame(content(" and  rain,\n")),
        frame(content("| 3 |\n")),
        frame(content("| 3 |\n")),
        frame(content("glued"), content(" together "), {"reasoning_content": "!"}),
        # A character in two halves, over two frames.
        frame(content("\ud83d")),
        frame(content("\udc4d and ")),
        b": keep-alive\n\n",
        frame(content("x = 🐈")),
        frame(content("‍⬛ 1\n\n")),
        frame(content("The end")),
        frame(content(".")),
        frame({}, finish="stop"),
        usage(38, 21),
        b"data: [DONE]\n\n",
    ]
)
REASONED = "Spring first; then 夏…!"


def plain_stream(text: str) -> bytes:
    """A whole stream that says `text`, in pieces of three characters."""
    pieces = [text[at : at + 3] for at in range(0, len(text), 3)]
    return b"".join(
        [*(frame(content(piece)) for piece in pieces), frame({}, finish="stop"), usage(38, 21), b"data: [DONE]\n\n"]
    )


class Keeps:
    """Says `stream` to the first request, and to a later one (a lower rung) what an exact model would say.

    `faults`: where its answers break, one after the other: (bytes of this answer, what happens), or a script.
    """

    keeps_streams = True

    def __init__(
        self, stream: bytes = STREAM, faults: Iterable[tuple[int, str] | Script | None] = (), answer: str = ANSWER
    ) -> None:
        self.kept: dict[str, bytes] = {}
        self.stopped: list[str] = []
        self.methods: list[str] = []
        self.replayed: list[tuple[str, int]] = []
        """(id, from) of every GET."""
        self.ids: list[str] = []
        """Of the POSTs, in order."""
        self.lost: set[str] = set()
        """Streams of which the ring has not enough any more."""
        self.lookup: Callable[[], Script] = lambda: Script((b"[]",), headers={"content-type": "application/json"})
        self.on_broken: Callable[[str], object] = lambda _: None
        """Called with its id when the answer to a POST is broken."""
        self.on_stop: Callable[[], Script] = lambda: status(204)
        self._stream = stream
        self._model = Model(answer, "exact")
        self._faults = iter(faults)

    def __call__(self, asked: Asked) -> Script:
        parts = urlsplit(asked.url)
        if parts.path.endswith("/streams/lookup"):
            assert asked.method == "POST"
            names = asked.body["conversation_ids"]
            assert isinstance(names, list)
            assert len(names) == 1
            assert not set(names) & set(self.ids)
            self.methods.append("lookup")
            return self.lookup()
        self.methods.append(asked.method)
        if asked.method == "POST":
            return self._begin(asked)
        assert parts.path.endswith("/v1/stream")
        where = parse_qs(parts.query, strict_parsing=True)
        name = where["conv_id"][0]
        if asked.method == "DELETE":
            self.stopped.append(name)
            self.kept.pop(name, None)
            return self.on_stop()
        start = int(where["from"][0])
        self.replayed.append((name, start))
        if name not in self.kept:
            return status(
                404, '{"error":{"code":404,"message":"Stream not found or expired","type":"not_found_error"}}'
            )
        if name in self.lost:
            return status(400, '{"error":{"code":400,"message":"Stream offset lost, please restart"}}')
        return self._broken(self.kept[name][start:])

    def _begin(self, asked: Asked) -> Script:
        said = self._model.says(asked)
        body = self._stream if len(self._model.said) == 1 else plain_stream(said)
        name = asked.headers.get("x-conversation-id")
        if name is not None:
            assert name not in self.ids
            self.ids.append(name)
            self.kept[name] = body
        script = self._broken(body)
        if name is not None and script.end != Clean():
            self.on_broken(name)
        return script

    def _broken(self, body: bytes) -> Script:
        fault = next(self._faults, None)
        if fault is None:
            return Script((body,))
        if isinstance(fault, Script):
            return fault
        cut, what = fault
        after, end = FAULTS[what]
        return Script((body[:cut], after) if cut else (after,), end)
