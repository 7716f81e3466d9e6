"""From configuration to provider: which one, with which key, and where that key never goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.config import Config, ConfigError, load
from tui.providers import keys_file, resolve
from tui.providers.keys import BadKey, KeyMissing
from tui.providers.resolve import UnknownProvider
from tui.words import Key, Learned, Model

KEY = "hs_" + "a1" * 16


def config_of(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "config.toml"
    file.write_text(text, "utf-8")
    return load(file)


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLYSHEEP_API_KEY", KEY)


@pytest.mark.usefixtures("key")
def test_the_default_provider() -> None:
    config = Config()
    resolve.check(config)
    name, model = resolve.choose(config)
    asked: list[tuple[str, str]] = []

    def learned(base_url: str, model: str) -> Learned:
        asked.append((base_url, model))
        return Learned(bare_end=True)

    provider = resolve.provider(config, name, model, learned=learned)
    assert (provider.name, provider.base_url, provider.local) == ("holysheep", "https://api.holysheep.ai/v1", False)
    assert provider.key == Key(KEY)
    assert KEY not in repr(provider)
    assert provider.model("gpt-4.1").price.output == 8.0
    assert provider.learned == Learned(bare_end=True)
    assert asked == [("https://api.holysheep.ai/v1", "claude-sonnet-4-20250514")]


def test_a_missing_key_says_what_to_do() -> None:
    with pytest.raises(KeyMissing) as caught:
        resolve.provider(Config(), "holysheep", "m")
    words = str(caught.value)
    assert "export HOLYSHEEP_API_KEY='your-key-here'" in words
    assert "https://www.holysheep.ai/register" in words
    assert "unbroken --local" in words
    assert len(words.splitlines()) == 2


def test_a_stored_key_is_found() -> None:
    keys_file.store("holysheep", KEY)
    assert resolve.provider(Config(), "holysheep", "m").key == Key(KEY)


def test_another_form_is_used_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLYSHEEP_API_KEY", "other-form")
    told: list[str] = []
    assert resolve.provider(Config(), "holysheep", "m", tell=told.append).key == Key("other-form")
    assert len(told) == 1
    assert "other-form" not in told[0]


def test_a_key_that_breaks_a_header_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLYSHEEP_API_KEY", "a\r\nb")
    with pytest.raises(BadKey, match="HOLYSHEEP_API_KEY"):
        resolve.provider(Config(), "holysheep", "m")


def test_own_providers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = config_of(
        tmp_path,
        """
        [providers.here]
        base_url = "http://127.0.0.1:8080/v1/"
        models = ["a", "b"]
        resume = "replay"
        [providers.far]
        base_url = "https://example.org/v1"
        api_key_env = "FAR_KEY"
        """,
    )
    resolve.check(config)
    assert resolve.names(config) == ["holysheep", "here", "far"]
    here = resolve.provider(config, "here", "a")
    assert (here.base_url, here.key, here.local, here.resume) == ("http://127.0.0.1:8080/v1", None, True, "replay")
    assert dict(here.models) == {"a": Model("a"), "b": Model("b")}
    with pytest.raises(KeyMissing, match="FAR_KEY"):
        resolve.provider(config, "far", "m")
    monkeypatch.setenv("FAR_KEY", "k")
    far = resolve.provider(config, "far", "m")
    assert (far.key, far.local) == (Key("k"), False)
    with pytest.raises(UnknownProvider, match="Did you mean “here”"):
        resolve.provider(config, "hree", "m")
    with pytest.raises(UnknownProvider, match="There are: holysheep, here, far"):
        resolve.provider(config, "zzz", "m")


def test_choosing(tmp_path: Path) -> None:
    config = config_of(
        tmp_path,
        'model = "b"\n[providers.x]\nbase_url = "https://x/v1"\nmodels = ["a", "b"]\n'
        '[providers.y]\nbase_url = "https://y/v1"\nmodels = ["c"]\n[providers.z]\nbase_url = "https://z/v1"\n',
    )
    assert resolve.choose(config) == ("holysheep", "b")
    assert resolve.choose(config, "x") == ("x", "b")
    assert resolve.choose(config, "y") == ("y", "c")
    assert resolve.choose(config, "z") == ("z", "b")
    assert resolve.choose(config, "y", "m") == ("y", "m")
    assert resolve.choose(config, None, "m") == ("holysheep", "m")


def test_a_built_in_provider_can_be_changed_in_part(tmp_path: Path) -> None:
    config = config_of(tmp_path, '[providers.holysheep]\nbase_url = "https://mirror.example.org/v1"\nmodels = ["new"]')
    resolve.check(config)
    settings = resolve.settings_of(config, "holysheep")
    assert (settings.base_url, settings.api_key_env) == ("https://mirror.example.org/v1", "HOLYSHEEP_API_KEY")
    assert list(resolve.rows(config, "holysheep"))[-1] == "new"
    assert "gpt-4.1" in resolve.rows(config, "holysheep")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('\nprovider = "holyshep"', 2, "Did you mean “holysheep”"),
        ('[providers.x]\nmodels = ["a"]', 1, "needs a base_url"),
        ('[providers.holysheep]\nbase_url = "https://api.openai.com/v1"', 2, "never sent to api.openai.com"),
        ('[providers.holysheep]\nbase_url = "https://API.Anthropic.com./v1"', 2, "never sent to api.anthropic.com"),
        ('[providers.holysheep]\nbase_url = "https://eu.api.openai.com"', 2, "never sent to eu.api.openai.com"),
        (
            '[providers.o]\nbase_url = "https://api.openai.com/v1"\napi_key_env = "HOLYSHEEP_API_KEY"',
            2,
            "never sent to api.openai.com",
        ),
    ],
)
def test_what_cannot_be_used_is_found_before_anything_starts(tmp_path: Path, text: str, line: int, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        resolve.check(config_of(tmp_path, text))
    assert caught.value.line == line


@pytest.mark.parametrize("source", ["environment", "command", "file"])
def test_a_holysheep_key_from_anywhere_never_goes_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    text = '[providers.o]\nbase_url = "https://api.openai.com/v1"\napi_key_env = "OPENAI_API_KEY"\n'
    if source == "command":
        text += f'api_key_command = "printf {KEY}"\n'
    elif source == "file":
        keys_file.store("o", KEY)
    else:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
    config = config_of(tmp_path, text)
    with pytest.raises(ConfigError, match=r"never sent to api\.openai\.com") as caught:
        resolve.provider(config, "o", "m")
    assert KEY not in str(caught.value)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-their-own-key")
    assert resolve.provider(config, "o", "m").key == Key("sk-their-own-key")
