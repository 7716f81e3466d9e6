"""The SQL of this room, by name: each `-- name: x` of a .sql file begins one entry."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def load(file: str) -> dict[str, str]:
    """The entries of `file` (beside this one), in its order."""
    _, *parts = _NAME.split(Path(__file__).with_name(file).read_text(encoding="utf-8"))
    names, bodies = parts[::2], parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{file} names an entry twice")
    return {name: body.strip() for name, body in zip(names, bodies, strict=True)}


def statements(script: str) -> list[str]:
    """The single statements of `script`: sqlite3's own executescript would commit the transaction it runs in."""
    found: list[str] = []
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            found.append(statement.strip())
            statement = ""
    return found
