"""The writer: bounded, in order, told once; and what it does when the other end is full or gone."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.screen.terminal.writer import Outbox, Writer

PATIENCE = 60.0


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue


def nobody() -> None:
    raise AssertionError("nothing was lost")


def test_all_arrives_in_order(pipe: tuple[int, int]) -> None:
    writer = Writer(pipe[1], nobody)
    writer.start()
    for number in range(100):
        writer.put(f"{number},")
    assert writer.finish(PATIENCE, PATIENCE)
    data = os.read(pipe[0], 10_000)
    assert data.decode() == "".join(f"{number}," for number in range(100))
    assert writer.written == len(data)
    writer.put("too late")
    assert not writer.idle


def test_it_tells_when_it_is_idle(pipe: tuple[int, int]) -> None:
    writer = Writer(pipe[1], nobody)
    idle = threading.Event()
    writer.start()
    writer.put("x" * 200_000)  # more than a pipe takes
    assert not writer.idle
    writer.when_idle(nobody)  # replaced
    writer.when_idle(idle.set)
    size = 0
    assert not idle.is_set()
    while size < 200_000:
        size += len(os.read(pipe[0], 4096))
    assert idle.wait(PATIENCE)
    assert writer.idle
    again = threading.Event()
    writer.when_idle(again.set)
    assert again.is_set(), "at once where nothing waits"
    writer.finish(PATIENCE, PATIENCE)


def test_a_full_terminal_does_not_hold_the_end(pipe: tuple[int, int]) -> None:
    writer = Writer(pipe[1], nobody)
    writer.start()
    writer.put("x" * 200_000)
    assert not writer.finish(0.05, 3600.0)
    assert 0 < writer.written < 200_000
    os.set_blocking(pipe[0], False)
    while writer._thread.is_alive():  # so that no thread outlives the test
        try:
            os.read(pipe[0], 100_000)
        except BlockingIOError:
            writer._thread.join(0.01)


def test_a_lost_terminal_is_told_once(pipe: tuple[int, int]) -> None:
    told: list[bool] = []
    writer = Writer(pipe[1], lambda: told.append(True))
    os.close(pipe[0])
    writer.start()
    writer.put("x")
    writer._thread.join(PATIENCE)
    assert told == [True]
    assert writer.dead
    assert not writer.idle
    writer.put("y")
    writer.when_idle(nobody)
    assert not writer._outbox
    assert not writer.finish(PATIENCE, PATIENCE)


def taken(*texts: str) -> str:
    outbox = Outbox()
    for text in texts:
        outbox.put(text)
    return outbox.take().decode()


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("\a", "a", "\a", "\a"), "a\a"),
        (("\x1b]52;c;AA\a", "\x1b]52;c;BB\a"), "\x1b]52;c;BB\a"),
        (("\x1b]22;text\a", "x", "\x1b]22;default\a"), "x\x1b]22;default\a"),
        (("\x1b[?1003h", "\x1b[?1000h", "\x1b[?1003l"), "\x1b[?1000h\x1b[?1003l"),
        (("\x1b[>1u", "\x1b[>1u", "\x1b[<u"), "\x1b[>1u\x1b[>1u\x1b[<u"),
        (("frame", "frame"), "frameframe"),
        (("\ud83d",), "?"),
    ],
)
def test_of_what_only_the_last_matters_one_is_kept(texts: tuple[str, ...], expected: str) -> None:
    assert taken(*texts) == expected


@given(st.lists(st.sampled_from(["\a", "\x1b[?1003h", "\x1b[?1003l", "\x1b[?2004l", "\x1b]52;c;AAAA\a"])))
def test_an_hour_of_input_modes_is_bounded(texts: list[str]) -> None:
    outbox = Outbox()
    for text in texts:
        outbox.put(text)
    assert len(outbox._waiting) <= 4
    assert outbox._size == sum(map(len, outbox._waiting.values()))
    assert outbox.take().decode().endswith(texts[-1] if texts else "")
    assert not outbox


def test_even_a_flood_is_bounded() -> None:
    outbox = Outbox()
    for _ in range(10):
        outbox.put("x" * 1_000_000)
    assert outbox._size < 5_000_000
    outbox.clear()
    outbox.put("y" * 9_000_000)
    assert len(outbox.take()) == 9_000_000, "one frame of any size passes"
