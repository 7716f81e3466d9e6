"""On which line of a TOML file each key stands: tomllib tells only the values.

A statement of TOML is valid on its own, so the file is cut into statements by asking tomllib whether the lines so far
parse. There is no second grammar here that could disagree with the first.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping

Path = tuple[str, ...]

MAX_STATEMENT = 200
"""Lines of one statement (a list over many lines); beyond it keys are not found, since each line costs a parse."""


def lines_of_keys(text: str) -> dict[Path, int]:
    """The first line, from 1, of every key and table of a valid TOML text."""
    found: dict[Path, int] = {}
    table: Path = ()
    for number, header, values in _statements(text.replace("\r\n", "\n").split("\n")):
        paths = list(_paths(values))
        if header:
            table = max(paths, key=len)
            for length in range(1, len(table) + 1):
                found.setdefault(table[:length], number)
        else:
            for path in paths:
                found.setdefault(table + path, number)
    return found


def _statements(lines: list[str]) -> Iterator[tuple[int, bool, Mapping[str, object]]]:
    """(first line, whether it is a [table] header, what it says) of each statement."""
    at = 0
    while at < len(lines):
        if not lines[at].strip() or lines[at].lstrip().startswith("#"):
            at += 1
            continue
        for end in range(at + 1, min(at + MAX_STATEMENT, len(lines)) + 1):
            try:
                values: Mapping[str, object] = tomllib.loads("\n".join(lines[at:end]))
            except ValueError:
                continue  # not yet whole
            yield at + 1, lines[at].lstrip().startswith("["), values
            at = end
            break
        else:
            return


def _paths(values: object) -> Iterator[Path]:
    if isinstance(values, list):
        for value in values:
            yield from _paths(value)
    elif isinstance(values, dict):
        for key, value in values.items():
            yield (str(key),)
            yield from ((str(key), *rest) for rest in _paths(value))
