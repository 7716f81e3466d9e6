from __future__ import annotations

from dataclasses import replace

import pytest
from pane_app import PaneApp, pilot, screen_text, until

from tui.screen.action import Action, key_name
from tui.screen.panes.footer import StatusFooter, StatusView, cost_words, footer_line, tokens_words
from tui.screen.panes.pieces import text_of, width_of

ACTIONS = (
    Action("stop", ("escape",), "stop", footer=3),
    Action("model", ("ctrl+o",), "model", footer=1),
    Action("", ("alt+enter",), "newline"),
    Action("help", ("f1",), "help", footer=2),
)
STATUS = StatusView("holysheep", "claude-sonnet-4.5", 1204, True, 0.0181, True)


def line(status: StatusView, width: int) -> str:
    return text_of(footer_line(status, ACTIONS, width))


def test_the_line_of_the_design() -> None:
    left = "holysheep · claude-sonnet-4.5  1,204 tok  ≥ $0.0181"
    assert line(STATUS, 78) == left + " " * 10 + "^O model  F1 help"
    assert line(STATUS, 90).split()[-6:] == ["Esc", "stop", "^O", "model", "F1", "help"]
    assert line(STATUS, 75).split()[-4:] == ["^O", "model", "F1", "help"]
    assert line(STATUS, 65).split()[-2:] == ["^O", "model"]
    assert line(STATUS, 60) == "claude-sonnet-4.5  1,204 tok  ≥ $0.0181" + " " * 4 + "^O model  F1 help"
    assert line(STATUS, 55) == left
    assert line(STATUS, 20) == "claude-sonnet-4.5"


def test_trouble_comes_before_everything() -> None:
    bad = replace(STATUS, trouble="Not saved: the disk is full\x1b[2J")
    assert line(bad, 200).startswith("! Not saved: the disk is full␛[2J  holysheep")
    assert line(bad, 30) == "! Not saved: the disk is full…"


@pytest.mark.parametrize("width", range(90))
def test_it_is_never_wider_than_the_terminal(width: int) -> None:
    full = replace(STATUS, model="日本語のモデル" * 3, trouble="保存できません", queued=2)
    assert width_of(footer_line(full, ACTIONS, width)) <= width


def test_a_cost_says_how_sure_it_is() -> None:
    assert cost_words(STATUS) == "≥ $0.0181"
    assert cost_words(replace(STATUS, at_least=False)) == "$0.0181"
    assert cost_words(replace(STATUS, at_least=False, exact=False)) == "≈ $0.0181"
    assert cost_words(replace(STATUS, cost_usd=None)) == "", "nothing is invented"
    assert cost_words(replace(STATUS, cost_usd=0.0, at_least=False)) == "$0.00"
    little = {0.0000042: "$0.0000042", 0.00075: "$0.00075", 0.0005: "$0.0005", 0.000999: "$0.001", 1e-9: "$0.0000001"}
    for cost, shown in little.items():
        assert cost_words(replace(STATUS, cost_usd=cost, at_least=False)) == shown


def test_tokens_say_whether_they_are_counted() -> None:
    assert tokens_words(STATUS) == "1,204 tok"
    assert tokens_words(replace(STATUS, exact=False)) == "≈ 1,204 tok"
    assert tokens_words(replace(STATUS, tokens=None)) == ""


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("ctrl+o", "^O"),
        ("alt+enter", "Alt+Enter"),
        ("f1", "F1"),
        ("f12", "F12"),
        ("escape", "Esc"),
        ("pageup", "PgUp"),
        ("shift+tab", "Shift+Tab"),
        ("ctrl+home", "Ctrl+Home"),
        ("q", "q"),
    ],
)
def test_keys_are_written_as_users_know_them(key: str, name: str) -> None:
    assert key_name(key) == name


@pilot
async def test_the_widget_shows_what_is_set() -> None:
    footer = StatusFooter(ACTIONS)
    async with PaneApp(footer).run_test(size=(80, 5)) as p:
        footer.status = replace(STATUS, queued=2)
        await until(p, lambda: "2 queued (Esc takes back)" in screen_text(p.app)[0])
        footer.actions = (Action("", ("f9",), "quit", footer=1),)
        await until(p, lambda: "F9 quit" in screen_text(p.app)[0])
