"""`bench --local` and `doctor --local`, with the real embedded model."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "monitor"))

from gateway import Gateway

from tui import paths
from tui.cli.errors import Exit
from tui.cli.main import run


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for place in ("CONFIG", "DATA", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{place}_HOME", str(tmp_path / place))
    monkeypatch.setenv("UNBROKEN_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def installed(tmp_path: Path, installed_weights: Path) -> None:
    models = tmp_path / "data" / "models"
    models.mkdir(parents=True)
    (models / installed_weights.name).symlink_to(installed_weights)


@pytest.mark.usefixtures("installed")
def test_bench_measures_the_embedded_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "--local", "-n", "2", "--interval", "0", "--tokens", "4", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["results"]
    assert [(one["model"], one["connection"]) for one in found] == [("smollm2-135m", "cold"), ("smollm2-135m", "warm")]
    for one in found:
        assert one["ttfb"]["count"] == one["ttft"]["count"] == 2
        assert 0 < one["ttfb"]["min"] <= one["ttft"]["min"]


@pytest.mark.usefixtures("installed")
def test_bench_puts_it_beside_those_that_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    with Gateway(tokens=2) as gateway:
        paths.config_file().parent.mkdir(parents=True, exist_ok=True)
        paths.config_file().write_text(
            f'provider = "mine"\nmodel = "a"\n[providers.mine]\nbase_url = "{gateway.url}"\n'
        )
        assert run(["bench", "--local", "-m", "a", "-n", "1", "--interval", "0", "--tokens", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["results"]
    assert {one["model"] for one in found} == {"a", "smollm2-135m"}


@pytest.mark.usefixtures("installed")
def test_the_doctor_looks_at_all_of_it_and_asks_nobody_for_money(capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["doctor", "--local", "--json"])
    told = json.loads(capsys.readouterr().out)
    names = {one["name"]: one["severity"] for one in told["findings"]}
    assert names["local.server"] == "ok"
    assert names["endpoint.chat"] == "ok"
    assert names["resume.replay"] == "ok", "llama.cpp keeps its streams"
    assert code == (1 if "warning" in names.values() else 0)
    assert run(["doctor", "--local", "--free"]) in (0, 1)
    assert "resum" in capsys.readouterr().out


def test_the_doctor_installs_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["doctor", "--local"]) == 2
    assert "unbroken local install" in capsys.readouterr().out
    assert not (tmp_path / "data" / "models").exists()


@pytest.mark.parametrize("more", [["-m", "a"], ["-p", "b"]])
def test_the_doctor_looks_at_one(more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--local", *more]) == Exit.USAGE
    assert "--local" in capsys.readouterr().err
