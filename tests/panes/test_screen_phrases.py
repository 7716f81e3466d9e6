from __future__ import annotations

import string

from tui.phrases.en import screen as en
from tui.phrases.ja import screen as ja


def parts(phrase: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(phrase) if name}


def test_both_languages_say_the_same_things() -> None:
    assert list(en.PHRASES) == list(ja.PHRASES)
    for key, phrase in en.PHRASES.items():
        assert parts(phrase) == parts(ja.PHRASES[key]), key


def test_every_action_has_a_word_for_the_footer_and_one_for_the_help() -> None:
    short = {key.removeprefix("key_") for key in en.PHRASES if key.startswith("key_")}
    long = {key.removeprefix("do_") for key in en.PHRASES if key.startswith("do_")}
    assert long <= short
