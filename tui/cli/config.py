"""`unbroken config`: where the configuration is, what holds, and a file to start from."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import is_dataclass

import click

from tui import paths
from tui.cli.configured import configured
from tui.cli.errors import Advice, Exit, Stop
from tui.config import Config, ProviderSettings, allowed, kinds_of
from tui.plain import one_line
from tui.say import known, say

Path = tuple[str, ...]


@click.group(name="config", help=say("config.help"))
def command() -> None:
    pass


@command.command(help=say("config.help_path"))
def path() -> None:
    click.echo(os.fsencode(paths.config_file()))


@command.command(help=say("config.help_show"))
def show() -> None:
    click.echo(describe(configured()), nl=False)


@command.command(help=say("config.help_init"))
def init() -> None:
    file = paths.config_file()
    shown = one_line(str(file), 1000)
    try:
        if file.exists():
            raise Stop(Advice(say("config.exists", file=shown), do=say("config.exists_do")), Exit.USAGE)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(template())
    except OSError as error:
        what = say("config.not_written", file=shown, reason=error.strerror or type(error).__name__)
        raise Stop(Advice(what, say("config.not_written_kept")), Exit.USAGE) from None
    click.echo(say("config.written", file=shown))


def describe(config: Config) -> str:
    """Every setting that holds, as TOML that could be the file, each with the line that set it. No key is in it."""
    file = one_line(str(config.file or paths.config_file()), 1000)
    lines = ["# " + say("config.where_file" if config.file else "config.where_none", file=file)]
    for where, value in _settings(config):
        if value is None:
            lines += ["", f"[{'.'.join(_key(part) for part in where)}]"]
            continue
        number = config.lines.get(where)
        note = "" if number is None else "  # " + say("config.where_line", line=number)
        lines.append(f"{_key(where[-1])} = {_toml(value)}{note}")
    return "\n".join(lines) + "\n"


def template() -> str:
    """A file with every setting switched off at its default: what is left alone follows later versions."""
    lines = ["# " + say("config.init_top"), "# " + say("config.init_times")]
    kinds = {path: kind for path, kind in _kinds(Config) if path}
    for where, value in _settings(Config()):
        name = "config.about_" + "_".join(where)
        about = say(name) if known(name) else ""
        if value is None:
            lines += ["", "# " + about, f"[{'.'.join(where)}]"]
            continue
        kind = say("config.allowed", what=allowed(where, kinds[where]))
        lines += ["", "# " + f"{about} {kind}".strip(), f"#{where[-1]} = {_toml(value)}"]
    lines += ["", "# " + say("config.init_provider")]
    lines += ["# " + line for line in _EXAMPLE]
    return "\n".join(lines) + "\n"


_EXAMPLE = (
    "[providers.mine]",
    'base_url = "http://127.0.0.1:8080/v1"',
    'api_key_env = "MINE_KEY"',
    'api_key_command = "pass show mine"',
    'resume = "auto"  # replay, prefill, continue, restart',
    'dialect = "auto"  # plain, prefix, deepseek, partial, vllm, llamacpp',
    'models = ["a", "b"]',
    'context = {"a" = 32768}  # tokens that fit a model, where the server does not tell',
)


def _settings(config: Config) -> Iterator[tuple[Path, object]]:
    """(path, value) of every setting in the order of the file; (path, None) where a section begins."""
    sections: list[tuple[Path, object]] = []
    for name, value in _values(config):
        if is_dataclass(value):
            sections.append(((name,), value))
        elif isinstance(value, dict):
            sections += [(("providers", one), settings) for one, settings in value.items()]
        else:
            yield (name,), value
    for where, section in sections:
        yield where, None
        for name, value in _values(section):
            if not (isinstance(section, ProviderSettings) and value in ("", (), {})):
                yield (*where, name), value


def _values(section: object) -> list[tuple[str, object]]:
    return [(name, getattr(section, name)) for name in kinds_of(type(section))]


def _kinds(section: type[object], where: Path = ()) -> Iterator[tuple[Path, object]]:
    for name, kind in kinds_of(section).items():
        if isinstance(kind, type) and is_dataclass(kind):
            yield from _kinds(kind, (*where, name))
        else:
            yield (*where, name), kind


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if bare else _toml(name)


def _toml(value: object) -> str:
    """A value as TOML: texts have no control characters here, and so far JSON writes the same."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(name)} = {_toml(one)}" for name, one in value.items()) + "}"
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
