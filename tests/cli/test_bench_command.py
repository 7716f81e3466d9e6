"""`unbroken bench`: the JSON of the stated form, the table, the exit codes, Ctrl+C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "monitor"))

from gateway import Gateway

from tui import paths, say
from tui.cli.main import run


def use(url: str, more: str = "") -> None:
    paths.config_file().parent.mkdir(parents=True, exist_ok=True)
    paths.config_file().write_text(f'provider = "mine"\nmodel = "a"\n[providers.mine]\nbase_url = "{url}"\n{more}')


def test_the_json_has_the_stated_form(capsys: pytest.CaptureFixture[str]) -> None:
    with Gateway(tokens=3) as gateway:
        use(gateway.url, "[probe]\ntarget_ms = 5000\n")
        assert run(["bench", "-n", "2", "--interval", "0", "--tokens", "3", "--json"]) == 0
        assert len(gateway.log) == 4
    out, err = capsys.readouterr()
    assert err == ""
    found = json.loads(out)["results"]
    assert [(one["model"], one["connection"], one["target_met"]) for one in found] == [
        ("a", "cold", True),
        ("a", "warm", True),
    ]
    for one in found:
        for name in ("ttfb", "ttft"):
            of = one[name]
            assert of["count"] == 2
            assert 0 < of["min"] <= of["median"] <= of["p95"] <= of["max"] < 5000
            assert of["min"] <= of["mean"] <= of["max"]
            assert of["stdev"] >= 0
        assert set(one["phases"]) == {"dns", "tcp", "tls"}
        assert one["itl"]["count"] == 4
        assert one["itl"]["p50"] == one["itl"]["median"]
    assert [one["phases"]["tcp"]["count"] for one in found] == [2, 0]


def test_the_table_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    with Gateway(tokens=2) as gateway:
        use(gateway.url)
        assert run(["bench", "-n", "2", "--interval", "0", "-m", "a", "-m", "b"]) == 0
        out, err = capsys.readouterr()
        use(gateway.url, "[probe]\ntarget_ms = 0.0001\n")
        text = paths.config_file().read_text()
        paths.config_file().write_text('language = "ja"\n' + text)
        assert run(["bench", "-n", "2", "--interval", "0"]) == 0
        japanese = capsys.readouterr().out
    say.speak("en")
    lines = [line.split() for line in out.splitlines()]
    assert lines[0][:2] == ["TTFB", "(ms)"]
    assert [line[:2] for line in lines[1:5]] == [["a", "cold"], ["a", "warm"], ["b", "cold"], ["b", "warm"]]
    assert all(line[-1] == "✓" for line in lines[1:5])
    assert out.count("█") > 4
    assert max(len(line) for line in out.splitlines()) <= 80
    assert err == ""
    assert "✗" in japanese
    assert "中央値" in japanese


def test_failures_are_told_and_are_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with Gateway(status=500) as gateway:
        use(gateway.url)
        assert run(["bench", "-n", "1", "--interval", "0"]) == 1
        assert "a (cold): 1 failed: the provider has an error of its own" in capsys.readouterr().out
    with Gateway(status=401) as gateway:
        use(gateway.url)
        assert run(["bench", "-n", "3", "--interval", "0", "--json"]) == 3
        found = json.loads(capsys.readouterr().out)["results"]
        assert [(one["failures"], one["target_met"], one["ttfb"]["count"]) for one in found] == [(1, None, 0)]


def test_what_was_cut_at_the_deadline_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with Gateway(tokens=1000, gap=0.02) as gateway:
        use(gateway.url)
        assert run(["bench", "-n", "1", "--interval", "0", "--deadline", "0.3"]) == 0
    assert "a (cold): longer than the deadline of 0.3 s and cut there: 1;" in capsys.readouterr().out


@pytest.mark.parametrize("columns", [80, 50])
def test_the_tables_fit_the_terminal(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    names = [f"a-model-with-a-name-that-is-far-too-long-{number}" for number in (1, 2)]
    with Gateway(tokens=2) as gateway:
        use(gateway.url)
        assert run(["bench", "-n", "2", "--interval", "0", "-m", names[0], "-m", names[1]]) == 0
    out = capsys.readouterr().out
    assert max(len(line) for line in out.splitlines()) <= columns
    heads = {word for line in out.splitlines() if "(ms)" in line for word in line.split()}
    assert {"n", "median", "p95", "stdev", "DNS", "TTFT", "TPS"} <= heads
    assert out.count("long-1") > 2
    assert out.count("long-2") > 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--interval", "nan"], "nan is no number from 0 to 3,600."),
        (["-n", "abc"], "abc is no whole number from 1 to 1,000."),
        (["-n", "0"], "0 is no whole number"),
        (["--deadline", "-1"], "-1 is no number"),
    ],
)
def test_numbers_that_are_none(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", *words]) == 2
    assert said in capsys.readouterr().err


def test_ctrl_c_before_anything_ended_does_not_speak_of_measurements() -> None:
    with Gateway(head=60.0) as gateway:
        use(gateway.url)
        command = [sys.executable, "-m", "tui", "bench", "-n", "5"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ, cwd=Path(__file__).parents[2]
        ) as process:
            while not gateway.log:
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == b"Nothing was measured.\n"
    assert b"Stopped before the first request had ended." in err


def test_what_cannot_be_asked() -> None:
    assert run(["bench", "-n", "0"]) == 2
    assert run(["bench", "-p", "nowhere"]) == 2
    assert run(["bench"]) == 3


def test_options_before_the_command_count_once(capsys: pytest.CaptureFixture[str]) -> None:
    with Gateway(tokens=2) as gateway:
        use(gateway.url)
        assert run(["-m", "long-name", "bench", "-n", "1", "--interval", "0", "--json"]) == 0
        assert {one.asked["model"] for one in gateway.log} == {"long-name"}


def test_ctrl_c_prints_what_is_there() -> None:
    with Gateway(tokens=2) as gateway:
        use(gateway.url)
        command = [sys.executable, "-m", "tui", "bench", "-n", "500", "--interval", "0.05", "--json"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ, cwd=Path(__file__).parents[2]
        ) as process:
            while len(gateway.log) < 5:
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    found = json.loads(out)["results"]
    assert sum(one["ttfb"]["count"] for one in found) >= 4
    assert b"of 1000 requests" in err
