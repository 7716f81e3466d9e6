"""`unbroken models`, against a server on loopback."""

from __future__ import annotations

import json

import pytest
from wire_server import Answer, WireServer

from tui import paths
from tui.cli.errors import Exit
from tui.cli.main import run

JSON = {"Content-Type": "application/json"}


def use(url: str, more: str = "") -> None:
    paths.config_file().parent.mkdir(parents=True, exist_ok=True)
    paths.config_file().write_text(
        f'provider = "mine"\nmodel = "a"\n[providers.mine]\nbase_url = "{url}"\nmodels = ["a", "b"]\n{more}'
    )


def test_offered_not_listed_and_unknown_ones(capsys: pytest.CaptureFixture[str]) -> None:
    body = json.dumps({"data": [{"id": "z\x1b[31m"}, {"id": "a"}]}).encode()
    with WireServer([Answer(body, headers=JSON, framing="length")]) as server:
        use(server.url)
        assert run(["models"]) == 0
        out, err = capsys.readouterr()
        assert run(["models", "--json"]) == 0
    lines = [line.split() for line in out.splitlines()]
    assert [(line[0], line[-1]) for line in lines[1:]] == [("a", "✓"), ("b", "–"), ("z␛[31m", "✓")]
    assert err == ""
    table: object = json.loads(capsys.readouterr().out)
    assert isinstance(table, list)
    assert [(one["id"], one["offered"]) for one in table] == [("a", True), ("b", False), ("z\x1b[31m", True)]


def test_contexts_as_configured_else_as_told(capsys: pytest.CaptureFixture[str]) -> None:
    entries = [{"id": "a", "max_model_len": 4096}, {"id": "b", "max_model_len": 4096}, {"id": "z", "n_ctx": 8192}]
    body = json.dumps({"data": entries}).encode()
    with WireServer([Answer(body, headers=JSON, framing="length")]) as server:
        use(server.url, "context = {a = 32768}\n")
        assert run(["models"]) == 0
        out, _ = capsys.readouterr()
        assert run(["models", "--json"]) == 0
    assert [line.split()[-2:] for line in out.splitlines()[1:]] == [["32,768", "✓"], ["4,096", "✓"], ["8,192", "✓"]]
    table = json.loads(capsys.readouterr().out)
    assert [one["context_tokens"] for one in table] == [32768, 4096, 8192]


def test_without_a_key_the_catalog_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models"]) == 0
    out, err = capsys.readouterr()
    line = next(line for line in out.splitlines() if line.startswith("gpt-4.1"))
    assert line.split() == ["gpt-4.1", "GPT-4.1", "8.00", "?"]
    assert "✓" not in out
    assert len(err.splitlines()) == 1
    assert "no key" in err


def test_no_network_the_catalog_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with WireServer([]) as server:
        url = server.url
    use(url)
    assert run(["models"]) == 0
    out, err = capsys.readouterr()
    assert [line.split()[-1] for line in out.splitlines()[1:]] == ["?", "?"]
    assert len(err.splitlines()) == 1
    assert "refused" in err


def test_a_refused_key_is_told_and_never_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE_KEY", "secret-secret")
    with WireServer([Answer(b'{"error": {"message": "bad key"}}', 401, JSON, "length")]) as server:
        use(server.url, 'api_key_env = "MINE_KEY"\n')
        assert run(["models", "-p", "mine"]) == Exit.KEY
    out, err = capsys.readouterr()
    assert "bad key" in err
    assert "secret" not in out + err
    assert out.splitlines()[1].split() == ["a", "?"]


def test_an_unknown_provider(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "-p", "mien"]) == Exit.USAGE
    assert capsys.readouterr().out == ""


def test_where_nothing_is_known_no_list_is_claimed(capsys: pytest.CaptureFixture[str]) -> None:
    with WireServer([]) as server:
        url = server.url
    use("http://127.0.0.1:1/v1", f'[providers.dead]\nbase_url = "{url}"\n')
    assert run(["models", "-p", "dead"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "No model of “dead” is known" in err
    assert "refused" in err
    assert "known without asking" not in err
    assert run(["models"]) == 0
    assert "known without asking" in capsys.readouterr().err
