"""Numbers on the command line, with a message of ours where they are none."""

from __future__ import annotations

import math

import click

from tui.plain import one_line
from tui.say import say


class Whole(click.IntRange):
    """A whole number from `low` to `high`."""

    def __init__(self, low: int, high: int) -> None:
        super().__init__(low, high)
        self._low, self._high = low, high

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            number = int(str(value))
        except ValueError:
            number = None
        if number is None or not self._low <= number <= self._high:
            told = {"value": one_line(str(value), 40), "low": f"{self._low:,}", "high": f"{self._high:,}"}
            self.fail(say("cli.not_whole", **told), param, ctx)
        return number


class Number(click.FloatRange):
    """A number from `low` to `high`; not a number (nan) is none."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__(low, high)
        self._low, self._high = low, high

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = float(str(value))
        except ValueError:
            number = math.nan
        if not self._low <= number <= self._high:
            told = {"value": one_line(str(value), 40), "low": f"{self._low:g}", "high": f"{self._high:,g}"}
            self.fail(say("cli.not_number", **told), param, ctx)
        return number
