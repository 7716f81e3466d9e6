"""`unbroken config`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui import paths
from tui.cli.errors import Exit
from tui.cli.main import run
from tui.config import Config, load


def test_path_names_the_file(capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(["config", "path"]) == 0
    assert capsysbinary.readouterr().out == f"{paths.config_file()}\n".encode()
    monkeypatch.setenv("UNBROKEN_CONFIG", "/x/日本/c.toml")
    assert run(["config", "path"]) == 0
    assert capsysbinary.readouterr().out == "/x/日本/c.toml\n".encode()


def test_init_writes_a_file_that_loads_and_never_a_second_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "init"]) == 0
    file = paths.config_file()
    assert load() == Config()
    assert load().file == file
    assert str(file) in capsys.readouterr().out
    file.write_text("bell = true\n")
    assert run(["config", "init"]) == Exit.USAGE
    assert "exists" in capsys.readouterr().err
    assert file.read_text() == "bell = true\n"


def test_init_where_nothing_can_be_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("UNBROKEN_CONFIG", str(tmp_path / "file" / "config.toml"))
    assert run(["config", "init"]) == Exit.USAGE
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_file_that_is_named_but_absent_is_an_error_and_can_be_made(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "mine.toml"
    monkeypatch.setenv("UNBROKEN_CONFIG", str(file))
    assert run(["config", "show"]) == Exit.USAGE
    assert run(["ask", "Hi"]) == Exit.USAGE
    told = capsys.readouterr().err
    assert f"{file}: UNBROKEN_CONFIG names this file, but it does not exist." in told
    assert "config init" in told
    assert run(["config", "path"]) == 0
    assert run(["config", "init"]) == 0
    assert run(["config", "show"]) == 0


def test_show_has_no_key(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    key = "hs_" + "a1" * 16
    monkeypatch.setenv("HOLYSHEEP_API_KEY", key)
    file = paths.config_file()
    file.parent.mkdir(parents=True)
    file.write_text('[providers.mine]\nbase_url = "https://h/v1"\napi_key_command = "pass show mine"\n')
    assert run(["config", "show"]) == 0
    out = capsys.readouterr().out
    assert 'api_key_command = "pass show mine"  # line 3' in out
    assert key not in out
