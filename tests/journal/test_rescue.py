"""Journals damaged at random: what stands on whole pages comes back, and nothing that was never there."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fixtures_journal import START, Talk, Troubles
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.chat.doctor import check_journal, repair_journal
from tui.clock import RealClock
from tui.journal.cells import NotWhole, parse
from tui.journal.connect import open_file
from tui.journal.migrations import APPLICATION_ID, MIGRATIONS
from tui.journal.records import EndReply
from tui.journal.rescue import is_journal
from tui.journal.salvage import set_aside
from tui.journal.store import Journal
from tui.journal.sums import put
from tui.journal.trouble import JournalUnusable
from tui.journal.writer import Writer

SCHEMAS = Path(__file__).parent / "schemas"
PAGE = 4096

SUMMED = 8
"""Since this version long texts have sums, which prove them."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A journal of some version, as bytes, and what is in it."""

    data: bytes
    texts: dict[str, str]
    """By the id of the prompt or reply."""
    pages: dict[str, frozenset[int]]
    """On which pages each of them is."""
    unfinished: frozenset[str]


def sentence(rng: random.Random, length: int) -> str:
    said = ""
    while len(said) < length:
        said += rng.choice(("春", "spring ", "四季の", "word ", "naïve ", "\n")) + str(rng.randrange(10**6))
    return said[:length]


def fill(version: int, path: Path) -> Filled:
    """By the tables' own columns, as that version of the program would have written them."""
    rng = random.Random(version)
    texts: dict[str, str] = {}
    unfinished: set[str] = set()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript((SCHEMAS / f"v{version}.sql").read_text(encoding="utf-8"))
        db.execute(f"pragma user_version = {version}")
        db.execute(f"pragma application_id = {APPLICATION_ID}")
        db.execute("begin")
        for number in range(12):
            conversation = f"C{number:025}"
            db.execute(
                "insert into conversations (id, provider, model, created, updated, system)"
                " values (?, 'p', 'm', ?, ?, '')",
                (conversation, START, START + number),
            )
            for place in range(2):
                turn, reply = f"T{number:020}{place:05}", f"R{number:020}{place:05}"
                texts[turn] = sentence(rng, rng.choice((5, 60, 600, 6000)))
                texts[reply] = sentence(rng, rng.choice((0, 100, 3000, 20_000)))
                db.execute(
                    "insert into turns (id, conversation, position, created, prompt) values (?, ?, ?, ?, ?)",
                    (turn, conversation, place, START, texts[turn]),
                )
                streaming = (number + place) % 7 == 0
                unfinished |= {reply} if streaming else set()
                db.execute(
                    "insert into replies (id, turn, position, provider, base_url, model, parameters, state, started,"
                    " ended, text, through) values (?, ?, 0, 'p', 'http://127.0.0.1/v1', 'm', '{}', ?, ?, ?, ?, ?)",
                    (
                        reply,
                        turn,
                        *(
                            ("streaming", START, None, "", -1)
                            if streaming
                            else ("done", START, START + 9.5, texts[reply], 40)
                        ),
                    ),
                )
                for seq in range((len(texts[reply]) + 99) // 100 if streaming else 0):
                    db.execute(
                        'insert into deltas (reply, seq, attempt, text, "offset", at) values (?, ?, 1, ?, ?, ?)',
                        (reply, seq, texts[reply][seq * 100 : seq * 100 + 100], seq, START + seq / 7),
                    )
                db.execute("insert into reasoning (reply, seq, text, at) values (?, 0, 'hm', ?)", (reply, START))
                db.execute("insert into usage values (?, 1, 2, 1, null, 0)", (reply,))
        for name, text in texts.items():
            if version >= SUMMED and name not in unfinished:
                put(db, name, text)
        db.execute("commit")
        pages = pages_of(db, texts, path.read_bytes())
    return Filled(path.read_bytes(), texts, pages, frozenset(unfinished))


def pages_of(db: sqlite3.Connection, texts: dict[str, str], data: bytes) -> dict[str, frozenset[int]]:
    """Where each row with a text is: by what SQLite itself says of the tree and of the chains."""
    found: dict[str, set[int]] = {name: set() for name in texts}
    for number in range(len(data) // PAGE):
        page = data[number * PAGE : (number + 1) * PAGE]
        for name in texts:
            mark = name.encode()
            if page[0] in (13, 10) and mark in page:
                found[name].add(number)
    return {name: frozenset(places) for name, places in found.items()}


_FILLED: dict[int, Filled] = {}


def filled(version: int) -> Filled:
    if version not in _FILLED:
        with TemporaryDirectory() as folder:
            _FILLED[version] = fill(version, Path(folder) / "journal.sqlite3")
    return _FILLED[version]


def damage(data: bytes, how: str, first: int, second: int, seed: int) -> bytes:
    """One of the ways in which pages go wrong."""
    pages = [data[at : at + PAGE] for at in range(0, len(data), PAGE)]
    first, second = first % len(pages), second % len(pages)
    noise = random.Random(seed).randbytes(PAGE)
    match how:
        case "zero":
            pages[first] = bytes(PAGE)
        case "garbage":
            pages[first] = noise
        case "cut":
            return b"".join(pages)[: first * PAGE + seed % PAGE]
        case "swap":
            pages[first], pages[second] = pages[second], pages[first]
        case "torn":
            pages[first] = pages[first][: PAGE // 2] + (noise if seed % 2 else bytes(PAGE))[PAGE // 2 :]
        case "torn front":
            pages[first] = (noise if seed % 2 else bytes(PAGE))[: PAGE // 2] + pages[first][PAGE // 2 :]
        case _:
            raise AssertionError(how)
    return b"".join(pages)


HURTS = st.tuples(
    st.sampled_from(("zero", "garbage", "cut", "swap", "torn", "torn front")),
    st.one_of(st.integers(0, 12), st.integers(0, 10_000)),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
)


@settings(max_examples=150, deadline=None)
@given(
    version=st.integers(1, len(MIGRATIONS)) | st.integers(SUMMED, len(MIGRATIONS)),
    hurts=st.lists(HURTS, min_size=1, max_size=3),
)
def test_what_is_rescued_was_there_and_what_is_whole_is_rescued(
    version: int, hurts: list[tuple[str, int, int, int]]
) -> None:
    before = filled(version)
    data = before.data
    for how, first, second, seed in hurts:
        data = damage(data, how, first, second, seed) if data else data
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite3"
        path.write_bytes(data)
        done = set_aside(path, START)
        assert done.damaged.read_bytes() == data
        assert done.rescued is not None
        with Journal.open(path) as journal:
            found: dict[str, str] = {}
            for conversation in journal.conversations(1000):
                for turn in journal.turns(conversation.id):
                    found[turn.id] = turn.prompt
                    found |= {reply.id: reply.text for reply in turn.replies}
        with closing(open_file(path)) as db:
            assert db.execute("pragma integrity_check").fetchone() == ("ok",)
            assert db.execute("pragma foreign_key_check").fetchall() == []
    for name, text in found.items():
        if name not in before.texts:
            # What a reply is hung on whose prompt is lost.
            assert text == ""
        elif name not in done.rescued.unproven:
            # Of a long text without sums nothing tells where its pages are exchanged, or its last letters torn.
            assert before.texts[name].startswith(text), name
            # A prompt that is lost is empty where its reply is not.
            assert (
                text == before.texts[name]
                or name in done.rescued.cut
                # Nobody knows how far one had come that was being written.
                or name in before.unfinished
                or (text == "" and done.rescued.lost)
            )
    for name in whole_names(before, data):
        if not name.startswith("R") or before.texts[name]:
            assert name in found, name


def whole_names(before: Filled, data: bytes) -> set[str]:
    """Those whose rows are on pages that are as they were, wherever they are now."""
    there = {data[at : at + PAGE] for at in range(0, len(data), PAGE)}
    page = [before.data[at : at + PAGE] in there for at in range(0, len(before.data), PAGE)]
    return {name for name, places in before.pages.items() if all(page[place] for place in places)}


def written(path: Path) -> Talk:
    """A journal of a reply that is done, by the program's own writer."""
    writer = Writer(path)
    talk = Talk(writer, "Tell me of spring").begin().say("Spring ", "is " + "here " * 2000)
    writer.put(EndReply(talk.reply, "done", START))
    assert writer.close(30)
    return talk


@pytest.mark.parametrize("end", [100, PAGE])
def test_a_journal_without_its_beginning_is_known_set_aside_and_rescued(tmp_path: Path, end: int) -> None:
    path = tmp_path / "journal.sqlite3"
    talk = written(path)
    with path.open("r+b") as file:
        file.write(bytes(end))
    broken = path.read_bytes()
    with pytest.raises(JournalUnusable) as caught:
        Journal.open(path)
    assert caught.value.trouble.kind == "corrupt"
    (finding,) = check_journal(path, RealClock())
    assert (finding.severity, finding.repairable) == ("error", True)
    troubles = Troubles()
    writer = Writer(path, troubles)
    troubles.wait_for("set_aside")
    Talk(writer, "And of autumn?").begin()
    writer.flush().result(30)
    assert writer.close(30)
    assert troubles.told[0] is not None
    assert "Saved: conversations 1, prompts 1, replies 1." in troubles.told[0].sentence()
    (kept,) = [file for file in tmp_path.iterdir() if "damaged" in file.name]
    assert kept.read_bytes() == broken
    with Journal.open(path) as journal:
        assert len(journal.conversations()) == 2
        reply = journal.reply(talk.reply)
        assert reply is not None
        assert reply.text == "Spring is " + "here " * 2000


@pytest.mark.parametrize("left", ["nothing", "zeros"])
def test_a_journal_of_which_only_the_log_is_left_is_rescued_from_it(tmp_path: Path, left: str) -> None:
    path = tmp_path / "journal.sqlite3"
    writer = Writer(tmp_path / "first.sqlite3")
    talk = Talk(writer).begin().say("held in the log")
    writer.flush().result(30)
    shutil.copy(tmp_path / "first.sqlite3-wal", tmp_path / "journal.sqlite3-wal")
    log = (tmp_path / "journal.sqlite3-wal").read_bytes()
    assert writer.close(30)
    path.write_bytes(b"")
    if left == "zeros":
        path.unlink()
    with pytest.raises(JournalUnusable) as caught:
        Journal.open(path)
    assert caught.value.trouble.kind == "corrupt"
    assert (tmp_path / "journal.sqlite3-wal").read_bytes() == log
    repair = repair_journal(path, RealClock())
    assert repair.backup is not None
    assert repair.backup.with_name(repair.backup.name + "-wal").read_bytes() == log
    with Journal.open(path) as journal:
        reply = journal.reply(talk.reply)
        assert reply is not None
        assert reply.text == "held in the log"


def test_a_file_of_zeros_is_set_aside_and_told_to_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(bytes(20 * PAGE))
    repair = repair_journal(path, RealClock())
    assert repair.backup is not None
    assert repair.backup.read_bytes() == bytes(20 * PAGE)
    assert repair.findings[0].numbers["conversations"] == 0
    Journal.open(path).close()


def test_a_foreign_file_is_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_bytes(b"Dear diary, " * 5000)
    assert not is_journal(path)
    with closing(sqlite3.connect(tmp_path / "other.sqlite3")) as db:
        db.execute("create table turns (id text primary key, what text, number integer)")
        db.executemany("insert into turns values (?, 'x', 1)", [(f"T{n:025}",) for n in range(500)])
        db.commit()
    assert not is_journal(tmp_path / "other.sqlite3")


def test_the_damaged_file_and_its_log_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    writer = Writer(path)
    talk = Talk(writer).begin().say("in the log")
    writer.flush().result(30)
    before = {end: path.with_name(path.name + end).read_bytes() for end in ("", "-wal")}
    done = set_aside(path, START)
    assert {end: done.damaged.with_name(done.damaged.name + end).read_bytes() for end in ("", "-wal")} == before
    talk.say(" and behind it")
    assert writer.close(30)
    with Journal.open(path) as journal:
        reply = journal.reply(talk.reply)
        assert reply is not None
        assert reply.text == "in the log and behind it"


@given(st.binary(max_size=512).map(lambda data: data.ljust(512, b"\0")), st.sampled_from((0, 100)))
def test_any_bytes_are_a_page_or_not(page: bytes, start: int) -> None:
    for first in (page[:1], b"\x0d", b"\x0a", b"\x05", b"\x02"):
        with suppress(NotWhole):
            parse(page[:start] + first + page[start + 1 :], start)
