"""`unbroken history` and what it exports."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from fixtures_journal import START, Program, Talk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wcwidth import wcswidth

import tui
from tui.cli.columns import cut
from tui.cli.main import run
from tui.journal.export import moment, read, to_markdown
from tui.journal.ids import new_id
from tui.journal.records import AddSeam, AddText, BeginReply, EndReply, NewConversation, NewTurn, RenameConversation
from tui.journal.store import Journal
from tui.journal.writer import Writer
from tui.paths import journal_file
from tui.say import speak
from tui.words import ConversationId, Fault, ReplyId, SeamMark, TurnId

HOSTILE = "red \x1b[31m\x9b\u202e\u2028 四季"


@pytest.fixture
def writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Writer:
    monkeypatch.setenv("UNBROKEN_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TZ", "UTC")
    return Writer(journal_file())


def written(writer: Writer) -> None:
    assert writer.close(30)


def terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))


def test_the_list(writer: Writer, capsys: pytest.CaptureFixture[str]) -> None:
    old = Talk(writer, "The older\nwith a second line").begin()
    new = Talk(writer, "日本の四季について", at=START + 60).begin()
    written(writer)
    assert run(["history", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    listed = [["1", "[interrupted] 日本の四季について"], ["1", "[interrupted] The older"]]
    assert [line.split(maxsplit=4)[3:] for line in lines] == listed
    assert new.conversation.startswith(lines[0].split()[0])
    assert old.conversation.startswith(lines[1].split()[0])
    assert moment(START + 60) in lines[0]
    assert run(["history", "list", "-n", "1"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_the_list_as_json(writer: Writer, capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk(writer, HOSTILE).begin()
    Talk(writer, "later", at=START + 1).begin()
    written(writer)
    assert run(["history", "list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["title"] for row in found] == ["later", HOSTILE.partition("\u2028")[0]]
    assert found[1]["id"] == talk.conversation
    assert found[1]["turns"] == 1


@pytest.mark.parametrize("columns", [20, 40, 80])
def test_the_list_fits_the_terminal_and_is_safe(
    writer: Writer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    for prompt, letter in (("\x1b[31m四季" * 40, "a"), ("four", "b")):
        talk = Talk(writer, prompt, conversation=ConversationId(letter * 26)).begin()
        writer.put(EndReply(talk.reply, "done", START + 1))
    written(writer)
    terminal(monkeypatch, columns)
    assert run(["history", "list"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert all(wcswidth(line) <= columns for line in out.splitlines())
    assert ("␛[31m四季" in out) == (columns >= 80)
    assert out.count("…") == (2 if columns == 20 else 1)


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Mn", "Zs"]), max_size=40), st.integers(-3, 30))
def test_a_title_is_cut_to_its_cells(text: str, cells: int) -> None:
    kept = cut(text, cells)
    assert kept == text or (kept.endswith("…") or not kept)
    assert kept == text or wcswidth(kept) <= max(cells, 0)


def test_no_journal_is_no_error_and_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UNBROKEN_DATA_DIR", str(tmp_path / "data"))
    assert run(["history", "list"]) == 0
    assert capsys.readouterr() == ("", "There is no conversation yet.\n")
    assert run(["history", "list", "--json"]) == 0
    assert capsys.readouterr() == ("[]\n", "")
    assert run(["history", "export"]) == 0
    assert json.loads(capsys.readouterr().out)["conversations"] == []
    assert run(["history", "show"]) == 1
    assert run(["history", "export", "abc"]) == 1
    assert "There is no conversation yet." in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_show(writer: Writer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    talk = Talk(writer, HOSTILE).begin().say("Spring ", HOSTILE)
    writer.put(AddSeam(talk.reply, SeamMark(7, "prefill", True, 2.34, 3, ("m", "m"))))
    writer.put(EndReply(talk.reply, "failed", START, fault=Fault("reset", False, "ReadError")))
    other = ReplyId(new_id())
    writer.put(BeginReply(other, talk.turn, 1, "p", "u", "n", START))
    writer.put(AddText(other, 0, "Another.", 0, START))
    written(writer)
    assert run(["history", "show"]) == 0
    raw = capsys.readouterr().out
    assert f"\n› {HOSTILE}\n" in raw
    assert f"\nSpring {HOSTILE}\n" in raw
    assert "at character 7: resumed after 2.3 s · prefill · seam verified" in raw
    assert "failed: the answer is not whole (reset ReadError)" in raw
    assert "── n · reply 2/2\nAnother.\n┄┄ interrupted" in raw
    terminal(monkeypatch, 80)
    assert run(["history", "show", talk.conversation[:20].upper()]) == 0
    safe = capsys.readouterr().out
    assert not {"\x1b", "\x9b", "\u202e"} & set(safe)
    assert "Spring red ␛[31m" in safe


def test_which_conversation(writer: Writer, capsys: pytest.CaptureFixture[str]) -> None:
    for name, prompt in (("abc1", "one"), ("abc2", "two"), ("xyz", "three")):
        writer.put(NewConversation(ConversationId(name), START))
        writer.put(NewTurn(TurnId(new_id()), ConversationId(name), 0, prompt, START))
    writer.put(RenameConversation(ConversationId("xyz"), "Named"))
    written(writer)
    assert run(["history", "show", "x"]) == 0
    assert capsys.readouterr().out.startswith("Named\n")
    assert run(["history", "show", "abc"]) == 2
    assert "More than one conversation" in capsys.readouterr().err
    assert run(["history", "show", "\x1b[31mq"]) == 2
    assert "No conversation has an id that begins with “␛[31mq”." in capsys.readouterr().err
    assert run(["history", "export", ""]) == 2
    assert run(["history", "export", "abc2", "--format", "md"]) == 0
    assert capsys.readouterr().out.splitlines()[-1:] != ["> one"]
    assert run(["history", "export", "abc2", "--format", "xml"]) == 2


def test_export_loses_nothing(
    writer: Writer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = Talk(writer, HOSTILE).begin().say("a\0b ", HOSTILE)
    writer.put(AddSeam(talk.reply, SeamMark(2, "continue", False, float("inf"), 3, ("m", "n"))))
    Talk(writer, "second", at=START + 1).begin().say("unfinished")
    written(writer)
    assert run(["history", "export"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["format"], document["version"]) == ("unbroken conversations", 2)
    second, first = document["conversations"]
    (turn,) = first["turns"]
    (reply,) = turn["replies"]
    assert (turn["prompt"], reply["text"]) == (HOSTILE, "a\0b " + HOSTILE)
    assert reply["seams"] == [
        {"at": 2, "how": "continue", "verified": False, "gap": None, "paid_twice": 3, "models": ["m", "n"]}
    ]
    assert second["turns"][0]["replies"][0]["text"] == "unfinished"
    assert second["turns"][0]["replies"][0]["state"] == "interrupted"
    terminal(monkeypatch, 80)
    assert run(["history", "export", talk.conversation]) == 0
    shown = capsys.readouterr().out
    assert not {"\x1b", "\x9b", "\u202e", "\u2028"} & set(shown)
    assert json.loads(shown)["conversations"] == [first]


@given(
    st.lists(st.sampled_from(["word ", "\n", "```\n", "```py\n", "~~~\n", "    x\n", "四季"]), max_size=12), st.data()
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_marks_never_change_code(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str], data: st.DataObject
) -> None:
    text = "".join(parts)
    places = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=3)))
    document = markdown(tmp_path_factory.mktemp("md") / "j.sqlite3", text, places)
    marks = [f"[^seam-1-1-{count + 1}]" for count in range(len(places))]
    body = document.split("reply 1/1*\n\n", 1)[1].split(f"\n\n{marks[0]}:" if marks else "\n\n*stopped", 1)[0]
    assert sorted(marks, key=body.index) == marks
    bare = body
    for mark in marks:
        assert body.count(mark) == 1
        bare = bare.replace(mark, "")
    assert bare.rstrip().startswith(text.rstrip())
    code = False
    fence = ""
    for line in body.split("\n"):
        assert not (code and "[^" in line), body
        stripped = line.lstrip(" ") if not line.startswith("    ") else ""
        if not code and stripped.startswith(("```", "~~~")):
            code, fence = True, stripped[0]
        elif code and stripped.strip() == fence * 3:
            code = False
    assert not code


def markdown(path: Path, text: str, places: list[int]) -> str:
    writer = Writer(path)
    talk = Talk(writer).begin().say(text)
    for place in places:
        writer.put(AddSeam(talk.reply, SeamMark(place, "prefill", True, 1.0, 0, ("m", "m"))))
    writer.put(EndReply(talk.reply, "stopped", START))
    assert writer.close(30)
    with Journal.open(path) as journal:
        return "".join(to_markdown(read(journal, journal.conversations())))


def test_markdown_reads_well(writer: Writer, capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk(writer, "Tell me\n\nof spring").begin().say("Spring opens.")
    writer.put(AddSeam(talk.reply, SeamMark(7, "prefill", True, 2.34, 3, ("m", "n"))))
    writer.put(EndReply(talk.reply, "done", START, "stop"))
    written(writer)
    assert run(["history", "export", "--format", "md", "latest"]) == 0
    assert capsys.readouterr().out == (
        f"# Tell me\n\n*conversation {talk.conversation} · {moment(START)}*\n\n"
        f"## 1 · {moment(START)}\n\n> Tell me\n>\n> of spring\n\n"
        f"*m · {moment(START)} · reply 1/1*\n\nSpring [^seam-1-1-1]opens.\n\n"
        "[^seam-1-1-1]: at character 7: resumed after 2.3 s · prefill · seam verified · m → n\n\n"
    )


def test_in_japanese(writer: Writer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    Talk(writer).begin().say("春")
    written(writer)
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    assert run(["history", "show"]) == 0
    assert "中断：返答がすべて保存される前に" in capsys.readouterr().out
    speak("en")


def test_an_unusable_journal_is_one_message(writer: Writer, capsys: pytest.CaptureFixture[str]) -> None:
    written(writer)
    db = sqlite3.connect(journal_file())
    db.execute("pragma user_version = 999")
    db.close()
    assert run(["history", "list"]) == 1
    assert capsys.readouterr().err == (
        f"unbroken: The journal {journal_file()} cannot be used: "
        "the journal was written by a newer version of unbroken. Nothing in it was changed.\n"
        "Update unbroken, or set UNBROKEN_DATA_DIR to another directory.\n"
    )


def test_the_list_loads_neither_network_nor_screen(writer: Writer) -> None:
    Talk(writer).begin()
    written(writer)
    code = """
from tui.cli.main import run
assert run(["history", "list"]) == 0
print(sorted({name.partition(".")[0] for name in sys.modules} & {"httpx", "textual", "rich", "asyncio", "ssl"}))
"""
    with Program(code) as program:
        assert program.end().splitlines()[-1] == "[]"


def test_a_closed_pipe_ends_silently(writer: Writer) -> None:
    Talk(writer).begin().say("x" * 1_000_000)
    written(writer)
    process = subprocess.Popen(
        [sys.executable, "-m", "tui.cli.main", "history", "export"],
        cwd=Path(tui.__file__).parent.parent,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read(10) == b'{\n "format'
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait(30)


def test_an_export_is_imported_from_standard_input(writer: Writer, tmp_path: Path) -> None:
    Talk(writer, "Spring").begin().say("the rain of May")
    written(writer)

    def program(*arguments: str, data: Path, given: bytes = b"") -> bytes:
        environ = os.environ | {"UNBROKEN_DATA_DIR": str(data)}
        command = [sys.executable, "-m", "tui", "history", *arguments]
        return subprocess.run(command, env=environ, input=given, check=True, capture_output=True).stdout

    exported = program("export", "--format", "json", data=tmp_path / "data")
    program("import", "-", data=tmp_path / "other", given=exported)
    assert b"the rain of May" in program("show", data=tmp_path / "other")
