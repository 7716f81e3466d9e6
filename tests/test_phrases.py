"""Every word shown exists in both languages, is asked for with its parts, and is used."""

from __future__ import annotations

import ast
import importlib
import re
import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tui.say import Language, phrases

ROOT = Path(__file__).parent.parent / "tui"
LANGUAGES: tuple[Language, ...] = ("en", "ja")


def sections(language: str) -> set[str]:
    return {path.stem for path in (ROOT / "phrases" / language).glob("*.py")} - {"__init__"}


SECTIONS = sorted(sections("en"))


def placeholders(phrase: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(phrase) if name is not None}


def test_both_languages_have_the_same_sections() -> None:
    assert sections("en") == sections("ja")


@pytest.mark.parametrize("section", SECTIONS)
def test_both_languages_say_the_same_things_with_the_same_parts(section: str) -> None:
    english, japanese = phrases("en", section), phrases("ja", section)
    assert set(english) == set(japanese)
    for key, phrase in english.items():
        assert placeholders(phrase) == placeholders(japanese[key]), f"{section}.{key}"
        assert phrase.strip(), f"{section}.{key}"
        assert japanese[key].strip(), f"{section}.{key}"


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_phrase_is_written_twice(language: str, section: str) -> None:
    file = importlib.import_module(f"tui.phrases.{language}.{section}").__file__
    assert file is not None
    for node in ast.walk(ast.parse(Path(file).read_text("utf-8"))):
        if isinstance(node, ast.Dict):
            keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
            assert len(keys) == len(set(keys))


@cache
def trees() -> dict[str, ast.Module]:
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text("utf-8"))
        for path in ROOT.rglob("*.py")
        if "phrases" not in path.parts
    }


def calls() -> Iterator[tuple[str, ast.Call, str]]:
    """(where, call, name) of every say("section.key", …) with a literal name."""
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and called(node.func) == "say" and node.args:
                for name in literals(node.args[0]):
                    yield f"{path}:{node.lineno}", node, name


def called(function: ast.expr) -> str:
    return (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )


def literals(node: ast.expr) -> list[str]:
    """The names that an argument can be: a literal, or one of two."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return literals(node.body) + literals(node.orelse)
    return []


def test_every_phrase_that_is_asked_for_exists_and_gets_its_parts() -> None:
    wrong = []
    for where, call, name in calls():
        section, _, key = name.partition(".")
        phrase = phrases("en", section).get(key) if section in SECTIONS else None
        if phrase is None:
            wrong.append(f"{where}: there is no {name}")
            continue
        given = {keyword.arg for keyword in call.keywords}
        if None not in given and given != placeholders(phrase):
            wrong.append(f"{where}: {name} has {placeholders(phrase)} and is given {given}")
    assert wrong == []
    assert len(list(calls())) > 100


def texts() -> Iterator[tuple[str, bool]]:
    """(text, whether more follows it) of every string in the source that could name a phrase."""
    for tree in trees().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value, False
            elif isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
                yield str(node.values[0].value), len(node.values) > 1
            elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and isinstance(node.left, ast.Constant):
                yield str(node.left.value), True


def test_every_phrase_is_used() -> None:
    """By its whole name, or by a beginning that the source completes: f"faults.{kind}", "config.about_" + …"""
    whole = {text for text, more in texts() if not more}
    begun = {text for text, more in texts() if more and text.partition(".")[0] in SECTIONS and "." in text}
    unused = [
        f"{section}.{key}"
        for section in SECTIONS
        for key in phrases("en", section)
        if f"{section}.{key}" not in whole and not any(f"{section}.{key}".startswith(text) for text in begun)
    ]
    assert unused == []


def words(phrase: str) -> int:
    return len(re.findall(r"\S*[A-Za-z]{2,}\S*", re.sub(r"{\w+}", "", phrase)))


def test_japanese_is_japanese() -> None:
    """A phrase that is the same in both languages is a name, a number or a mark, not a forgotten line."""
    same = [
        f"{section}.{key}: {phrase}"
        for section in SECTIONS
        for key, phrase in phrases("en", section).items()
        if phrases("ja", section)[key] == phrase and words(phrase) > 2
    ]
    assert same == []
