"""What `--log FILE` tells of the wire."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TextIO

from tui.plain import without


class WireLog:
    """What happened on the wire, for `--log FILE`: a line a thing, without keys."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._began = time.monotonic()
        self._keys: set[str] = set()

    def note(self, sign: str, text: str) -> None:
        self._write(sign, self._hide(text))

    def chunk(self, before: bytes, chunk: bytes) -> None:
        """A part of a body that goes on behind `before`: a key may be split between two."""
        hidden = self._hide(chunk.decode("latin-1"), before.decode("latin-1"))
        parts = [repr(part.encode("latin-1"))[2:-1] for part in hidden.split("…")]
        self._write("<", f"b'{'…'.join(parts)}'")

    def _hide(self, text: str, before: str = "") -> str:
        """A provider may quote the key that it refuses, or a part of it."""
        for key in self._keys:
            text = without(key, text, before)
        return text

    def _write(self, sign: str, text: str) -> None:
        self._file.write(f"{time.monotonic() - self._began:10.3f} {sign} {text}\n")
        self._file.flush()

    def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> None:
        key = headers.get("authorization", "").removeprefix("Bearer ")
        if key:
            self._keys.add(key)
        shown = {name: "…" if name == "authorization" else value for name, value in headers.items()}
        self.note(">", f"{method} {url} {shown!r}")
        if body:
            self.note(">", body.decode("utf-8", "replace"))
