"""`unbroken local`: what it says, and its exit codes."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tui.cli import local, main
from tui.cli.errors import Exit, code_of
from tui.local import weights
from tui.local.fetch import Progress
from tui.local.problem import LocalProblem

ROOT = Path(__file__).parents[2]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNBROKEN_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def installed(data: Path, installed_weights: Path) -> Path:
    (data / "models").mkdir(parents=True)
    path = data / "models" / installed_weights.name
    path.symlink_to(installed_weights)
    return path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """`unbroken local …` through the program's own front door: exit code, stdout, stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main.run(["local", *arguments])
        return int(code), *capsys.readouterr()

    return run


def test_status_before_and_after(run: Run, data: Path, installed_weights: Path) -> None:
    code, out, _ = run("status")
    assert code == 1
    assert "Not installed" in out
    assert "93 MB" in out
    (data / "models").mkdir(parents=True)
    path = data / "models" / installed_weights.name
    path.write_bytes(b"GGUF")
    code, out, _ = run("status")
    assert code == 2
    assert "Damaged" in out
    path.unlink()
    path.symlink_to(installed_weights)
    code, out, _ = run("status")
    assert code == 0
    assert str(path) in out
    assert "98 MB" in out


def test_install_of_what_is_installed_is_no_failure(run: Run, installed: Path) -> None:
    code, out, err = run("install")
    assert code == 0
    assert out == ""
    assert "already" in err
    assert installed.is_symlink()


def test_remove(run: Run, installed: Path) -> None:
    code, out, _ = run("remove")
    assert code == 0
    assert "98 MB" in out
    assert not installed.is_symlink()
    code, out, _ = run("remove")
    assert code == 0
    assert "nothing to remove" in out


def test_a_problem_is_one_line_and_exit_code_2(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("UNBROKEN_DATA_DIR", str(tmp_path / "file"))
    code, _, err = run("install")
    assert code == 2
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith(f"unbroken: {tmp_path / 'file' / 'models'} cannot be used: Not a directory.")


def test_install_says_first_what_comes(run: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(progress: Callable[[Progress], None]) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(weights, "install", interrupted)
    code, out, err = run("install")
    assert code == 130
    assert out == ""
    lines = err.splitlines()
    assert "SmolLM2-135M-Instruct (Apache-2.0): 93 MB" in lines[0]
    assert "often wrong, no usable Japanese" in lines[1]
    assert "Nothing was installed" in lines[2]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


STEPS = [Progress("checking", 0, 1), Progress("fetching", 0, 93_000_000), Progress("fetching", 46_500_000, 93_000_000)]


def test_the_bar_on_a_terminal_is_one_line_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with local.shown_progress() as bar:
        for step in STEPS:
            bar.show(step)
            bar.show(step)
    drawn = terminal.getvalue()
    assert drawn.count("\n") == 1  # "Checking"
    assert "█" * 12 + "░" * 12 + "  Fetching  46/93 MB" in drawn
    assert drawn.count("46/93") == 1  # the same is not drawn twice
    assert drawn.endswith("\r\x1b[K")
    assert max(len(line) for line in drawn.split("\r\x1b[K")) < 80


def test_elsewhere_each_phase_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    with local.shown_progress() as bar:
        for step in STEPS:
            bar.show(step)
    assert pipe.getvalue() == "Checking this computer …\nFetching …\n"


def test_japanese(run: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    monkeypatch.setattr("tui.local.machine.check", lambda: None)
    code, out, _ = run("status")
    assert code == 1
    assert "インストールされていません" in out
    monkeypatch.setattr("tui.local.machine.check", lambda: (_ for _ in ()).throw(LocalProblem("cpu")))
    code, _, err = run("status")
    assert code == 2
    assert "AVX2" in err


def test_the_command_loads_neither_httpx_nor_textual() -> None:
    script = (
        "import sys; import tui.cli.local; "
        "print([m for m in ('httpx', 'textual', 'rich', 'asyncio', 'xllamacpp') if m in sys.modules])"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_one_problem_has_one_exit_code_whatever_command_meets_it() -> None:
    assert code_of(LocalProblem("cpu")) == Exit.USAGE
