"""A provider whose answers stop half-way until a test opens the gate, and which tells what it did, for waiting.

with Gated(first=20) as server:
    ... a program asks settings(home, server.url) ...
    server.wait_for("held 1")  # twenty words of the first answer are sent
    server.gate.set()          # the rest follows
    server.wait_for("whole 1")
"""

from __future__ import annotations

import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

PATIENCE = 60.0
"""Seconds after which what is waited for counts as never coming."""


class _Server(socketserver.ThreadingMixIn, HTTPServer):
    daemon_threads = True
    gated: Gated


class Gated:
    """Answers `text`; of each answer the first `first` words at once, the others when the gate is open."""

    def __init__(self, text: str, first: int) -> None:
        self.text, self.first = text, first
        self.gate = threading.Event()
        self.log: list[str] = []
        """post N, held N, whole N, gone N: the N-th answer was asked, waits at the gate, was sent, lost its reader."""
        self.prompts: list[str] = []
        self._changed = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.gated = self
        self._thread = threading.Thread(target=self._server.serve_forever, name="gated-provider", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Gated:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def note(self, what: str) -> None:
        with self._changed:
            self.log.append(what)
            self._changed.notify_all()

    def wait_for(self, what: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: what in self.log, PATIENCE), (what, self.log)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:  # type: ignore[override]  # nothing on stderr
        pass

    def do_GET(self) -> None:
        body = json.dumps({"object": "list", "data": [{"id": "test-model", "object": "model"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        gated = self.server.gated
        messages = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"]
        held = messages[-1]["content"] if messages[-1]["role"] == "assistant" else ""
        gated.prompts.append([message["content"] for message in messages if message["role"] == "user"][-1])
        number = len(gated.prompts)
        gated.note(f"post {number}")
        rest = gated.text.removeprefix(held)
        words = [word + " " for word in rest.split(" ")]
        words[-1] = words[-1][:-1]
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            for place, word in enumerate(words):
                if place == gated.first:
                    gated.note(f"held {number}")
                    gated.gate.wait()
                self._frame({"delta": {"content": word}})
            self._frame({"delta": {}, "finish_reason": "stop"})
            self.wfile.write(b"data: [DONE]\n\n")
        except OSError:
            gated.note(f"gone {number}")
            return
        gated.note(f"whole {number}")

    def _frame(self, choice: dict[str, object]) -> None:
        self.wfile.write(b"data: " + json.dumps({"choices": [{"index": 0, **choice}]}).encode() + b"\n\n")
        self.wfile.flush()
