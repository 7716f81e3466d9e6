"""`unbroken doctor`: one line a finding, JSON, exit codes, and no tokens without consent."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "monitor"))

from gateway import Gateway

from tui import paths, say
from tui.cli.doctor_terminal import check_terminal
from tui.cli.main import run


def use(url: str, more: str = "") -> None:
    paths.config_file().parent.mkdir(parents=True, exist_ok=True)
    paths.config_file().write_text(
        f'provider = "mine"\nmodel = "a"\n[probe]\ntarget_ms = 60000\n[providers.mine]\nbase_url = "{url}"\n{more}'
    )


def test_all_well_costs_nothing_where_nobody_can_be_asked(capsys: pytest.CaptureFixture[str]) -> None:
    with Gateway() as gateway:
        use(gateway.url)
        assert run(["doctor", "--json"]) == 0
        assert {one.path for one in gateway.log} == {"/v1/models"}
    told = json.loads(capsys.readouterr().out)
    assert told["worst"] == "ok"
    assert [one["name"] for one in told["findings"]][-1] == "endpoint.chat"
    assert "--try-resume" in told["findings"][-1]["remedy"]
    assert all(set(one) == {"name", "severity", "sentence", "remedy", "repairable"} for one in told["findings"])


def test_with_consent_answers_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with Gateway(text=0.02, gap=0.005, tokens=40) as gateway:
        use(gateway.url)
        assert run(["doctor", "--try-resume"]) == 0
        chats = [one.asked for one in gateway.log if one.path.endswith("/chat/completions")]
    out = capsys.readouterr().out
    assert len(chats) >= 3
    assert all(isinstance(one["max_tokens"], int) and one["max_tokens"] <= 160 for one in chats)
    assert "The answer streams" in out
    assert "it says the same text again from its beginning" in out, "this server does not look at what it is given"
    assert "goes on by prefill" not in out


def test_the_worst_finding_is_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with Gateway() as gateway:
        use(gateway.url)
        assert run(["doctor", "-m", "unknown"]) == 1
        out = capsys.readouterr().out
        assert "! The provider does not list the model unknown." in out
        assert "  → `unbroken models`" in out
    assert run(["doctor"]) == 2
    out = capsys.readouterr().out
    assert "✗ 127.0.0.1 cannot be reached: the connection was refused" in out
    assert "do not work." in out.splitlines()[-1]


def test_a_wrong_configuration_is_a_finding_and_the_rest_is_still_looked_at(
    capsys: pytest.CaptureFixture[str],
) -> None:
    use("http://127.0.0.1:1/v1", "nonsense = 3\n")
    assert run(["doctor"]) == 2
    out = capsys.readouterr().out
    assert "config.toml:7" in out
    assert "journal" in out


def test_without_a_key_the_way_is_looked_at_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    with Gateway(status=401) as gateway:
        use(gateway.url, 'api_key_env = "MY_KEY"\n')
        assert run(["doctor"]) == 2
        assert {one.path for one in gateway.log} == {"/v1/models"}
    out = capsys.readouterr().out
    assert "MY_KEY" in out
    assert "Connected in" in out
    assert "mine answers, and wants a key; there is none." in out
    assert "refuses the key" not in out


def test_a_provider_that_asks_for_no_key_takes_none(capsys: pytest.CaptureFixture[str]) -> None:
    with Gateway() as gateway:
        use(gateway.url)
        assert run(["doctor", "--free"]) == 0
    out = capsys.readouterr().out
    assert "It lists its models without a key." in out
    assert "takes the key" not in out


def test_in_japanese(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with Gateway() as gateway:
        use(gateway.url)
        paths.config_file().write_text('language = "ja"\n' + paths.config_file().read_text())
        assert run(["doctor", "--free"]) == 0
    say.speak("en")
    assert "正常" in capsys.readouterr().out


def test_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    assert [one.name for one in check_terminal({})] == ["terminal.there"]
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", "70")
    monkeypatch.setenv("LINES", "24")
    assert check_terminal({"TERM": "dumb"})[0].severity == "warning"
    found = check_terminal({"TERM": "xterm\x1b[31m", "LANG": "C", "TMUX": "1", "SSH_CONNECTION": "1"})
    assert [(one.name, one.severity) for one in found] == [
        ("terminal.there", "ok"),
        ("terminal.size", "warning"),
        ("terminal.colours", "ok"),
        ("terminal.characters", "warning"),
    ]
    assert "SSH, tmux" in found[0].sentence
    assert "\x1b" not in found[0].sentence
    assert check_terminal({"TERM": "xterm", "LANG": "ja_JP.UTF-8", "NO_COLOR": "1"})[3].severity == "ok"
