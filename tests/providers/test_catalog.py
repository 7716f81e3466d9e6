"""The catalog: the published prices, and no others."""

from __future__ import annotations

import pytest

from tui.config import Config
from tui.providers.catalog import CatalogError, built_in, catalog, families_at, read
from tui.words import Provider


def test_the_published_prices_and_no_invented_one() -> None:
    models = built_in()["holysheep"].models
    assert {name: model.price.output for name, model in models.items()} == {
        "claude-sonnet-4-20250514": None,
        "claude-sonnet-4.5": 15.00,
        "gpt-4.1": 8.00,
        "gemini-2.5-flash": 2.50,
        "deepseek-v3.2": 0.42,
    }
    assert {model.price.input for model in models.values()} == {None}


def test_the_defaults_are_in_the_catalog() -> None:
    config = Config()
    assert config.model in built_in()[config.provider].models
    assert built_in()["holysheep"].base_url == "https://api.holysheep.ai/v1"
    assert built_in()["holysheep"].api_key_env == "HOLYSHEEP_API_KEY"


def test_no_built_in_provider_is_one_that_the_key_must_not_reach() -> None:
    for provider in built_in().values():
        assert "openai.com" not in provider.base_url
        assert "anthropic.com" not in provider.base_url


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("ouput = 8.00", "ouput"),
        ('output = "8"', "output"),
        ("output = true", "output"),
        ("output = -1", "output"),
        ('first_rung = "best"', "first_rung"),
        ("first_rung = [1]", "first_rung"),
        ('dialect = "latin"', "dialect"),
        ("title = 4", "title"),
        ("reasoning = 1", "reasoning"),
    ],
)
def test_a_wrong_row_is_found(row: str, says: str) -> None:
    with pytest.raises(CatalogError, match=says):
        read(f'[p]\nbase_url = "https://h"\n[p.models."m"]\n{row}\n')


def test_a_row_is_read_whole() -> None:
    text = '[p]\n[p.models."m"]\ntitle = "M"\ninput = 1\noutput = 2.5\nfirst_rung = "replay"\ndialect = "vllm"\n'
    model = read(text + "reasoning = true\ncontext = 8192\n").providers["p"].models["m"]
    assert (model.id, model.title, model.price.input, model.price.output) == ("m", "M", 1.0, 2.5)
    assert (model.first_rung, model.dialect, model.reasoning, model.context) == ("replay", "vllm", True, 8192)


def first(base_url: str, model: str) -> tuple[str | None, str]:
    row = Provider("p", base_url, families=families_at(base_url)).model(model)
    return row.first_rung, row.dialect


@pytest.mark.parametrize(
    "model",
    [
        "claude-sonnet-4-20250514", "claude-sonnet-4.5", "claude-sonnet-4-5", "claude-opus-4-1-20250805",
        "claude-opus-4", "claude-haiku-4-5-20251001", "claude-3-7-sonnet-latest", "claude-3.5-haiku",
        "anthropic/claude-3-opus", "us.anthropic.claude-3-7-sonnet-20250219-v1:0", "Claude-Sonnet-4.5",
        "claude-instant-1.2", "claude-2.1",
    ],
)  # fmt: skip
def test_claude_up_to_4_5_takes_a_prefill_anywhere(model: str) -> None:
    assert first("https://any.example/v1", model) == ("prefill", "plain")


@pytest.mark.parametrize(
    "model",
    [
        "claude-sonnet-4.6", "claude-opus-4-6", "claude-opus-4-7-20260301", "claude-haiku-4-10", "claude-opus-5",
        "anthropic/claude-sonnet-5.5", "claude-haiku-5-20260901", "claude-fable", "claude-mythos-1", "gpt-4.1",
        "o3-mini", "openai/gpt-5", "chatgpt-4o-latest", "gemini-2.5-flash", "google/gemini-3-pro",
    ],
)  # fmt: skip
def test_later_ones_and_others_do_not(model: str) -> None:
    assert first("https://any.example/v1", model) == ("continue", "plain")


@pytest.mark.parametrize("model", ["gpt-oss-20b", "openai/gpt-oss-120b", "qwen3", "llama", "mistral-large", "demo1-5"])
def test_of_the_rest_nothing_is_known(model: str) -> None:
    assert first("https://any.example/v1", model) == (None, "plain")
    assert first("https://fake-api.mistral.ai.example/v1", model) == (None, "plain")
    assert first("https://notapi.mistral.ai/v1", model) == (None, "plain")


def test_a_row_goes_before_a_family_and_the_configuration_before_its_dialect() -> None:
    assert first("https://eu.api.mistral.ai/v1", "x") == ("prefill", "prefix")
    assert first("http://[::1]:11434/v1", "x") == ("prefill", "plain")
    here = built_in()["holysheep"]
    own = Provider("p", here.base_url, models=here.models, families=families_at(here.base_url))
    assert (own.model("gpt-4.1").first_rung, own.model("deepseek-v3.2").dialect) == ("continue", "prefix")
    spoken = Provider("p", "https://any.example/v1", dialect="vllm", families=families_at("https://any.example/v1"))
    assert (spoken.model("x").first_rung, spoken.model("x").dialect) == ("prefill", "vllm")
    assert spoken.model("claude-opus-5").first_rung == "continue"


def test_every_rule_says_where_it_is_known_from() -> None:
    assert all(len(rule.source) > 20 for rule in catalog().rules)


@pytest.mark.parametrize(
    "row",
    [
        'hosts = ["a"]\nsource = "s"',
        'first_rung = "prefill"\nsource = "s"',
        'hosts = ["a"]\nfirst_rung = "prefill"',
        'hosts = "a"\nfirst_rung = "prefill"\nsource = "s"',
        'hosts = [":x"]\nfirst_rung = "prefill"\nsource = "s"',
        'hosts = [":0"]\nfirst_rung = "prefill"\nsource = "s"',
        'model = "("\nfirst_rung = "prefill"\nsource = "s"',
        'host = "a"\nmodel = "m"\nfirst_rung = "prefill"\nsource = "s"',
    ],
)
def test_a_wrong_rule_is_found(row: str) -> None:
    with pytest.raises(CatalogError, match="rules 1"):
        read(f"[[rules]]\n{row}\n")


def test_rules_are_a_list() -> None:
    with pytest.raises(CatalogError):
        read('[rules]\nfirst_rung = "prefill"\n')
