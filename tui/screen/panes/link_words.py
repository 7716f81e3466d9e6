"""The connection in words: LinkView and ReplyView in, lines out. Pure. Its measurements: probe_words.py."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from tui.chat.advice import duration
from tui.chat.pace import Pace, pace
from tui.chat.view import LinkView, ReplyView
from tui.monitor.view import ProbeView
from tui.plain import one_line
from tui.say import say
from tui.screen.panes.pieces import Chunk, Line, Piece, Tone, fit
from tui.screen.panes.probe_words import milliseconds, odd_words, reason_words, short_chunks
from tui.screen.panes.sparkline import Style
from tui.timing import Timing
from tui.words import Fault, StateName

ShownState = StateName | Literal["idle", "stopped"]

SIGNS: Final[dict[ShownState, tuple[str, Tone]]] = {
    "idle": ("○", "dim"),
    "connecting": ("◌", "accent"),
    "waiting": ("◔", "accent"),
    "streaming": ("●", "good"),
    "stalled": ("◍", "warn"),
    "backing_off": ("◐", "warn"),
    "resuming": ("◑", "warn"),
    "done": ("✓", "good"),
    "failed": ("✗", "bad"),
    "stopped": ("■", "dim"),
}

SILENT: Final = 10.0
"""Seconds without a byte after which the words say so: the moment at which a reply counts as stalled (design, 4)."""

QUIET: Final = 3.0
"""Seconds without text after which a stream says so; it still counts as one."""

LONG_WAIT: Final = 100.0
"""Seconds from which a countdown is told in minutes."""

BAR: Final = 8
"""Cells of the bar of a wait."""


def link_line(link: LinkView, now: float, width: int, probes: ProbeView | None = None) -> Line:
    """What the connection does now, in `width` cells; `now` is the clock's. `probes` tell more while it rests."""
    return fit(_link_chunks(link, now, probes), width)


def detail_line(view: ReplyView, now: float, width: int) -> Line:
    """How the reply comes along, or what can be done while it does not, in `width` cells."""
    return fit(_detail_chunks(view, now), width)


def compact_line(link: LinkView, probes: ProbeView, now: float, width: int, style: Style = "blocks") -> Line:
    """Both in one line: what the connection does comes first."""
    return fit([*_compact_chunks(link, now, probes), *short_chunks(probes, style)], width)


RETRIES: Final = 5
"""Where the retries stand among the chunks of the connection."""


def _compact_chunks(link: LinkView, now: float, probes: ProbeView) -> list[Chunk]:
    """With the keys, which have no line of their own here; a reason may be long, and gives way to them."""
    chunks = _link_chunks(link, now, probes)
    chunks.insert(1, Chunk(_odd(link, probes), rank=1, lead=" · ", least=6))
    if link.state == "backing_off":
        chunks.insert(RETRIES + 2, Chunk(((say("screen.keys_short"), "accent"),), rank=1))
    return chunks


def _link_chunks(link: LinkView, now: float, probes: ProbeView | None = None) -> list[Chunk]:
    return [
        Chunk(_head(link, now)),
        Chunk(_elsewhere(link, now), rank=1, lead=" · "),
        Chunk(_unreachable(link, probes), rank=1, lead=" · "),
        Chunk(_bar(link, now), rank=6),
        Chunk(_liveness(link, now), rank=2),
        Chunk(_retries(link), rank=1),
        Chunk(_connection(link), rank=5, lead=" · "),
        Chunk(_reason(link), rank=2, lead=" · ", least=14),
        Chunk(_technical(link), rank=7, lead=" ", least=10),
        Chunk(_next_step(link), rank=1, lead=" · "),
        Chunk(_way(link), rank=6, lead=" · "),
        Chunk(_first_text(link), rank=4, lead=" · "),
        Chunk(_reader_waited(link), rank=7, lead=" · "),
        Chunk(_model(link), rank=8, lead=" · "),
    ]


def _head(link: LinkView, now: float) -> Line:
    """What it does. Of another process, of which the journal has had nothing for a while, that is not known."""
    if _no_news(link, now) is not None and link.state != "backing_off":
        sign, tone = SIGNS["waiting"]
        return ((f"{sign} {say('screen.link_elsewhere')}", tone),)
    sign, tone = SIGNS["backing_off" if _asks(link) else link.state]
    return ((f"{sign} {_state_words(link, now)}", tone),)


def _no_news(link: LinkView, now: float) -> float | None:
    """Seconds without anything new of another process's reply, where they are many."""
    if not link.elsewhere or link.news is None or now - link.news < QUIET:
        return None
    return now - link.news


def _state_words(link: LinkView, now: float) -> str:
    match link.state:
        case "failed" if link.asks_until is not None:
            until = datetime.fromtimestamp(link.asks_until).astimezone()
            return say("screen.link_asks", time=f"{until:%H:%M:%S}")
        case "backing_off" if link.until is not None:
            left = max(0.0, link.until - now)
            if left >= LONG_WAIT:
                return say("screen.link_reconnecting_later", time=duration(left))
            return say("screen.link_reconnecting_in", seconds=f"{left:.1f}")
        case "waiting" if (since := _waits_since(link)) is not None:
            return say("screen.link_waiting_for", seconds=_whole(now - since))
        case "stalled" if link.last_text is not None and not _is_silent(link, now):
            return say("screen.link_stalled_for", seconds=_whole(now - link.last_text))
        case "connecting" | "resuming" as state if link.entered is not None and now - link.entered >= 1:
            return say(f"screen.link_{state}_for", seconds=_whole(now - link.entered))
        case state:
            return say(f"screen.link_{state}")


def _asks(link: LinkView) -> bool:
    """Whether how it goes on is the user's to say: a question with its own keys is open."""
    return link.state == "failed" and link.asks_until is not None


def _waits_since(link: LinkView) -> float | None:
    """When this request was sent, or its last text came: what a wait before it cost is not this request's."""
    known_ones = [at for at in (link.timing.sent, link.last_text) if at is not None]
    return max(known_ones, default=None)


def _is_silent(link: LinkView, now: float) -> bool:
    return link.last_byte is not None and now - link.last_byte >= SILENT


def _whole(seconds: float) -> int:
    return max(0, int(seconds))


def _elsewhere(link: LinkView, now: float) -> Line:
    if not link.elsewhere:
        return ()
    by: Piece = (say("screen.link_elsewhere"), "accent")
    quiet = _no_news(link, now)
    if quiet is None:
        return (by,)
    told: Piece = (say("screen.link_no_news", seconds=_whole(quiet)), "normal")
    return (told,) if link.state != "backing_off" else (by, (" · ", "dim"), told)


def _bar(link: LinkView, now: float) -> Line:
    """How much of the wait is over."""
    if link.state != "backing_off" or link.until is None or link.since is None or link.until <= link.since:
        return ()
    over = min(1.0, max(0.0, (now - link.since) / (link.until - link.since)))
    full = int(over * BAR)
    return (("▓" * full, "warn"), ("░" * (BAR - full), "dim")) if full < BAR else (("▓" * BAR, "warn"),)


def _liveness(link: LinkView, now: float) -> Line:
    """While no text comes: for how long, and whether the server shows any sign of life."""
    if link.state == "streaming" and link.last_text is not None and now - link.last_text >= QUIET:
        return ((say("screen.link_stalled_for", seconds=_whole(now - link.last_text)), "normal"),)
    if link.state not in ("waiting", "stalled") or link.last_byte is None or link.last_text is None:
        return ()
    if _is_silent(link, now):
        return ((say("screen.link_silent", seconds=_whole(now - link.last_byte)), "warn"),)
    if link.last_byte > link.last_text and link.timing.ttfb is not None:
        # Before the headers nothing has come, whatever `last_byte` counts from.
        return ((say("screen.link_alive"), "good"),)
    return ()


def _unreachable(link: LinkView, probes: ProbeView | None) -> Line:
    """At rest, the newest sign of the provider is a probe that was lost: nothing shall look as if all were well."""
    if probes is None or probes.at is None or not probes.lost or link.state not in AT_REST:
        return ()
    if link.last_byte is not None and link.last_byte > probes.at:
        return ()
    return ((say("screen.link_unanswered"), "bad"),)


AT_REST: Final = ("idle", "done", "stopped")


def _odd(link: LinkView, probes: ProbeView) -> Line:
    """The same where something else than an answer came: in a few words, for the one line there is."""
    if not probes.odd or link.state not in AT_REST or probes.at is None:
        return ()
    if link.last_byte is not None and link.last_byte > probes.at:
        return ()
    return ((odd_words(probes.reason), "bad"),)


def _retries(link: LinkView) -> Line:
    if link.retry_count < 1 or link.state in ("idle", "done", "stopped"):
        return ()
    return ((say("screen.link_retry", n=link.retry_count, max=link.max_retries), "normal"),)


def _connection(link: LinkView) -> Line:
    return ((say("screen.link_conn", id=link.connection_id), "dim"),) if link.connection_id else ()


def _shown_fault(link: LinkView) -> Fault | None:
    """A fault that still says something about now: text that flows again has left it behind."""
    return link.fault if link.state in ("backing_off", "failed", "connecting", "resuming") else None


def _reason(link: LinkView) -> Line:
    fault = _shown_fault(link)
    return (
        ((reason_words(fault.kind), "bad" if link.state == "failed" and not _asks(link) else "normal"),)
        if fault
        else ()
    )


def _technical(link: LinkView) -> Line:
    """The exception's name or the status, for those who search for it."""
    fault = _shown_fault(link)
    if fault is None:
        return ()
    detail = one_line(fault.detail, 60)
    if fault.status is not None and str(fault.status) not in detail:
        detail = f"{fault.status} {detail}".rstrip()
    return ((f"({detail})", "dim"),) if detail else ()


def _next_step(link: LinkView) -> Line:
    return ((say("screen.link_failed_do"), "normal"),) if link.state == "failed" and not _asks(link) else ()


def _detail_chunks(view: ReplyView, now: float) -> list[Chunk]:
    link = view.link
    if link.state in ("idle", "connecting", "waiting") and not view.length:
        return [Chunk(((say("screen.detail_none"), "dim"),))] if link.state == "idle" else _connect_chunks(link)
    told = pace(view, now)
    seams = len(view.seams)
    doubtful = sum(not mark.verified for mark in view.seams)
    attempts = link.earlier + link.attempt
    keys = link.state in ("backing_off", "failed") and not _asks(link)
    chunks = [
        Chunk(((say(f"screen.keys_{link.state}"), "accent"),) if keys else ()),
        Chunk(_rate(told), rank=2),
        Chunk(_gap(told), rank=3, lead=" · "),
        Chunk(_break(told), rank=5, lead=" · "),
        Chunk(((say("screen.detail_attempts", n=attempts), "normal"),) if attempts > 1 else (), rank=4, lead=" · "),
        Chunk(((say("screen.detail_seams", n=seams), "normal"),) if seams else (), rank=3, lead=" · "),
    ]
    if doubtful:
        chunks.append(Chunk(((say("screen.detail_unverified", n=doubtful), "warn"),), rank=3, lead=" · "))
    elif seams:
        chunks.append(Chunk(((say("screen.detail_verified"), "good"),), rank=3, lead=" · "))
    return chunks


def _connect_chunks(link: LinkView) -> list[Chunk]:
    """What the request has taken so far, phase by phase; while it connects, the times are of the one before it."""
    phases = phase_line(link.timing) if link.state != "connecting" else ()
    return [Chunk(phases)] if phases else [Chunk(((say("screen.detail_none"), "dim"),))]


def phase_line(timing: Timing) -> Line:
    """The phases that are known: "DNS 1 · TCP 12 · TLS 31 · TTFB 180 · TTFT 420 ms"."""
    named = [
        ("DNS", timing.dns),
        ("TCP", timing.tcp),
        ("TLS", timing.tls),
        ("TTFB", timing.ttfb),
        (say("screen.phase_thought"), timing.thought),
        ("TTFT", timing.ttft),
    ]
    known_ones = [(name, seconds) for name, seconds in named if seconds is not None]
    line: list[Piece] = []
    for name, seconds in known_ones:
        line += [(" · " if line else "", "dim"), (f"{name} ", "dim"), (milliseconds(seconds), "normal")]
    return (*line, (" ms", "dim")) if line else ()


def _rate(told: Pace) -> Line:
    if told.tokens_per_second is None:
        return ()
    rate = f"{told.tokens_per_second:,.1f}" if told.tokens_per_second < 100 else f"{told.tokens_per_second:,.0f}"
    return ((("" if told.exact else "≈ ") + say("screen.detail_rate", n=rate), "normal"),)


def _gap(told: Pace) -> Line:
    return (
        ((say("screen.detail_gap", seconds=f"{told.longest_gap:.1f}"), "normal"),)
        if told.longest_gap is not None
        else ()
    )


def _break(told: Pace) -> Line:
    """What a reconnect took is no gap of the stream."""
    if told.longest_break is None:
        return ()
    return ((say("screen.detail_break", seconds=f"{told.longest_break:.1f}"), "normal"),)


def _way(link: LinkView) -> Line:
    """How it is being resumed, by the word that the seam will carry."""
    return ((link.rung, "dim"),) if link.rung is not None and link.state not in ("done", "stopped", "failed") else ()


def _first_text(link: LinkView) -> Line:
    """Of this attempt, whose connection it stands beside."""
    if link.timing.ttft is None or link.state not in ("streaming", "stalled", "done"):
        return ()
    return ((f"TTFT {milliseconds(link.timing.ttft)} ms", "normal"),)


NO_WAIT = 0.05
"""Seconds below which a wait would be told as 0.0 s: nothing was waited for that the words could be about."""


def _reader_waited(link: LinkView) -> Line:
    """Where attempts failed: what the reader waited for the first text of all, from the first request."""
    if link.ttft is None or link.attempt < 2 or link.state not in ("streaming", "stalled", "done"):
        return ()
    if link.ttft < NO_WAIT:
        return ()
    return ((say("screen.link_first_text", seconds=f"{link.ttft:.1f}"), "dim"),)


def _model(link: LinkView) -> Line:
    return ((one_line(link.model, 60), "dim"),) if link.model else ()
