"""`unbroken keys`: keys, never shown, never taken from the command line."""

from __future__ import annotations

import os
import sys

import click

from tui import paths
from tui.cli.configured import configured
from tui.cli.errors import Advice, Exit, Stop, tell
from tui.config import Config
from tui.plain import one_line
from tui.providers import keys, keys_file, resolve
from tui.say import say


@click.group(name="keys", help=say("keys.help"))
def command() -> None:
    pass


@command.command(name="set", help=say("keys.help_set"))
@click.argument("provider", required=False)
@click.argument("too_many", nargs=-1, metavar="")
def set_key(provider: str | None, too_many: tuple[str, ...]) -> None:
    if too_many or (provider and keys.form_of(provider) == "documented"):
        raise Stop(Advice(say("keys.on_command_line"), do=say("keys.on_command_line_do")), Exit.USAGE)
    config = configured()
    name = provider or config.provider
    variable = resolve.settings_of(config, name).api_key_env
    text = _ask(name)
    try:
        key = keys.checked(text)
    except keys.BadKey as error:
        raise Stop(Advice(say("keys.refused", reason=error), do=say("keys.refused_do")), Exit.KEY) from None
    keys_file.store(name, key.reveal())
    if name == resolve.OWN and keys.form_of(key.reveal()) == "other":
        tell(say("providers.key_form"))
    click.echo(say("keys.stored", provider=one_line(name, 60), file=one_line(str(paths.keys_file()), 1000)))
    if variable and os.environ.get(variable, "").strip():
        tell(say("keys.variable_wins", variable=variable))


def _ask(name: str) -> str:
    """The key, typed unseen, or the whole of stdin where that is no terminal."""
    if not sys.stdin.isatty():
        return sys.stdin.read(keys.MAX_KEY * 2)
    answer: object = click.prompt(say("keys.prompt", provider=one_line(name, 60)), hide_input=True, err=True)
    return str(answer)


@command.command(name="list", help=say("keys.help_list"))
def list_keys() -> None:
    config = configured()
    stored = keys_file.read(tell)
    names = resolve.names(config)
    for name in [*names, *(name for name in stored if name not in names)]:
        click.echo(f"{one_line(name, 60):<16} {_state(config, name, stored.get(name), known=name in names)}")


def _state(config: Config, name: str, stored: str | None, *, known: bool) -> str:
    """Where the key of `name` would come from, masked; a command is named, not run."""
    if not known:
        return say("keys.orphan", key=keys.mask(stored or ""))
    settings = resolve.settings_of(config, name)
    held = os.environ.get(settings.api_key_env, "").strip() if settings.api_key_env else ""
    if held:
        return say("keys.from_variable", key=keys.mask(held), variable=settings.api_key_env)
    if settings.api_key_command:
        return say("keys.from_command")
    if stored:
        return say("keys.from_file", key=keys.mask(stored))
    return say("keys.none", variable=settings.api_key_env) if settings.api_key_env else say("keys.not_needed")


@command.command(help=say("keys.help_remove"))
@click.argument("provider", required=False)
def remove(provider: str | None) -> None:
    name = provider or configured().provider
    shown = one_line(name, 60)
    if not keys_file.remove(name):
        raise Stop(Advice(say("keys.nothing_to_remove", provider=shown)), Exit.INCOMPLETE)
    click.echo(say("keys.removed", provider=shown))
