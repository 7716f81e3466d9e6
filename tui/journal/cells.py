"""What stands on a page of an SQLite b-tree: rows, each of which says itself what it holds. Pure.

A page is whole where everything on it fits everything else: types, places, lengths, and no byte twice or left over
(sqlite.org/fileformat2.html, 1.6 and 2.1). What a torn or foreign page holds is then hardly ever taken for rows.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

Value = str | bytes | int | float | None
Kind = Literal["index inner", "table inner", "index", "table"]

KINDS: dict[int, Kind] = {2: "index inner", 5: "table inner", 10: "index", 13: "table"}


@dataclass(frozen=True, slots=True)
class Cell:
    """A row as far as it stands on its page."""

    size: int
    """Bytes of the whole row."""
    local: bytes
    """Those on this page."""
    overflow: int
    """The page on which it goes on; 0: nowhere."""
    at: int = 0
    """Where on the page it begins."""


@dataclass(frozen=True, slots=True)
class Page:
    kind: Kind
    cells: tuple[Cell, ...]
    """None on the inner pages of a table."""
    children: tuple[int, ...]
    """Pages below it."""


class NotWhole(ValueError):
    """The page, or the row, contradicts itself."""


def parse(page: bytes, start: int = 0) -> Page:
    """The page, whose own header begins at `start` (100 on the first of a file). Raises NotWhole."""
    size = len(page)
    kind = KINDS.get(page[start])
    if kind is None:
        raise NotWhole("type")
    free, count, content, fragments = struct.unpack(">HHHB", page[start + 1 : start + 8])
    content = content or 65536
    inner = kind.endswith("inner")
    head = start + (12 if inner else 8)
    if not head + 2 * count <= content <= size:
        raise NotWhole("content")
    places = struct.unpack(f">{count}H", page[head : head + 2 * count])
    used = _free(page, free, content)
    cells: list[Cell] = []
    children: list[int] = []
    for place in places:
        if not content <= place <= size - 4:
            raise NotWhole("place")
        at = place
        if inner:
            children.append(int.from_bytes(page[at : at + 4], "big"))
            at += 4
        if kind == "table inner":
            at = _varint(page, at)[1]
        else:
            length, at = _varint(page, at)
            if kind == "table":
                at = _varint(page, at)[1]
            local = _local(length, size, table=kind == "table")
            overflow = int.from_bytes(page[at + local : at + local + 4], "big") if local < length else 0
            cells.append(Cell(length, page[at : at + local], overflow, at))
            at += local + (4 if local < length else 0)
        used.append((place, max(at, place + 4)))
    _check_tiling(used, content, size, fragments)
    if inner:
        children.append(int.from_bytes(page[start + 8 : start + 12], "big"))
    return Page(kind, tuple(cells), tuple(children))


def whole_page(page: bytes, start: int = 0) -> Page | None:
    """The page; None where it is not whole."""
    try:
        return parse(page, start)
    except (NotWhole, IndexError):
        return None


def _free(page: bytes, at: int, content: int) -> list[tuple[int, int]]:
    """The free blocks: a chain upwards."""
    found: list[tuple[int, int]] = []
    while at:
        if not content <= at <= len(page) - 4 or (found and at < found[-1][1]):
            raise NotWhole("free block")
        following, length = struct.unpack(">HH", page[at : at + 4])
        found.append((at, at + max(length, 4)))
        at = following
    return found


def _check_tiling(used: list[tuple[int, int]], content: int, size: int, fragments: int) -> None:
    """Between the beginning of the content and the end of the page every byte is used once; fewer than four that are
    left between two are counted as fragments."""
    place, left = content, 0
    for start, end in sorted(used):
        if start < place:
            raise NotWhole("overlap")
        left += start - place
        place = end
    if place > size or left + size - place != fragments:
        raise NotWhole("left over")


def _local(length: int, size: int, *, table: bool) -> int:
    """How much of a row of `length` bytes is on its page (2.3)."""
    most = size - 35 if table else (size - 12) * 64 // 255 - 23
    if length <= most:
        return length
    least = (size - 12) * 32 // 255 - 23
    kept = least + (length - least) % (size - 4)
    return kept if kept <= most else least


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at `at`, and where it ends."""
    value = 0
    for place in range(at, at + 8):
        if place >= len(data):
            raise NotWhole("number")
        byte = data[place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + 1
    if at + 8 >= len(data):
        raise NotWhole("number")
    return value << 8 | data[at + 8], at + 9


@dataclass(frozen=True, slots=True)
class Shape:
    """What the beginning of a row says of the rest."""

    types: tuple[int, ...]
    start: int
    """Where the first value begins."""

    @property
    def size(self) -> int:
        return self.start + sum(length_of(code) for code in self.types)


def shape(row: bytes) -> Shape:
    """Raises NotWhole. The beginning of a row is enough."""
    end, at = _varint(row, 0)
    if not at <= end <= len(row):
        raise NotWhole("row")
    types: list[int] = []
    while at < end:
        code, at = _varint(row, at)
        if code in (10, 11) or code >= 1 << 40:
            raise NotWhole("type of a value")
        types.append(code)
    if at != end:
        raise NotWhole("row")
    return Shape(tuple(types), end)


_LENGTHS = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)


def length_of(code: int) -> int:
    """Bytes of a value of the serial type `code`."""
    return _LENGTHS[code] if code < 10 else (code - 12) // 2


def value(code: int, data: bytes) -> Value:
    """Raises NotWhole, also for a text that is none."""
    if code == 0:
        return None
    if code in (8, 9):
        return code - 8
    if code == 7:
        number: float = struct.unpack(">d", data)[0]
        return number
    if code < 7:
        return int.from_bytes(data, "big", signed=True)
    if code % 2 == 0:
        return data
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise NotWhole("text") from error
