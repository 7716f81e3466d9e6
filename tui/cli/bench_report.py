"""What a benchmark found, as JSON and as a table with a drawn histogram. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from tui.cli.columns import cut_middle, table
from tui.monitor.bench import Result, histogram
from tui.monitor.stats import Summary
from tui.plain import one_line
from tui.say import known, say

NAME = 30
"""Cells of a model's name that are shown, at most; a third of a narrow terminal."""

BAR = 40
"""Cells of the longest bar, at most: half of a narrow terminal."""

_EIGHTHS = " ▏▎▍▌▋▊▉█"


def as_json(found: Sequence[Result], target: float) -> str:
    """Durations in milliseconds. ASCII alone, so that no name can speak to a terminal."""
    return json.dumps({"results": [_value(one, target) for one in found]}, indent=1).replace("\x7f", "\\u007f")


def _value(one: Result, target: float) -> dict[str, object]:
    timings = {"dns": one.of(lambda t: t.dns), "tcp": one.of(lambda t: t.tcp), "tls": one.of(lambda t: t.tls)}
    return {
        "provider": one.target.provider.name,
        "model": one.target.model,
        "connection": one.connection,
        "target_ms": target * 1000,
        "target_met": one.met(target),
        "requests": len(one.runs),
        "failures": len(one.faults),
        "faults": dict(Counter(fault.kind for fault in one.faults)),
        "not_kept": one.not_kept,
        "cut_at_deadline": one.cut,
        "ttfb": _milliseconds(one.ttfb),
        "ttft": _milliseconds(one.ttft),
        "itl": _milliseconds(one.itl) | {"p50": _ms(one.itl.p50)},
        "tps": _statistics(one.tps, 1.0),
        "phases": {name: _milliseconds(of) for name, of in timings.items()},
    }


def _milliseconds(of: Summary) -> dict[str, object]:
    return _statistics(of, 1000.0)


def _statistics(of: Summary, unit: float) -> dict[str, object]:
    values = {"min": of.best, "max": of.worst, "mean": of.mean, "median": of.p50, "p95": of.p95, "stdev": of.stdev}
    scaled = {name: None if value is None else round(value * unit, 3) for name, value in values.items()}
    return {"count": of.came, **scaled}


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


def as_text(found: Sequence[Result], target: float, deadline: float, width: int = 80) -> str:
    """Two tables and the histograms of TTFB, in `width` columns; and a line for each thing that went wrong."""
    if not found:
        return say("bench.nothing")
    several = len({one.target.provider.name for one in found}) > 1
    names = [cut_middle(_name(one, several=several), min(NAME, width // 3)) for one in found]
    named = list(zip(names, found, strict=True))
    parts = [table([_heads(target), *([name, *_statistic_cells(one, target)] for name, one in named)], width)]
    parts.append(table([_phase_heads(), *([name, *_phase_cells(one)] for name, one in named)], width))
    parts += [_drawn(name, one, target, width) for name, one in named if one.ttfb.came > 1]
    notes = [note for one in found for note in _notes(one, deadline, several=several)]
    return "\n\n".join([*parts, *(["\n".join(notes)] if notes else [])])


def _heads(target: float) -> list[str]:
    words = [say(f"bench.head_{name}") for name in ("count", "failed", "min", "mean", "median", "p95", "max", "stdev")]
    return [say("bench.head_ttfb"), "", *words, f"<{target * 1000:g}"]


def _statistic_cells(one: Result, target: float) -> list[str]:
    of, met = one.ttfb, one.met(target)
    numbers = [_shown(value) for value in (of.best, of.mean, of.p50, of.p95, of.worst, of.stdev)]
    mark = "–" if met is None else "✓" if met else "✗"
    return [_connection(one), str(of.came), str(len(one.faults)), *numbers, mark]


def _phase_heads() -> list[str]:
    return [say("bench.head_phases"), "", "DNS", "TCP", "TLS", "TTFB", "TTFT", "ITL p50", "ITL p95", "TPS"]


def _phase_cells(one: Result) -> list[str]:
    phases = (one.of(lambda t: t.dns), one.of(lambda t: t.tcp), one.of(lambda t: t.tls), one.ttfb, one.ttft)
    numbers = [_shown(of.p50) for of in phases]
    speed = one.tps.p50
    itl = [_shown(one.itl.p50), _shown(one.itl.p95)]
    return [_connection(one), *numbers, *itl, "–" if speed is None else f"{speed:.1f}"]


def _shown(seconds: float | None) -> str:
    """Milliseconds, with as many digits as mean something."""
    if seconds is None:
        return "–"
    value = seconds * 1000
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _name(one: Result, *, several: bool) -> str:
    name = f"{one.target.provider.name}/{one.target.model}" if several else one.target.model
    return one_line(name, 200)


def _connection(one: Result) -> str:
    return say("bench.cold" if one.connection == "cold" else "bench.warm")


def _drawn(name: str, one: Result, target: float, columns: int) -> str:
    bins = histogram([run.timing.ttfb for run in one.good if run.timing.ttfb is not None])
    most = max(bin_.count for bin_ in bins)
    labels = [f"{bin_.low * 1000:.0f}–{bin_.high * 1000:.0f}" for bin_ in bins]
    width = max(len(label) for label in labels)
    longest = min(BAR, columns // 2)
    lines = [say("bench.histogram", model=name, connection=_connection(one))]
    for bin_, label in zip(bins, labels, strict=True):
        mark = "│" if bin_.low < target <= bin_.high else " "
        bar = _bar(bin_.count / most, longest)
        lines.append(f"{label:>{width}} ms {mark} {bar} {bin_.count}" if bin_.count else f"{label:>{width}} ms {mark}")
    return "\n".join(line.rstrip() for line in lines)


def _bar(part: float, longest: int) -> str:
    eighths = max(1, round(part * longest * 8))
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def _notes(one: Result, deadline: float, *, several: bool) -> list[str]:
    """A line for what failed, and why."""
    about = f"{_name(one, several=several)} ({_connection(one)})"
    notes = []
    kinds = Counter(fault.kind for fault in one.faults)
    details = {fault.kind: fault.detail for fault in one.faults}
    for kind, count in kinds.most_common():
        words = say(f"faults.{kind}") if known(f"faults.{kind}") else kind
        notes.append(say("bench.failed", about=about, count=count, words=words, detail=one_line(details[kind], 100)))
    if one.cut:
        notes.append(say("bench.cut", about=about, count=one.cut, seconds=f"{deadline:g}"))
    if one.not_kept:
        notes.append(say("bench.not_kept", about=about, count=one.not_kept))
    return notes
