"""`unbroken local`: the embedded model, installed, removed, looked at."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import click

from tui.cli.errors import Advice, Exit, Stop
from tui.local import machine, weights
from tui.local.fetch import Phase, Progress
from tui.local.problem import LocalProblem, megabytes
from tui.plain import one_line
from tui.say import say

_BAR = 24
"""Cells of the progress bar: with its words it fits a terminal of 80."""


class ProgressBar:
    """Progress on stderr: a bar redrawn in place on a terminal, else a line when a phase begins."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._phase: Phase | None = None
        self._drawn = ""

    def show(self, progress: Progress) -> None:
        words = say(f"local.phase_{progress.phase}")
        if not self._live or progress.phase in ("checking", "done"):
            if progress.phase not in (self._phase, "done"):
                self.clear()
                click.echo(words + " …", err=True)
            self._phase = progress.phase
            return
        self._phase = progress.phase
        filled = _BAR * progress.done // max(1, progress.total)
        amount = say("local.bar", phase=words, done=megabytes(progress.done), total=megabytes(progress.total))
        line = "█" * filled + "░" * (_BAR - filled) + "  " + amount
        if line != self._drawn:
            self._drawn = line
            click.echo("\r\x1b[K" + line, nl=False, err=True)

    def clear(self) -> None:
        """Take the bar off the terminal: another line follows."""
        if self._drawn:
            self._drawn = ""
            click.echo("\r\x1b[K", nl=False, err=True)


@contextlib.contextmanager
def shown_progress() -> Iterator[ProgressBar]:
    """A progress bar that is gone at the end, however it ends."""
    bar = ProgressBar()
    try:
        yield bar
    finally:
        bar.clear()


@contextlib.contextmanager
def _problems() -> Iterator[None]:
    try:
        yield
    except LocalProblem as problem:
        raise Stop(Advice(str(problem)), Exit.USAGE) from problem


@click.group(name="local", help=say("local.help"))
def command() -> None:
    pass


@command.command(help=say("local.help_install"))
def install() -> None:
    with _problems():
        found = weights.status()
        if found.installed:
            click.echo(say("local.already", path=one_line(str(found.path), 1000)), err=True)
            return
        for line in weights.about():
            click.echo(line, err=True)
        try:
            with shown_progress() as bar:
                path = weights.install(bar.show)
        except KeyboardInterrupt:
            click.echo(say("local.interrupted"), err=True)
            raise
        click.echo(say("local.installed", path=one_line(str(path), 1000)), err=True)
        click.echo(say("local.use"), err=True)


@command.command(help=say("local.help_remove"))
def remove() -> None:
    with _problems():
        freed = weights.remove()
    if freed:
        click.echo(say("local.removed", size=megabytes(freed)))
    else:
        click.echo(say("local.nothing_to_remove"))


@command.command(help=say("local.help_status"))
def status() -> None:
    """Exit code 0: it is there and runs; 1: it is not there; 2: something stands in the way."""
    with _problems():
        found = weights.status(check=True)
        shown = one_line(str(found.path), 1000)
        if found.state == "absent":
            click.echo(say("local.status_absent", fetch=megabytes(weights.SMOLLM2.wheel_bytes)))
        else:
            click.echo(say(f"local.status_{found.state}", path=shown, size=megabytes(found.size)))
        machine.check()
        click.echo(say("local.status_runs"))
    if not found.installed:
        sys.exit(Exit.USAGE if found.state == "damaged" else Exit.INCOMPLETE)
