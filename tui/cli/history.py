"""`unbroken history`: the conversations in the journal, listed, shown, taken out. Loads neither httpx nor Textual."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice

import click

from tui.cli.columns import cut
from tui.cli.errors import Advice, Exit, Stop
from tui.cli.history_change import delete, rename, undelete
from tui.cli.history_import import import_
from tui.cli.history_journal import LATEST, MOST_DELETED, find, nothing, opened, write
from tui.cli.history_search import search
from tui.journal.export import (
    Whole,
    end_words,
    everything,
    moment,
    read,
    seam_words,
    title,
    to_json,
    to_markdown,
)
from tui.journal.live import LiveJournal
from tui.journal.store import Journal
from tui.journal.stored import StoredConversation, StoredReply, StoredTurn
from tui.paths import journal_file
from tui.plain import one_line
from tui.say import say


@click.group(name="history", help=say("history.help"))
def command() -> None:
    pass


for more in (search, import_, rename, delete, undelete):
    command.add_command(more)


@command.command("list", help=say("history.help_list"))
@click.option("-n", "--limit", type=click.IntRange(min=1), metavar="N", help=say("history.help_limit"))
@click.option("--deleted", is_flag=True, help=say("history.help_deleted"))
@click.option("--json", "as_json", is_flag=True, help=say("history.help_json"))
def list_(limit: int | None, deleted: bool, as_json: bool) -> None:
    with opened() as journal:
        wanted: Iterator[StoredConversation] = iter(())
        if journal is not None:
            wanted = iter(journal.deleted(MOST_DELETED)) if deleted else everything(journal)
        wanted = islice(wanted, limit)
        states = {} if journal is None else _unended()
        if as_json:
            write(_listed_json(wanted, states), as_json=True)
            return
        first = next(wanted, None)
        if journal is None or first is None:
            click.echo(say("history.none_deleted" if deleted else "history.none"), err=True)
            return
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        write(
            _line(journal, conversation, states.get(conversation.id), width) for conversation in chain((first,), wanted)
        )


@command.command(help=say("history.help_show"))
@click.argument("which", metavar="[ID]", default=LATEST)
def show(which: str) -> None:
    with opened() as journal:
        if journal is None:
            raise nothing()
        conversation = find(journal, which)
        write(_shown(conversation, journal.turns(conversation.id)))


@command.command(help=say("history.help_export"))
@click.argument("which", metavar="[ID]", required=False)
@click.option("--format", "form", type=click.Choice(["json", "md"]), default="json", help=say("history.help_format"))
@click.option("--deleted", is_flag=True, help=say("history.help_export_deleted"))
def export(which: str | None, form: str, deleted: bool) -> None:
    if deleted and form != "json":
        raise Stop(Advice(say("history.deleted_json"), do=say("history.deleted_json_do")), Exit.USAGE)
    with opened() as journal:
        if journal is None and which is not None:
            raise nothing()
        wanted: Iterator[Whole] = iter(())
        if journal is not None:
            one = () if which is None else (find(journal, which, "all" if deleted else "kept"),)
            wanted = read(journal, one or everything(journal, deleted=deleted), deleted=deleted)
        if form == "json":
            boundaries = journal.boundaries if journal else lambda _: ()
            write(to_json(wanted, time.time(), boundaries, deleted=deleted), as_json=True)
        else:
            write(to_markdown(wanted))


def _listed_json(wanted: Iterable[StoredConversation], states: Mapping[str, str]) -> Iterator[str]:
    between = "["
    for conversation in wanted:
        value = {
            "id": conversation.id,
            "title": conversation.title,
            "created": conversation.created,
            "updated": conversation.updated,
            "turns": conversation.turns,
            "provider": conversation.provider,
            "model": conversation.model,
            "unended": states.get(conversation.id),
        }
        yield between + json.dumps(value, ensure_ascii=False)
        between = ",\n"
    yield "[]\n" if between == "[" else "]\n"


def _unended() -> dict[str, str]:
    """How the newest reply without an end stands in each conversation that has any: streaming or interrupted."""
    found: dict[str, str] = {}
    with LiveJournal.open(journal_file()) as journal:
        for reply in journal.open_replies():
            found.setdefault(reply.conversation, reply.state)
    return found


ID_CELLS = 10
"""Characters of the column: an id is told by 8, and by more where another begins alike (within a second: 9 or 10)."""


def _line(journal: Journal, conversation: StoredConversation, state: str | None, width: int | None) -> str:
    """One line of the list: id, when last used, turns, title; at most `width` cells."""
    short = journal.short_id(conversation.id)
    date = moment(conversation.updated)
    line = f"{one_line(short):<{ID_CELLS}}  {date:<16}  {conversation.turns:>3}  "
    line += (f"[{say(f'history.list_{state}')}] " if state else "") + title(conversation)
    return (line if width is None else cut(line, width)) + "\n"


def _shown(conversation: StoredConversation, turns: Iterable[StoredTurn]) -> Iterator[str]:
    about = say("history.shown_about", id=conversation.id, date=moment(conversation.updated))
    yield f"{title(conversation)}\n{about}\n"
    for turn in turns:
        prompt = turn.prompt.replace("\n", "\n  ")
        yield f"\n› {prompt}\n"
        for index, reply in enumerate(turn.replies, 1):
            yield _shown_reply(reply, index, len(turn.replies))


def _shown_reply(reply: StoredReply, index: int, of: int) -> str:
    lines = [f"── {one_line(reply.model)}" + (f" · {say('history.reply_of', index=index, of=of)}" if of > 1 else "")]
    lines.append(reply.text.rstrip("\n"))
    lines += [f"┄┄ {say('history.shown_seam', at=seam.at, words=seam_words(seam))} ┄┄" for seam in reply.seams]
    end = end_words(reply)
    if end:
        lines.append(f"┄┄ {end} ┄┄")
    return "\n" + "\n".join(lines) + "\n"
