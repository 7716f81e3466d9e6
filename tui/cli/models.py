"""`unbroken models`: what can be asked, what it costs, and whether the provider offers it now."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never

import click
from wcwidth import wcswidth

from tui.cli.configured import configured
from tui.cli.errors import Exit, tell
from tui.config import Config
from tui.monitor.models import KEY_TEST, KeyRefused, ModelsAnswer, Present, Unreachable, fetch_models
from tui.plain import one_line
from tui.providers import resolve
from tui.providers.keys import KeyMissing
from tui.say import say
from tui.words import Model

MARKS = {True: "✓", False: "–", None: "?"}
LONGEST = 80
"""Code points of an id or a title that are shown."""


@dataclass(frozen=True, slots=True)
class Row:
    model: Model
    offered: bool | None
    """None: the provider was not asked, or gave no list."""


@click.command(name="models", help=say("models.help"))
@click.option("-p", "--provider", "name", metavar="PROVIDER", help=say("models.help_provider"))
@click.option("--json", "as_json", is_flag=True, help=say("models.help_json"))
def command(name: str | None, as_json: bool) -> int:
    config = configured()
    provider, model = resolve.choose(config, name)
    known = dict(resolve.rows(config, provider))
    if provider == config.provider:
        known.setdefault(model, Model(model))
    answer = _asked(config, provider, model)
    if isinstance(answer, Present):
        answer = replace(answer, windows=resolve.told(config, provider, answer.windows))
    rows = _rows(known, answer)
    if as_json:
        click.echo(_json(rows))
    elif rows:
        click.echo(_table(rows))
    else:
        tell(say("models.none", provider=one_line(provider, 60)))
    return _explain(answer, provider, some=bool(rows))


def _asked(config: Config, name: str, model: str) -> ModelsAnswer | None:
    """What the provider says; None where it needs a key and there is none."""
    try:
        provider = resolve.provider(config, name, model, tell=tell)
    except KeyMissing:
        return None
    import asyncio

    return asyncio.run(fetch_models(provider, KEY_TEST))


def _rows(known: dict[str, Model], answer: ModelsAnswer | None) -> list[Row]:
    """Those that are known, in the catalog's order, then what else the provider offers, by name."""
    if not isinstance(answer, Present):
        return [Row(model, None) for model in known.values()]
    offered = frozenset(answer.ids)
    others = [Model(one) for one in sorted(offered - known.keys())]
    listed = [Row(model, model.id in offered) for model in known.values()] + [Row(model, True) for model in others]
    told = answer.windows
    return [Row(replace(row.model, context=told.get(row.model.id, row.model.context)), row.offered) for row in listed]


def _explain(answer: ModelsAnswer | None, provider: str, *, some: bool) -> int:
    """One line on stderr where the provider gave no list (`some` are listed all the same); the exit code."""
    name = one_line(provider, 60)
    known = " " + say("models.known") if some else ""
    match answer:
        case None:
            tell(say("models.no_key", provider=name) + known)
        case Present():
            pass
        case KeyRefused(detail=detail):
            tell(say("models.refused", detail=one_line(detail, 120), provider=name) + known)
            return Exit.KEY
        case Unreachable(fault=fault):
            detail = one_line(fault.detail, 120)
            tell(say("models.unreachable", reason=say(f"faults.{fault.kind}"), detail=detail) + known)
        case _:
            assert_never(answer)
    return Exit.COMPLETE


def _table(rows: Iterable[Row]) -> str:
    heads = ("head_id", "head_title", "head_price", "head_context", "head_offered")
    lines = [tuple(say(f"models.{head}") for head in heads), *(_cells(row) for row in rows)]
    widths = [max(wcswidth(line[column]) for line in lines) for column in range(4)]
    return "\n".join(_line(line, widths) for line in lines)


def _cells(row: Row) -> tuple[str, ...]:
    price, context = row.model.price.output, row.model.context
    shown = "" if price is None else f"{price:.2f}"
    window = "" if context is None else f"{context:,}"
    return one_line(row.model.id, LONGEST), one_line(row.model.title, LONGEST), shown, window, MARKS[row.offered]


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    model, title, price, window, mark = cells
    room = [" " * max(0, width - wcswidth(cell)) for cell, width in zip(cells[:4], widths, strict=True)]
    return f"{model}{room[0]}  {title}{room[1]}  {room[2]}{price}  {room[3]}{window}  {mark}"


def _json(rows: Iterable[Row]) -> str:
    """ASCII alone, so that no id can speak to a terminal."""
    values = [
        {
            "id": row.model.id,
            "title": row.model.title,
            "input_usd_per_million": row.model.price.input,
            "output_usd_per_million": row.model.price.output,
            "context_tokens": row.model.context,
            "offered": row.offered,
        }
        for row in rows
    ]
    return json.dumps(values, indent=1).replace("\x7f", "\\u007f")
