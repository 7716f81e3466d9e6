"""The measurements of the connection in words: ProbeView in, lines out. Pure."""

from __future__ import annotations

from typing import Final

from tui.monitor.view import ProbeView
from tui.plain import one_line
from tui.say import known, say
from tui.screen.panes.money import dollars
from tui.screen.panes.pieces import Chunk, Line, Piece, fit, width_of
from tui.screen.panes.sparkline import Style, sparkline

SPARK_LEAST: Final = 6
SPARK_MOST: Final = 60
"""Cells: the rolling window holds 60 probes."""


def probe_line(probes: ProbeView, width: int, style: Style = "blocks") -> Line:
    """What the probes measured, in `width` cells; the sparkline takes what the numbers leave."""
    short = fit(_probe_chunks(probes, SPARK_LEAST, style), width)
    spare = max(0, width - width_of(short))
    return fit(_probe_chunks(probes, SPARK_LEAST + spare, style), width)


def short_chunks(probes: ProbeView, style: Style) -> list[Chunk]:
    """The measurements behind something else in one line."""
    return [
        Chunk((("TTFB ", "dim"), *_last(probes), *_verdict(probes)), rank=4, least=19 if probes.odd else None),
        Chunk(sparkline(probes.samples, SPARK_LEAST, probes.target, style), rank=9, lead=" "),
        Chunk(_loss(probes), rank=8),
        Chunk(_refused(probes), rank=8),
    ]


def reason_words(kind: str) -> str:
    """A fault's kind in the user's words; one that has none is shown as it is."""
    name = f"faults.{kind}"
    try:
        return say(name) if known(name) else one_line(kind, 40)
    except ModuleNotFoundError:
        return one_line(kind, 40)


def odd_words(kind: str) -> str:
    """What came instead of an answer, in at most thirty cells."""
    name = f"screen.odd_{kind}"
    return say(name) if known(name) else reason_words(kind)


def milliseconds(seconds: float) -> str:
    """A number without its unit: "41", "0.6", "1,204"."""
    value = seconds * 1000
    return f"{value:.1f}" if value < 1 else f"{value:,.0f}"


def _probe_chunks(probes: ProbeView, spark: int, style: Style) -> list[Chunk]:
    spark = max(SPARK_LEAST, min(spark, SPARK_MOST))
    label: Piece = ("TTFB", "dim")
    if not probes.samples:
        words: Piece = (say("screen.probe_none"), "dim")
        return [Chunk((label, (" ", "dim"), words)), Chunk(_target(probes), rank=2), Chunk(_paused(probes), rank=6)]
    missing = probes.loss[0] or probes.refused
    return [
        Chunk((label,), rank=2),
        Chunk(sparkline(probes.samples, spark, probes.target, style), rank=6, lead=" "),
        Chunk(_last(probes), lead=" "),
        Chunk(_spent(probes), rank=5),
        Chunk(_kind(probes), rank=7, lead=" "),
        Chunk(_number("p50", probes.p50), rank=3),
        Chunk(_number("p95", probes.p95), rank=4),
        # Where something was lost or refused, that stays longer than a promise that was kept.
        Chunk(_target(probes), rank=2 if missing else 1),
        Chunk(_loss(probes), rank=1 if probes.loss[0] else 2),
        Chunk(_refused(probes), rank=1),
        Chunk(_number(say("screen.probe_jitter"), probes.jitter), rank=8),
        Chunk(_paused(probes), rank=7),
    ]


def _last(probes: ProbeView) -> Line:
    if probes.odd:
        return ((say("screen.probe_odd", words=reason_words(probes.reason)), "bad"),)
    if probes.lost:
        why = f" ({reason_words(probes.reason)})" if probes.reason else ""
        return ((say("screen.probe_lost") + why, "bad"),)
    if probes.last is None:
        return ((say("screen.probe_none"), "dim"),)
    return ((f"{milliseconds(probes.last)} ms", "normal"),)


def _spent(probes: ProbeView) -> Line:
    """Chat probes: what this run's have cost so far."""
    spent = probes.spent
    if spent is None:
        return ()
    cost = say("screen.tokens", n=f"{spent.tokens:,}") if spent.cost_usd is None else f"${dollars(spent.cost_usd)}"
    return ((say("screen.probe_chat", cost=spent.mark + cost), "dim"),)


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
    """Whether the median meets the target: one slow probe is no broken promise. Nothing where nothing answers now."""
    if probes.p50 is None or probes.last is None:
        return ()
    return ((" ✓", "good"),) if probes.p50 < probes.target else ((" ✗", "warn"),)


def _target(probes: ProbeView) -> Line:
    words = say("screen.probe_target", ms=milliseconds(probes.target))
    return ((words, "dim"), *_verdict(probes))


def _loss(probes: ProbeView) -> Line:
    lost, of = probes.loss
    return ((say("screen.probe_loss", lost=lost, of=of), "warn" if lost else "dim"),) if of else ()


def _refused(probes: ProbeView) -> Line:
    return ((say("screen.probe_refused", n=probes.refused), "warn"),) if probes.refused else ()


def _paused(probes: ProbeView) -> Line:
    return ((say("screen.probe_paused"), "dim"),) if probes.paused else ()
