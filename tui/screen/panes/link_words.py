"""The connection and its measurements in words: LinkView and ProbeView in, lines out. Pure."""

from __future__ import annotations

from typing import Final, Literal

from tui.chat.advice import duration
from tui.chat.pace import Pace, pace
from tui.chat.view import LinkView, ReplyView
from tui.monitor.view import ProbeView
from tui.plain import one_line
from tui.say import known, say
from tui.screen.panes.money import dollars
from tui.screen.panes.pieces import Chunk, Line, Piece, Tone, fit, width_of
from tui.screen.panes.sparkline import Style, sparkline
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

SPARK_LEAST: Final = 6
SPARK_MOST: Final = 60
"""Cells: the rolling window holds 60 probes."""


def link_line(link: LinkView, now: float, width: int, probes: ProbeView | None = None) -> Line:
    """What the connection does now, in `width` cells; `now` is the clock's. `probes` tell more while it rests."""
    return fit(_link_chunks(link, now, probes), width)


def detail_line(view: ReplyView, now: float, width: int) -> Line:
    """How the reply comes along, or what can be done while it does not, in `width` cells."""
    return fit(_detail_chunks(view, now), width)


def probe_line(probes: ProbeView, width: int, style: Style = "blocks") -> Line:
    """What the probes measured, in `width` cells; the sparkline takes what the numbers leave."""
    short = fit(_probe_chunks(probes, SPARK_LEAST, style), width)
    spare = max(0, width - width_of(short))
    return fit(_probe_chunks(probes, SPARK_LEAST + spare, style), width)


def compact_line(link: LinkView, probes: ProbeView, now: float, width: int, style: Style = "blocks") -> Line:
    """Both in one line: what the connection does comes first."""
    chunks = _link_chunks(link, now, probes)
    chunks += [
        Chunk((("TTFB ", "dim"), *_last(probes), *(() if probes.reason else _verdict(probes))), rank=4),
        Chunk(_instead(probes), rank=5, lead=", ", least=14),
        Chunk(sparkline(probes.samples, SPARK_LEAST, probes.target, style), rank=9, lead=" "),
        Chunk(_loss(probes), rank=8),
    ]
    return fit(chunks, width)


def reason_words(kind: str) -> str:
    """A fault's kind in the user's words; one that has none is shown as it is."""
    name = f"faults.{kind}"
    try:
        return say(name) if known(name) else one_line(kind, 40)
    except ModuleNotFoundError:
        return one_line(kind, 40)


def milliseconds(seconds: float) -> str:
    """A number without its unit: "41", "0.6", "1,204"."""
    value = seconds * 1000
    return f"{value:.1f}" if value < 1 else f"{value:,.0f}"


def _link_chunks(link: LinkView, now: float, probes: ProbeView | None = None) -> list[Chunk]:
    sign, tone = SIGNS[link.state]
    return [
        Chunk(((f"{sign} {_state_words(link, now)}", tone),)),
        Chunk(_elsewhere(link), rank=1, lead=" · "),
        Chunk(_unreachable(link, probes), rank=1, lead=" · "),
        Chunk(_bar(link, now), rank=6),
        Chunk(_liveness(link, now), rank=2),
        Chunk(_retries(link), rank=3),
        Chunk(_connection(link), rank=5, lead=" · "),
        Chunk(_reason(link), rank=2, lead=" · ", least=14),
        Chunk(_technical(link), rank=7, lead=" ", least=10),
        Chunk(_next_step(link), rank=4, lead=" · "),
        Chunk(_way(link), rank=6, lead=" · "),
        Chunk(_first_text(link), rank=4, lead=" · "),
        Chunk(_reader_waited(link), rank=7, lead=" · "),
        Chunk(_model(link), rank=8, lead=" · "),
    ]


def _state_words(link: LinkView, now: float) -> str:
    match link.state:
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


def _waits_since(link: LinkView) -> float | None:
    """When this request was sent, or its last text came: what a wait before it cost is not this request's."""
    known_ones = [at for at in (link.timing.sent, link.last_text) if at is not None]
    return max(known_ones, default=None)


def _is_silent(link: LinkView, now: float) -> bool:
    return link.last_byte is not None and now - link.last_byte >= SILENT


def _whole(seconds: float) -> int:
    return max(0, int(seconds))


def _elsewhere(link: LinkView) -> Line:
    return ((say("screen.link_elsewhere"), "accent"),) if link.elsewhere else ()


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
    if probes is None or probes.at is None or probes.last is not None or link.state not in ("idle", "done", "stopped"):
        return ()
    if link.last_byte is not None and link.last_byte > probes.at:
        return ()
    return ((say("screen.link_unanswered"), "bad"),)


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
    return ((reason_words(fault.kind), "bad" if link.state == "failed" else "normal"),) if fault else ()


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
    return ((say("screen.link_failed_do"), "normal"),) if link.state == "failed" else ()


def _detail_chunks(view: ReplyView, now: float) -> list[Chunk]:
    link = view.link
    if link.state in ("idle", "connecting", "waiting") and not view.length:
        return [Chunk(((say("screen.detail_none"), "dim"),))] if link.state == "idle" else _connect_chunks(link)
    told = pace(view, now)
    seams = len(view.seams)
    doubtful = sum(not mark.verified for mark in view.seams)
    chunks = [
        Chunk(((say(f"screen.keys_{link.state}"), "accent"),) if link.state in ("backing_off", "failed") else ()),
        Chunk(_rate(told), rank=2),
        Chunk(_gap(told), rank=3, lead=" · "),
        Chunk(
            ((say("screen.detail_attempts", n=link.attempt), "normal"),) if link.attempt > 1 else (), rank=4, lead=" · "
        ),
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


def _way(link: LinkView) -> Line:
    """How it is being resumed, by the word that the seam will carry."""
    return ((link.rung, "dim"),) if link.rung is not None and link.state not in ("done", "stopped", "failed") else ()


def _first_text(link: LinkView) -> Line:
    """Of this attempt, whose connection it stands beside."""
    if link.timing.ttft is None or link.state not in ("streaming", "stalled", "done"):
        return ()
    return ((f"TTFT {milliseconds(link.timing.ttft)} ms", "normal"),)


def _reader_waited(link: LinkView) -> Line:
    """Where attempts failed: what the reader waited for the first text of all, from the first request."""
    if link.ttft is None or link.attempt < 2 or link.state not in ("streaming", "stalled", "done"):
        return ()
    return ((say("screen.link_first_text", seconds=f"{link.ttft:.1f}"), "dim"),)


def _model(link: LinkView) -> Line:
    return ((one_line(link.model, 60), "dim"),) if link.model else ()


def _probe_chunks(probes: ProbeView, spark: int, style: Style) -> list[Chunk]:
    spark = max(SPARK_LEAST, min(spark, SPARK_MOST))
    label: Piece = ("TTFB", "dim")
    if not probes.samples:
        words: Piece = (say("screen.probe_none"), "dim")
        return [Chunk((label, (" ", "dim"), words)), Chunk(_target(probes), rank=2), Chunk(_paused(probes), rank=6)]
    return [
        Chunk((label,), rank=2),
        Chunk(sparkline(probes.samples, spark, probes.target, style), rank=6, lead=" "),
        Chunk(_last(probes), lead=" "),
        Chunk(_instead(probes), rank=1, lead=", ", least=14),
        Chunk(_spent(probes), rank=5),
        Chunk(_kind(probes), rank=7, lead=" "),
        Chunk(_number("p50", probes.p50), rank=3),
        Chunk(_number("p95", probes.p95), rank=4),
        Chunk(_target(probes), rank=1),
        Chunk(_loss(probes), rank=2),
        Chunk(_number(say("screen.probe_jitter"), probes.jitter), rank=8),
        Chunk(_paused(probes), rank=7),
    ]


def _last(probes: ProbeView) -> Line:
    if probes.samples and probes.samples[-1] is None:
        why = f" ({reason_words(probes.reason)})" if probes.reason else ""
        return ((say("screen.probe_lost") + why, "bad"),)
    if probes.last is None:
        return ((say("screen.probe_none"), "dim"),)
    return ((f"{milliseconds(probes.last)} ms", "normal"),)


def _instead(probes: ProbeView) -> Line:
    """An answer came, but not the one that was asked for."""
    if probes.last is None or not probes.reason:
        return ()
    return ((say("screen.probe_but", words=reason_words(probes.reason)), "warn"),)


def _spent(probes: ProbeView) -> Line:
    """Chat probes: what this run's have cost so far."""
    spent = probes.spent
    if spent is None:
        return ()
    about = "" if spent.exact else "≈ "
    cost = say("screen.tokens", n=f"{spent.tokens:,}") if spent.cost_usd is None else f"${dollars(spent.cost_usd)}"
    return ((say("screen.probe_chat", cost=about + cost), "dim"),)


def _kind(probes: ProbeView) -> Line:
    """On which connection: replies are asked on a fresh one; what a standing one would take is told beside it."""
    if probes.last is None:
        return ()
    if probes.warm is None:
        return ((say("screen.probe_fresh"), "dim"),)
    return ((say("screen.probe_fresh_warm", ms=milliseconds(probes.warm)), "dim"),)


def _number(name: str, seconds: float | None) -> Line:
    return () if seconds is None else ((f"{name} ", "dim"), (milliseconds(seconds), "normal"))


def _verdict(probes: ProbeView) -> Line:
    """Whether the median meets the target: one slow probe is no broken promise."""
    if probes.p50 is None:
        return ()
    return ((" ✓", "good"),) if probes.p50 < probes.target else ((" ✗", "warn"),)


def _target(probes: ProbeView) -> Line:
    words = say("screen.probe_target", ms=milliseconds(probes.target))
    return ((words, "dim"), *_verdict(probes))


def _loss(probes: ProbeView) -> Line:
    lost, of = probes.loss
    return ((say("screen.probe_loss", lost=lost, of=of), "warn" if lost else "dim"),) if of else ()


def _paused(probes: ProbeView) -> Line:
    return ((say("screen.probe_paused"), "dim"),) if probes.paused else ()
