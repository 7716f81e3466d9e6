"""Keys as they arrive: torn, unknown, in bursts, in brackets."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual.message import Message

from tui.screen.terminal.keys import BURST, BURST_QUIET, PASTE_SILENCE, PATIENCE, Cutter, Unit
from tui.screen.terminal.reader import KeyReader


def told(messages: Iterable[Message]) -> list[str]:
    """Messages as words."""
    words = []
    for message in messages:
        match message:
            case events.Key():
                words.append(message.key)
            case events.Paste():
                words.append(f"paste {message.text}")
            case _:
                words.append(type(message).__name__)
    return words


def keys(*reads: str, then_quiet: bool = True) -> list[str]:
    """What a reader tells of these reads, a millisecond apart, and of the silence after them."""
    reader = KeyReader(0.1)
    words: list[str] = []
    for number, data in enumerate(reads):
        words += told(reader.feed(data, number / 1000))
    if then_quiet:
        words += told(reader.tick(1000.0))
    return words


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("\r", ["enter"]),
        ("\n", ["ctrl+j"]),
        ("\x1b\r", ["alt+enter"]),
        ("\x1b[13;3u", ["alt+enter"]),
        ("\x1b[27;3;13~", ["alt+enter"]),
        ("\x1b[13;2u", ["shift+enter"]),
        ("\x1b[27;2;13~", ["shift+enter"]),
        ("\x1b[13;5u", ["ctrl+enter"]),
        ("\x1b[27;5;13~", ["ctrl+enter"]),
        ("\x1b[27;2;65~", ["A"]),
        ("\x1b[27;5;97~", ["ctrl+a"]),
        ("\x1b", ["escape"]),
        ("\x1b[27u", ["escape"]),
        ("\x1b\x1b[A", ["escape", "up"]),
        ("\x1ba", ["alt+a"]),
        ("\x1bOP", ["f1"]),
        ("\x1b[[A", ["f1"]),
        ("\x1b[1;5C", ["ctrl+right"]),
        ("\x1b[3~", ["delete"]),
        ("\x1b[I\x1b[O", ["AppFocus", "AppBlur"]),
        ("\x1b[<0;3;4M", ["MouseDown"]),
        ("\x1b[?2026;2$y", ["TerminalSupportsSynchronizedOutput"]),
        ("\x1b[?1;2c", []),  # answers to questions that others asked
        ("\x1b]11;rgb:ffff/ffff/ffff\x1b\\x", ["x"]),
        ("\x1b]11;rgb:ffff/ffff/ffff\x07x", ["x"]),
        ("\x1bP>|XTerm(390)\x1b\\x", ["x"]),
        ("\x1b[5\x1b[A", ["up"]),
        ("\x1b[99;99;99;99;99;99;99;99;99;99;99;99;99z", []),
        ("\x1bP", ["alt+shift+p"]),
        ("日本語", ["日", "本", "語"]),
        ("\x1b[0;;26085:26412:35486:12391:12377:12424u", list("日本語ですよ")),
    ],
)
def test_what_arrives_is_told(data: str, expected: list[str]) -> None:
    assert keys(data) == expected


SEQUENCES = (
    "\x1b[A",
    "\x1b[<35;101;22M",
    "\x1b[13;2u",
    "\x1bOP",
    "\x1b[200~a\rb\x1b[201~",
    "\x1b]11;x\x1b\\",
    "春",
    "\x1b\r",
)


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_a_torn_sequence_is_the_same_as_a_whole_one(sequence: str) -> None:
    for cut in range(1, len(sequence)):
        assert keys(sequence[:cut], sequence[cut:]) == keys(sequence), cut


@given(st.lists(st.sampled_from(SEQUENCES)), st.lists(st.integers(0, 80)))
def test_units_do_not_depend_on_the_reads(sequences: list[str], cuts: list[int]) -> None:
    data = "".join(sequences)
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    reads = [data[a:b] for a, b in pairwise(places)]
    cutter = Cutter()
    pieces = [unit for read in reads for unit in cutter.feed(read, 0.0)]
    assert joined(pieces) == joined(Cutter().feed(data, 0.0))


def joined(units: list[Unit]) -> list[tuple[str, str]]:
    """Text is text in however many reads it came."""
    return [
        (kind, "".join(unit.text for unit in group))
        for kind, same in groupby(units, lambda unit: unit.kind)
        for group in ([same] if kind == "text" else [[unit] for unit in same])
    ]


@given(st.text(), st.lists(st.floats(0, 50)))
def test_nothing_breaks_it_and_nothing_typed_is_lost(data: str, pauses: list[float]) -> None:
    cutter, now, units = Cutter(), 0.0, list[Unit]()
    for pause, char in zip(pauses + [0.0] * len(data), data, strict=False):
        units += cutter.tick(now := now + pause)
        units += cutter.feed(char, now)
    units += cutter.tick(now + 1000)
    if "\x1b" not in data:
        assert "".join(unit.text for unit in units) == data


def test_an_escape_is_one_only_after_a_silence() -> None:
    reader = KeyReader(0.1)
    assert told(reader.feed("\x1b", 5.0)) == []
    assert reader.deadline == pytest.approx(5.1)
    assert told(reader.tick(5.09)) == []
    assert told(reader.tick(5.1)) == ["escape"]
    assert reader.deadline is None
    # A link that pauses in the middle of an arrow key does not type its letters.
    list(reader.feed("\x1b[", 6.0))
    assert reader.deadline == pytest.approx(6.0 + PATIENCE)
    assert told(reader.feed("A", 6.9)) == ["up"]


def test_escape_return_inside_a_paste_is_text() -> None:
    assert keys("\x1b[200~one\x1b\rtwo\r\nthree\x00\x1b[201~\r") == ["paste one\x1b\ntwo\nthree", "enter"]


def test_a_paste_whose_end_is_lost_ends_after_a_silence() -> None:
    reader = KeyReader(0.1)
    assert told(reader.feed("\x1b[200~words\r", 0.0)) == []
    assert told(reader.tick(PASTE_SILENCE)) == ["paste words\n"]
    assert told(reader.feed("\r", PASTE_SILENCE + 1)) == ["enter"]


def test_a_large_paste_is_one_event() -> None:
    text = "0123456789" * 100_000
    data = f"\x1b[200~{text}\x1b[201~"
    assert keys(*(data[at : at + 4095] for at in range(0, len(data), 4095))) == [f"paste {text}"]


def test_a_burst_is_a_paste_and_its_enter_does_not_send() -> None:
    reader = KeyReader(0.1)
    line = "x" * (BURST + 1)
    assert told(reader.feed(f"{line}\r", 0.0)) == [f"paste {line}\n"]
    assert told(reader.feed("end\r", BURST_QUIET / 2)) == ["paste end\n"], "the rest of it comes in a smaller read"
    assert told(reader.feed("\r", 10.0)) == ["enter"], "a finger comes later"


def test_typing_ahead_is_no_burst() -> None:
    assert keys("yes\r") == ["y", "e", "s", "enter"]
    assert keys("\x03" * (BURST + 1)) == ["ctrl+c"] * (BURST + 1)


def test_ten_kilobytes_without_brackets_are_cheap() -> None:
    text = "All work and no play.\r" * 500
    began = time.process_time()
    told_of = keys(*(text[at : at + 4095] for at in range(0, len(text), 4095)))
    assert "".join(word.removeprefix("paste ") for word in told_of) == text.replace("\r", "\n")
    assert len(told_of) == 3
    print(f"10 kB: {time.process_time() - began:.3f} s of CPU")  # noqa: T201  a measurement, not a test
