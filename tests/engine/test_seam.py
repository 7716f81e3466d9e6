"""Where two attempts meet: what is sent, what is believed, and the texts that make it hard."""

from __future__ import annotations

import itertools

import pytest
from hard_texts import HARD, prefaces, repeating, same_bytes
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from model_servers import BEHAVIOURS, SKIPPING, Behaviour, tokens

from tui.engine.seam import FAR, SHORTEST, TAIL, WINDOW, Differs, Joined, Joiner, Missed, find_anchor

PROSE = "Spring opens like a door that somebody forgot to lock; the garden walks in, and with it comes the rain of May."
ROWS = "| day | rain |\n|---|---|\n" + "| Tue | 3 mm |\n" * 30
REFRAIN = "The rain, the rain, it never says why,\nit falls and it falls from a colourless sky.\n"
SONG = "".join(REFRAIN + f"Verse {n} is about the {thing}.\n" for n, thing in enumerate(("sea", "hill", "road"), 1))


def boundaries(text: str) -> list[int]:
    return list(itertools.accumulate(len(token) for token in tokens(text)))


def joined(joiner: Joiner, reply: str, size: int = 3) -> Joined | Differs | Missed | None:
    """What the joiner says of `reply`, fed in pieces of `size`; a whole reply ends with finish."""
    for at in range(0, len(reply), size):
        verdict = joiner.feed(reply[at : at + size])
        if isinstance(verdict, Joined | Differs):
            return type(verdict)(**{**_fields(verdict), "text": verdict.text + reply[at + size :]})
        if verdict is not None:
            return verdict
    return joiner.finish()


def _fields(verdict: Joined | Differs) -> dict[str, object]:
    return {name: getattr(verdict, name) for name in verdict.__slots__}


# The anchor


def test_an_anchor_is_the_nearest_word_end_that_is_far_enough_back() -> None:
    anchor = find_anchor(PROSE, [])
    assert anchor is not None
    assert PROSE[: anchor.at] + anchor.tail == PROSE
    assert anchor.tail == " it comes the rain of May."
    assert len(anchor.tail.lstrip()) >= TAIL


def test_too_short_a_text_has_no_anchor() -> None:
    assert find_anchor(PROSE[: SHORTEST - 1], []) is None
    assert find_anchor(PROSE[:SHORTEST], []) is not None


def test_a_text_of_equal_rows_has_an_anchor_only_where_something_is_unlike() -> None:
    assert find_anchor(ROWS, boundaries(ROWS)) is None or len(ROWS) <= FAR + TAIL
    longer = ROWS + "| Wed | 4 mm, and a little hail towards noon |\n"
    anchor = find_anchor(longer, boundaries(longer))
    assert anchor is not None
    assert longer.count(anchor.tail.lstrip()[:TAIL]) == 1


def test_a_far_anchor_is_found_where_the_near_end_repeats() -> None:
    held = PROSE + "\n" + "ha " * 100
    anchor = find_anchor(held, boundaries(held))
    assert anchor is not None
    assert anchor.at < len(held) - 120


def test_overlapping_repeats_count_as_repeats() -> None:
    held = "x" * 30 + " " + "ab" * 40
    assert find_anchor(held, []) is None


def test_text_without_spaces_needs_boundaries_of_deltas() -> None:
    text = "春はあけぼのやうやう白くなりゆく山ぎはすこしあかりて紫だちたる雲のほそくたなびきたる夏は夜月のころは"
    assert find_anchor(text, []) is None
    anchor = find_anchor(text, boundaries(text))
    assert anchor is not None
    assert anchor.at in boundaries(text)
    assert len(anchor.tail) >= TAIL


def test_the_last_place_whose_tail_is_long_enough_is_one() -> None:
    text = "春はあけぼのやうやう白くなりゆく山ぎはすこしあかりて紫だちたる雲のほそくたなびきたる夏は夜月のころは"
    last = len(text) - TAIL
    assert find_anchor(text, [last + 1]) is None
    anchor = find_anchor(text, [last])
    assert anchor is not None
    assert anchor.at == last


@pytest.mark.parametrize("cluster", ["👩‍👩‍👧‍👦", "🇯🇵", "👋🏽", "か\u3099", "\u1100\u1161\u11a8", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"])
def test_a_boundary_inside_what_people_see_as_one_character_is_no_anchor(cluster: str) -> None:
    text = "春はあけぼのやうやう白くなりゆく山ぎは" + cluster + "すこしあかりて紫だちたる雲のほそくたなびきたる夏は夜月"
    start = text.index(cluster)
    inside = list(range(start + 1, start + len(cluster)))
    assert find_anchor(text, inside) is None
    assert find_anchor(text, [start]) is not None


@given(st.text(st.sampled_from("ab \n春😀"), max_size=200), st.lists(st.integers(0, 220)))
def test_an_anchor_divides_the_text_and_its_tail_stands_there_alone(held: str, places: list[int]) -> None:
    anchor = find_anchor(held, sorted(places))
    if anchor is None:
        return
    probe = anchor.tail.lstrip()[:TAIL]
    assert held[: anchor.at] + anchor.tail == held
    assert len(probe) == TAIL
    assert sum(held.startswith(probe, at) for at in range(len(held))) == 1
    assert not held[anchor.at - 1].isspace()
    assert len(held) - anchor.at <= FAR


# What comes back


@pytest.mark.parametrize("size", [1, 3, 7, 10_000])
@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=BEHAVIOURS)
@pytest.mark.parametrize("answer", [PROSE * 2, SONG, PROSE + ROWS + PROSE[::-1]], ids=["prose", "song", "rows"])
def test_a_server_that_knows_the_answer_is_joined_exactly(answer: str, behaviour: Behaviour, size: int) -> None:
    for cut in range(SHORTEST, len(answer), 5):
        held = answer[:cut]
        anchor = find_anchor(held, boundaries(held))
        if anchor is None:
            continue
        reply = behaviour(answer, held[: anchor.at])
        verdict = joined(Joiner(held, "anchored", anchor.tail), reply, size)
        if isinstance(verdict, Missed):
            continue
        assert isinstance(verdict, Joined), (cut, verdict)
        assert not verdict.verified or held + verdict.text == answer, cut


def test_the_whole_tail_must_come_back() -> None:
    joiner = Joiner(PROSE, "anchored", " with it comes the rain of May.")
    assert joiner.feed(" with it comes the rain of ") is None
    assert joiner.feed("June, and then ") is None
    assert isinstance(joiner.finish(), Missed)


def test_a_miss_is_said_after_a_window_and_not_before() -> None:
    joiner = Joiner(PROSE, "anchored", " with it comes the rain of May.")
    assert joiner.feed("x" * (WINDOW - 1)) is None
    assert isinstance(joiner.feed("x"), Missed)


def test_a_tail_beyond_the_window_is_not_believed_however_large_the_piece() -> None:
    tail = " with it comes the rain of May."
    assert isinstance(joined(Joiner(PROSE, "anchored", tail), "x" * WINDOW + tail, 10_000), Missed)


@pytest.mark.parametrize(
    ("before", "verified"),
    [
        ("", True),
        ("  ", True),
        ("\n", False),
        ("Sure, continuing: ", False),  # it may be the answer itself, gone on elsewhere
        ("Sure! Here it is:\n\n", False),
        ("続きです：", False),
        ("… ", False),
        ("walks in, and ", True),  # overlap with what was sent
        ("Sure: the garden walks in, and ", False),
        ("Of spring one says that the garden wakes up and", False),  # another answer, some words in common
        ("In May, people say, gardens grow. Then ", False),
        ("x" * 201 + ":", False),
    ],
)
def test_what_stands_before_the_tail_must_be_known(before: str, verified: bool) -> None:
    verdict = joined(
        Joiner(PROSE, "anchored", " with it comes the rain of May."), before + "with it comes the rain of May. New."
    )
    assert verdict == Joined(" New.", verified=verified, again=len(before) + 30)


@pytest.mark.parametrize("server", SKIPPING)
@pytest.mark.parametrize("text", HARD)
def test_words_that_come_again_do_not_swallow_what_stands_between(text: str, server: str) -> None:
    """The server goes on at the next line instead of at the cut; later the same words come again."""
    answer, decided = HARD[text], 0
    for cut in range(SHORTEST, len(answer) + 1):
        held = answer[:cut]
        anchor = find_anchor(held, boundaries(held))
        if anchor is None:
            continue
        reply = SKIPPING[server](answer, held[: anchor.at])
        if same_bytes(reply, held, anchor.tail) and reply.lstrip() != answer[anchor.at :].lstrip():
            continue
        decided += 1
        verdict = joined(Joiner(held, "anchored", anchor.tail), reply, 4)
        if isinstance(verdict, Joined) and verdict.verified:
            assert held + verdict.text == answer, cut
    assert decided


def test_an_echo_that_goes_on_otherwise_is_another_answer_and_keeps_its_whole_text() -> None:
    anchor = find_anchor(PROSE, [])
    assert anchor is not None
    reply = PROSE[: anchor.at] + " nobody minds. The end."
    assert joined(Joiner(PROSE, "anchored", anchor.tail), reply) == Differs(reply)


def test_a_restart_that_ends_early_is_another_answer() -> None:
    assert joined(Joiner(PROSE, "restarted"), PROSE[:60]) == Differs(PROSE[:60])


def test_a_restart_with_the_same_text_goes_on_from_the_held_text() -> None:
    assert joined(Joiner(PROSE, "restarted"), PROSE + " And June.") == Joined(
        " And June.", verified=True, again=len(PROSE)
    )
    assert joined(Joiner("\n " + PROSE, "restarted"), PROSE + "!") == Joined("!", verified=True, again=len(PROSE))
    assert joined(Joiner(PROSE, "restarted"), " \n" + PROSE + "!") == Joined("!", verified=True, again=len(PROSE))


def test_whole_again() -> None:
    joiner = Joiner(PROSE, "restarted")
    joiner.feed(PROSE[:-1])
    assert not joiner.whole_again
    assert joiner.feed(PROSE[-1]) is None
    assert joiner.whole_again
    assert joiner.finish() == Joined("", verified=True, again=len(PROSE))


def test_after_a_miss_what_comes_is_appended_and_not_verified() -> None:
    assert joined(Joiner(PROSE, "appended"), " New words.") == Joined(" New words.", verified=False, again=0)
    assert joined(Joiner(PROSE + " ", "appended"), "  New") == Joined("New", verified=False, again=0)
    assert joined(Joiner(PROSE, "appended"), "") == Joined("", verified=False, again=0)
    # White space alone, where some stands already, decides nothing yet.
    joiner = Joiner(PROSE + " ", "appended")
    assert joiner.feed(" \n") is None
    assert joiner.feed(" New") == Joined("New", verified=False, again=0)
    # …but a restart is seen as one.
    assert joined(Joiner(PROSE, "appended"), PROSE + "!") == Joined("!", verified=True, again=len(PROSE))
    assert joined(Joiner(PROSE, "appended"), PROSE[:60] + "X") == Differs(PROSE[:60] + "X")
    assert joined(Joiner(PROSE, "appended"), PROSE[:20]) == Joined(PROSE[:20], verified=False, again=0)


texts = st.lists(
    st.sampled_from(["rain ", "the rain\n", "| 3 mm |\n", "春は", "あけぼの", "😀", "  ", "x1 ", "y2", ". "]),
    min_size=20,
)
SERVERS = BEHAVIOURS | SKIPPING


@settings(max_examples=1000, derandomize=True)
@given(st.one_of(texts.map("".join), repeating), st.sampled_from(list(SERVERS)), prefaces, st.data())
def test_a_verified_seam_is_right_whatever_the_text(
    answer: str, server: str, preface: str, data: st.DataObject
) -> None:
    """A verified seam never loses, doubles or alters a character, whatever the server says."""
    assume(len(answer) > SHORTEST)
    cut = data.draw(st.integers(SHORTEST, len(answer)))
    held = answer[:cut]
    anchor = find_anchor(held, boundaries(held))
    assume(anchor is not None)
    assert anchor is not None
    reply = data.draw(st.sampled_from(["", preface])) + SERVERS[server](answer, held[: anchor.at])
    assume(server not in SKIPPING or not same_bytes(reply, held, anchor.tail))
    verdict = joined(Joiner(held, "anchored", anchor.tail), reply, data.draw(st.integers(1, 50)))
    if isinstance(verdict, Joined) and verdict.verified:
        assert held + verdict.text == answer


@given(repeating, repeating, st.data())
def test_another_answer_with_the_same_blocks_is_not_glued_unmarked(
    answer: str, other: str, data: st.DataObject
) -> None:
    """A reply that does not say the tail first, nor all that was held, is another one: whole lines may be in both."""
    assume(len(answer) > SHORTEST)
    held = answer[: data.draw(st.integers(SHORTEST, len(answer)))]
    anchor = find_anchor(held, boundaries(held))
    assume(anchor is not None)
    assert anchor is not None
    bare = other.lstrip()
    assume(not bare.startswith(anchor.tail.lstrip()) and not bare.startswith(held.lstrip()))
    verdict = joined(Joiner(held, "anchored", anchor.tail), other, data.draw(st.integers(1, 50)))
    assert not (isinstance(verdict, Joined) and verdict.verified)


@given(texts.map("".join), texts.map("".join), st.integers(1, 40), st.integers(1, 40))
def test_pieces_do_not_matter(held: str, reply: str, one: int, other: int) -> None:
    anchor = find_anchor(held, boundaries(held))
    assume(anchor is not None)
    assert anchor is not None
    first = joined(Joiner(held, "anchored", anchor.tail), reply, one)
    second = joined(Joiner(held, "anchored", anchor.tail), reply, other)
    if isinstance(first, Missed) and isinstance(second, Missed):
        return
    assert first == second
