"""`unbroken bench`: how fast models answer, on a fresh connection and on one that stands."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui.cli.columns import cut
from tui.cli.configured import configured
from tui.cli.errors import Exit, tell
from tui.cli.numbers import Number, Whole
from tui.config import Config
from tui.plain import one_line
from tui.say import say

if TYPE_CHECKING:
    from tui.monitor.bench import Plan, Run, Target

BAR = 20
"""Cells of the progress bar, at most: a quarter of the terminal."""


@click.command(name="bench", help=say("bench.help"))
@click.option("-n", "--count", type=Whole(1, 1000), default=10, metavar="N", help=say("bench.help_count"))
@click.option("--interval", type=Number(0, 3600), default=0.5, metavar="SECONDS", help=say("bench.help_interval"))
@click.option("--deadline", type=Number(0.1, 3600), default=10.0, metavar="SECONDS", help=say("bench.help_deadline"))
@click.option("--tokens", type=Whole(1, 4096), default=10, metavar="N", help=say("bench.help_tokens"))
@click.option("-m", "--model", multiple=True, metavar="MODEL", help=say("bench.help_model"))
@click.option("-p", "--provider", multiple=True, metavar="PROVIDER", help=say("bench.help_provider"))
@click.option("--local", is_flag=True, help=say("bench.help_local"))
@click.option("--json", "as_json", is_flag=True, help=say("bench.help_json"))
@click.option("--log", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help=say("cli.log"))
def command(
    count: int,
    interval: float,
    deadline: float,
    tokens: int,
    model: tuple[str, ...],
    provider: tuple[str, ...],
    local: bool,
    as_json: bool,
    log: Path | None,
) -> int:
    from tui.cli import bench_report
    from tui.cli.wire_log import start_log
    from tui.monitor.bench import Plan, results

    config = configured()
    # The embedded model stands beside whoever is named, and alone where nobody is.
    targets = () if local and not (model or provider) else _targets(config, model, provider)
    start_log(log)
    if local:
        _install()
    running = Running(Plan(targets, count, interval, tokens, deadline=deadline), local=local)
    interrupted = False
    try:
        asyncio.run(running.run())
    except KeyboardInterrupt:
        interrupted = True
    finally:
        running.clear()
    found = results(running.plan.targets, running.runs)
    target = config.probe.target_ms / 1000
    columns = shutil.get_terminal_size().columns
    click.echo(
        bench_report.as_json(found, target) if as_json else bench_report.as_text(found, target, deadline, columns)
    )
    if interrupted:
        done = len(running.runs)
        tell(
            say("bench.interrupted", done=done, all=running.plan.requests) if done else say("bench.interrupted_at_once")
        )
        return Exit.INTERRUPTED
    kinds = {fault.kind for one in found for fault in one.faults}
    return Exit.KEY if "unauthorized" in kinds else Exit.INCOMPLETE if kinds else Exit.COMPLETE


def _install() -> None:
    from tui.cli.local import shown_progress
    from tui.local.weights import ensure_installed

    with shown_progress() as bar:
        ensure_installed(tell, bar.show)


def _targets(config: Config, models: tuple[str, ...], providers: tuple[str, ...]) -> tuple[Target, ...]:
    """Every model of every provider that was named, each once."""
    from tui.monitor.bench import Target
    from tui.providers import resolve

    chosen = [resolve.choose(config, name, model) for name in providers or (None,) for model in models or (None,)]
    return tuple(
        Target(resolve.provider(config, name, model, tell=tell), model) for name, model in dict.fromkeys(chosen)
    )


class Running:
    """The runs so far, and a bar of them on stderr where that is a terminal."""

    def __init__(self, plan: Plan, *, local: bool) -> None:
        """`local`: the embedded model is asked too, by a server that runs for so long."""
        self.runs: list[tuple[Target, Run]] = []
        self.plan = plan
        self._local = local
        self._live = sys.stderr is not None and sys.stderr.isatty()
        self._drawn = False

    async def run(self) -> None:
        if not self._local:
            await self._measure()
            return
        from tui.local.server import MODEL, LocalServer
        from tui.monitor.bench import Target

        server = LocalServer()
        try:
            provider = await server.start()
            self.plan = replace(self.plan, targets=(*self.plan.targets, Target(provider, MODEL.id)))
            await self._measure()
        finally:
            await server.stop()

    async def _measure(self) -> None:
        from contextlib import aclosing

        from tui.clock import RealClock
        from tui.monitor.bench import bench

        self._show(None)
        async with aclosing(bench(self.plan, RealClock())) as runs:
            async for target, run in runs:
                self.runs.append((target, run))
                self._show((target, run))

    def clear(self) -> None:
        """Take the bar off the terminal."""
        if self._drawn:
            self._drawn = False
            click.echo("\r\x1b[K", nl=False, err=True)

    def _show(self, newest: tuple[Target, Run] | None) -> None:
        if not self._live:
            return
        done, most = len(self.runs), self.plan.requests
        columns = _columns_of_stderr()
        bar = min(BAR, columns // 4)
        filled = bar * done // most
        words = f"{done}/{most}"
        if newest is not None:
            target, run = newest
            ttfb = run.timing.ttfb
            what = say("bench.lost") if run.fault or ttfb is None else f"TTFB {ttfb * 1000:.0f} ms"
            connection = say("bench.cold" if run.connection == "cold" else "bench.warm")
            words += f"  {connection} · {what} · {one_line(target.model, 60)}"
        self._drawn = True
        click.echo(
            "\r\x1b[K" + "█" * filled + "░" * (bar - filled) + "  " + cut(words, columns - bar - 3), nl=False, err=True
        )


def _columns_of_stderr() -> int:
    """Of the terminal that the bar is drawn on; stdout may be a file."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
