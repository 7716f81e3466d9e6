"""A mistake in the program: one line for the person, the rest in a file, without keys and without the values of locals.

Locals hold answers, prompts and keys; the lines of code and the names of errors are enough to find a mistake.
"""

from __future__ import annotations

import contextlib
import os
import platform
import tempfile
import time
import traceback
from pathlib import Path

from tui import __version__, paths
from tui.cli.redact import redact
from tui.say import say


def report(error: BaseException) -> str:
    """Write what is needed to find the mistake; the line for the person."""
    kind = type(error).__name__
    lines = traceback.format_exception(error)
    about = f"unbroken {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}\n\n"
    file = _write(about + redact("".join(lines)))
    if file is None:
        return say("cli.crash_unwritten", kind=kind)
    return say("cli.crash", kind=kind, file=file)


def _write(text: str) -> Path | None:
    """The file that holds `text`; None where nothing can be written at all. Readable by its owner alone."""
    name = time.strftime("crash-%Y%m%d-%H%M%S-", time.gmtime())
    for directory in (paths.log_dir(), Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError):
            directory.mkdir(parents=True, exist_ok=True)
            descriptor, file = tempfile.mkstemp(prefix=name, suffix=".txt", dir=directory)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as opened:
                opened.write(text)
            return Path(file)
    return None
