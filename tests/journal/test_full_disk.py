"""The journal is opened anew while its disk is full."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixtures_journal import Talk
from test_journal_durability import fill, small_disk

from tui.chat.doctor import check_journal
from tui.clock import RealClock
from tui.journal.connect import open_file
from tui.journal.store import Journal
from tui.journal.trouble import JournalUnusable
from tui.journal.writer import Writer

__all__ = ["small_disk"]


@pytest.mark.parametrize("log", [False, True], ids=["closed well", "killed"])
def test_on_a_full_disk_the_journal_is_read_and_the_trouble_is_named(small_disk: Path, log: bool) -> None:
    path = small_disk / "journal.sqlite3"
    writer = Writer(path)
    talk = Talk(writer).begin().say("still here")
    writer.flush().result(30)
    if log:
        copies = {name: path.with_name(name).read_bytes() for name in (path.name, path.name + "-wal")}
    assert writer.close(30)
    if log:
        for name, data in copies.items():
            path.with_name(name).write_bytes(data)
    with pytest.raises(OSError, match="No space"):
        fill(small_disk / "ballast")
    with pytest.raises(JournalUnusable) as caught:
        open_file(path)
    assert caught.value.trouble.kind == "full"
    (finding, *_) = check_journal(path, RealClock())
    assert "full" in finding.sentence
    assert "ree some space" in finding.remedy
    assert finding.remedy not in finding.sentence
    if not log:
        with Journal.open(path) as journal:
            reply = journal.reply(talk.reply)
        assert reply is not None
        assert reply.text == "still here"
