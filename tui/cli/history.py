"""`unbroken history`: the conversations in the journal, listed, shown, taken out. Loads neither httpx nor Textual."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import chain, islice

import click
from wcwidth import wcswidth, wcwidth

from tui.cli.errors import Advice, Exit, Stop
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
from tui.journal.store import Journal
from tui.journal.stored import StoredConversation, StoredReply, StoredTurn
from tui.paths import journal_file
from tui.plain import one_line, plain
from tui.say import say

LATEST = "latest"


@click.group(name="history", help=say("history.help"))
def command() -> None:
    pass


@command.command("list", help=say("history.help_list"))
@click.option("-n", "--limit", type=click.IntRange(min=1), metavar="N", help=say("history.help_limit"))
@click.option("--json", "as_json", is_flag=True, help=say("history.help_json"))
def list_(limit: int | None, as_json: bool) -> None:
    with _journal() as journal:
        wanted = islice(everything(journal), limit) if journal else iter(())
        if as_json:
            _write(_listed_json(wanted), as_json=True)
            return
        first = next(wanted, None)
        if journal is None or first is None:
            click.echo(say("history.none"), err=True)
            return
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        _write(_line(journal, conversation, width) for conversation in chain((first,), wanted))


@command.command(help=say("history.help_show"))
@click.argument("which", metavar="[ID]", default=LATEST)
def show(which: str) -> None:
    with _journal() as journal:
        if journal is None:
            raise _nothing()
        conversation = _find(journal, which)
        _write(_shown(conversation, journal.turns(conversation.id)))


@command.command(help=say("history.help_export"))
@click.argument("which", metavar="[ID]", required=False)
@click.option("--format", "form", type=click.Choice(["json", "md"]), default="json", help=say("history.help_format"))
def export(which: str | None, form: str) -> None:
    with _journal() as journal:
        if journal is None and which is not None:
            raise _nothing()
        wanted: Iterator[Whole] = iter(())
        if journal is not None:
            wanted = read(journal, everything(journal) if which is None else (_find(journal, which),))
        if form == "json":
            _write(to_json(wanted, time.time()), as_json=True)
        else:
            _write(to_markdown(wanted))


@contextlib.contextmanager
def _journal() -> Iterator[Journal | None]:
    """The journal; None where there is none yet: looking does not create it."""
    path = journal_file()
    if not path.exists():
        yield None
        return
    with Journal.open(path) as journal:
        yield journal


def _nothing() -> Stop:
    return Stop(Advice(say("history.none"), do=say("history.none_do")), Exit.INCOMPLETE)


def _find(journal: Journal, which: str) -> StoredConversation:
    """The conversation that `which` names: the beginning of an id, or `latest`."""
    if which == LATEST:
        latest = journal.latest()
        if latest is None:
            raise _nothing()
        return latest
    names = journal.with_prefix(which) if which else ()
    found = journal.conversation(names[0]) if len(names) == 1 else None
    if found is None:
        problem = "history.ambiguous" if len(names) > 1 else "history.unknown"
        raise Stop(Advice(say(problem, id=one_line(which, 40)), do=say("history.find_do")), Exit.USAGE)
    return found


def _write(pieces: Iterable[str], *, as_json: bool = False) -> None:
    """To stdout: made safe for a terminal, as it is into a pipe."""
    terminal = sys.stdout.isatty()
    for piece in pieces:
        sys.stdout.write((_escaped(piece) if as_json else plain(piece)) if terminal else piece)


def _escaped(text: str) -> str:
    """JSON that says the same, without characters that a terminal would obey or hide."""
    if plain(text) == text:
        return text
    return "".join(char if plain(char) == char else json.dumps(char)[1:-1] for char in text)


def _listed_json(wanted: Iterable[StoredConversation]) -> Iterator[str]:
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
        }
        yield between + json.dumps(value, ensure_ascii=False)
        between = ",\n"
    yield "[]\n" if between == "[" else "]\n"


def _line(journal: Journal, conversation: StoredConversation, width: int | None) -> str:
    """One line of the list: id, when last used, turns, title; at most `width` cells."""
    short = journal.short_id(conversation.id)
    date = moment(conversation.updated)
    line = f"{one_line(short):<8}  {date:<16}  {conversation.turns:>3}  {title(conversation)}"
    return (line if width is None else _cut(line, width)) + "\n"


def _cut(text: str, cells: int) -> str:
    """`text` in at most `cells` columns of a terminal; an ellipsis says that there is more."""
    if wcswidth(text) <= cells:
        return text
    kept, used = [], 1
    for char in text:
        used += max(wcwidth(char), 0)
        if used > cells:
            break
        kept.append(char)
    return "".join(kept) + "…" if cells > 0 else ""


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
