"""The catalog: the published prices, and no others."""

from __future__ import annotations

import pytest

from tui.config import Config
from tui.providers.catalog import CatalogError, built_in, read


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
    model = read(text + "reasoning = true\ncontext = 8192\n")["p"].models["m"]
    assert (model.id, model.title, model.price.input, model.price.output) == ("m", "M", 1.0, 2.5)
    assert (model.first_rung, model.dialect, model.reasoning, model.context) == ("replay", "vllm", True, 8192)
