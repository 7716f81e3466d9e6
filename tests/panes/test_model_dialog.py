from __future__ import annotations

from pane_app import PaneApp, pilot, screen_text, until
from textual import events

from tui.screen.dialogs.field import Field
from tui.screen.dialogs.models import ModelDialog, ModelList, matching, price_words, with_present
from tui.words import Model, Price

MODELS = [
    Model("claude-sonnet-4-20250514", "Claude Sonnet 4"),
    Model("gpt-4.1", "GPT-4.1", Price(2.0, 8.0)),
    Model("claude-sonnet-4.5", "Claude Sonnet 4.5", Price(3.0, 15.0)),
    Model("deepseek-v3.2", "DeepSeek V3.2", Price(None, 0.42)),
]


def opened(app: PaneApp, dialog: ModelDialog) -> list[str | None]:
    """Open it; what it ends with arrives in the list."""
    answers: list[str | None] = []
    app.push_screen(dialog, answers.append)
    return answers


def line_of(app: PaneApp, words: str) -> str:
    return next((line for line in screen_text(app) if words in line), "")


def test_every_word_must_stand_in_the_name_or_title() -> None:
    assert [m.id for m in matching(MODELS, "SONNET 4.5")] == ["claude-sonnet-4.5"]
    assert [m.id for m in matching(MODELS, "v3 seek")] == ["deepseek-v3.2"]
    assert matching(MODELS, "") == MODELS
    assert matching(MODELS, "gpt sonnet") == []


def test_models_that_only_the_provider_knows_come_last() -> None:
    names = [m.id for m in with_present(MODELS, frozenset({"qwen", "glm", "gpt-4.1"}))]
    assert names == [*(m.id for m in MODELS), "glm", "qwen"]
    assert with_present(MODELS, None) == MODELS


def test_prices_are_those_published() -> None:
    assert [price_words(usd) for usd in (8.0, 0.42, 2.5, 0.075, 1000.0, 0.0, None)] == [
        "$8.00",
        "$0.42",
        "$2.50",
        "$0.075",
        "$1,000.00",
        "$0.00",
        "",
    ]


@pilot
async def test_it_opens_on_the_model_in_use_and_enter_takes_another() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        answers = opened(p.app, ModelDialog(MODELS, "gpt-4.1"))
        await until(p, lambda: "▸ ·    $8.00  gpt-4.1" in line_of(p.app, "in use"), "the model in use")
        await p.press("down", "enter")
        assert answers == ["claude-sonnet-4.5"]


@pilot
async def test_the_title_says_what_the_choice_is_about() -> None:
    for waiting, title in ((False, "Model of the next prompt"), (True, "Model that goes on with this reply")):
        async with PaneApp().run_test(size=(80, 24)) as p:
            opened(p.app, ModelDialog(MODELS, "gpt-4.1", waiting=waiting))
            await until(p, lambda title=title: line_of(p.app, title), title)


@pilot
async def test_typing_filters_and_keeps_the_selected_model() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        answers = opened(p.app, ModelDialog(MODELS, "claude-sonnet-4.5"))
        await until(p, lambda: line_of(p.app, "▸"))
        await p.press(*"4.")
        await until(p, lambda: "claude-sonnet-4.5" in line_of(p.app, "▸") and not line_of(p.app, "deepseek"))
        await p.press("ctrl+u", *"DEEP")
        await until(p, lambda: "deepseek-v3.2" in line_of(p.app, "▸"))
        await p.press(*"zzz", "enter")
        await until(p, lambda: line_of(p.app, "No model has all these words"))
        assert answers == [], "there is nothing to choose"
        await p.press("ctrl+u", "pagedown", "enter")
        assert answers == ["deepseek-v3.2"]


@pilot
async def test_the_providers_list_may_come_while_it_is_open() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        dialog = ModelDialog(MODELS, "gpt-4.1")
        answers = opened(p.app, dialog)
        await until(p, lambda: line_of(p.app, "has not come yet"))
        await p.press("down")
        dialog.set_present(frozenset({"gpt-4.1", "claude-sonnet-4.5", "zz-\x1b[2Jnew"}))
        await until(p, lambda: "✓    $8.00  gpt-4.1" in line_of(p.app, "gpt-4.1"))
        assert "✗    $0.42  deepseek" in line_of(p.app, "deepseek")
        assert "✓" in line_of(p.app, "zz-␛[2Jnew")
        assert "claude-sonnet-4.5" in line_of(p.app, "▸"), "the row under the cursor is the same model"
        await p.press("pagedown", "enter")
        assert answers == ["zz-\x1b[2Jnew"], "the provider's own name, not the one made safe"


@pilot
async def test_the_list_may_come_before_it_is_shown() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        dialog = ModelDialog({m.id: m for m in MODELS})
        dialog.set_present(frozenset({"gpt-4.1"}))
        opened(p.app, dialog)
        await until(p, lambda: "✓" in line_of(p.app, "gpt-4.1"))


@pilot
async def test_escape_changes_nothing() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        answers = opened(p.app, ModelDialog(MODELS, "gpt-4.1"))
        await p.pause()
        await p.press("down", "escape")
        assert answers == [None]


@pilot
async def test_a_paste_into_the_filter_is_made_safe() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        opened(p.app, ModelDialog(MODELS))
        await p.pause()
        field = p.app.screen.query_one(Field)
        field.post_message(events.Paste("gpt\x1b[31m\nsecond"))
        await until(p, lambda: field.value == "gpt␛[31m second")


@pilot
async def test_many_models_scroll() -> None:
    async with PaneApp().run_test(size=(80, 24)) as p:
        opened(p.app, ModelDialog([Model(f"model-{n}") for n in range(5_000)], "model-4000"))
        await until(p, lambda: "model-4000" in line_of(p.app, "▸"))
        assert p.app.screen.query_one(ModelList).chosen == "model-4000"
