"""`unbroken`: the full screen. Starts it, and ends what it began."""

from __future__ import annotations

import asyncio
import contextlib

from tui.cli.errors import Exit, tell
from tui.cli.options import ScreenOptions, one_answerer
from tui.say import say
from tui.screen.terminal.environment import prepare_environment


def run(options: ScreenOptions) -> int:
    """The full screen, from start to exit code."""
    from tui.cli.configured import configured
    from tui.cli.wire_log import start_log
    from tui.local.weights import ensure_installed

    one_answerer(local=options.local, model=options.model, provider=options.provider)
    prepare_environment()
    config = configured()
    start_log(options.log)
    if options.local:
        from tui.cli.local import shown_progress

        with shown_progress() as bar:
            ensure_installed(tell, bar.show)
    from tui.cli.screen_run import show

    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(show(config, options))
    tell(say("chat.ended_early"))
    return Exit.INTERRUPTED
