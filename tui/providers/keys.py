"""Finding a provider's key: its variable of the environment, then its command, then the keys file.

A key's text leaves this room only inside a `Key`; no error here repeats any part of it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tui.config import ProviderSettings
from tui.plain import one_line
from tui.providers import keys_file
from tui.say import say
from tui.words import Key

COMMAND_LIMIT = 10.0
"""Seconds for api_key_command: enough for a password manager that is unlocked, short enough to be waited for."""

MAX_KEY = 4096
"""Characters; servers refuse header lines over 8 kB, and what is longer is a file pasted by mistake."""

Source = Literal["environment", "command", "file"]


class KeyMissing(Exception):
    """A provider needs a key and there is none."""

    def __init__(self, provider: str, variable: str, register: str) -> None:
        self.provider, self.variable, self.register = provider, variable, register
        super().__init__(provider)

    def __str__(self) -> str:
        name = one_line(self.provider, 60)
        if not self.variable:
            return say("providers.key_missing_stored", provider=name)
        if not self.register:
            return say("providers.key_missing", provider=name, variable=self.variable)
        return say("providers.key_missing_register", provider=name, variable=self.variable, register=self.register)


class BadKey(Exception):
    """A text that cannot be a key: as a header line it would break the request."""


class KeyCommandFailed(Exception):
    """api_key_command gave no key."""


@dataclass(frozen=True, slots=True)
class Found:
    key: Key
    source: Source


def form_of(key: str) -> Literal["documented", "other"]:
    """Whether `key` looks like HolySheep's documents say. They call it an example: another form is only a warning."""
    return "documented" if re.fullmatch(r"hs_[a-zA-Z0-9]{32,}", key) else "other"


def checked(text: str) -> Key:
    """`text` as a key, the white space that pasting adds taken off; BadKey where a header could not carry it."""
    text = text.strip()
    if not text:
        raise BadKey(say("providers.key_empty"))
    if len(text) > MAX_KEY:
        raise BadKey(say("providers.key_long", limit=MAX_KEY))
    if not all("!" <= letter <= "~" for letter in text):
        raise BadKey(say("providers.key_letters"))
    return Key(text)


def mask(key: str) -> str:
    """What may be shown of a key: its public prefix and its length."""
    prefix = re.match(r"[a-z]{2,3}[_-]", key)
    return say("keys.mask", prefix=prefix[0] if prefix else "", length=len(key))


def find(
    name: str, settings: ProviderSettings, tell: Callable[[str], None] | None = None, file: Path | None = None
) -> Found | None:
    """The key of provider `name`, or None. May take COMMAND_LIMIT seconds; `tell` is given warnings."""
    held = os.environ.get(settings.api_key_env, "") if settings.api_key_env else ""
    if held.strip():
        return Found(_named(held, say("providers.from_variable", variable=settings.api_key_env)), "environment")
    if settings.api_key_command:
        return Found(_named(_run(settings.api_key_command), say("providers.from_command")), "command")
    stored = keys_file.read(tell, file).get(name)
    return Found(_named(stored, say("providers.from_file")), "file") if stored else None


def _named(text: str, source: str) -> Key:
    try:
        return checked(text)
    except BadKey as error:
        raise BadKey(say("providers.bad_key", source=source, reason=error)) from None


def _run(command: str) -> str:
    """The first line that `command` prints. It runs without a shell and without a terminal to ask questions on."""
    try:
        words = shlex.split(command)
        child = subprocess.Popen(  # noqa: S603  the user's own command, from the user's own configuration
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
    except (OSError, ValueError, IndexError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise KeyCommandFailed(say("providers.command_start", reason=one_line(reason))) from None
    with child:
        try:
            output, _ = child.communicate(timeout=COMMAND_LIMIT)
        except BaseException as error:
            # Its own children too: one that keeps the pipe open would keep us waiting.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise KeyCommandFailed(say("providers.command_slow", limit=f"{COMMAND_LIMIT:.0f}")) from None
            raise
    if child.returncode != 0:
        raise KeyCommandFailed(say("providers.command_status", status=child.returncode))
    lines = output.decode("utf-8", "replace").strip().splitlines()
    if not lines:
        raise KeyCommandFailed(say("providers.command_empty"))
    return lines[0]
