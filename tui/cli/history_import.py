"""`unbroken history import`: an exported document back into the journal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from tui.journal.importing import import_document, index_all
from tui.paths import journal_file
from tui.say import say

STEP = 8_000_000
"""Bytes between two lines of progress where they go into a file; a terminal sees ten times as many."""


class _Progress:
    """A line on stderr that is written over in a terminal, and lines now and then anywhere else."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._terminal = sys.stderr is not None and sys.stderr.isatty()
        self._next = self._step = STEP // 10 if self._terminal else STEP

    def __call__(self, read: int) -> None:
        if read < self._next or not self._size:
            return
        self._next = read + self._step
        words = say("importing.read", percent=f"{min(read / self._size, 1):.0%}"[:-1], megabytes=f"{read / 1e6:.0f}")
        click.echo(f"\r{words}" if self._terminal else words, err=True, nl=not self._terminal)

    def end(self) -> None:
        if self._terminal:
            click.echo("", err=True)


PAUSE = 2.0
"""Seconds between two lines of how far the index is; a terminal sees ten times as many."""


def _indexing() -> Callable[[float], None]:
    """As the progress of reading, by time: how long a share takes depends on the text."""
    terminal = sys.stderr is not None and sys.stderr.isatty()
    told = time.monotonic()

    def progress(share: float) -> None:
        nonlocal told
        if time.monotonic() - told >= (PAUSE / 10 if terminal else PAUSE):
            told = time.monotonic()
            words = say("importing.indexed", percent=f"{share:.0%}"[:-1])
            click.echo(f"\r{words}" if terminal else words, err=True, nl=not terminal)

    return progress


@click.command("import", help=say("history.help_import"))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
def import_(file: Path) -> None:
    path = journal_file()
    if str(file) == "-":
        # How long it is nobody knows: without shares of it there is no progress to tell.
        progress = _Progress(0)
        imported = import_document(sys.stdin.buffer, path, progress)
    else:
        progress = _Progress(file.stat().st_size)
        with file.open("rb") as document:
            imported = import_document(document, path, progress)
    progress.end()
    told = {"conversations": imported.conversations, "turns": imported.turns, "replies": imported.replies}
    click.echo(say("importing.done", **{name: f"{count:,}" for name, count in told.items()}))
    click.echo(say("importing.indexing"), err=True)
    index_all(path, _indexing())
