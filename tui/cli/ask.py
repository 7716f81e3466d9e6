"""`unbroken ask`: one answer on stdout, through the same engine and journal as the screen. Status goes to stderr."""

from __future__ import annotations

import asyncio
import contextlib
import math
import sys
from pathlib import Path

import click

from tui.cli.errors import Advice, Exit, Stop, tell
from tui.cli.options import chat_options, one_answerer
from tui.say import say


@click.command(name="ask", help=say("cli.about_ask"))
@chat_options
@click.option("--system", metavar="TEXT", default="", help=say("cli.system"))
@click.option("--max-tokens", type=click.IntRange(min=1), metavar="N", help=say("cli.max_tokens"))
@click.option("--temperature", type=click.FloatRange(min=0.0, max=2.0), metavar="T", help=say("cli.temperature"))
@click.option("--seed", type=int, metavar="N", help=say("cli.seed"))
@click.option("--json", "as_json", is_flag=True, help=say("cli.ask_json"))
@click.argument("prompt", nargs=-1, metavar="[PROMPT]")
def command(
    prompt: tuple[str, ...],
    model: str | None,
    provider: str | None,
    local: bool,
    continue_last: bool,
    log: Path | None,
    system: str,
    max_tokens: int | None,
    temperature: float | None,
    seed: int | None,
    as_json: bool,
) -> int:
    from tui.chat.session import Wanted
    from tui.chat.turns import Sampling
    from tui.cli.configured import configured
    from tui.cli.wire_log import start_log

    if temperature is not None and math.isnan(temperature):
        raise click.BadParameter(str(temperature), param_hint="--temperature")
    one_answerer(local=local, model=model, provider=provider)
    config = configured()
    text = _prompt(prompt)
    start_log(log)
    sampling = Sampling(max_tokens, temperature, seed)
    wanted = Wanted(local, continue_last, model, provider, _clean(system), sampling)
    if local:
        from tui.cli.local import shown_progress
        from tui.local.weights import ensure_installed

        with shown_progress() as bar:
            ensure_installed(tell, bar.show)
    from tui.cli.ask_run import Asking

    asking = Asking(config, wanted, as_json=as_json)
    # Ctrl+C cancels the task: the request ends, what was received is kept, and the code is 130.
    return asyncio.run(asking.run(text))


def _clean(text: str) -> str:
    """Arguments may hold the halves of bytes that are no UTF-8; JSON and SQLite take none of them."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _prompt(words: tuple[str, ...]) -> str:
    """The arguments, and what comes on stdin behind them."""
    parts = [_clean(" ".join(words))]
    if sys.stdin is not None and not sys.stdin.isatty():
        with contextlib.suppress(OSError):
            parts.append(sys.stdin.read())
    text = "\n\n".join(part.strip("\n") for part in parts if part.strip())
    if not text:
        raise Stop(Advice(say("chat.nothing_asked"), do=say("chat.nothing_asked_do")), Exit.USAGE)
    return text
