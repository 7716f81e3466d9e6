"""What the commands under `unbroken history` share: the journal, one conversation in it, and writing to stdout."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence

from tui.cli.errors import Advice, Exit, Stop
from tui.journal.store import Among, Journal
from tui.journal.stored import StoredConversation
from tui.journal.trouble import JournalUnusable, judge
from tui.paths import journal_file
from tui.plain import one_line, plain
from tui.say import say
from tui.words import ConversationId

LATEST = "latest"

MOST_DELETED = 1000
"""Deleted conversations that are listed."""


@contextlib.contextmanager
def opened() -> Iterator[Journal | None]:
    """The journal; None where there is none yet: looking does not create it."""
    path = journal_file()
    try:
        path.stat()
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        raise JournalUnusable(judge(error), path) from error
    with Journal.open(path) as journal:
        yield journal


def nothing() -> Stop:
    return Stop(Advice(say("history.none"), do=say("history.none_do")), Exit.INCOMPLETE)


def find(journal: Journal, which: str, among: Among = "kept") -> StoredConversation:
    """The conversation that `which` names: the beginning of an id, or `latest`."""
    if which == LATEST and among != "deleted":
        latest = journal.latest()
        if latest is None:
            raise nothing()
        return latest
    names = journal.with_prefix(which, among=among) if which else ()
    advice = say("history.find_deleted_do" if among == "deleted" else "history.find_do")
    found = journal.conversation(_only(names, which, advice), among)
    assert found is not None
    return found


def _only(names: Sequence[ConversationId], which: str, advice: str) -> ConversationId:
    if len(names) == 1:
        return names[0]
    problem = "history.ambiguous" if names else "history.unknown"
    raise Stop(Advice(say(problem, id=one_line(which, 40)), do=advice), Exit.USAGE)


def write(pieces: Iterable[str], *, as_json: bool = False) -> None:
    """To stdout: made safe for a terminal, as it is into a pipe."""
    terminal = sys.stdout.isatty()
    for piece in pieces:
        sys.stdout.write((_escaped(piece) if as_json else plain(piece)) if terminal else piece)


def _escaped(text: str) -> str:
    """JSON that says the same, without characters that a terminal would obey or hide."""
    if plain(text) == text:
        return text
    return "".join(char if plain(char) == char else json.dumps(char)[1:-1] for char in text)
