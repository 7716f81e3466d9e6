"""The configuration: what is read, and that every mistake says where it is and what is allowed."""

from __future__ import annotations

import os
import tomllib
from dataclasses import is_dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui.cli.config import describe, template
from tui.config import MAX_FILE, Config, ConfigError, ProviderSettings, kinds_of, load
from tui.say import speak
from tui.words import Limits, Model, Provider, Retry, Timeouts


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def read(file: Path, text: str) -> Config:
    file.write_text(text, "utf-8")
    return load(file)


def wrong(file: Path, text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read(file, text)
    return caught.value


def test_no_file_gives_the_documents_defaults(file: Path) -> None:
    config = load(file)
    assert config == Config()
    assert (config.provider, config.model) == ("holysheep", "claude-sonnet-4-20250514")
    assert config.retry == Retry(5, 1.0, 60.0)
    assert config.timeouts == Timeouts(connect=10.0, write=30.0, first_byte=300.0, idle=60.0, progress=300.0)
    assert config.limits == Limits(attempts=20, seconds=0.0, tokens=0, usd=0.0)
    assert (config.probe.kind, config.probe.interval, config.probe.target_ms) == ("models", 15.0, 50.0)
    assert (config.fallback, config.on_hangup, config.hangup_limit, config.bell) == ((), "finish", 600.0, False)


def test_everything_can_be_set(file: Path) -> None:
    config = read(
        file,
        """
        provider = "mine"
        model = "a"
        fallback = ["b", "c"]
        language = "ja"
        on_hangup = "stop"
        hangup_limit = 5
        bell = true
        [providers.mine]
        base_url = "http://127.0.0.1:8080/v1/"
        api_key_env = "MINE_KEY"
        api_key_command = "pass show mine"
        resume = "replay"
        dialect = "vllm"
        models = ["a", "b"]
        context = {"a" = 32768, "org/b.1" = 4096}
        [retry]
        max_retries = 0
        initial_backoff = 0.5
        [limits]
        usd = 0.25
        tokens = 1000
        [probe]
        kind = "chat"
        """,
    )
    mine = ProviderSettings(
        "http://127.0.0.1:8080/v1",
        "MINE_KEY",
        "pass show mine",
        "replay",
        "vllm",
        ("a", "b"),
        {"a": 32768, "org/b.1": 4096},
    )
    assert config.providers == {"mine": mine}
    assert (config.fallback, config.language, config.on_hangup, config.bell) == (("b", "c"), "ja", "stop", True)
    assert config.hangup_limit == 5.0
    assert isinstance(config.hangup_limit, float)
    assert config.retry == Retry(0, 0.5, 60.0)
    assert config.limits == Limits(usd=0.25, tokens=1000)
    assert config.probe.kind == "chat"
    assert config.file == file


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("\n\n[retry]\nmax_retrys = 3\n", 4, ["[retry]", "max_retrys", "Did you mean “max_retries”?"]),
        ('modl = "x"', 1, ["modl", "Did you mean “model”?"]),
        ('zzz = "x"', 1, ["zzz", "provider, model, fallback"]),
        ("bell = 1", 1, ["bell", "true or false"]),
        ("[retry]\nmax_retries = true", 2, ["retry.max_retries", "whole number"]),
        ("[retry]\nmax_retries = 5.0", 2, ["retry.max_retries", "whole number"]),
        ("[retry]\nmax_retries = -1", 2, ["retry.max_retries", "0 or more"]),
        ("[retry]\ninitial_backoff = 61", 2, ["61 s", "60 s", "no longer than the longest"]),
        ("[retry]\nmax_backoff = 0.5", 2, ["initial_backoff (1 s)", "max_backoff (0.5 s)"]),
        ("[retry]\nmax_backoff = 2\ninitial_backoff = 3", 3, ["3 s", "2 s"]),
        ("[timeouts]\nidle = 0", 2, ["timeouts.idle", "above 0"]),
        ("[timeouts]\n# a\nidle = inf", 3, ["timeouts.idle", "finite"]),
        ("[timeouts]\nidle = nan", 2, ["timeouts.idle", "finite"]),
        ("[timeouts]\nidle = true", 2, ["timeouts.idle", "above 0"]),
        ('[timeouts]\nidle = "60"', 2, ["timeouts.idle", "above 0"]),
        (f"[timeouts]\nidle = {'9' * 400}", 2, ["timeouts.idle", "finite"]),
        ("[limits]\nusd = -0.01", 2, ["limits.usd", "0 or more"]),
        ('on_hangup = "Finish"', 1, ["on_hangup", "finish, stop"]),
        ("language = 3", 1, ["language", "auto, en, ja"]),
        ('fallback = "gpt-4.1"', 1, ["fallback", "list"]),
        ('fallback = [\n  "a",\n  3,\n]', 1, ["fallback", "list"]),
        ('model = ""', 1, ["model", "not empty"]),
        ('model = "a\\u001bb"', 1, ["model", "one line"]),
        ("retry = 5", 1, ["retry", "[retry]"]),
        ("providers = 5", 1, ["providers", "[providers]"]),
        ("[providers]\nmine = 5", 2, ["providers.mine", "[providers.mine]"]),
        ('[providers."my own"]\nbase_url = "https://h/v1"', 1, ["my own", "white space"]),
        ('[providers.x]\nbase_url = "http://example.org/v1"', 2, ["providers.x.base_url", "this machine only"]),
        ('[providers.x]\nresume = "best"', 2, ["replay, prefill, continue, restart, auto"]),
        ('[providers.x]\ndialect = "mistral"', 2, ["plain, prefix, deepseek, partial, vllm, llamacpp, auto"]),
        ('[providers.x]\napi_key_env = "MY KEY"', 2, ["name of a variable"]),
        ("[providers.x]\ncontext = 4096", 2, ["providers.x.context", "tokens above 0"]),
        ("[providers.x]\ncontext = {a = 0}", 2, ["providers.x.context.a", "tokens above 0"]),
        ("[providers.x.context]\n\na = true", 3, ["providers.x.context.a", "tokens above 0"]),
        ('[providers.x.context]\na = 1\n"" = 4096', 3, ["providers.x.context", "tokens above 0"]),
        ('[providers.x]\nbase_ulr = "https://h/v1"', 2, ["[providers.x]", "base_url"]),
        ("retry = {max_retries = -1}", 1, ["retry.max_retries"]),
        ("retry.max_retries = -1", 1, ["retry.max_retries"]),
        ("bell = true\nbell = false", 2, ["TOML"]),
        ("bell = ", 1, ["TOML"]),
        ('bell = true\nmodel = """abc', 2, ["TOML"]),
        (f"bell = {'1' * 5000}", 1, ["TOML"]),
    ],
)
def test_a_mistake_names_the_line_and_what_is_allowed(file: Path, text: str, line: int, says: list[str]) -> None:
    error = wrong(file, text)
    assert str(error).startswith(f"{file}:{line}: ")
    assert error.line == line
    for part in says:
        assert part in str(error)
    assert "\n" not in str(error)


SECRET = "hs_" + "a1" * 20


@pytest.mark.parametrize(
    "text",
    [
        f'[providers.holysheep]\napi_key = "{SECRET}"',
        f'[providers.holysheep]\napi_key_env = "{SECRET}"',
        f'[providers.x]\nbase_url = "https://{SECRET}@host/v1"',
        f'[providers.x]\nbase_url = "https://host/v1?key={SECRET}"',
        f'api_key = "{SECRET}"',
    ],
)
def test_a_key_in_the_wrong_place_is_not_repeated(file: Path, text: str) -> None:
    error = str(wrong(file, text))
    assert SECRET not in error
    assert "key" in error


def test_bom_and_crlf_are_read(file: Path) -> None:
    file.write_bytes(b'\xef\xbb\xbfbell = true\r\n\r\n[limits]\r\nusd = "x"\r\n')
    with pytest.raises(ConfigError, match=r"config\.toml:4: "):
        load(file)
    file.write_bytes(b"\xef\xbb\xbfbell = true\r\n[limits]\r\nusd = 1\r\n")
    assert load(file) == Config(bell=True, limits=Limits(usd=1.0))


def test_files_that_are_none(file: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="directory"):
        load(tmp_path)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(ConfigError, match="not a file"):
        load(fifo)
    with pytest.raises(ConfigError, match="cannot be read"):
        load(Path("\0"))
    with pytest.raises(ConfigError, match="larger than 256 KiB"):
        load(Path("/dev/zero"))
    file.write_bytes(b"#" * (MAX_FILE + 1))
    with pytest.raises(ConfigError, match="larger than 256 KiB"):
        load(file)
    file.write_bytes(b"bell = true\n\nmodel = '\xff'\n")
    with pytest.raises(ConfigError, match=r":3: is not UTF-8"):
        load(file)
    assert load(Path("/dev/null")) == Config()


def test_a_deep_nest_is_no_crash(file: Path) -> None:
    assert "config.toml" in str(wrong(file, "bell = " + "[" * 100_000))


def test_errors_speak_japanese(file: Path) -> None:
    speak("ja")
    assert "true または false" in str(wrong(file, "bell = 1"))


@given(st.text(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_any_text_is_a_configuration_or_one_clear_line(file: Path, text: str) -> None:
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        assert isinstance(load(file), Config)
    except ConfigError as error:
        assert "\n" not in str(error)


VALUES = st.recursive(
    st.one_of(
        st.booleans(), st.integers(), st.floats(), st.text(max_size=5).map(lambda text: text.replace("\x7f", ""))
    ),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)
NAMES = [("", name) for name in kinds_of(Config)] + [
    (section, name)
    for section, kind in kinds_of(Config).items()
    if isinstance(kind, type) and is_dataclass(kind)
    for name in kinds_of(kind)
]


@given(st.sampled_from(NAMES), VALUES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_any_value_is_taken_as_it_is_or_refused_on_its_line(file: Path, name: tuple[str, str], value: object) -> None:
    section, key = name
    text = (f"[{section}]\n" if section else "") + f"{key} = {toml(value)}"
    try:
        config = read(file, text)
    except ConfigError as error:
        assert error.line == text.count("\n") + 1
    else:
        held = getattr(getattr(config, section) if section else config, key)
        assert held == (tuple(value) if isinstance(value, list) else value)


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(letter):08x}" if letter != "\ufffe" else letter for letter in value) + '"'
    return repr(value)


def test_the_template_loads_and_holds_exactly_the_defaults(file: Path) -> None:
    for language in ("en", "ja"):
        speak(language)  # type: ignore[arg-type]
        assert read(file, template()) == Config()
        switched_on = "\n".join(
            line.removeprefix("#") if line.startswith("#") and not line.startswith("# ") else line
            for line in template().splitlines()
        )
        assert read(file, switched_on) == Config()
        for section, key in NAMES:
            if section or (not is_dataclass(kinds_of(Config)[key]) and key != "providers"):
                assert f"\n#{key} = " in template()
        assert max(map(len, template().splitlines())) <= 160


def test_a_switched_off_template_leaves_the_longer_limits(file: Path) -> None:
    here = Provider("mine", "http://127.0.0.1/v1", local=True)
    assert read(file, template()).policy_for(here, "m").timeouts.first_byte == 600.0


def test_show_says_what_holds_and_where_it_is_set(file: Path) -> None:
    text = (
        '# x\nmodel = "日本\\"語"\n[providers."a.b"]\nbase_url = "https://h/v1"\nmodels = ["m"]\n'
        'context = {"org/m.1" = 8192}\n[limits]\nusd = 0.5\n'
    )
    config = read(file, text)
    shown = describe(config)
    assert 'model = "日本\\"語"  # line 2\n' in shown
    assert 'context = {"org/m.1" = 8192}  # line 6\n' in shown
    assert "usd = 0.5  # line 8\n" in shown
    assert "max_retries = 5\n" in shown
    assert read(file, shown) == config
    assert tomllib.loads(describe(Config()))["provider"] == "holysheep"


MODELS = {
    "known": Model("known", first_rung="prefill"),
    "thinks": Model("thinks", first_rung="continue", reasoning=True),
    "new": Model("new"),
}


@pytest.mark.parametrize(
    ("local", "model", "text", "first_byte", "progress"),
    [
        (False, "known", "", 300.0, 300.0),
        (False, "new", "", 600.0, 300.0),
        (False, "unheard-of", "", 600.0, 300.0),
        (True, "known", "", 600.0, 300.0),
        (False, "thinks", "", 300.0, 600.0),
        (True, "thinks", "[timeouts]\nfirst_byte = 300.0\nprogress = 10", 300.0, 10.0),
        (True, "known", "timeouts.first_byte = 7", 7.0, 300.0),
    ],
)
def test_slow_servers_and_thinking_models_get_more_time_unless_set(
    file: Path, local: bool, model: str, text: str, first_byte: float, progress: float
) -> None:
    config = read(file, text)
    policy = config.policy_for(Provider("p", "https://h/v1", models=MODELS, local=local), model)
    assert (policy.timeouts.first_byte, policy.timeouts.progress) == (first_byte, progress)
    assert (policy.retry, policy.limits) == (config.retry, config.limits)
