"""`unbroken history search`: where words occur, in every prompt, reply and title."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator

import click

from tui.cli.columns import cut
from tui.cli.errors import Exit
from tui.cli.history_journal import opened, write
from tui.journal.export import title_words
from tui.journal.search import Found
from tui.journal.store import Journal
from tui.plain import one_line
from tui.say import say

HITS = 20
"""Hits that are shown where nothing else is asked."""


@click.command(help=say("history.help_search"))
@click.argument("words", metavar="WORDS", nargs=-1, required=True)
@click.option(
    "-n", "--limit", type=click.IntRange(1, 1000), default=HITS, metavar="N", help=say("history.help_search_limit")
)
def search(words: tuple[str, ...], limit: int) -> int:
    with opened() as journal:
        found = journal.search(" ".join(words), limit) if journal else Found()
        if journal and found.hits:
            write(_lines(journal, found))
        else:
            click.echo(say("history.nothing_found"), err=True)
        if found.indexing:
            click.echo(say("history.indexing"), err=True)
        if found.partly:
            click.echo(say("history.partly"), err=True)
        elif found.more:
            click.echo(say("history.more_hits", count=len(found.hits)), err=True)
    return Exit.COMPLETE if found.hits else Exit.INCOMPLETE


def _lines(journal: Journal, found: Found) -> Iterator[str]:
    """Two lines a hit: which conversation, and the line in which it stands."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for hit in found.hits:
        head = f"{one_line(journal.short_id(hit.conversation)):<8}  {title_words(hit.title)}"
        line = "    " + (say("history.in_title") if hit.turn is None else one_line(hit.line.strip()))
        yield f"{head}\n{line}\n" if width is None else f"{cut(head, width)}\n{cut(line, width)}\n"
