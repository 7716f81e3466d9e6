"""Writers whose pid means nothing here: in a pid namespace of their own (a container), or under another host name.

The kernel's own namespaces, made with unshare(1)."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from fixtures_journal import Program

from tui.journal.owner import LEASE
from tui.journal.records import ResumeReply
from tui.journal.store import Journal
from tui.journal.writer import Writer
from tui.words import ReplyId

PIDS = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
PIDS_OLD_PROC = ("unshare", "--pid", "--fork", "--kill-child")
"""With the /proc of the machine, whose numbers mean other processes."""
NAME = ("unshare", "--uts", "sh", "-c", 'hostname elsewhere && exec "$@"', "sh")


def can(command: tuple[str, ...]) -> bool:
    try:
        return subprocess.run([*command, "true"], capture_output=True, check=False, timeout=20).returncode == 0
    except OSError:
        return False


needs_namespaces = pytest.mark.skipif(not (can(PIDS) and can(NAME)), reason="namespaces cannot be made here")
pytestmark = [pytest.mark.real, needs_namespaces]

WRITER = """
from fixtures_journal import Talk
from pathlib import Path
from tui.journal.writer import Writer
writer = Writer(Path(sys.argv[1]))
talk = Talk(writer).begin().say("Spring ", "opens")
writer.flush().result(30)
print(talk.reply, flush=True)
sys.stdin.read()
"""

SECOND = """
from pathlib import Path
from tui.journal.owner import is_alive, is_dead, this_process
import time
me = this_process()
print("born" if me.born else "unborn", is_alive(me, time.time(), time.time()), is_dead(me), flush=True)
"""


def taken(path: Path, reply: ReplyId, later: float = 0.0) -> bool:
    """Whether a window here can take `reply` over, `later` seconds from now."""
    writer = Writer(path, wall=lambda: time.time() + later)
    writer.put(ResumeReply(reply, "mine", "u", "m", 1.0, next_seq=2))
    writer.flush().result(30)
    lost = writer.lost(reply)
    assert writer.close(30)
    return not lost


def state(path: Path, reply: ReplyId) -> str:
    with Journal.open(path) as journal:
        found = journal.reply(reply)
    assert found is not None
    return found.state


@pytest.mark.parametrize("within", [PIDS, PIDS_OLD_PROC], ids=["own proc", "proc of the machine"])
def test_a_writer_in_another_pid_namespace_is_not_dead_because_its_pid_is_unknown(
    tmp_path: Path, within: tuple[str, ...]
) -> None:
    path = tmp_path / "journal.sqlite3"
    with Program(WRITER, path, within=within) as program:
        reply = ReplyId(program.line())
        assert state(path, reply) == "streaming"
        assert not taken(path, reply)
        program.kill()
        program.process.wait()
        assert not taken(path, reply), "nobody here can know that it is dead"
        assert taken(path, reply, LEASE + 1)


def test_seen_from_another_pid_namespace_this_process_lives(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    taker = (
        "from pathlib import Path\nimport test_lease_namespaces as here\n"
        "print(here.taken(Path(sys.argv[1]), sys.argv[2]), flush=True)\n"
    )
    with Program(WRITER, path) as program:
        reply = program.line()
        with Program(taker, path, reply, within=PIDS) as other:
            assert other.line() == "False"


def test_under_another_host_name_the_same_pids_count(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    with Program(WRITER, path, within=NAME) as program:
        reply = ReplyId(program.line())
        assert not taken(path, reply, LEASE + 1), "it lives, whatever its last sign of life"
        program.kill()
        program.process.wait()
        assert state(path, reply) == "interrupted"
        assert taken(path, reply)


def test_numbers_of_a_proc_that_counts_others_are_not_asked(tmp_path: Path) -> None:
    for within, told in ((PIDS, "born True False"), (PIDS_OLD_PROC, "unborn True False")):
        with Program(SECOND, tmp_path, within=within) as program:
            assert program.line() == told
