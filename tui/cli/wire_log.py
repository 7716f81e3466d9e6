"""`--log FILE`, for those commands that speak to a provider."""

from __future__ import annotations

from pathlib import Path

from tui.cli.errors import Advice, Exit, Stop
from tui.say import say


def start_log(path: Path | None) -> None:
    """Write what happens on the wire to `path`, if there is one; a clear end where it cannot be written."""
    if path is None:
        return
    from tui.net import log_to

    try:
        log_to(path)
    except OSError as error:
        words = say("chat.log_unwritable", path=path, reason=error.strerror or type(error).__name__)
        raise Stop(Advice(words), Exit.USAGE) from error
