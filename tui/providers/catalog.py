"""catalog.toml as values."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar, get_args
from urllib.parse import urlsplit

from tui.base_url import host_of
from tui.words import Dialect, Family, Model, Price, Rung

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


@dataclass(frozen=True, slots=True)
class Rule:
    """How the models of a place, or of a family anywhere, are resumed at first."""

    hosts: tuple[str, ...]
    """Empty: any. ":11434" is a port."""
    family: Family
    source: str

    def fits(self, base_url: str) -> bool:
        return not self.hosts or any(_is_at(base_url, host) for host in self.hosts)


@dataclass(frozen=True, slots=True)
class Catalog:
    providers: Mapping[str, BuiltIn]
    rules: tuple[Rule, ...]


@cache
def catalog() -> Catalog:
    return read(FILE.read_text("utf-8"))


def built_in() -> Mapping[str, BuiltIn]:
    """The providers of the catalog, by name."""
    return catalog().providers


def families_at(base_url: str) -> tuple[Family, ...]:
    """What the catalog's rules say of models there, in its order."""
    return tuple(rule.family for rule in catalog().rules if rule.fits(base_url))


def _is_at(base_url: str, host: str) -> bool:
    if host.startswith(":"):
        return urlsplit(base_url).port == int(host[1:])
    here = host_of(base_url)
    return here == host or here.endswith("." + host)


def read(text: str) -> Catalog:
    """What `text` lists; strict, for a misspelt field would be a price that is never shown."""
    tables = tomllib.loads(text)
    rules = tables.pop("rules", [])
    if not isinstance(rules, list):
        raise CatalogError("rules is not a list of tables")
    return Catalog(
        {name: _provider(name, table) for name, table in tables.items()},
        tuple(_rule(f"rules {number}", table) for number, table in enumerate(rules, 1)),
    )


def _rule(where: str, table: object) -> Rule:
    row = _Row(where, table)
    hosts, pattern, source = row.take_words("hosts"), row.take("model", ""), row.take("source", "")
    rung, dialect = row.take_word("first_rung", RUNGS, None), row.take_word("dialect", DIALECTS, None)
    row.end()
    if rung is None or not source or not (hosts or pattern):
        raise CatalogError(f"{where} needs first_rung, source, and hosts or model")
    try:
        re.compile(pattern)
        ports = [int(host[1:]) for host in hosts if host.startswith(":")]
    except (re.error, ValueError) as error:
        raise CatalogError(f"{where}: {error}") from None
    if not all(0 < port < 65536 for port in ports):
        raise CatalogError(f"{where}.hosts has no such port")
    return Rule(hosts, Family(pattern, rung, dialect or "plain"), source)


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

    def take_words(self, name: str) -> tuple[str, ...]:
        value = self._left.pop(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            raise CatalogError(f"{self._where}.{name} is {value!r}")
        return tuple(value)

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
