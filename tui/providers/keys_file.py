"""The keys file: JSON {"provider": "key"}, for its owner's eyes only, replaced whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tui import paths
from tui.plain import one_line
from tui.say import say

MAX_FILE = 1024 * 1024
"""Bytes; 200 of the longest keys."""


class KeysFileError(Exception):
    """The keys file cannot be read or written; it stays as it is."""


def read(tell: Callable[[str], None] | None = None, file: Path | None = None) -> dict[str, str]:
    """The stored keys by provider. Rights that let others read it are taken away, and `tell` hears of it."""
    file = file or paths.keys_file()
    try:
        with file.open("rb") as opened:
            if stat.S_IMODE(os.fstat(opened.fileno()).st_mode) & 0o077:
                os.fchmod(opened.fileno(), 0o600)
                if tell:
                    tell(say("providers.file_open_to_others", file=one_line(str(file), 1000)))
            data = opened.read(MAX_FILE + 1)
    except (FileNotFoundError, NotADirectoryError):
        # A data directory that cannot be is told by the journal; it is no reason not to ask.
        return {}
    except OSError as error:
        raise _error("providers.file_unreadable", file, error.strerror) from None
    try:
        values: object = json.loads(data) if len(data) <= MAX_FILE else None
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values.values()):
        raise _error("providers.file_broken", file, None)
    return {str(name): str(key) for name, key in values.items()}


def store(name: str, key: str, file: Path | None = None) -> None:
    """Keep `key` for provider `name`."""
    file = file or paths.keys_file()
    with _alone(file):
        _write(file, read(None, file) | {name: key})


def remove(name: str, file: Path | None = None) -> bool:
    """Forget the key of provider `name`; whether there was one."""
    file = file or paths.keys_file()
    if not file.exists():
        return False
    with _alone(file):
        keys = read(None, file)
        if name not in keys:
            return False
        del keys[name]
        _write(file, keys)
        return True


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """One writer at a time: two that read and then write would lose a key."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(file.parent, os.O_RDONLY)
    except OSError as error:
        raise _error("providers.file_unwritable", file, error.strerror) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(file: Path, keys: dict[str, str]) -> None:
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".keys-", dir=file.parent)  # 0600 from its first moment
    except OSError as error:
        raise _error("providers.file_unwritable", file, error.strerror) from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            json.dump(keys, opened, indent=1, sort_keys=True)
            opened.write("\n")
            opened.flush()
            os.fsync(opened.fileno())
        Path(temporary).replace(file)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise _error("providers.file_unwritable", file, error.strerror) from None


def _error(phrase: str, file: Path, reason: str | None) -> KeysFileError:
    return KeysFileError(say(phrase, file=one_line(str(file), 1000), reason=reason or ""))
