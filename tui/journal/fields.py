"""An object of a JSON document, field by field: each of the type it must have, or an error that names the place."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TypeVar

_LARGEST = 2**63 - 1

Kind = TypeVar("Kind", str, bool)


class WrongField(ValueError):
    """A field that is missing, or of another type."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where
        """As in conversations[3].turns[0].prompt."""


class Fields:
    """`value`, which must be an object, at `where` in the document."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise WrongField(where)
        self._value: dict[object, object] = value
        self.where = where

    def text(self, name: str) -> str:
        return self._of(name, str)

    def text_or_none(self, name: str) -> str | None:
        return None if self._value.get(name) is None else self.text(name)

    def name(self, name: str) -> str:
        """An id: a text that is not empty."""
        found = self.text(name)
        if not found:
            raise self.wrong(name)
        return found

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        found = self.text(name)
        if found not in allowed:
            raise self.wrong(name)
        return found

    def truth(self, name: str) -> bool:
        return self._of(name, bool)

    def whole(self, name: str) -> int:
        found = self._value.get(name)
        if not isinstance(found, int) or isinstance(found, bool) or abs(found) > _LARGEST:
            raise self.wrong(name)
        return found

    def whole_or_none(self, name: str) -> int | None:
        return None if self._value.get(name) is None else self.whole(name)

    def number_or_none(self, name: str) -> float | None:
        found = self._value.get(name)
        if found is None:
            return None
        if not isinstance(found, int | float) or isinstance(found, bool):
            raise self.wrong(name)
        try:
            number = float(found)
        except OverflowError as error:
            raise self.wrong(name) from error
        if not math.isfinite(number):
            raise self.wrong(name)
        return number

    def number(self, name: str) -> float:
        """A finite number; one that JSON cannot hold was written as null, and is 0."""
        if name not in self._value:
            raise self.wrong(name)
        return self.number_or_none(name) or 0.0

    def objects(self, name: str) -> Iterator[Fields]:
        found = self._value.get(name)
        if not isinstance(found, list):
            raise self.wrong(name)
        for place, item in enumerate(found):
            yield Fields(item, f"{self.where}.{name}[{place}]")

    def object_or_none(self, name: str) -> Fields | None:
        found = self._value.get(name)
        return None if found is None else Fields(found, f"{self.where}.{name}")

    def parameters(self, name: str) -> dict[str, str | int | float | bool | None]:
        """An object of plain values; {} where there is none."""
        found = self._value.get(name, {})
        if not isinstance(found, dict):
            raise self.wrong(name)
        known: dict[str, str | int | float | bool | None] = {}
        for key, value in found.items():
            if not isinstance(value, str | int | float | bool | None):
                raise self.wrong(f"{name}.{key}")
            known[str(key)] = value
        return known

    def texts(self, name: str) -> list[str]:
        return [item for item in self._list(name) if isinstance(item, str)]

    def wholes(self, name: str) -> list[int]:
        """[] where there is none."""
        return [item for item in self._list(name) if isinstance(item, int)] if name in self._value else []

    def wrong(self, name: str) -> WrongField:
        return WrongField(f"{self.where}.{name}")

    def _list(self, name: str) -> list[object]:
        found = self._value.get(name)
        if not isinstance(found, list):
            raise self.wrong(name)
        return found

    def _of(self, name: str, kind: type[Kind]) -> Kind:
        found = self._value.get(name)
        if not isinstance(found, kind):
            raise self.wrong(name)
        return found
