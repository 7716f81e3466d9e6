"""Our driver and display at a real pty: what is shown is what was meant, and no terminal stops the program."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pty_terminal import Terminal, as_pyte_shows

Spawn = Callable[..., Terminal]


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    terminals: list[Terminal] = []

    def start(*arguments: str, **options: object) -> Terminal:
        terminals.append(Terminal(*arguments, **options))
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.close()


def assert_shown(terminal: Terminal, answer: dict[str, object]) -> None:
    """Every cell is what the compositor would show, and the real cursor stands where text goes."""
    shown = terminal.rows()
    assert shown == [as_pyte_shows(row) for row in answer["rows"]]
    assert [terminal.screen.cursor.x, terminal.screen.cursor.y] == answer["cursor"]


TEXTS = (
    "Spring opens with cherry blossoms.",
    "Spring opens with cherry blossoms.\n\nand ends in fresh green. " * 5,
    "日本の四季は、春・夏・秋・冬。" * 20,
    "x日本の四季は、春・夏・秋・冬。" * 20,
    "emoji 😀 and 👍🏽 and 👨\u200d👩\u200d👧 and ❤\ufe0f and 🇯🇵 and e\u0301 end",
    "emoji 😀😀 and 👍🏽 or 👨\u200d👩\u200d👧 and ❤ and 🇯🇵🇯🇵 and é end",
    "",
    "\n".join(f"{n} line" for n in range(200)),
)


def test_every_cell_is_right(spawn: Spawn) -> None:
    terminal = spawn()
    assert_shown(terminal, terminal.ask("show"))
    for text in TEXTS:
        assert_shown(terminal, terminal.ask("text", text=text))
    for to in (1, 2, 40, 39, 0):
        assert_shown(terminal, terminal.ask("scroll", to=to))
    assert_shown(terminal, terminal.ask("modal"))
    assert_shown(terminal, terminal.ask("back"))
    assert_shown(terminal, terminal.ask("prompt", text="質問です 😀\nsecond line"))
    assert_shown(terminal, terminal.ask("cursor", x=9, y=21))
    assert terminal.ask("show")["written"] == len(terminal.received), "nothing is written where nothing changes"


@pytest.mark.parametrize("environ", [{"TERM": "linux", "COLORTERM": ""}, {"NO_COLOR": "1"}, {"TERM": "tmux-256color"}])
def test_every_cell_is_right_on_other_terminals(spawn: Spawn, environ: dict[str, str]) -> None:
    terminal = spawn(**environ)
    for text in TEXTS[:5]:
        assert_shown(terminal, terminal.ask("text", text=text))
    if "NO_COLOR" in environ:
        said = {code for sgr in re.findall(rb"\x1b\[([0-9;]*)m", terminal.received) for code in sgr.split(b";")}
        assert not {code for code in said if len(code) > 1 and code[:1] in b"349"}, "no colour of any kind"


def test_resizing(spawn: Spawn) -> None:
    terminal = spawn()
    terminal.ask("text", text=TEXTS[2])
    for width, height in ((100, 30), (61, 17), (80, 24)):
        terminal.resize(width, height)
        answer = terminal.ask("show")
        while len(answer["rows"]) != height or len(as_pyte_shows(answer["rows"][-1])) != width:
            answer = terminal.ask("show")
        # Textual moves its idea of the cursor without drawing; the app's prompt places it after each layout, as here.
        x, y = answer["cursor"]
        assert_shown(terminal, terminal.ask("cursor", x=x, y=y))


def test_the_terminal_is_put_back(spawn: Spawn) -> None:
    terminal = spawn(TERM="tmux-256color")
    terminal.ask("show")
    terminal.ask("exit")
    terminal.drain()
    out = terminal.received
    assert terminal.child.wait() == 5
    for on, off in (
        (b"\x1b[?1049h", b"\x1b[?1049l"),
        (b"\x1b[>1u", b"\x1b[<u"),
        (b"\x1b[>4;2m", b"\x1b[>4m"),
        (b"\x1b[?2004h", b"\x1b[?2004l"),
        (b"\x1b[?1003h", b"\x1b[?1003l"),
        (b"\x1b[?1004h", b"\x1b[?1004l"),
        (b"\x1b[?7l", b"\x1b[?7h"),
        (b"\x1b[?25l", b"\x1b[?25h"),
    ):
        assert out.rfind(off) > out.rfind(on) >= 0, on
    assert b"\x1b[>25u" not in out
    assert out.count(b"\x1b[?2026$p") == 1
    assert out.endswith(b"the last line\n")


def test_keys_arrive(spawn: Spawn) -> None:
    terminal = spawn()
    terminal.ask("show")
    for data in ("a", "\x1b\r", "\x1b[13;2u", "\x1b[200~one\x1b\rtwo\x1b[201~", "入力した日本語の文", "\xff"):
        terminal.type(data)
    answer = terminal.ask("show")
    wanted = ["a", "alt+enter", "shift+enter", "paste one\x1b\ntwo", *"入力した日本語の文", "ÿ"]
    while answer["told"] != wanted:
        answer = terminal.ask("show")
    assert_shown(terminal, answer)


@pytest.mark.parametrize("stop", [signal.SIGTSTP, signal.SIGSTOP])
def test_a_stopped_program_paints_all_when_it_goes_on(spawn: Spawn, stop: signal.Signals) -> None:
    terminal = spawn()
    before = terminal.ask("text", text=TEXTS[1])
    assert_shown(terminal, before)
    terminal.child.send_signal(stop)
    os.waitpid(terminal.child.pid, os.WUNTRACED)
    if stop is signal.SIGTSTP:
        terminal.read_until(b"\x1b[?1004l")
        assert b"\x1b[?1049l" in terminal.received, "the shell's screen is back"
    terminal.rows()
    terminal.screen.reset()  # the shell had the terminal
    terminal.screen.resize(24, 80)
    terminal.child.send_signal(signal.SIGCONT)
    answer = terminal.ask("show")
    while answer["written"] < before["written"] + 2000 or terminal.rows()[0].strip() == "":
        answer = terminal.ask("show")
    assert_shown(terminal, answer)
    terminal.type("z")
    while terminal.ask("show")["told"] != ["z"]:
        pass


def test_a_stalled_terminal_stops_nothing(spawn: Spawn) -> None:
    terminal = spawn()
    terminal.ask("show")
    terminal.send("flood", beats=200)
    answer = terminal.hear(read_pty=False)
    assert answer["beats"] >= 200
    assert not answer["idle"], "the pty was not read, so this was a stall"
    assert answer["waiting"] <= 4, "what waits is bounded"
    # Read again: the newest state comes, and what must not be lost.
    answer = terminal.ask("show")
    assert_shown(terminal, answer)
    assert terminal.received.count(b"\x1b]52;c;") < 50
    assert len(terminal.received) < 100_000, "frames were left out"


def test_a_stall_and_then_the_end(spawn: Spawn) -> None:
    terminal = spawn("reply")
    terminal.ask("show")
    terminal.send("flood", beats=50)
    terminal.hear(read_pty=False)
    terminal.hang_up()
    assert terminal.hear() == {"lost": True}
    assert terminal.hear() == {"ended": True}
    terminal.control.sendall(b"finish")
    assert terminal.hear()["finished"]
    assert terminal.child.wait() == 7


def test_a_lost_terminal_does_not_spin(spawn: Spawn) -> None:
    terminal = spawn("reply")
    terminal.ask("show")
    terminal.hang_up()
    assert terminal.hear() == {"lost": True}
    assert terminal.hear() == {"ended": True}
    terminal.silence(1.5)  # nothing to wait for but time itself: a spinning thread would fill it
    terminal.control.sendall(b"finish")
    assert terminal.hear()["cpu"] < 0.5
    assert terminal.child.wait() == 7


def test_an_end_of_input_is_the_end_of_the_terminal(spawn: Spawn) -> None:
    theirs, ours = os.pipe()
    terminal = spawn("reply", stdin=theirs)
    os.close(theirs)
    terminal.ask("show")
    os.close(ours)
    assert terminal.hear() == {"lost": True}
    assert terminal.hear() == {"ended": True}
    terminal.silence(1.0)
    terminal.control.sendall(b"finish")
    assert terminal.hear()["cpu"] < 0.5
    terminal.drain()
    assert b"\x1b[?1049l" in terminal.received, "the screen was still there to be put back"
    assert terminal.child.wait() == 7


def test_a_stalled_terminal_does_not_hold_the_end(spawn: Spawn) -> None:
    terminal = spawn()
    terminal.ask("show")
    terminal.send("flood", beats=50)
    terminal.hear(read_pty=False)
    terminal.child.send_signal(signal.SIGTERM)
    assert terminal.hear(read_pty=False) == {"ended": True}
    # Only its own last line is in the way now; a real terminal would read it, or hang up.
    terminal.hang_up()
    assert terminal.child.wait() is not None


def test_a_crash_is_one_line_without_keys(spawn: Spawn, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "crash.log"
    terminal = spawn(CRASH_LOG=str(log))
    terminal.ask("show")
    terminal.ask("crash")
    terminal.drain()
    assert terminal.child.wait() == 1
    end = terminal.received.rpartition(b"\x1b[?1004l")[2].decode()
    assert "fault of its own (LookupError)" in end
    assert "Traceback" not in end
    assert "a1B2" not in end
    kept = log.read_text()
    assert "LookupError: no such key: hs_…" in kept
    assert "in fail" in kept
    assert "a1B2" not in kept
    assert log.stat().st_mode & 0o777 == 0o600


WORDS = [f"{word} " for word in ("the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog")] * 10


def test_a_fraction_of_the_bytes(spawn: Spawn) -> None:
    ours, stock = spawn(), spawn("stock")
    cost = {}
    for name, terminal in (("ours", ours), ("stock", stock)):
        terminal.ask("show")
        cost[name] = terminal.ask("stream", pieces=WORDS)["cost"]
    assert_shown(ours, ours.ask("show"))
    characters = sum(map(len, WORDS))
    print({name: round(bytes_ / characters, 2) for name, bytes_ in cost.items()}, "bytes a character")  # noqa: T201
    assert cost["ours"] * 5 < cost["stock"]
