"""The root: exit codes, one clear message for each error, and nothing of a key in any of them."""

from __future__ import annotations

import importlib
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from tui import paths
from tui.cli import main as main_module
from tui.cli.errors import Advice, Exit, Stop
from tui.cli.main import COMMANDS, run
from tui.cli.options import ScreenOptions, chat_options
from tui.cli.redact import redact

KEY = "hs_" + "a1" * 16
UNBROKEN = (sys.executable, "-m", "tui")
ROOT = Path(__file__).parent.parent.parent


def unbroken(*args: str, stdin: str | bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The real command in a process of its own."""
    return subprocess.run(
        [*UNBROKEN, *args],
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        cwd=ROOT,
        env=os.environ | environment,
        check=False,
        timeout=60,
    )


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Callable[[click.Command], None]:
    """Make `unbroken ask` another command for one test."""
    real = importlib.import_module

    def use(command: click.Command) -> None:
        module = type(sys)("tui.cli.ask")
        module.command = command  # type: ignore[attr-defined]
        monkeypatch.setattr(
            main_module.importlib, "import_module", lambda name: module if name == "tui.cli.ask" else real(name)
        )
        monkeypatch.setattr(main_module.Commands, "list_commands", lambda self, ctx: list(COMMANDS))

    return use


def raises(error: BaseException) -> click.Command:
    @click.command(name="ask")
    def command() -> None:
        raise error

    return command


def test_version() -> None:
    found = unbroken("--version")
    assert (found.returncode, found.stdout, found.stderr) == (0, b"unbroken 0.1.0\n", b"")


@pytest.mark.parametrize("language", ["en_US.UTF-8", "ja_JP.UTF-8", "C"])
def test_help_lists_every_command_that_is_there(language: str) -> None:
    found = unbroken("--help", LANG=language)
    assert found.returncode == 0
    for name in ("keys", "config", "--local", "--continue", "--log FILE"):
        assert name in found.stdout.decode()
    assert ("端末" in found.stdout.decode()) == (language == "ja_JP.UTF-8")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["confg"], "Did you mean “config”"),
        (["What is SSE?"], "unbroken ask"),
        (["config", "shwo"], "Did you mean “show”"),
        (["--loca"], "Did you mean “--local”"),
        (["-m"], "-m"),
        (["-m", "x", "config", "path"], "--model"),
        (["config", "path", "extra"], "extra"),
        (["--log", "/", "config"], "--log"),
    ],
)
def test_a_wrong_command_line_is_two_lines_and_exit_2(
    args: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(args) == Exit.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert len(err.splitlines()) == 2
    assert err.startswith("unbroken: ")


def test_a_key_on_a_wrong_command_line_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    for args in ([KEY], ["config", KEY], ["config", "path", KEY], [f"--key={KEY}"], ["keys", "remove", "x", KEY]):
        assert run(args) == Exit.USAGE
    assert KEY not in capsys.readouterr().err


def test_no_terminal_for_the_screen() -> None:
    found = unbroken()
    assert found.returncode == Exit.USAGE
    assert b"terminal" in found.stderr
    assert b"unbroken ask" in found.stderr
    assert len(found.stderr.splitlines()) == 2


def test_the_screen_gets_the_options(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    got: list[ScreenOptions] = []
    module = type(sys)("tui.cli.screen")

    def screen(options: ScreenOptions) -> int:
        got.append(options)
        return 3

    module.run = screen  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tui.cli.screen", module)
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as tty:
        monkeypatch.setattr(sys, "stdin", tty)
        monkeypatch.setattr(sys, "stdout", tty)
        assert run(["--local", "-c", "-m", "m", "-p", "p", "--log", str(tmp_path / "log")]) == 3
        assert run([]) == 3
    os.close(ours)
    assert got == [ScreenOptions(True, True, "m", "p", tmp_path / "log"), ScreenOptions()]


def test_options_before_the_command_reach_it(pretend: Callable[[click.Command], None]) -> None:
    got: list[dict[str, object]] = []

    @click.command(name="ask")
    @click.argument("prompt")
    @chat_options
    def command(**options: object) -> None:
        got.append(options)

    pretend(command)
    assert run(["-m", "m", "--local", "ask", "-p", "p", "hello"]) == 0
    assert run(["-m", "m", "ask", "-m", "n", "hello"]) == 0
    assert [(one["model"], one["provider"], one["local"]) for one in got] == [("m", "p", True), ("n", None, False)]


@pytest.mark.parametrize("code", list(Exit))
def test_a_stop_is_its_words_and_its_code(
    code: Exit, pretend: Callable[[click.Command], None], capsys: pytest.CaptureFixture[str]
) -> None:
    pretend(raises(Stop(Advice("It broke.", "All is kept.", "Do that.\x1b[31m"), code)))
    assert run(["ask"]) == code
    assert capsys.readouterr().err == "unbroken: It broke. All is kept.\nDo that.␛[31m\n"


def test_a_command_says_its_own_code(pretend: Callable[[click.Command], None]) -> None:
    @click.command(name="ask")
    def command() -> int:
        return 1

    pretend(command)
    assert run(["ask"]) == 1
    pretend(raises(SystemExit(2)))
    assert run(["ask"]) == 2


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_interrupted(error: BaseException, pretend: Callable[[click.Command], None]) -> None:
    pretend(raises(error))
    assert run(["ask"]) == 130


def test_errors_of_the_rooms_have_their_codes(
    pretend: Callable[[click.Command], None], capsys: pytest.CaptureFixture[str], own_home: Path
) -> None:
    from tui.providers.keys import KeyMissing
    from tui.providers.resolve import UnknownProvider

    pretend(raises(KeyMissing("p", "P_KEY", "")))
    assert run(["ask"]) == Exit.KEY
    pretend(raises(UnknownProvider("x", ["y"])))
    assert run(["ask"]) == Exit.USAGE
    err = capsys.readouterr().err
    assert "P_KEY" in err
    assert "Traceback" not in err
    assert not paths.log_dir().exists()


def test_a_wrong_configuration_starts_nothing(own_home: Path) -> None:
    file = own_home / "wrong.toml"
    file.write_text("\n[retry]\nmax_retrys = 3\n")
    for command in (["config", "show"], ["keys", "list"], ["keys", "set"]):
        found = unbroken(*command, UNBROKEN_CONFIG=str(file))
        assert found.returncode == Exit.USAGE
        err = found.stderr.decode()
        assert err.startswith(f"unbroken: {file}:3: [retry] has no “max_retrys”. Did you mean “max_retries”?\n")
        assert len(err.splitlines()) == 2


def test_a_mistake_of_the_program_is_one_message_and_a_report_without_secrets(
    pretend: Callable[[click.Command], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE_API_KEY", "very-own-form-of-key")

    @click.command(name="ask")
    def command() -> None:
        answer = "the answer nobody else may read"
        raise ZeroDivisionError(f"Bearer {KEY} very-own-form-of-key {len(answer)}")

    pretend(command)
    assert run(["ask"]) == Exit.INCOMPLETE
    err = capsys.readouterr().err
    (file,) = paths.log_dir().iterdir()
    assert str(file) in err
    assert "ZeroDivisionError" in err
    assert "Traceback" not in err
    assert KEY not in err
    report = file.read_text()
    assert "ZeroDivisionError" in report
    assert 'raise ZeroDivisionError(f"Bearer' in report
    for secret in (KEY, "very-own-form-of-key", "nobody else"):
        assert secret not in report
    assert file.stat().st_mode & 0o077 == 0


def test_a_report_finds_another_place(
    pretend: Callable[[click.Command], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("UNBROKEN_DATA_DIR", str(tmp_path / "file" / "no"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pretend(raises(ZeroDivisionError()))
    assert run(["ask"]) == Exit.INCOMPLETE
    assert str(tmp_path / "crash-") in capsys.readouterr().err
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file" / "no"))
    assert run(["ask"]) == Exit.INCOMPLETE
    assert "No report" in capsys.readouterr().err


def test_redacting() -> None:
    text = f"Authorization: Bearer abc.def key {KEY}, sk-proj-123456_x https://me:pw@host/v1 task-oriented hs_x"
    assert redact(text) == "Authorization: Bearer … key …, … https://…@host/v1 task-oriented hs_x"


def test_a_closed_pipe_is_silent() -> None:
    read, write = os.pipe()
    os.close(read)
    process = subprocess.run([*UNBROKEN, "config", "show"], stdout=write, stderr=subprocess.PIPE, cwd=ROOT, check=False)
    os.close(write)
    assert process.stderr == b""
    assert process.returncode == Exit.INCOMPLETE


def test_a_full_disk_under_stdout_is_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        process = subprocess.run(
            [*UNBROKEN, "config", "show"], stdout=full, stderr=subprocess.PIPE, cwd=ROOT, check=False
        )
    assert process.returncode == Exit.INCOMPLETE
    assert len(process.stderr.splitlines()) == 1
    assert b"No space left" in process.stderr


def test_closed_streams_are_no_crash() -> None:
    script = " ".join(UNBROKEN) + " config path <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", script], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize(
    "language", [{"LANG": "C"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]
)
def test_japanese_works_in_any_locale(language: dict[str, str], own_home: Path) -> None:
    file = own_home / "c.toml"
    file.write_text('model = "日本語モデル"\nlanguage = "ja"\n', "utf-8")
    found = unbroken("config", "show", UNBROKEN_CONFIG=str(file), **language)
    assert found.returncode == 0
    assert 'model = "日本語モデル"  # 1 行目' in found.stdout.decode("utf-8")
