"""The configuration: one typed value, read once, checked once (design, section 9).

A setting is a field below, with its type, its default and its unit; reading, checking, `config show` and `config init`
follow from that. Whatever is wrong is a ConfigError that names the file, the line and what is allowed.
"""

from __future__ import annotations

import difflib
import math
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from types import UnionType
from typing import Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from tui import paths
from tui.base_url import BadUrl, checked_url
from tui.plain import one_line, plain
from tui.say import say
from tui.toml_lines import lines_of_keys
from tui.words import Dialect, Limits, Policy, Provider, Retry, Rung, Timeouts

MAX_FILE = 256 * 1024
"""Bytes. Every setting with its explanation takes 4 kB."""

SLOW_FIRST_BYTE = 600.0
"""Seconds for a local or unknown server, which may read a long prompt on a slow machine; unless set."""

REASONING_PROGRESS = 600.0
"""Seconds for a model that thinks before it answers; unless set."""


class ConfigError(Exception):
    """A setting that is wrong; str() is what the user reads."""

    def __init__(self, file: Path, line: int | None, what: str, allowed: str = "") -> None:
        self.file, self.line, self.what, self.allowed = file, line, what, allowed
        place = one_line(str(file)) if line is None else f"{one_line(str(file))}:{line}"
        super().__init__(f"{place}: {what} {allowed}".rstrip())


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """One [providers.NAME]: what is set there; the catalog has the rest for those built in."""

    base_url: str = ""
    api_key_env: str = ""
    """The variable of the environment that holds the key."""
    api_key_command: str = ""
    """A command that prints the key; run when the key is needed."""
    resume: Rung | Literal["auto"] = "auto"
    """The first rung to try."""
    dialect: Dialect | Literal["auto"] = "auto"
    """The fields that a prefill needs there."""
    models: tuple[str, ...] = ()
    context: Mapping[str, int] = field(default_factory=dict)
    """Tokens that fit a model, by its id; goes before what the provider tells."""


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """The small timed requests that measure the provider."""

    kind: Literal["models", "chat"] = "models"
    """models is free; chat costs a few tokens each time."""
    interval: float = 15.0
    """Seconds."""
    target_ms: float = 50.0
    """Milliseconds to the first byte."""


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting; an empty file gives exactly this."""

    provider: str = "holysheep"
    model: str = "claude-sonnet-4-20250514"
    fallback: tuple[str, ...] = ()
    """Models that go on when one fails for good; the model never changes unasked."""
    language: Literal["auto", "en", "ja"] = "auto"
    on_hangup: Literal["finish", "stop"] = "finish"
    hangup_limit: float = 600.0
    """Seconds that a reply may go on after the terminal is gone."""
    bell: bool = False
    retry: Retry = field(default_factory=Retry)
    timeouts: Timeouts = field(default_factory=Timeouts)
    limits: Limits = field(default_factory=Limits)
    probe: ProbeSettings = ProbeSettings()
    providers: Mapping[str, ProviderSettings] = field(default_factory=dict)
    file: Path | None = field(default=None, compare=False)
    """Where it was read; None: there was no file."""
    lines: Mapping[tuple[str, ...], int] = field(default_factory=dict, compare=False, repr=False)
    """What is set in the file, and on which line."""

    def is_set(self, *path: str) -> bool:
        return path in self.lines

    def error(self, path: tuple[str, ...], what: str, allowed: str = "") -> ConfigError:
        """A ConfigError for the setting at `path`, for checks that need more than this file."""
        return ConfigError(self.file or paths.config_file(), self.lines.get(path), what, allowed)

    def policy_for(self, provider: Provider, model: str) -> Policy:
        """What a reply of `model` there may cost in time, tries and money."""
        row = provider.model(model)
        timeouts = self.timeouts
        slow = provider.local or row.first_rung is None
        if slow and not self.is_set("timeouts", "first_byte"):
            timeouts = replace(timeouts, first_byte=SLOW_FIRST_BYTE)
        if row.reasoning and not self.is_set("timeouts", "progress"):
            timeouts = replace(timeouts, progress=REASONING_PROGRESS)
        return Policy(self.retry, timeouts, self.limits)


WHOLE_NUMBERS = Mapping[str, int]
"""The type of a setting that has a number for each of several names."""

NOT_SETTINGS = frozenset({"file", "lines"})


def load(path: Path | None = None) -> Config:
    """The configuration in `path` (default: the user's); all defaults where there is no file and none was named."""
    file = path or paths.config_file()
    text = _text(file)
    if text is None:
        if path is None and paths.named_config() is not None:
            raise ConfigError(file, None, say("config.named_absent"), say("config.named_absent_do"))
        return Config()
    try:
        table: Mapping[str, object] = tomllib.loads(text)
    except RecursionError:
        raise ConfigError(file, None, say("config.too_deep")) from None
    except ValueError as error:
        raise _syntax_error(file, text, str(error)) from None
    lines = lines_of_keys(text)
    config = replace(_Reader(file, lines).section((), table, Config()), file=file, lines=lines)
    _check_backoff(config)
    return config


def _check_backoff(config: Config) -> None:
    """A first wait above the longest would silently never be waited."""
    first, longest = config.retry.initial_backoff, config.retry.max_backoff
    if first > longest:
        name = "initial_backoff" if config.is_set("retry", "initial_backoff") else "max_backoff"
        what = say("config.backoff", first=f"{first:g}", longest=f"{longest:g}")
        raise config.error(("retry", name), what, say("config.backoff_allowed"))


def _text(file: Path) -> str | None:
    """The file's text, or None where there is none; a pipe or a device without an end would hang the start."""
    try:
        mode = file.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ConfigError(file, None, say("config.directory"))
        if not (stat.S_ISREG(mode) or stat.S_ISCHR(mode)):
            raise ConfigError(file, None, say("config.no_file"))
        with file.open("rb") as opened:
            data = opened.read(MAX_FILE + 1)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise ConfigError(file, None, say("config.unreadable", reason=reason)) from None
    if len(data) > MAX_FILE:
        raise ConfigError(file, None, say("config.too_big", limit=MAX_FILE // 1024))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(file, line, say("config.not_utf8")) from None


def _syntax_error(file: Path, text: str, message: str) -> ConfigError:
    """tomllib's message with its place taken out: "(at line 3, column 5)", or the end of the file."""
    place = re.search(r" \(at line (\d+), column \d+\)$", message)
    if place:
        line, message = int(place[1]), message[: place.start()]
    else:
        line = text.rstrip("\n").count("\n") + 1
        message = message.removesuffix(" (at end of document)")
    return ConfigError(file, line, say("config.syntax", reason=one_line(message)))


Section = TypeVar("Section")


class _Reader:
    """Turns what tomllib read into typed sections, strictly."""

    def __init__(self, file: Path, lines: Mapping[tuple[str, ...], int]) -> None:
        self.file, self.lines = file, lines

    def wrong(self, path: tuple[str, ...], what: str, allowed: str = "") -> ConfigError:
        return ConfigError(self.file, self.lines.get(path), what, allowed)

    def section(self, path: tuple[str, ...], table: object, default: Section) -> Section:
        """`default` with what `table` sets."""
        if not isinstance(table, dict):
            raise self.wrong(path, say("config.not_section", name=_dotted(path)))
        assert is_dataclass(default)
        assert not isinstance(default, type)
        kinds = kinds_of(type(default))
        changes: dict[str, object] = {}
        for key, value in table.items():
            if key not in kinds:
                raise self.unknown(path, str(key), list(kinds))
            changes[key] = self.value((*path, key), value, kinds[key])
        return replace(default, **changes)

    def unknown(self, path: tuple[str, ...], key: str, names: list[str]) -> ConfigError:
        shown = one_line(key, 60)
        what = say("config.unknown_in", section=_dotted(path), key=shown) if path else say("config.unknown", key=shown)
        if key in {"api_key", "key", "apikey", "token"}:
            return self.wrong((*path, key), what, say("config.key_in_file"))
        near = difflib.get_close_matches(key, names, n=1)
        hint = say("config.near", near=near[0]) if near else say("config.names", names=", ".join(names))
        return self.wrong((*path, key), what, hint)

    def value(self, path: tuple[str, ...], value: object, kind: object) -> object:
        if kind == WHOLE_NUMBERS:
            return self.whole_numbers(path, value)
        if get_origin(kind) is Mapping:
            return self.providers(path, value)
        if isinstance(kind, type) and is_dataclass(kind):
            return self.section(path, value, kind())
        if kind == tuple[str, ...]:
            if not isinstance(value, list) or not all(isinstance(one, str) and _is_text(one) for one in value):
                raise self.not_allowed(path, kind)
            return tuple(value)
        if kind is str:
            return self.text(path, value)
        if not _fits(value, kind, zero_allowed=zero_allowed(path, kind)):
            raise self.not_allowed(path, kind)
        return float(value) if kind is float and isinstance(value, int) else value

    def providers(self, path: tuple[str, ...], table: object) -> dict[str, ProviderSettings]:
        if not isinstance(table, dict):
            raise self.wrong(path, say("config.not_section", name=_dotted(path)))
        for name in table:
            if not _is_text(name) or any(letter.isspace() for letter in name):
                raise self.wrong((*path, name), say("config.provider_name", name=one_line(name, 60)))
        return {name: self.section((*path, name), values, ProviderSettings()) for name, values in table.items()}

    def whole_numbers(self, path: tuple[str, ...], table: object) -> dict[str, int]:
        if not isinstance(table, dict):
            raise self.not_allowed(path, WHOLE_NUMBERS)
        for name, value in table.items():
            if not _is_text(name) or not (type(value) is int and value > 0):
                raise self.not_allowed((*path, name), WHOLE_NUMBERS)
        return dict(table)

    def not_allowed(self, path: tuple[str, ...], kind: object) -> ConfigError:
        return self.wrong(
            path, say("config.wrong", name=_dotted(path)), say("config.allowed", what=allowed(path, kind))
        )

    def text(self, path: tuple[str, ...], value: object) -> str:
        if not isinstance(value, str) or not _is_text(value):
            raise self.not_allowed(path, str)
        if path[-1] == "base_url":
            try:
                return checked_url(value)
            except BadUrl as error:
                raise self.wrong(path, say("config.wrong", name=_dotted(path)), str(error)) from None
        if path[-1] == "api_key_env" and not _is_variable(value):
            # The value is not repeated: it may be the key itself.
            raise self.wrong(path, say("config.wrong", name=_dotted(path)), say("config.variable"))
        return value


def kinds_of(section: type[object]) -> dict[str, object]:
    """The settings of a section, by name, with their types."""
    assert is_dataclass(section)
    hints: Mapping[str, object] = get_type_hints(section)
    return {one.name: hints[one.name] for one in fields(section) if one.name not in NOT_SETTINGS}


def choices(kind: object) -> tuple[str, ...]:
    """The words that a Literal, or a union of some, allows; empty for any other type."""
    if get_origin(kind) is Literal:
        return tuple(str(word) for word in get_args(kind))
    if get_origin(kind) in {Union, UnionType}:
        return tuple(word for part in get_args(kind) for word in choices(part))
    return ()


def zero_allowed(path: tuple[str, ...], kind: object) -> bool:
    """0 means none in [limits] and for retries; a time of 0 would mean never."""
    return kind is int or path[0] == "limits"


def allowed(path: tuple[str, ...], kind: object) -> str:
    """In words, what a setting may be."""
    words = choices(kind)
    if words:
        return say("config.one_of", words=", ".join(words))
    if kind is float:
        return say("config.number_or_0") if zero_allowed(path, kind) else say("config.number")
    if kind is int:
        return say("config.whole")
    if kind is bool:
        return say("config.bool")
    if kind == WHOLE_NUMBERS:
        return say("config.tokens")
    return say("config.text") if kind is str else say("config.texts")


def _fits(value: object, kind: object, *, zero_allowed: bool) -> bool:
    words = choices(kind)
    if words:
        return isinstance(value, str) and value in words
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and value >= 0
    if not isinstance(value, int | float):
        return False
    try:
        number = float(value)
    except OverflowError:
        return False
    return math.isfinite(number) and (number > 0 or (zero_allowed and number == 0))


def _is_text(value: str) -> bool:
    return bool(value.strip()) and plain(value) == value and "\n" not in value and "\t" not in value


def _is_variable(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) is not None and not re.fullmatch(r"hs_[a-zA-Z0-9]{32,}", name)


def _dotted(path: tuple[str, ...]) -> str:
    return one_line(".".join(path), 80)
