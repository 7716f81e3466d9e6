"""What kind of file system a journal lies on, and what the doctor says of it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tui.chat.doctor import check_journal
from tui.clock import RealClock
from tui.journal import place
from tui.journal.place import kind_of, network_kind
from tui.journal.writer import Writer

MOUNTS = r"""
21 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 21 0:40 / /home rw shared:5 master:2 - nfs4 server:/home rw,vers=4.2
31 30 0:41 / /home/me/my\040disk rw - tmpfs tmpfs rw
32 31 0:42 / /home/me/my\040disk rw - fuse.sshfs me@there: rw
not a line
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/x", "ext4"),
        ("/home", "nfs4"),
        ("/home/me/x/journal.sqlite3", "nfs4"),
        ("/homeless/x", "ext4"),
        ("/home/me/my disk/x", "fuse.sshfs"),
    ],
)
def test_the_innermost_and_newest_mount_holds_a_path(path: str, kind: str) -> None:
    assert kind_of(Path(path), MOUNTS) == kind


def test_it_agrees_with_findmnt(tmp_path: Path) -> None:
    findmnt = shutil.which("findmnt")
    if findmnt is None:
        pytest.skip("no findmnt command")
    for path in (tmp_path, Path("/proc/self"), Path("/dev")):
        told = subprocess.run([findmnt, "-n", "-o", "FSTYPE", "-T", path], capture_output=True, text=True, check=True)
        assert kind_of(path.resolve(), Path("/proc/self/mountinfo").read_text()) == told.stdout.split()[-1]


def test_the_doctor_warns_of_a_journal_on_a_network_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = tmp_path / "journal.sqlite3"
    assert Writer(journal).close(10.0)
    assert network_kind(journal) is None
    assert all(finding.name != "journal.place" for finding in check_journal(journal, RealClock()))
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"21 1 254:0 / / rw - ext4 /dev/vda rw\n30 21 0:40 / {tmp_path} rw - nfs4 server:/home rw\n")
    monkeypatch.setattr(place, "_MOUNTS", mounts)
    [warning] = [finding for finding in check_journal(journal, RealClock()) if finding.name == "journal.place"]
    assert warning.severity == "warning"
    assert "nfs4" in warning.sentence
    assert "UNBROKEN_DATA_DIR" in warning.remedy
