"""Storage that fails by real means: another program's lock, a limit of the file's size. What comes stays in memory, it
is said why, and saving catches up."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from fixtures_journal import Program, Talk, Troubles

from tui.journal.store import Journal
from tui.journal.trouble import JournalUnusable
from tui.journal.writer import Writer

HOLDS = """
import sqlite3
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("pragma locking_mode = exclusive")
db.execute("begin exclusive")
db.execute("select count(*) from turns").fetchone()
print("held", flush=True)
input()
db.execute("rollback")
db.close()
"""


def test_a_program_that_holds_the_file_for_itself_is_waited_out(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    Journal.open(path).close()
    troubles = Troubles()
    with Program(HOLDS, path) as other:
        assert other.line() == "held"
        with pytest.raises(JournalUnusable) as caught:
            Journal.open(path)
        assert caught.value.trouble.kind == "locked"
        writer = Writer(path, troubles)
        talk = Talk(writer).begin().say("kept ")
        troubles.wait_for("locked")
        talk.say("in memory")
        assert writer.saved_through == 0
        assert troubles.told[0] is not None
        assert "another program has locked the journal" in troubles.told[0].sentence()
        other.tell("let go")
        other.end()
        writer.flush().result(30)
    troubles.wait_for(None)
    assert writer.close(30)
    with Journal.open(path) as journal:
        reply = journal.reply(talk.reply)
        assert reply is not None
        assert reply.text == "kept in memory"
    assert troubles.kinds() == ["locked", None]


LIMITED = """
import resource, signal
from fixtures_journal import Talk, Troubles
from pathlib import Path
from tui.journal.store import Journal
from tui.journal.writer import Writer
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path, troubles = Path(sys.argv[1]), Troubles()
writer = Writer(path, troubles)
talk = Talk(writer).begin().say("first ")
writer.flush().result(30)
log = path.with_name(path.name + "-wal").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (log + 8192, resource.RLIM_INFINITY))
talk.say(*("y" * 1000 for _ in range(200)))
writer.flush()
while not [kind for kind in troubles.kinds() if kind]:
    with troubles._changed:
        troubles._changed.wait(30)
print(troubles.kinds()[0], flush=True)
with Journal.open(path) as journal:
    print(journal.reply(talk.reply).text, flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
writer.flush().result(30)
troubles.wait_for(None)
assert writer.close(30)
print(talk.reply, flush=True)
"""


def test_a_file_that_may_not_grow_is_told_and_caught_up_with(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    with Program(LIMITED, path) as program:
        assert program.line() in ("full", "io")
        assert program.line() == "first"
        name = program.line()
        program.end()
    with Journal.open(path) as journal:
        (conversation,) = journal.conversations()
        (turn,) = journal.turns(conversation.id)
        (reply,) = turn.replies
        assert (reply.id, reply.text) == (name, "first " + "y" * 200_000)
    db = sqlite3.connect(path)
    assert db.execute("pragma integrity_check").fetchone() == ("ok",)
    db.close()
