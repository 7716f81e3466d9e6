"""The options that the screen and `ask` share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click
from click.decorators import FC

from tui.say import say


@dataclass(frozen=True, slots=True)
class ScreenOptions:
    """What the command line says to the full screen."""

    local: bool = False
    """The embedded model."""
    continue_last: bool = False
    """Open the last conversation."""
    model: str | None = None
    provider: str | None = None
    log: Path | None = None
    """Write what happens on the wire there, without keys."""


def one_answerer(*, local: bool, model: str | None, provider: str | None) -> None:
    """--local is a provider and a model by itself: naming another one beside it is a mistake."""
    if local and (model or provider):
        raise click.UsageError(say("cli.local_alone"))


def chat_options(command: FC) -> FC:
    """-m, -p, --local, -c, --log; the command gets `model`, `provider`, `local`, `continue_last` and `log`."""
    for option in (
        click.option("--log", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help=say("cli.log")),
        click.option("-c", "--continue", "continue_last", is_flag=True, help=say("cli.continue")),
        click.option("--local", is_flag=True, help=say("cli.local")),
        click.option("-p", "--provider", metavar="PROVIDER", help=say("cli.provider")),
        click.option("-m", "--model", metavar="MODEL", help=say("cli.model")),
    ):
        command = option(command)
    return command
