"""Words that look like an option: the way to search for them is told."""

from __future__ import annotations

import pytest

from tui.cli.main import run


@pytest.mark.parametrize("command", [["history", "search"], ["ask"]])
def test_words_that_begin_with_a_dash_are_told_where_to_stand(
    capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert run([*command, "-0003"]) == 2
    assert "stand behind `--`" in capsys.readouterr().err


def test_where_there_are_no_words_there_is_no_such_advice(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "-0003"]) == 2
    assert "`--`" not in capsys.readouterr().err


def test_behind_two_dashes_they_are_searched_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["history", "search", "--", "-0003"]) == 1
    assert "There is no option" not in capsys.readouterr().err
