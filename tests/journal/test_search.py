"""Words found in everything that was said, wherever they stand, in any script."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtures_journal import START, Program, Talk
from hypothesis import example, given
from hypothesis import strategies as st

from tui.journal.connect import open_file
from tui.journal.folding import Folded, fold
from tui.journal.ids import new_id
from tui.journal.index import is_behind, start_again, take_in
from tui.journal.migrations import APPLICATION_ID
from tui.journal.records import (
    AddText,
    DeleteConversation,
    DeleteTurn,
    EndReply,
    NewConversation,
    RenameConversation,
    ResumeReply,
)
from tui.journal.search import Hit
from tui.journal.store import Journal
from tui.journal.terms import Terms, place, query, terms
from tui.journal.writer import Writer
from tui.words import ConversationId

SCHEMAS = Path(__file__).parent / "schemas"

CODE = "def foo_bar(x):\n    return getUserName(x) + 3.14  # ok?\n"
SEASONS = "日本の四季について。\n春は桜、夏は海、ＡＰＩの秋、冬は雪。ﾊﾟﾝも食べます。"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[tuple[Writer, Journal]]:
    path = tmp_path / "journal.sqlite3"
    writer = Writer(path)
    writer.flush().result(30)
    with Journal.open(path) as journal:
        yield writer, journal
    assert writer.close(30)


def said(writer: Writer, prompt: str, answer: str = "", at: float = START) -> Talk:
    talk = Talk(writer, prompt, at=at).begin().say(answer)
    writer.put(EndReply(talk.reply, "done", at + 9))
    return talk


def indexed(path: Path) -> None:
    db = open_file(path)
    while take_in(db):
        pass
    assert not is_behind(db)
    db.close()


def found(journal: Journal, words: str) -> list[str]:
    """The hits, each with what was found in brackets."""
    return [bracketed(hit) for hit in journal.search(words).hits]


def bracketed(hit: Hit) -> str:
    start, end = hit.mark
    return f"{hit.line[:start]}[{hit.line[start:end]}]{hit.line[end:]}"


@pytest.mark.parametrize("known", [False, True], ids=["not yet in the index", "in the index"])
@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("四季", ["日本の[四季]について。"]),
        ("春", ["[春]は桜、夏は海、ＡＰＩの秋、冬は雪。ﾊﾟﾝも食べます。"]),
        ("日本の四季", ["[日本の四季]について。"]),
        ("は桜、夏", ["春[は桜、夏]は海、ＡＰＩの秋、冬は雪。ﾊﾟﾝも食べます。"]),
        ("api", ["春は桜、夏は海、[ＡＰＩ]の秋、冬は雪。ﾊﾟﾝも食べます。"]),
        ("パン", ["春は桜、夏は海、ＡＰＩの秋、冬は雪。[ﾊﾟﾝ]も食べます。"]),
        ("海 冬", ["春は桜、夏は[海]、ＡＰＩの秋、冬は雪。ﾊﾟﾝも食べます。"]),
        ("季四", []),
        ("foo_bar(", ["def [foo_bar(]x):"]),
        ("FOO_BAR", ["def [foo_bar](x):"]),
        ("_bar(", ["def foo[_bar(]x):"]),
        ("foobar", []),
        ("getuser", ["    return [getUser]Name(x) + 3.14  # ok?"]),
        ("username(x", ["    return get[UserName(x]) + 3.14  # ok?"]),
        ("Name", ["    return getUser[Name](x) + 3.14  # ok?"]),
        ("3.14", ["    return getUserName(x) + [3.14]  # ok?"]),
        ("ret", ["    [ret]urn getUserName(x) + 3.14  # ok?"]),
        ("return def", ["    [return] getUserName(x) + 3.14  # ok?"]),
        (") +", ["    return getUserName(x[) +] 3.14  # ok?"]),
        ('"', []),
        ("NOT foo", []),
        ("foo*", []),
        ("", []),
        ("  ", []),
    ],
)
def test_what_is_found_and_where(home: tuple[Writer, Journal], words: str, lines: list[str], known: bool) -> None:
    writer, journal = home
    code = said(writer, "show me code", CODE)
    seasons = said(writer, SEASONS)
    if not known:
        Talk(writer, "something else is on its way").begin()
    writer.flush().result(30)
    if known:
        indexed(journal._path)
    assert found(journal, words) == lines
    for hit in journal.search(words).hits:
        whole = CODE if hit.reply else SEASONS
        assert (hit.turn, hit.conversation) in {(code.turn, code.conversation), (seasons.turn, seasons.conversation)}
        assert fold(whole[hit.start : hit.end]) in {fold(words), fold(words.split(maxsplit=1)[0])}
        assert hit.title == ("show me code" if hit.reply else "日本の四季について。")


def test_what_is_being_written_or_was_interrupted_is_found(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    dies = """
from fixtures_journal import Talk
from pathlib import Path
from tui.journal.writer import Writer
writer = Writer(Path(sys.argv[1]))
talk = Talk(writer, "a prompt").begin().say("the cherry ", "blossoms of 春")
writer.flush().result(30)
print(talk.reply, flush=True)
input()
"""
    with Program(dies, path) as program:
        name = program.line()
        with Journal.open(path) as journal:
            for words in ("blossom", "春", "cherry blossoms"):
                assert [hit.reply for hit in journal.search(words).hits] == [name]
            program.kill()
            program.process.wait(30)
            assert [hit.reply for hit in journal.search("cherry").hits] == [name]


def test_an_old_journal_is_taken_in_by_steps_while_it_is_used(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    old = sqlite3.connect(path)
    old.executescript((SCHEMAS / "v1.sql").read_text(encoding="utf-8"))
    for number in range(300):
        name = f"{number:026}"
        old.execute(
            "insert into conversations (id, provider, model, created, updated, system) values (?, '', '', 1, ?, '')",
            (name, number),
        )
        old.execute(
            "insert into turns (id, conversation, position, created, prompt) values (?, ?, 0, ?, ?)",
            (f"t{name}", name, number, f"prompt {number} of spring"),
        )
        old.execute(
            "insert into replies (id, turn, position, provider, base_url, model, parameters, state, started, text)"
            " values (?, ?, 0, '', '', '', '{}', 'done', ?, ?)",
            (f"r{name}", f"t{name}", number + 0.5, f"answer {number} 四季"),
        )
    old.execute("pragma user_version = 1")
    old.execute(f"pragma application_id = {APPLICATION_ID}")
    old.commit()
    old.close()
    with Journal.open(path) as journal:
        assert journal.search("spring").indexing
        db = open_file(path)
        assert take_in(db, 500)
        newest = [hit.at for hit in journal.search("spring", 5).hits]
        assert newest == [299, 298, 297, 296, 295]
        db.close()
        indexed(path)
        everything = journal.search("spring", 1000)
        assert [hit.at for hit in everything.hits] == list(range(299, -1, -1))
        assert not everything.indexing
        assert len(journal.search("四季", 1000).hits) == 300
        assert [hit.line for hit in journal.search("answer 42").hits] == [f"answer {n} 四季" for n in (242, 142, 42)]
        assert journal.search("spring", 10).more
        db = open_file(path)
        db.execute("begin immediate")
        start_again(db)
        db.execute("commit")
        db.close()
        assert journal.search("spring").indexing
        writer = Writer(path)
        writer.flush().result(30)
        talk = said(writer, "a new prompt of spring")
        writer.flush().result(30)
        indexed(path)
        assert len(journal.search("spring", 1000).hits) == 301
        assert talk.turn in {hit.turn for hit in journal.search("new").hits}
        assert writer.close(30)


def test_the_writer_takes_in_what_it_wrote(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    writer = Writer(path)
    said(writer, "one", "two")
    assert writer.close(30)
    db = open_file(path)
    assert not is_behind(db)
    db.close()


def test_a_reply_that_goes_on_is_found_by_what_it_says_then(home: tuple[Writer, Journal]) -> None:
    writer, journal = home
    talk = said(writer, "one", "spring")
    writer.flush().result(30)
    indexed(journal._path)
    writer.put(ResumeReply(talk.reply, "test", "http://127.0.0.1:9/v1", "test", START))
    writer.put(AddText(talk.reply, 1, " and summer", 0, START))
    writer.put(EndReply(talk.reply, "done", START))
    writer.flush().result(30)
    indexed(journal._path)
    assert found(journal, "summer") == ["spring and [summer]"]
    assert found(journal, "spring") == ["[spring] and summer"]


def test_what_is_deleted_is_not_found_but_in_a_branch(home: tuple[Writer, Journal]) -> None:
    writer, journal = home
    talk = said(writer, "spring")
    writer.flush().result(30)
    indexed(journal._path)

    def seen() -> list[ConversationId]:
        writer.flush().result(30)
        return [hit.conversation for hit in journal.search("spring").hits]

    writer.put(DeleteTurn(talk.conversation, talk.turn, START))
    assert seen() == []
    writer.put(DeleteTurn(talk.conversation, talk.turn, None))
    assert seen() == [talk.conversation]
    branch = ConversationId(new_id())
    writer.put(NewConversation(branch, START, branched_from=talk.conversation, branched_at=1))
    writer.put(RenameConversation(branch, "The branch"))
    writer.put(DeleteConversation(talk.conversation, START))
    assert seen() == [branch]
    assert [hit.title for hit in journal.search("spring").hits] == ["The branch"]
    writer.put(DeleteConversation(branch, START))
    assert seen() == []


def test_the_newest_come_first_and_the_line_is_cut(home: tuple[Writer, Journal]) -> None:
    writer, journal = home
    for number in range(70):
        said(writer, f"spring {number}", at=START + number)
    said(writer, "x" * 500 + " summer " + "y" * 500 + "\nnext line")
    writer.flush().result(30)
    indexed(journal._path)
    assert [hit.line for hit in journal.search("spring", 60).hits] == [f"spring {n}" for n in range(69, 9, -1)]
    (hit,) = journal.search("summer").hits
    assert len(hit.line) < 170
    assert hit.line[slice(*hit.mark)] == "summer"
    assert "next" not in hit.line


KINDS = st.sampled_from(["a", "B", "ß", "é", "e\u0301", "Ａ", "ｶ", "ﾊﾟ", "が", "か\u3099", "春", "四", " ", "\n", "_",
                         "😀", "1", "ﬁ", "İ", "각", "\u1100\u1161\u11a8", "㍍", "…", "\ufe0f"])  # fmt: skip


@given(st.lists(KINDS, max_size=30).map("".join))
@example("ﾊﾟ")
@example("か\u3099か")
@example("㍍x")
def test_folded_text_leads_back(text: str) -> None:
    folded = Folded(text)
    assert fold(folded.text) == folded.text
    assert folded.origin(0, len(folded.text))[0] == 0
    if folded.text:
        assert folded.origin(0, len(folded.text)) == (0, len(text))
    for start in range(len(folded.text)):
        first, end = folded.origin(start, start + 1)
        assert 0 <= first < end <= len(text)
        assert folded.text[start] in fold(text[first:end])


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_equivalent_spellings_are_compared_as_equal(text: str) -> None:
    if all(unicodedata.combining(char) == 0 for char in unicodedata.normalize("NFKD", text)):
        assert fold(unicodedata.normalize("NFKC", text)) == fold(fold(text))


WORDS = st.lists(st.sampled_from(["spring", "Foo", "getUser", "春", "四季", "は", "の", "x", "1", "ＡＰＩ", "_", "(",
                                  ".", " ", "\n", "。"]), min_size=1, max_size=12).map("".join)  # fmt: skip


@given(WORDS, st.data())
def test_any_piece_from_the_beginning_of_a_word_is_found(text: str, data: st.DataObject) -> None:
    folded = fold(text)
    starts = [at for at in range(len(text)) if at == 0 or not (text[at - 1].isascii() and text[at - 1].isalnum())]
    starts = [at for at in starts if at == 0 or not ("Ａ" <= text[at - 1] <= "Ｚ")]
    start = data.draw(st.sampled_from(starts))
    piece = text[start : data.draw(st.integers(start + 1, len(text)))]
    asked = query(piece)
    if not asked.literals:
        return
    assert all(literal in folded for literal in asked.literals)
    where = place(Folded(text), asked)
    assert where is not None
    assert fold(text[where[0] : where[1]]) in {asked.literals[0], " ".join(asked.literals)}
    if asked.begun and not partial_word(piece):
        db = sqlite3.connect(":memory:")
        db.execute("create virtual table w using fts5(words, parts, content='', tokenize='ascii')")
        split = terms(text)
        db.execute("insert into w (rowid, words, parts) values (1, ?, ?)", (split.words, split.parts))
        assert db.execute("select count(*) from w where w match ?", (asked.begun,)).fetchone() == (1,), asked
        db.close()


def partial_word(piece: str) -> bool:
    """One letter by itself finds the word of one letter alone."""
    return any(len(literal) == 1 for literal in query(piece).literals)


def test_the_terms_of_a_text() -> None:
    assert terms("Foo_bar getUserName 四季は") == Terms("foo bar getusername 四季 季は", "四 季 は username name")
    long = "四季" * 5000
    assert len(terms(long).words.split()) == 9999
