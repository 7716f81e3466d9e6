"""The pages of an SQLite file and of its log, read without SQLite: also where SQLite can no longer open it.

The formats are sqlite.org/fileformat2.html: section 1 the file, section 4 the log. Nothing is written.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

from tui.journal.cells import KINDS, whole_page

_MAGIC = b"SQLite format 3\0"
_LOG_MAGIC = (0x377F0682, 0x377F0683)
"""The second: its checksums are of big-endian words."""
_LOG_HEAD = 32
_FRAME_HEAD = 24
_SIZES = (4096, 1024, 8192, 512, 2048, 16384, 32768, 65536)
"""Bytes of a page, SQLite's default first."""
_SAMPLE = 1 << 24
"""Bytes in which the size of a page is looked for."""


class Pages:
    """The pages as they count: what the log holds of one, up to its last whole transaction, is newer than the file."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._file = _mapped(path)
        self._log = _mapped(path.with_name(path.name + "-wal"))
        log_size = _log_page_size(self._log)
        self.size = log_size or _page_size(self._file)
        """Bytes of a page."""
        self._newer = _frames(self._log, self.size) if log_size else {}
        self.count = max((len(self._file) + self.size - 1) // self.size, *self._newer, 0)
        """Pages are numbered from 1 to this."""

    def __getitem__(self, number: int) -> bytes | None:
        """None: it is not there, or not whole."""
        at = self._newer.get(number)
        if at is not None:
            return self._log[at : at + self.size]
        page = self._file[(number - 1) * self.size : number * self.size] if number >= 1 else b""
        return page if len(page) == self.size else None

    def all(self) -> Iterator[tuple[int, bytes]]:
        """Those that are there and are not empty."""
        empty = bytes(self.size)
        for number in range(1, self.count + 1):
            page = self[number]
            if page is not None and page != empty:
                yield number, page

    @property
    def has_head(self) -> bool:
        """Whether the first page begins as that of an SQLite file."""
        return (self[1] or b"").startswith(_MAGIC)

    @property
    def empty(self) -> bool:
        """Whether nothing but zeros is left of it, and that there are: a file that was never written has none."""
        return self.count > 0 and next(self.all(), None) is None and not any(self._file[-self.size :])

    def close(self) -> None:
        for view in (self._file, self._log):
            if isinstance(view, mmap.mmap):
                view.close()


def _mapped(path: Path) -> mmap.mmap | bytes:
    try:
        with path.open("rb") as file:
            # A file that is shortened while it is mapped would end the process: a small one is read instead.
            return file.read() if path.stat().st_size < 1 << 26 else mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    except FileNotFoundError:
        return b""


def _page_size(file: mmap.mmap | bytes) -> int:
    """As the header says, else the one of which most is whole."""
    if file[:16] == _MAGIC:
        told = struct.unpack(">H", file[16:18])[0]
        told = 65536 if told == 1 else told
        if told in _SIZES:
            return told

    def fits(size: int) -> int:
        """Bytes on pages of this size that are whole."""
        starts = range(0, min(len(file), _SAMPLE) - size + 1, size)
        return sum(size for at in starts if file[at] in KINDS and whole_page(file[at : at + size]) is not None)

    return max(_SIZES, key=fits)


def _log_page_size(log: mmap.mmap | bytes) -> int:
    """0: it is no log."""
    if len(log) < _LOG_HEAD:
        return 0
    magic, _, size = struct.unpack(">III", log[:12])
    return size if magic in _LOG_MAGIC and size in _SIZES else 0


def _frames(log: mmap.mmap | bytes, size: int) -> dict[int, int]:
    """Where in the log the newest of each page is. What was written after a damaged frame is taken, too, as far as it
    belongs to this log: each frame's checksum goes on from the one before it, which the one before it holds."""
    order = ">" if struct.unpack(">I", log[:4])[0] & 1 else "<"
    salts, before = log[16:24], struct.unpack(">II", log[24:32])
    found: dict[int, int] = {}
    pending: dict[int, int] = {}
    for at in range(_LOG_HEAD, len(log) - _FRAME_HEAD - size + 1, _FRAME_HEAD + size):
        head = log[at : at + _FRAME_HEAD]
        if head[8:16] != salts:
            # Of an earlier log, whose end this one has not overwritten; or damaged.
            continue
        number, commit = struct.unpack(">II", head[:8])
        told = struct.unpack(">II", head[16:])
        whole = _sums(log[at : at + 8] + log[at + _FRAME_HEAD : at + _FRAME_HEAD + size], before, order) == told
        if whole and number:
            pending[number] = at + _FRAME_HEAD
        if commit:
            found |= pending
            pending = {}
        before = told
    return found


def _sums(data: bytes, before: tuple[int, int], order: str) -> tuple[int, int]:
    """The log's checksum, which goes on from the one before."""
    first, second = before
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
