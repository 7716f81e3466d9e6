"""What a person is told of a reply that is not whole: what happened, what is kept, what to do; in two lines."""

from __future__ import annotations

import pytest

from tui import say
from tui.chat import advice
from tui.say import Language, phrases
from tui.words import Fault

PLACES: tuple[advice.Place, ...] = ("screen", "ask")
KINDS = sorted(phrases("en", "faults"))


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("permanent", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_is_two_lines_in_both_languages(kind: str, permanent: bool, language: Language) -> None:
    say.speak(language)
    for place in PLACES:
        fault = Fault(kind, permanent, "ReadError: gone\nand more\x1b[31m", 502)
        words = advice.failed(fault, 1204, retries=5, saved=True, place=place)
        first, second = words.split("\n")
        assert say.say(f"faults.{kind}") in first
        assert "ReadError: gone and more␛[31m" in first
        assert "1,204" in first
        assert "5" in first
        assert second
        assert "{" not in words


def test_what_is_kept_is_said_as_it_is() -> None:
    assert advice.kept(1204, saved=True) == "The 1,204 characters received are kept."
    assert "not saved" in advice.kept(1204, saved=False)
    assert advice.kept(0, saved=True) == "Your prompt is kept."
    assert advice.kept(0, saved=False) == ""


def test_keys_on_the_screen_and_commands_elsewhere() -> None:
    for kind in KINDS:
        for permanent in (False, True):
            fault = Fault(kind, permanent)
            assert "Ctrl" not in advice.remedy(fault, "ask")
            assert "--log" not in advice.remedy(fault, "screen")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 s"),
        (0.2, "1 s"),
        (99.0, "99 s"),
        (99.5, "1 min 40 s"),
        (301.0, "5 min 1 s"),
        (3599.5, "1 h 0 min"),
        (7500.0, "2 h 5 min"),
        (7501.0, "2 h 6 min"),
        (200_000.0, "2 d 7 h"),
    ],
)
def test_durations_are_for_people_and_never_too_short(seconds: float, words: str) -> None:
    assert advice.duration(seconds) == words


def test_retries_that_are_used_up_say_when_they_are_free_again() -> None:
    fault = Fault("retry-budget", permanent=False, detail="HTTP 503", status=503, wait=412.4)
    for place, keys in zip(PLACES, ("Ctrl+R", "-p"), strict=True):
        told = advice.failed(fault, 9, retries=3, saved=True, place=place)
        assert "30 retries within 10 minutes" in told
        assert "HTTP 503" in told
        assert "6 min 53 s" in told
        assert keys in told


def test_a_wait_that_the_server_asks_for_is_named() -> None:
    fault = Fault("rate-limit", permanent=False, wait=412.4)
    for place in PLACES:
        assert "6 min 53 s" in advice.remedy(fault, place)


def test_a_kind_without_words_is_shown_as_it_is() -> None:
    assert advice.reason(Fault("quite-new", permanent=True, detail="why")) == "quite-new (why)"
    assert advice.remedy(Fault("quite-new", permanent=True), "ask")


def test_one_retry_is_one_retry() -> None:
    fault = Fault("reset", permanent=False)
    assert ", also after 1 retry. " in advice.failed(fault, 9, retries=1, saved=True, place="ask")
    assert ", also after 2 retries. " in advice.failed(fault, 9, retries=2, saved=True, place="ask")


def test_no_retries_no_word_of_them() -> None:
    words = advice.failed(Fault("unauthorized", permanent=True), 0, retries=0, saved=True, place="ask")
    assert words.startswith("No answer came: the provider refuses the key. Your prompt is kept.\n")
    assert "keys set" in words
