"""Where files of this user are kept; names only, nothing is created here.

platformdirs is loaded when a place is first asked for and no variable names it: `--version` never asks.
"""

from __future__ import annotations

import os
from pathlib import Path

_APP = "unbroken"


def named_config() -> Path | None:
    """The file that UNBROKEN_CONFIG names, if it names one."""
    named = os.environ.get("UNBROKEN_CONFIG")
    return Path(named).expanduser() if named else None


def config_file() -> Path:
    """The configuration; UNBROKEN_CONFIG names another file."""
    named = named_config()
    if named is not None:
        return named
    import platformdirs

    return Path(platformdirs.user_config_dir(_APP, appauthor=False)) / "config.toml"


def data_dir() -> Path:
    """Conversations, keys, the embedded model and logs; UNBROKEN_DATA_DIR names another directory."""
    named = os.environ.get("UNBROKEN_DATA_DIR")
    if named:
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir(_APP, appauthor=False))


def journal_file() -> Path:
    return data_dir() / "journal.sqlite3"


def keys_file() -> Path:
    """Keys that were given to `unbroken keys set`; readable by their owner alone."""
    return data_dir() / "keys.json"


def log_dir() -> Path:
    """Crash reports."""
    return data_dir() / "log"
