"""The connection in full, as lines."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.chat.link_log import AttemptRow, Entry
from tui.chat.view import LinkView, fresh
from tui.monitor.board import Board, Sample
from tui.monitor.chat_probe import Spent
from tui.monitor.stats import summary
from tui.monitor.view import ProbeView
from tui.say import speak
from tui.screen.panes.link_page import LinkPage, page_lines, probe_words
from tui.screen.panes.pieces import text_of, width_of
from tui.screen.panes.sparkline import Style, sparkline, style_of
from tui.timing import Timing
from tui.words import Fault, SeamMark, TokenCount

CUT = Fault("truncated", permanent=False, detail="ReadError")
MARK = SeamMark(812, "prefill", verified=True, gap=2.3, paid_twice=6, models=("a", "a"))
DOUBT = SeamMark(90, "continue", verified=False, gap=61.0, paid_twice=0, models=("a", "b"))
TIMES = Timing(dns=0.001, tcp=0.012, tls=0.031, sent=1.0, ttfb=0.18, ttft=0.42)


def probes(samples: tuple[float | None, ...], warm: float | None = 0.012) -> ProbeView:
    found = summary(samples)
    return ProbeView(
        samples=samples,
        last=found.last,
        p50=found.p50,
        p95=found.p95,
        jitter=found.jitter,
        loss=(found.lost, found.count),
        summary=found,
        warm=warm,
        timing=TIMES,
    )


def page() -> LinkPage:
    board = Board()
    for at in range(30):
        board.add("holysheep", "", Sample(float(at), "probe", Timing(ttfb=0.04 + at / 1000), warm=0.01))
    board.add("holysheep", "claude-sonnet-4.5", Sample(31.0, "reply", TIMES))
    board.add("holysheep", "claude-sonnet-4.5", Sample(32.0, "reply", Timing(), fault="refused"))
    link = LinkView(state="streaming", model="claude-sonnet-4.5", connection_id=6, attempt=2, timing=TIMES)
    view = replace(fresh("claude-sonnet-4.5"), seams=(MARK, DOUBT), link=link)
    return LinkPage(
        view=view,
        probes=probes((0.041, None, 0.041)),
        tracks=board.views(40.0),
        attempts=(
            AttemptRow(1, 5, "a", 1_800_000_000.0, None, TIMES, 812, CUT, ended=True),
            AttemptRow(2, 6, "a", 1_800_000_003.0, "prefill", TIMES, 40),
        ),
        entries=(
            Entry(1.0, 1_800_000_000.0, "connecting", 5, 1, "claude-sonnet-4.5"),
            Entry(2.0, 1_800_000_001.0, "streaming", 5, 1, ttfb=0.18, ttft=0.42),
            Entry(3.0, 1_800_000_002.0, "backing_off", 5, 1, retry_count=1, max_retries=5, wait=1.25, fault=CUT),
            Entry(4.0, 1_800_000_003.0, "seam", 6, mark=MARK, rung="prefill"),
            Entry(5.0, 1_800_000_004.0, "reply", 6, reply=2),
            Entry(6.0, 1_800_000_005.0, "usage", 6, usage=TokenCount(10, 20, exact=False)),
            Entry(7.0, 1_800_000_006.0, "probe_lost", fault=Fault("dns", permanent=False)),
            Entry(8.0, 1_800_000_007.0, "stopped", 6),
            Entry(9.0, 1_800_000_008.0, "probe_odd", fault=Fault("page", permanent=False)),
        ),
    )


def text(given: LinkPage, width: int = 130) -> str:
    return "\n".join(text_of(line) for line in page_lines(given, 40.0, width))


def test_everything_is_there() -> None:
    shown = text(page())
    for words in (
        "● streaming",
        "2 attempts · seams: 2 · 1 NOT verified",
        "DNS 1 · TCP 12 · TLS 31 · TTFB 180 · TTFT 420 ms  812 characters  the",
        "at 812 · prefill · after 2.3 s · ≈ 6 tokens paid twice  verified",
        "at 90 · continue · after 61.0 s · ≈ 0 tokens paid twice  NOT verified  a → b",
        "holysheep · claude-sonnet-4.5\n  replies, TTFB",
        "  replies, TTFT",
        "reconnecting in 1.2 s, retry 1/5",
        "streaming: TTFB 180 ms, TTFT 420 ms",
        "another answer: reply 2",
        "≈ 10 tokens asked, ≈ 20 answered",
        "probes are lost",
        "probes bring no usable answer:  a web page came",
        "#6    stopped",
    ):
        assert words in shown, words


def test_the_sentence_says_what_else_answered() -> None:
    odd = replace(probes((0.041, None)), reason="page", loss=(0, 2), refused=1)
    assert probe_words(odd) == (
        "The newest probe brought no usable answer: a web page came instead of an answer; none lost; 1 of 2 refused."
    )


def test_what_chat_probes_cost_is_told() -> None:
    def cost(spent: Spent) -> str:
        return text(replace(page(), probes=replace(probes((0.041,)), what="chat", spent=spent)))

    assert "The 3 probes of this run took 30 tokens, $0.0013." in cost(Spent(3, 30, 0.00126))
    assert "The 3 probes of this run took ≈ 30 tokens, ≈ $0.0013." in cost(Spent(3, 30, 0.00126, exact=False))
    assert "The 3 probes of this run took 30 tokens." in cost(Spent(3, 30))
    lost = cost(Spent(5, 30, 0.00126, unanswered=2))
    assert "The 5 probes of this run took ≥ 30 tokens, ≥ $0.0013. No answer came to 2 that were sent" in lost
    assert "up to ≈ 36 tokens more may be charged" in lost


@pytest.mark.parametrize(("reason", "said"), [("reply", "it measures itself"), ("idle", "nobody has pressed a key")])
def test_why_the_probes_rest_is_named_alone(reason: str, said: str) -> None:
    resting = replace(probes((0.041,)), paused=True, paused_for=reason)
    shown = text(replace(page(), probes=resting))
    assert said in shown
    assert ("measures itself" in shown) + ("pressed a key" in shown) == 1


def test_a_console_without_signs_gets_plain_ones() -> None:
    shown = "".join(text_of(line) for line in page_lines(page(), 40.0, 130, "ascii"))
    assert text(page()).startswith("●")
    assert shown.startswith("*")


def test_a_wait_that_was_agreed_is_no_retry() -> None:
    fault = Fault("rate-limit", permanent=False, detail="HTTP 429", status=429, wait=600.0)
    agreed = Entry(1.0, 1_800_000_000.0, "backing_off", max_retries=5, wait=600.0, fault=fault)
    shown = text(replace(page(), entries=(agreed,)))
    assert "waits 600.0 s, as agreed" in shown
    assert "retry 0" not in shown


def test_a_window_longer_than_the_row_stands_in_it_whole() -> None:
    """The one slow probe, four hours ago, is still seen; and one that was lost is a gap."""
    samples: tuple[float | None, ...] = (9.0, *[0.01] * 600, None, *[0.01] * 598)
    given = replace(page(), probes=probes(samples), measured=None)
    lines = text(given, 80).splitlines()
    row = next(line for line in lines if "\u28ff" >= line[:1] >= "\u2800")
    assert width_of(((row, "normal"),)) == 80
    assert row[0] != row[20], "the oldest is the slow one"
    assert row[39:41] != row[19:21], "the gap"
    assert "Up to 8 probes to a bar" in "\n".join(lines)
    assert "probes to a bar" not in text(replace(given, probes=probes(samples[-160:])), 80)


def test_the_numbers_of_the_table_are_those_of_the_samples() -> None:
    (row,) = [line for line in text(page()).splitlines() if "probes, fresh" in line]
    numbers = row.split("probes, fresh")[1].split()
    #        n    last  mean    p50     p95     p99     best  worst
    assert numbers[:8] == ["30", "69", "54", "54", "68", "69", "40", "69"]
    assert numbers[9:] == ["1", "0%"]
    (lost,) = [line for line in text(page()).splitlines() if "replies, TTFB" in line]
    assert lost.split()[-1] == "50%"


def test_refusals_have_a_column_of_their_own_where_there_are_any() -> None:
    board = Board()
    for fault in ("", "rate-limit", "rate-limit"):
        board.add("p", "", Sample(1.0, "probe", Timing(ttfb=0.04 if not fault else 0.0003), fault=fault))
    lines = text(replace(page(), tracks=board.views(2.0))).splitlines()
    (row,) = [line for line in lines if "probes, fresh" in line]
    assert "refused" in next(line for line in lines if " p50" in line)
    assert row.split()[2] == "3"
    assert row.split()[-2:] == ["0%", "2"]
    assert "40" in row.split(), "the best is that of the answer"


def test_what_matters_most_stays_when_it_gets_narrow() -> None:
    head = next(line for line in text(page(), 70).splitlines() if " p50" in line)
    assert head.split() == ["n", "last", "mean", "p50", "p95", "worst", "loss"]


def test_columns_stand_under_their_names_in_japanese_too() -> None:
    speak("ja")
    shown = [text_of(line) for line in page_lines(page(), 40.0, 130)]
    head = next(line for line in shown if "p95" in line)
    row = next(line for line in shown if "測定、新規接続" in line)
    assert cell_len(head) == cell_len(row)
    for name, number in (("回数", " 30"), ("損失", " 0%")):
        before = cell_len(head[: head.index(name)]) + cell_len(name)
        assert before == cell_len(row[: row.index(number)]) + len(number)


def test_headings_stand_over_their_numbers_in_japanese_too() -> None:
    speak("ja")
    try:
        lines = text(page()).splitlines()
    finally:
        speak("en")
    head = next(line for line in lines if " p50" in line)
    row = lines[lines.index(head) + 2]
    assert width_of(((head, "normal"),)) == width_of(((row, "normal"),))


@given(st.integers(1, 200), st.sampled_from(["en", "ja"]), st.sampled_from(["blocks", "ascii", "braille"]))
def test_no_line_is_wider_than_the_screen(width: int, language: str, style: Style) -> None:
    speak(language)
    try:
        assert all(width_of(line) <= width for line in page_lines(page(), 40.0, width, style))
    finally:
        speak("en")


def test_the_sentence_beside_the_bars() -> None:
    assert probe_words(ProbeView()) == "Not measured yet."
    assert probe_words(probes((0.041, 0.042))) == (
        "41.9 ms on a fresh connection, under the target of 50 ms; 12 ms on a standing one; steady; none lost."
    ).replace("41.9", "42")
    assert probe_words(probes((0.041, None, 0.2), None)) == (
        "200 ms on a fresh connection, over the target of 50 ms; 1 of 3 lost."
    )
    assert probe_words(probes((0.01, 0.09, 0.01, 0.2), None)).endswith("unsteady; none lost.")
    gone = replace(probes((0.041, None)), reason="dns", timing=Timing())
    assert probe_words(gone).startswith("The newest probe was lost: ")


def test_the_bars_are_of_the_window_and_braille_where_they_are_many() -> None:
    many = replace(page(), measured=probes((0.04,) * 200))
    shown = text(many, 130)
    assert shown.count(chr(0x2800 + 0x44 + 0xA0)) == 100, "two of ▂ in a cell"
    few = text(replace(page(), measured=probes((0.2,) * 7)), 130)
    assert "█" * 7 in few
    assert "200 ms on a fresh connection, over the target" in few
    nothing = replace(probes(()), at=5.0)
    assert "Nothing was measured in this time." in text(replace(page(), measured=nothing))


def test_braille_holds_two_samples_in_a_cell() -> None:
    line = sparkline((0.01, 0.05, 0.2, 0.2), 10, 0.05, "braille")
    assert text_of(line) == chr(0x2800 + 0x40 + 0xA0) + chr(0x2800 + 0x47 + 0xB8)
    assert [tone for _, tone in line] == ["good", "bad"]
    assert width_of(sparkline([0.01] * 121, 60, 0.05, "braille")) == 60
    assert width_of(sparkline([0.01] * 5, 60, 0.05, "braille")) == 3
    assert text_of(sparkline((None, None), 10, 0.05, "braille")) == "·"


def test_a_terminal_of_old_gets_bars_that_it_has() -> None:
    assert style_of("linux", "utf-8") == "ascii"
    assert style_of("xterm-256color", "ANSI_X3.4-1968") == "ascii"
    assert style_of("tmux-256color", "UTF-8") == "blocks"
    assert text_of(sparkline((0.01, None, 9.0), 10, 0.05, "ascii")).isascii()
