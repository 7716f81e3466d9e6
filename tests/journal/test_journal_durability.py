"""Kill -9, other processes, other files, disks that are full or may not be written."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fixtures_journal import Program, Talk, Troubles

from tui.journal import connect
from tui.journal.connect import open_file
from tui.journal.migrations import APPLICATION_ID, MIGRATIONS, migrate
from tui.journal.store import Journal
from tui.journal.trouble import JournalUnusable, TroubleKind
from tui.journal.writer import Writer
from tui.words import ReplyId

SCHEMAS = Path(__file__).parent / "schemas"

STREAMING = """
from fixtures_journal import Talk
from pathlib import Path
from tui.journal.writer import Writer
writer = Writer(Path(sys.argv[1]))
talk = Talk(writer).begin()
print(talk.reply, flush=True)
for number in range(1_000_000):
    talk.say(f"{number} ")
    if number % 50 == 49:
        writer.flush().result(30)
        print(number, flush=True)
"""


def numbers(upto: int) -> str:
    return "".join(f"{number} " for number in range(upto))


@pytest.mark.parametrize("flushes", [1, 2, 7, 20])
def test_kill_9_leaves_a_journal_with_all_that_was_flushed(tmp_path: Path, flushes: int) -> None:
    path = tmp_path / "journal.sqlite3"
    with Program(STREAMING, path) as program:
        name = ReplyId(program.line())
        flushed = [int(program.line()) for _ in range(flushes)][-1] + 1
        program.kill()
        program.process.wait(30)
    with Journal.open(path) as journal:
        reply = journal.reply(name)
        assert reply is not None
        assert reply.state == "interrupted"
        assert reply.next_seq >= flushed
        assert reply.text == numbers(reply.next_seq)
        partial = journal.partial(name)
        assert partial is not None
        assert partial.text == reply.text
        assert partial.replay_offset == 10 * reply.next_seq
    assert check(path) == "ok"


def check(path: Path) -> object:
    db = sqlite3.connect(path)
    try:
        return db.execute("pragma integrity_check").fetchone()[0]
    finally:
        db.close()


ASKED = """
from fixtures_journal import START, Talk
from pathlib import Path
from tui.journal.records import EndReply
from tui.journal.writer import Writer
writer = Writer(Path(sys.argv[1]))
talk = Talk(writer).begin()
writer.flush().result(30)
print(talk.reply, flush=True)
for line in sys.stdin:
    talk.say(line)
    writer.flush().result(30)
    print("flushed", flush=True)
writer.put(EndReply(talk.reply, "done", START))
assert writer.close(30)
"""


def test_another_process_is_followed_while_it_writes(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    with Program(ASKED, path) as program:
        name = ReplyId(program.line())
        with Journal.open(path) as journal:
            seen = []
            for word in ("spring", "summer", "autumn"):
                program.tell(word)
                assert program.line() == "flushed"
                reply = journal.reply(name)
                assert reply is not None
                seen.append((reply.state, reply.text))
            assert seen == [
                ("streaming", "spring\n"),
                ("streaming", "spring\nsummer\n"),
                ("streaming", "spring\nsummer\nautumn\n"),
            ]
            program.end()
            reply = journal.reply(name)
            assert reply is not None
            assert (reply.state, reply.text) == ("done", "spring\nsummer\nautumn\n")


def test_many_processes_may_begin_the_same_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    begin = """
from fixtures_journal import Talk
from pathlib import Path
from tui.journal.writer import Writer
print("ready", flush=True)
input()
writer = Writer(Path(sys.argv[1]))
talk = Talk(writer).begin().say("mine")
assert writer.close(30), writer.trouble
"""
    programs = [Program(begin, path) for _ in range(4)]
    try:
        for program in programs:
            program.line()
        for program in programs:
            program.tell("go")
        for program in programs:
            program.end()
    finally:
        for program in programs:
            program.__exit__()
    with Journal.open(path) as journal:
        assert len(journal.conversations()) == 4


def test_a_journal_that_another_process_is_just_creating_is_no_foreign_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between any two things that are read of its beginning."""
    plain_connect = connect._connect
    for moment in range(8):
        path = tmp_path / str(moment) / "journal.sqlite3"
        path.parent.mkdir()
        creating = sqlite3.connect(path, isolation_level=None)
        creating.execute("pragma journal_mode = wal")
        statements: list[str] = []

        def begun(
            statement: str, at: int = moment, db: sqlite3.Connection = creating, seen: list[str] = statements
        ) -> None:
            seen.append(statement)
            if len(seen) == at + 1:
                migrate(db)

        def watched(address: str, *, uri: bool = False, call: Callable[[str], None] = begun) -> sqlite3.Connection:
            db = plain_connect(address, uri=uri)
            db.set_trace_callback(call)
            return db

        monkeypatch.setattr(connect, "_connect", watched)
        db = open_file(path)
        assert len(statements) > moment
        assert db.execute("select count(*) from replies").fetchone()[0] == 0
        db.close()
        creating.close()


def schema(db: sqlite3.Connection) -> str:
    # Of the full-text index its own statement counts: the tables under it are SQLite's, and made by it.
    ours = "sql is not null and name not glob 'search_words_*' and name not glob 'search_inner_*'"
    rows = db.execute(f"select sql from sqlite_master where {ours} order by type desc, name").fetchall()
    return "".join(f"{sql};\n" for (sql,) in rows)


def test_what_has_landed_never_changes(tmp_path: Path) -> None:
    """Each schema that ever landed lies in schemas/; a new migration adds a file, and changes none."""
    assert sorted(file.name for file in SCHEMAS.iterdir()) == [f"v{n + 1}.sql" for n in range(len(MIGRATIONS))]
    db = sqlite3.connect(":memory:", isolation_level=None)
    for number, migration in enumerate(MIGRATIONS, 1):
        migration(db)
        assert schema(db) == (SCHEMAS / f"v{number}.sql").read_text(encoding="utf-8")
    db.close()


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS) + 1))
def test_every_old_journal_opens(tmp_path: Path, version: int) -> None:
    path = tmp_path / "journal.sqlite3"
    old = sqlite3.connect(path, isolation_level=None)
    old.executescript((SCHEMAS / f"v{version}.sql").read_text(encoding="utf-8"))
    old.execute(f"pragma user_version = {version}")
    old.execute(f"pragma application_id = {APPLICATION_ID}")
    old.close()
    writer = Writer(path)
    Talk(writer).begin().say("text")
    assert writer.close(30)
    db = open_file(path)
    fresh = open_file(tmp_path / "fresh.sqlite3")
    assert schema(db) == schema(fresh)
    fresh.close()
    db.close()


def test_a_migration_that_fails_leaves_the_journal_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.sqlite3"
    Journal.open(path).close()

    def half(db: sqlite3.Connection) -> None:
        db.execute("create table half (x)")
        db.execute("insert into nowhere values (1)")

    for module in ("migrations", "connect"):
        monkeypatch.setattr(f"tui.journal.{module}.MIGRATIONS", (*MIGRATIONS, half))
    with pytest.raises(JournalUnusable):
        Journal.open(path)
    monkeypatch.undo()
    Journal.open(path).close()
    db = sqlite3.connect(path)
    assert schema(db) == (SCHEMAS / f"v{len(MIGRATIONS)}.sql").read_text(encoding="utf-8")
    db.close()


def foreign_text(path: Path) -> None:
    path.write_bytes(b"Dear diary, " * 500)


def foreign_database(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("create table diary (day text)")
    db.commit()
    db.close()


def newer(path: Path) -> None:
    Journal.open(path).close()
    db = sqlite3.connect(path)
    db.execute(f"pragma user_version = {len(MIGRATIONS) + 1}")
    db.close()


def directory(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "kind"),
    [(foreign_text, "foreign"), (foreign_database, "foreign"), (newer, "newer"), (directory, "unwritable")],
)
def test_a_file_that_is_no_journal_of_ours_is_said_and_left_alone(tmp_path: Path, make: object, kind: str) -> None:
    path = tmp_path / "journal.sqlite3"
    assert callable(make)
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(JournalUnusable) as caught:
        Journal.open(path)
    assert caught.value.trouble.kind == kind
    assert str(path) in caught.value.sentence()
    troubles = Troubles()
    writer = Writer(path, troubles)
    Talk(writer).begin()
    troubles.wait_for(kind)
    assert not writer.close(30)
    assert (path.read_bytes() if path.is_file() else b"") == before
    assert [file.name for file in tmp_path.iterdir()] == ["journal.sqlite3"]


def test_a_damaged_page_is_said(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    writer = Writer(path)
    talk = Talk(writer).begin().say("x" * 20_000)
    assert writer.close(30)
    data = bytearray(path.read_bytes())
    for page in range(4096, len(data), 4096):
        data[page : page + 16] = b"\xff" * 16
    path.write_bytes(data)
    with pytest.raises(JournalUnusable) as caught, Journal.open(path) as journal:
        journal.turns(talk.conversation)
    assert caught.value.trouble.kind == "corrupt"


def mount(*args: object) -> None:
    """Or skip: only root may, and not in every container."""
    if os.geteuid() != 0 or sys.platform != "linux":
        pytest.skip("needs to mount")
    if subprocess.run(["mount", *map(str, args)], capture_output=True, check=False).returncode:
        pytest.skip("may not mount here")


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as stream:
        while True:
            stream.write(b"\0" * 4096)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", place)
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_is_told_and_caught_up_with(small_disk: Path) -> None:
    path = small_disk / "journal.sqlite3"
    troubles = Troubles()
    writer = Writer(path, troubles)
    talk = Talk(writer).begin().say("first ")
    writer.flush().result(30)
    ballast = small_disk / "ballast"
    with pytest.raises(OSError, match="No space"):
        fill(ballast)
    talk.say(*("y" * 1000 for _ in range(100)))
    writer.flush()
    troubles.wait_for("full")
    assert writer.saved_through == 4
    with Journal.open(path) as journal:
        reply = journal.reply(talk.reply)
        assert reply is not None
        assert reply.text == "first "
    ballast.unlink()
    troubles.wait_for(None)
    assert writer.close(30)
    with Journal.open(path) as journal:
        reply = journal.reply(talk.reply)
        assert reply is not None
        assert reply.text == "first " + "y" * 100_000
    assert troubles.kinds() == ["full", None]


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[tuple[Path, ReplyId]]:
    """A journal with one reply, in a directory that cannot be written."""
    place = tmp_path / "place"
    place.mkdir()
    mounted = os.geteuid() == 0
    if mounted:
        mount("-t", "tmpfs", "-o", "size=4m", "tmpfs", place)
    path = place / "journal.sqlite3"
    writer = Writer(path)
    talk = Talk(writer).begin().say("still here")
    assert writer.close(30)
    if mounted:
        mount("-o", "remount,ro", place)
    else:
        path.chmod(0o400)
        place.chmod(0o500)
    yield path, talk.reply
    if mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)
    else:
        place.chmod(0o700)


def test_a_read_only_directory_is_told_and_still_read(read_only: tuple[Path, ReplyId]) -> None:
    path, name = read_only
    troubles = Troubles()
    writer = Writer(path, troubles)
    Talk(writer).begin().say("in memory")
    with Journal.open(path) as journal:
        reply = journal.reply(name)
        assert reply is not None
        assert reply.text == "still here"
        assert len(journal.conversations()) == 1
    assert not writer.close(30)
    unwritable: set[TroubleKind] = {"read_only", "unwritable"}
    assert {trouble and trouble.kind for trouble in troubles.told} <= unwritable
    assert troubles.told


def test_only_its_owner_may_read_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "data" / "journal.sqlite3"
    writer = Writer(path)
    Talk(writer).begin()
    writer.flush().result(30)
    modes = {file.name: file.stat().st_mode & 0o777 for file in (path.parent, *path.parent.iterdir())}
    assert modes.pop("data") == 0o700
    assert set(modes.values()) == {0o600}
    assert writer.close(30)
