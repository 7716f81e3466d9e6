"""catalog.toml as values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar, get_args

from tui.words import Dialect, Model, Price, Rung

FILE = Path(__file__).with_name("catalog.toml")


class CatalogError(Exception):
    """A row of the catalog is wrong; it ships with the program, so a test finds this first."""


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A provider that needs no configuration but a key."""

    base_url: str
    api_key_env: str
    register: str
    """Where a person gets a key."""
    models: Mapping[str, Model]


@cache
def built_in() -> Mapping[str, BuiltIn]:
    """The providers of the catalog, by name."""
    return read(FILE.read_text("utf-8"))


def read(text: str) -> Mapping[str, BuiltIn]:
    """The providers that `text` lists; strict, for a misspelt field would be a price that is never shown."""
    return {name: _provider(name, table) for name, table in tomllib.loads(text).items()}


def _provider(name: str, table: object) -> BuiltIn:
    row = _Row(name, table)
    base_url, variable, register = row.take("base_url", ""), row.take("api_key_env", ""), row.take("register", "")
    models = row.take_table("models")
    row.end()
    return BuiltIn(
        base_url, variable, register, {key: _model(f"{name}.{key}", key, one) for key, one in models.items()}
    )


def _model(where: str, model_id: str, table: object) -> Model:
    row = _Row(where, table)
    model = Model(
        model_id,
        title=row.take("title", ""),
        price=Price(row.take_price("input"), row.take_price("output")),
        first_rung=row.take_word("first_rung", RUNGS, None),
        dialect=row.take_word("dialect", DIALECTS, "plain"),
        reasoning=row.take("reasoning", default=False),
        context=row.take("context", 0) or None,
    )
    row.end()
    return model


RUNGS: tuple[Rung, ...] = get_args(Rung)
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)

Scalar = TypeVar("Scalar", str, bool, int)
Word = TypeVar("Word", bound=str)
Missing = TypeVar("Missing")


class _Row:
    """One table, emptied field by field: what is left over at the end is a mistake."""

    def __init__(self, where: str, table: object) -> None:
        if not isinstance(table, dict):
            raise CatalogError(f"{where} is not a table")
        self._where = where
        self._left: dict[str, object] = dict(table)

    def take(self, name: str, default: Scalar) -> Scalar:
        value = self._left.pop(name, default)
        if not isinstance(value, type(default)):
            raise CatalogError(f"{self._where}.{name} is {value!r}")
        return value

    def take_price(self, name: str) -> float | None:
        value = self._left.pop(name, None)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise CatalogError(f"{self._where}.{name} is {value!r}")
        return float(value)

    def take_word(self, name: str, words: tuple[Word, ...], default: Missing) -> Word | Missing:
        if name not in self._left:
            return default
        value = self._left.pop(name)
        for word in words:
            if word == value:
                return word
        raise CatalogError(f"{self._where}.{name} is {value!r}, not one of {words}")

    def take_table(self, name: str) -> Mapping[str, object]:
        value = self._left.pop(name, {})
        if not isinstance(value, dict):
            raise CatalogError(f"{self._where}.{name} is not a table")
        return value

    def end(self) -> None:
        if self._left:
            raise CatalogError(f"{self._where} has unknown fields: {', '.join(self._left)}")
