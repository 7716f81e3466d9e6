"""The cell diff: what a terminal shows after any sequence of frames is what was wanted, and little was written."""

from __future__ import annotations

import unicodedata

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import Color, ColorSystem

from tui.screen.terminal.cells import Canvas
from tui.screen.terminal.glyphs import Cell, cells_of
from tui.screen.terminal.pens import DEFAULT, Pen, change, fits_space, pen_of, safe_link

WIDTH, HEIGHT = 24, 4

PENS = (
    DEFAULT,
    Pen(1, "31", "", ""),
    Pen(0, "38;2;1;2;3", "48;2;40;50;60", ""),
    Pen(0b1001, "32", "48;2;40;50;60", ""),
    Pen(1 << 6, "", "44", ""),
    Pen(0, "", "44", "https://example.org/"),
)

PIECES = (*"abc   xyz", "日", "本", "語", "。", "é", "e\u0301", "─", "한", "😀", "x" * 9, " " * 14)
WORDS = st.lists(st.sampled_from(PIECES), min_size=1).map("".join)
PUTS = st.lists(
    st.tuples(
        st.integers(0, HEIGHT - 1),
        st.integers(0, WIDTH - 1),
        st.lists(st.tuples(WORDS, st.sampled_from(PENS)), min_size=1, max_size=3),
    ),
    max_size=6,
)
CURSORS = st.tuples(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1))


def terminal(width: int = WIDTH, height: int = HEIGHT) -> tuple[pyte.Screen, pyte.Stream]:
    screen = pyte.Screen(width, height)
    stream = pyte.Stream(screen)
    stream.feed("\x1b[?7lGARBAGE that was here before")
    return screen, stream


def fresh(*, fills: bool = True) -> Canvas:
    canvas = Canvas(WIDTH, HEIGHT, fills=fills)
    for y in range(HEIGHT):
        canvas.put(y, 0, cells_of(" " * WIDTH, DEFAULT))
    canvas.forget()
    return canvas


def assert_shows(screen: pyte.Screen, canvas: Canvas) -> None:
    """Every glyph at its column, with its attributes."""
    pyte_names = {"": "default", "31": "red", "32": "green", "44": "blue", "38;2;1;2;3": "010203"}
    for y, row in enumerate(canvas._wanted):
        for x, cell in enumerate(row):
            drawn = screen.buffer[y][x]
            if cell is None:
                assert drawn.data == "", (x, y)
                continue
            glyph, pen = cell
            assert drawn.data == unicodedata.normalize("NFC", glyph), (x, y)
            assert drawn.bg == pyte_names.get(pen.ground, "28323c"), (x, y)
            assert drawn.reverse == bool(pen.attributes >> 6 & 1)
            assert drawn.underscore == bool(pen.attributes >> 3 & 1)
            if glyph != " ":
                assert drawn.fg == pyte_names[pen.colour]
                assert drawn.bold == bool(pen.attributes & 1)


@settings(max_examples=300, deadline=None)
@given(frames=st.lists(st.tuples(PUTS, CURSORS, st.booleans()), max_size=6), fills=st.booleans())
def test_the_terminal_shows_what_is_wanted(
    frames: list[tuple[list[tuple[int, int, list[tuple[str, Pen]]]], tuple[int, int], bool]], fills: bool
) -> None:
    screen, stream = terminal()
    canvas = fresh(fills=fills)
    for puts, cursor, forget in frames:
        for y, x, pieces in puts:
            canvas.put(y, x, [cell for text, pen in pieces for cell in cells_of(text, pen)])
        if forget:
            canvas.forget()
        stream.feed(canvas.frame(cursor))
        assert_shows(screen, canvas)
        assert (screen.cursor.x, screen.cursor.y) == cursor
        assert canvas.frame(cursor) == "", "a frame without a change has no bytes"


@given(WORDS, st.integers(0, WIDTH - 1))
def test_leaving_frames_out_changes_nothing_in_the_end(text: str, x: int) -> None:
    screen, stream = terminal()
    canvas = fresh()
    stream.feed(canvas.frame((0, 0)))
    for step in range(5):  # nobody takes these
        canvas.put(step % HEIGHT, x, cells_of(text, PENS[step]))
    stream.feed(canvas.frame((0, 0)))
    assert_shows(screen, canvas)


def drawn_after(first: str, second: str) -> str:
    """What is written to change one row of text into another."""
    canvas = fresh()
    canvas.put(0, 0, cells_of(first.ljust(WIDTH), DEFAULT))
    canvas.frame((0, 0))
    canvas.put(0, 0, cells_of(second.ljust(WIDTH), DEFAULT))
    return canvas.frame((0, 0))


@pytest.mark.parametrize(
    ("first", "second", "bytes_"),
    [
        ("", "x", "x\r"),
        ("one two", "one too", "\x1b[6Go\r"),
        ("abcdefgh", "XbcdefgY", "X\x1b[8GY\r"),
        ("abcd", "XbcY", "XbcY\r"),
        ("a long row of text here", "a", "a \x1b[K\r"),
    ],
)
def test_little_is_written(first: str, second: str, bytes_: str) -> None:
    assert drawn_after(first, second) == bytes_


def test_after_a_cluster_the_next_cell_is_placed_not_trusted() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    written = drawn_after("", family + "ab")
    # Blanked first, drawn, then column 3 by name; what a terminal without clusters would draw over is written again.
    assert written.startswith(f"  \r{family}\x1b[3Gab")
    assert "\x1b[3Gabcd\r" in drawn_after("..abcdefgh", family + "abcdefgh")


def test_a_flag_is_one_glyph() -> None:
    cells = cells_of("\U0001f1ef\U0001f1f5x", DEFAULT)
    assert cells == (("\U0001f1ef\U0001f1f5", DEFAULT), None, ("x", DEFAULT))


@given(st.text(st.characters(codec=None)))
def test_no_control_character_ever_comes_out(text: str) -> None:
    cells: tuple[Cell, ...] = cells_of(text, DEFAULT)
    out = "".join(cell[0] for cell in cells if cell)
    assert not [c for c in out if unicodedata.category(c) in {"Cc", "Cs"}]
    assert not set(out) & set("\u202a\u202e\u2066\u2069\u200e\u200f\u2028\ufeff")
    out.encode()


def test_hostile_text_stays_in_its_columns() -> None:
    assert cells_of("a\x1b[31mb\x9bc\u202ed", DEFAULT) == cells_of("a[31mbcd", DEFAULT)


@pytest.mark.parametrize(
    ("link", "safe"),
    [
        ("https://example.org/?q=a%20b&c=1", "https://example.org/?q=a%20b&c=1"),
        ("https://example.org/\x1b\\\x07春", "https://example.org/%1B%5C%07%E6%98%A5"),
        ("file:///etc/passwd", ""),
        ("javascript:alert(1)", ""),
        ("https://example.org/" + "x" * 3000, ""),
        (None, ""),
    ],
)
def test_links(link: str | None, safe: str) -> None:
    assert safe_link(link) == safe


ANY_PEN = st.builds(
    Pen, st.integers(0, 2**13 - 1), st.sampled_from(["", "31"]), st.sampled_from(["", "44"]), st.just("")
)


@given(st.lists(ANY_PEN))
def test_a_change_of_pen_is_the_same_as_starting_anew(pens: list[Pen]) -> None:
    """By what pyte knows of SGR: the delta and the reset lead to the same pen."""
    screen, stream = terminal()
    now: Pen | None = None
    for pen in pens:
        stream.feed(change(now, pen))
        by_delta = screen.cursor.attrs
        stream.feed(change(None, pen))
        assert screen.cursor.attrs == by_delta
        now = pen


def test_spaces_do_not_change_the_pen() -> None:
    red, plain = Pen(0, "31", "44"), Pen(0, "", "44")
    assert fits_space(red, plain)
    assert not fits_space(red, Pen(8, "", "44"))
    assert not fits_space(Pen(8, "", "44"), plain)


def test_no_colour_means_none() -> None:
    pen = pen_of(1, Color.parse("red"), Color.from_rgb(1, 2, 3), None, None)
    assert pen == Pen(1)
    assert pen_of(0, Color.from_rgb(1, 2, 3), None, None, ColorSystem.TRUECOLOR).colour == "38;2;1;2;3"
