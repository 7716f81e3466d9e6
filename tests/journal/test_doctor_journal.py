"""The journal, examined and mended."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from fixtures_journal import Program, Talk

from tui.chat import doctor
from tui.chat.doctor import check_journal, repair_journal
from tui.clock import RealClock
from tui.journal.store import Journal
from tui.journal.writer import Writer
from tui.words import ReplyId

DIES = """
from fixtures_journal import Talk
from pathlib import Path
from tui.journal.writer import Writer
writer = Writer(Path(sys.argv[1]))
talk = Talk(writer).begin().say("Spring ", "is ")
writer.flush().result(30)
print(talk.reply, flush=True)
input()
"""


def severities(path: Path) -> dict[str, str]:
    return {finding.name: finding.severity for finding in check_journal(path, RealClock())}


def test_no_journal_is_well(tmp_path: Path) -> None:
    path = tmp_path / "data" / "journal.sqlite3"
    assert severities(path) == {"journal.file": "ok"}
    assert not path.parent.exists()
    assert repair_journal(path, RealClock()).backup is None


def test_a_whole_journal_is_well(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    writer = Writer(path)
    Talk(writer).begin().say("x")
    writer.flush().result(30)
    assert set(severities(path).values()) == {"ok"}
    assert repair_journal(path, RealClock()).backup is None
    assert writer.close(30)


def test_an_orphan_is_found_released_and_can_still_be_resumed(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    with Program(DIES, path) as program:
        name = ReplyId(program.line())
        assert severities(path)["journal.leases"] == "ok"
        program.kill()
        program.process.wait(30)
    assert severities(path) == {
        "journal.file": "ok",
        "journal.integrity": "ok",
        "journal.leases": "warning",
        "journal.interrupted": "warning",
    }
    repair = repair_journal(path, RealClock())
    assert repair.backup is not None
    found = {finding.name: finding.severity for finding in repair.findings}
    assert found == {
        "journal.backup": "ok",
        "journal.leases": "ok",
        "journal.file": "ok",
        "journal.integrity": "ok",
        "journal.interrupted": "warning",
    }
    with Journal.open(path) as journal, Journal.open(repair.backup) as before:
        mended, kept = journal.reply(name), before.reply(name)
        assert mended is not None
        assert kept is not None
        assert (mended.text, mended.state) == (kept.text, kept.state) == ("Spring is ", "interrupted")
        partial = journal.partial(name)
        assert partial is not None
        assert partial.boundaries == (7, 10)


def test_a_file_of_another_program_is_said_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    db = sqlite3.connect(path)
    db.execute("create table diary (day text)")
    db.commit()
    db.close()
    before = path.read_bytes()
    (finding,) = check_journal(path, RealClock())
    assert (finding.name, finding.severity) == ("journal.file", "error")
    assert finding.remedy
    assert repair_journal(path, RealClock()).backup is None
    assert path.read_bytes() == before


HOLDS = """
import sqlite3
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("begin exclusive")
print("held", flush=True)
input()
"""


def test_it_does_not_say_that_it_can_be_written_while_another_program_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    writer = Writer(path)
    Talk(writer).begin().say("x")
    assert writer.close(30)
    with Program(HOLDS, path) as other:
        assert other.line() == "held"
        found = {finding.name: finding for finding in check_journal(path, RealClock())}
        assert found["journal.file"].severity == "warning"
        assert "another program has locked it" in found["journal.file"].sentence
        assert "catches up" in found["journal.file"].remedy
    assert severities(path)["journal.file"] == "ok"


def test_it_says_that_the_disk_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.sqlite3"
    Journal.open(path).close()
    monkeypatch.setattr(doctor, "LITTLE", 1 << 62)
    found = {finding.name: finding for finding in check_journal(path, RealClock())}
    assert found["journal.file"].severity == "warning"
    assert "MB are left" in found["journal.file"].sentence


LEAVES = """
from fixtures_journal import Talk
from pathlib import Path
from tui.journal.records import CutReply
from tui.journal.writer import Writer
writer = Writer(Path(sys.argv[1]))
talk = Talk(writer).begin().say("Spring ", "is ")
writer.put(CutReply(talk.reply, "asked"))
assert writer.close(30)
"""


def test_a_process_that_ended_in_order_has_given_back_what_it_wrote(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    with Program(LEAVES, path) as program:
        assert program.process.wait(30) == 0
    found = severities(path)
    assert found["journal.leases"] == "ok"
    assert found["journal.interrupted"] == "warning"
