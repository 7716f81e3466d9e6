"""What click says about a wrong command line, in the user's words and without repeating a key."""

from __future__ import annotations

import difflib

import click

from tui.cli.redact import redact
from tui.plain import one_line
from tui.say import say


def words(error: click.ClickException) -> str:
    """Two lines: what is wrong, and where the help is."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context else "unbroken"
    return f"{redact(_what(error))}\n{say('cli.usage_help', command=path)}"


def _what(error: click.ClickException) -> str:
    match error:
        case click.NoSuchOption():
            near = difflib.get_close_matches(error.option_name, error.possibilities or [], n=1)
            what = _with_near(say("cli.no_option", option=one_line(error.option_name, 80)), near)
            takes_words = error.ctx and any(isinstance(one, click.Argument) for one in error.ctx.command.params)
            return f"{what} {say('cli.words_with_dash')}" if takes_words and not near else what
        case click.BadArgumentUsage() | click.BadOptionUsage() | click.FileError():
            return say("cli.usage", reason=one_line(error.format_message()))
        case click.MissingParameter():
            return say("cli.missing", name=_name(error))
        case click.BadParameter():
            return say("cli.bad_value", name=_name(error), reason=one_line(error.message))
        case _ if type(error).__name__ == "NoSuchCommand" and isinstance(error, click.UsageError) and error.ctx:
            return _no_subcommand(error, error.ctx)
        case _:
            return one_line(error.format_message())


def no_command(name: str, commands: list[str]) -> str:
    """There is no such command; a prompt without `ask` is the usual reason."""
    near = difflib.get_close_matches(name, commands, n=1)
    if near:
        return _with_near(say("cli.no_command", name=one_line(name, 80)), near)
    return f"{say('cli.no_command', name=one_line(name, 80))} {say('cli.no_command_ask')}"


def _no_subcommand(error: click.UsageError, context: click.Context) -> str:
    """By name and attribute: the class is younger than the oldest click that is allowed."""
    name = str(getattr(error, "command_name", ""))
    commands = context.command.list_commands(context) if isinstance(context.command, click.Group) else []
    near = difflib.get_close_matches(name, commands, n=1)
    return _with_near(say("cli.no_command", name=one_line(name, 80)), near)


def _with_near(what: str, near: list[str]) -> str:
    return f"{what} {say('config.near', near=near[0])}" if near else what


def _name(error: click.BadParameter) -> str:
    if error.param is None:
        return str(error.param_hint or "")
    names = error.param.opts if isinstance(error.param, click.Option) else [error.param.human_readable_name]
    return names[-1]
