"""`unbroken history rename`, `delete` and `undelete`."""

from __future__ import annotations

import time

import click

from tui.cli.history_journal import find, nothing, opened
from tui.journal.export import title
from tui.journal.records import DeleteConversation, Record, RenameConversation
from tui.journal.writer import Writer
from tui.paths import journal_file
from tui.say import say
from tui.words import ConversationId

WAIT = 10.0
"""Seconds for the disk: another program may hold the journal for two."""


@click.command(help=say("history.help_rename"))
@click.argument("which", metavar="ID")
@click.argument("name", metavar="[TITLE]", required=False, default="")
def rename(which: str, name: str) -> None:
    conversation = _one(which)
    _put(RenameConversation(conversation, name.strip() or None))


@click.command(help=say("history.help_delete"))
@click.argument("which", metavar="ID")
def delete(which: str) -> None:
    conversation = _one(which)
    _put(DeleteConversation(conversation, time.time()))
    click.echo(say("history.deleted", id=conversation), err=True)


@click.command(help=say("history.help_undelete"))
@click.argument("which", metavar="ID")
def undelete(which: str) -> None:
    _put(DeleteConversation(_one(which, deleted=True), None))


def _one(which: str, *, deleted: bool = False) -> ConversationId:
    with opened() as journal:
        if journal is None:
            raise nothing()
        conversation = find(journal, which, "deleted" if deleted else "kept")
        click.echo(title(conversation), err=True)
        return conversation.id


def _put(record: Record) -> None:
    """On disk when this returns; JournalUnusable where it cannot be."""
    writer = Writer(journal_file())
    writer.put(record)
    saved = writer.flush()
    writer.close(WAIT)
    saved.result(0)
