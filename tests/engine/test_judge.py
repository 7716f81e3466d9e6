"""What an attempt's end is taken for: streams that never say their end, and places in doubt that come again."""

from __future__ import annotations

import pytest

from tui.engine.judge import CleanEnds, doubts_repeated
from tui.engine.ladder import Ask
from tui.engine.outcome import Turn
from tui.engine.reader import Reader
from tui.engine.reads import Ended
from tui.engine.seam import Joined
from tui.words import Learned, Rung

CLEAN = Ended(None, clean=True)
NOTHING, BARE = Learned(), Learned(bare_end=True)


def turn(rung: Rung | None = "prefill", *, back: bool = False, glued: bool = False) -> Turn:
    made = Turn(Ask(rung, b"", None, 0), Reader(0.0, skip_garbled=False), None, rung, glued=glued)
    if back:
        made.back = Joined("", verified=True, again=24)
    return made


def ends(seen: CleanEnds, *turns: Turn, learned: Learned = NOTHING) -> list[str]:
    return [seen.what(one, CLEAN, learned) for one in turns]


def test_two_ends_of_a_kind_in_a_row_show_it_from_the_first_attempt_on() -> None:
    """The first attempt of a reply that is resumed in another process may be such an end already."""
    assert ends(CleanEnds(), turn(back=True), turn(back=True)) == ["", "proved"]
    assert ends(CleanEnds(), turn(glued=True), turn(glued=True)) == ["", "lost"]


def test_ends_of_two_kinds_are_not_in_a_row() -> None:
    assert ends(CleanEnds(), turn(back=True), turn(glued=True), turn(back=True)) == ["", "", ""]
    assert ends(CleanEnds(), turn(back=True), turn(), turn(back=True)) == ["", "", ""]
    assert ends(CleanEnds(), turn(glued=True), turn(), turn(glued=True)) == ["", "", ""]


def test_an_end_in_the_middle_of_a_replay_takes_nothing_back() -> None:
    assert ends(CleanEnds(), turn(back=True), turn("replay"), turn(back=True)) == ["", "", "proved"]


@pytest.mark.parametrize(("verified", "then"), [(True, ""), (False, "lost")])
def test_new_text_begins_the_count_anew_where_it_is_proved(verified: bool, then: str) -> None:
    seen = CleanEnds()
    assert ends(seen, turn(glued=True)) == [""]
    seen.new_text(verified=verified)
    assert ends(seen, turn(glued=True)) == [then]
    seen = CleanEnds()
    assert ends(seen, turn(back=True)) == [""]
    seen.new_text(verified=verified)
    assert ends(seen, turn(back=True)) == [""]


def test_a_server_known_for_it_needs_to_show_it_once() -> None:
    assert ends(CleanEnds(), turn(back=True), learned=BARE) == ["proved"]
    assert ends(CleanEnds(), turn(glued=True), learned=BARE) == ["lost"]


def test_only_a_clean_end_shows_anything() -> None:
    seen = CleanEnds()
    assert seen.what(turn(back=True), Ended(None, clean=False), BARE) == ""
    assert seen.what(turn(glued=True), Ended(None, clean=False), BARE) == ""


@pytest.mark.parametrize("before", ["", " ", "\n\n\n"])
@pytest.mark.parametrize("lead", ["", "  ", "\n"])
def test_a_doubt_comes_again_at_the_same_word(before: str, lead: str) -> None:
    """White space at either start moves the place, not the word."""
    held, text = before + "Spring, summer, autumn", lead + "Spring, summer, winter"
    at = held.index("summer")
    assert doubts_repeated(turn(), held, text, [at, held.index("autumn")]) == [0, text.index("summer")]


def test_doubts_outside_what_is_shared_do_not_come_again() -> None:
    assert doubts_repeated(turn(), "  one two", "one three", [2, len("  one t"), len("  one tw")]) == [0]
    assert doubts_repeated(turn("restart"), "one two", "one two", [3]) == []
