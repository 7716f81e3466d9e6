"""`unbroken keys`; stdin is decoded as main() sets it."""

from __future__ import annotations

import io
import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest

from tui import paths
from tui.cli.errors import Exit
from tui.cli.main import run
from tui.providers import keys_file

KEY = "hs_" + "a1" * 16
ROOT = Path(__file__).parent.parent.parent


def say_on_stdin(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text), encoding="utf-8", errors="replace"))


def test_set_list_remove(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    say_on_stdin(monkeypatch, f"{KEY}\n".encode())
    assert run(["keys", "set"]) == 0
    assert keys_file.read() == {"holysheep": KEY}
    assert run(["keys", "list"]) == 0
    assert run(["keys", "remove"]) == 0
    assert keys_file.read() == {}
    assert run(["keys", "remove"]) == Exit.INCOMPLETE
    assert run(["keys", "list"]) == 0
    out, err = capsys.readouterr()
    assert "hs_… (35 characters) stored" in out
    assert "none: set HOLYSHEEP_API_KEY" in out
    assert "a1a1" not in out + err


def test_list_tells_each_source_and_runs_no_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    paths.config_file().parent.mkdir(parents=True)
    paths.config_file().write_text(
        f'[providers.a]\nbase_url = "https://a/v1"\napi_key_command = "touch {tmp_path}/ran"\n'
        '[providers.b]\nbase_url = "http://127.0.0.1/v1"\n'
    )
    keys_file.store("gone", "secret-secret")
    monkeypatch.setenv("HOLYSHEEP_API_KEY", KEY)
    assert run(["keys", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["holysheep", "a", "b", "gone"]
    assert "from HOLYSHEEP_API_KEY" in lines[0]
    assert "not run" in lines[1]
    assert "none needed" in lines[2]
    assert "no such provider" in lines[3]
    assert "secret" not in "".join(lines)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("args", [[KEY], ["holysheep", KEY], ["holysheep", "x", "y"]])
def test_a_key_on_the_command_line_is_refused(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["keys", "set", *args]) == Exit.USAGE
    err = capsys.readouterr().err
    assert KEY not in err
    assert len(err.splitlines()) == 2
    assert keys_file.read() == {}


@pytest.mark.parametrize("text", [b"", b"\n", b"a b\n", b"k\xff\n", b"first\nsecond\n", b"x" * 100_000])
def test_what_cannot_be_a_key_is_not_stored(
    text: bytes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys_file.store("holysheep", KEY)
    say_on_stdin(monkeypatch, text)
    assert run(["keys", "set"]) == Exit.KEY
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert keys_file.read() == {"holysheep": KEY}


def test_another_form_is_stored_with_a_warning(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    say_on_stdin(monkeypatch, b"another-form")
    monkeypatch.setenv("HOLYSHEEP_API_KEY", KEY)
    assert run(["keys", "set"]) == 0
    err = capsys.readouterr().err
    assert "another form" in err
    assert "HOLYSHEEP_API_KEY is set" in err
    assert keys_file.read() == {"holysheep": "another-form"}


def test_an_unknown_provider(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["keys", "set", "holyshep"]) == Exit.USAGE
    assert "Did you mean “holysheep”" in capsys.readouterr().err


def typed(answer: bytes) -> tuple[int, bytes]:
    """The exit code and all that a terminal shows while `answer` is typed at the prompt."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", "keys", "set"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=ROOT,
        start_new_session=True,
    )
    os.close(theirs)
    shown, asked = b"", False
    while select.select([ours], [], [], 30)[0]:
        try:
            got = os.read(ours, 4096)
        except OSError:  # the terminal's other end is closed
            break
        if not got:
            break
        shown += got
        if not asked and b"not shown" in shown:
            asked = True
            os.write(ours, answer)
    os.close(ours)
    return process.wait(), shown


def test_a_typed_key_is_not_shown() -> None:
    code, shown = typed(KEY.encode() + b"\n")
    assert code == 0, shown
    assert b"a1a1" not in shown
    assert keys_file.read() == {"holysheep": KEY}
