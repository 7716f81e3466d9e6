from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.chat.view import LinkView
from tui.monitor.chat_probe import Spent
from tui.monitor.view import ProbeView
from tui.say import speak
from tui.screen.panes.link_words import SIGNS, compact_line, link_line
from tui.screen.panes.pieces import text_of, width_of
from tui.screen.panes.probe_words import odd_words, probe_line, reason_words
from tui.timing import Timing
from tui.words import Fault, StateName

CUT = LinkView(
    state="backing_off",
    model="claude-sonnet-4.5",
    connection_id=7,
    attempt=2,
    retry_count=2,
    max_retries=5,
    until=1003.2,
    since=996.0,
    last_byte=990.0,
    last_text=990.0,
    fault=Fault("no-such-kind-of-fault", False, "ReadError"),
)
STEADY = ProbeView(
    samples=(0.041,) * 59 + (None, 0.041), last=0.041, p50=0.044, p95=0.097, jitter=0.004, loss=(1, 60), target=0.05
)


def words(link: LinkView, now: float = 1000.0, width: int = 200) -> str:
    return text_of(link_line(link, now, width))


def test_a_wait_counts_down_and_says_why() -> None:
    assert words(CUT) == (
        "◐ reconnecting in 3.2 s  ▓▓▓▓░░░░  retry 2/5 · conn #7 · no-such-kind-of-fault (ReadError) · claude-sonnet-4.5"
    )
    assert words(CUT, 1003.05).startswith("◐ reconnecting in 0.2 s  ▓▓▓▓▓▓▓░")
    assert words(CUT, 1009.0).startswith("◐ reconnecting in 0.0 s  ▓▓▓▓▓▓▓▓  ")


def test_what_matters_most_stays_when_it_gets_narrow() -> None:
    assert words(CUT, width=60) == "◐ reconnecting in 3.2 s  retry 2/5 · no-such-kind-of-fault"
    assert words(CUT, width=23) == "◐ reconnecting in 3.2 s"
    assert words(CUT, width=20) == "◐ reconnecting in 3…"


def test_waiting_tells_a_living_server_from_a_silent_one() -> None:
    waiting = LinkView(state="waiting", connection_id=1, last_byte=988.0, last_text=988.0)
    assert words(waiting, 991.0) == "◔ waiting 3 s · conn #1"
    assert words(waiting, 1000.0) == "◔ waiting 12 s  no bytes for 12 s · conn #1"
    opened = replace(waiting, timing=Timing(sent=988.0, ttfb=1.0))
    assert words(replace(opened, last_byte=999.0)) == "◔ waiting 12 s  server alive · conn #1"


def test_a_request_that_was_only_sent_has_not_shown_a_living_server() -> None:
    sent = LinkView(state="waiting", connection_id=2, last_byte=999.0, last_text=988.0, timing=Timing(sent=999.0))
    assert words(sent) == "◔ waiting 1 s · conn #2", "the wait before it is none of this request's"


def test_a_stall_says_whether_bytes_come() -> None:
    stalled = LinkView(state="stalled", last_byte=999.0, last_text=986.0, timing=Timing(sent=980.0, ttfb=0.1))
    assert words(stalled) == "◍ no text for 14 s  server alive"
    assert words(replace(stalled, last_byte=986.0)) == "◍ stalled  no bytes for 14 s"


def test_a_failure_says_what_is_kept_and_what_to_do() -> None:
    failed = LinkView(state="failed", retry_count=0, fault=Fault("x", True, "bad key", status=401))
    assert words(failed) == "✗ failed · x (401 bad key) · Ctrl+R tries again"


def test_text_that_flows_again_has_left_its_fault_behind() -> None:
    told = Timing(sent=1.0, ttfb=0.1, ttft=0.412)
    line = words(LinkView(state="streaming", connection_id=2, fault=CUT.fault, timing=told, rung="prefill"))
    assert line == "● streaming · conn #2 · prefill · TTFT 412 ms"


def test_the_time_beside_a_connection_is_its_own() -> None:
    again = LinkView(state="done", connection_id=2, attempt=2, timing=Timing(sent=9.0, ttfb=0.1, ttft=0.109), ttft=9.19)
    assert words(again) == "✓ done · conn #2 · TTFT 109 ms · first text after 9.2 s"
    assert words(replace(again, ttft=0.034)) == "✓ done · conn #2 · TTFT 109 ms", "nobody waited 0.0 s"
    assert words(replace(again, attempt=1, ttft=0.109)) == "✓ done · conn #2 · TTFT 109 ms"


def test_a_stream_that_falls_silent_says_so_before_it_counts_as_stalled() -> None:
    streaming = LinkView(state="streaming", connection_id=1, last_byte=997.1, last_text=997.1)
    assert words(streaming) == "● streaming · conn #1"
    assert words(streaming, 1000.2) == "● streaming  no text for 3 s · conn #1"


def test_connecting_and_resuming_carry_a_time() -> None:
    assert words(LinkView(state="connecting", entered=999.5)) == "◌ connecting"
    assert words(LinkView(state="connecting", entered=995.5)) == "◌ connecting 4 s"
    assert words(LinkView(state="resuming", entered=995.5)) == "◑ resuming 4 s"


def test_a_provider_that_does_not_answer_is_no_ready_one() -> None:
    lost = replace(STEADY, samples=(0.04, None), last=None, reason="dns", at=990.0)
    for state in ("idle", "done", "stopped"):
        link = LinkView(state=state, last_byte=980.0)  # type: ignore[arg-type]
        assert "the provider does not answer" in text_of(link_line(link, 1000.0, 100, lost))
        assert "the provider does not answer" in text_of(compact_line(link, lost, 1000.0, 60))
        assert "does not answer" not in text_of(link_line(replace(link, last_byte=995.0), 1000.0, 100, lost))
        assert "does not answer" not in text_of(link_line(link, 1000.0, 100, STEADY))
    assert "does not answer" not in text_of(link_line(CUT, 1000.0, 200, lost))


def test_a_hostile_reason_cannot_steer_the_terminal() -> None:
    line = words(replace(CUT, fault=Fault("x\x1b[31m", False, "a\nb\x1b]0;pwn\x07\u202e")))
    assert line.isprintable()
    assert "\u202e" not in line


def test_every_state_has_its_own_sign() -> None:
    assert set(SIGNS) == {*get_args(StateName), "idle", "stopped"}
    assert len({sign for sign, _ in SIGNS.values()}) == len(SIGNS)


def test_probes_show_numbers_first_and_take_the_rest_for_the_sparkline() -> None:
    assert text_of(probe_line(STEADY, 110)).endswith(
        "▂·▂ 41 ms fresh  p50 44  p95 97  target <50 ✓  loss 1/60  jitter 4"
    )
    assert width_of(probe_line(STEADY, 110)) <= 110
    assert text_of(probe_line(STEADY, 60)) == "TTFB ▂▂▂▂▂▂·▂ 41 ms  p50 44  p95 97  target <50 ✓  loss 1/60"
    assert text_of(probe_line(STEADY, 24)) == "TTFB 41 ms  loss 1/60"
    assert text_of(probe_line(replace(STEADY, loss=(0, 60)), 24)) == "TTFB 41 ms  target <50 ✓"


def test_the_verdict_is_the_medians() -> None:
    assert "target <50 ✗" in text_of(probe_line(replace(STEADY, p50=0.05), 80))
    assert "✓" not in text_of(probe_line(replace(STEADY, p50=None), 80))


def test_a_lost_last_probe_is_no_number() -> None:
    lost = replace(STEADY, samples=(0.04, None), last=None, reason="some-reason")
    assert "lost (some-reason)" in text_of(probe_line(lost, 100))


def odd(reason: str) -> ProbeView:
    timing = Timing(sent=1.0, ttfb=0.0003)
    return replace(STEADY, samples=(0.041, None), last=None, reason=reason, timing=timing, refused=12, at=990.0)


def test_an_answer_that_is_something_else_is_no_latency() -> None:
    line = text_of(probe_line(odd("page"), 140))
    assert "no usable answer (a web page came instead of an answer)" in line
    assert "loss 1/60  refused 12" in line
    for width in range(20, 140):
        for shown in (probe_line(odd("page"), width), compact_line(LinkView(), odd("page"), 1000.0, width)):
            assert "✓" not in text_of(shown)
            assert " ms" not in text_of(shown)


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("reason", ["page", "rate-limit", "too-much", "unauthorized", "redirect", "overloaded"])
def test_the_one_line_of_a_small_terminal_names_what_came_instead(reason: str, language: str) -> None:
    speak(language)
    try:
        line = text_of(compact_line(LinkView(state="done", last_byte=980.0), odd(reason), 1000.0, 40))
        assert odd_words(reason) in line
        assert odd_words(reason) != reason_words(reason), "short enough for it"
    finally:
        speak("en")


def test_no_promise_is_kept_while_nothing_answers() -> None:
    lost = replace(STEADY, samples=(0.04, None), last=None, reason="refused", at=990.0)
    assert "✓" not in text_of(probe_line(lost, 120))
    assert "target <50" in text_of(probe_line(lost, 120))


def test_a_verdict_never_outlives_what_was_lost() -> None:
    for width in range(24, 120):
        line = text_of(probe_line(replace(STEADY, refused=12), width))
        assert "✓" not in line or ("loss 1/60" in line and "refused 12" in line), width


def test_what_the_probes_cost_is_shown() -> None:
    chats = replace(STEADY, what="chat", spent=Spent(3, 30, 0.00126))
    assert "chat $0.0013" in text_of(probe_line(chats, 120))
    assert "chat ≈ $0.0013" in text_of(probe_line(replace(chats, spent=Spent(3, 30, 0.00126, exact=False)), 120))
    assert "chat 30 tok" in text_of(probe_line(replace(chats, spent=Spent(3, 30)), 120))


def test_nothing_measured_is_said() -> None:
    assert text_of(probe_line(ProbeView(), 80)) == "TTFB not measured yet  target <50"
    assert text_of(probe_line(ProbeView(paused=True), 80)) == "TTFB not measured yet  target <50  paused"


def test_one_line_puts_the_connection_first() -> None:
    line = text_of(compact_line(CUT, STEADY, 1000.0, 78))
    assert line == "◐ reconnecting in 3.2 s  retry 2/5  Ctrl+R now · Esc stop · no-such-kind-of-f…"
    line = text_of(compact_line(CUT, STEADY, 1000.0, 60))
    assert line == "◐ reconnecting in 3.2 s  retry 2/5  Ctrl+R now · Esc stop"
    assert text_of(compact_line(CUT, STEADY, 1000.0, 24)) == "◐ reconnecting in 3.2 s"
    assert "TTFB 41 ms ✓" in text_of(compact_line(LinkView(), STEADY, 1000.0, 78))


def test_an_unknown_kind_is_shown_as_it_is() -> None:
    assert reason_words("no-such-kind-of-fault") == "no-such-kind-of-fault"


STATES = st.sampled_from(sorted(SIGNS))
TIMES = st.none() | st.floats(0, 2000)
LINKS = st.builds(
    LinkView,
    state=STATES,
    model=st.text(max_size=40),
    connection_id=st.integers(0, 99),
    retry_count=st.integers(0, 9),
    max_retries=st.integers(0, 9),
    until=TIMES,
    since=TIMES,
    last_byte=TIMES,
    last_text=TIMES,
    fault=st.none()
    | st.builds(Fault, st.text(max_size=20), st.booleans(), st.text(max_size=200), TIMES.map(lambda _: 503)),
    rung=st.sampled_from([None, "prefill"]),
    ttft=TIMES,
    entered=TIMES,
)
PROBES = st.builds(
    ProbeView,
    samples=st.lists(TIMES, max_size=60).map(tuple),
    last=TIMES,
    p50=TIMES,
    p95=TIMES,
    jitter=TIMES,
    loss=st.tuples(st.integers(0, 60), st.integers(0, 60)),
    paused=st.booleans(),
    reason=st.text(max_size=9),
)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_any_view_fits_any_width(language: str) -> None:
    @given(LINKS, PROBES, st.integers(0, 200))
    def check(link: LinkView, probes: ProbeView, width: int) -> None:
        for line in (
            link_line(link, 1000.0, width),
            probe_line(probes, width),
            compact_line(link, probes, 1000.0, width),
        ):
            assert width_of(line) <= width
            assert "\n" not in text_of(line)
            assert "{" not in text_of(line).replace("…", "") or "{" in f"{link}{probes}"

    speak("ja" if language == "ja" else "en")
    check()


@pytest.mark.parametrize(
    ("state", "after", "words"),
    [
        ("streaming", 2.0, "● streaming · written by another window"),
        ("streaming", 12.4, "◔ written by another window · nothing new for 12 s"),
        ("waiting", 40.0, "◔ written by another window · nothing new for 40 s"),
        ("backing_off", 12.0, "◐ reconnecting · written by another window · nothing new for 12 s"),
    ],
)
def test_of_another_window_is_said_what_the_journal_says(state: StateName, after: float, words: str) -> None:
    link = LinkView(state=state, elsewhere=True, news=100.0)
    assert "".join(piece for piece, _ in link_line(link, 100.0 + after, 100)) == words
