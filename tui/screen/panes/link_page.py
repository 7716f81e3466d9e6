"""The connection in full: everything that is known of it, as lines. Values in, lines out; no widget, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from rich.cells import cell_len

from tui.chat.link_log import AttemptRow, Entry
from tui.chat.view import ReplyView
from tui.monitor.board import TrackView
from tui.monitor.chat_probe import Spent
from tui.monitor.stats import Summary
from tui.monitor.view import IDLE_REASON, ProbeView
from tui.plain import one_line
from tui.say import Language, say, spoken
from tui.screen.panes.link_words import detail_line, link_line, phase_line
from tui.screen.panes.money import dollars
from tui.screen.panes.pieces import Line, Piece, Tone, cut, cut_line, wrap_line
from tui.screen.panes.probe_words import milliseconds, reason_words
from tui.screen.panes.sparkline import Style, gathered, plainly, sparkline
from tui.words import Fault, SeamMark

STEADY: Final = 0.25
"""Jitter against the median under which a connection is called steady."""

COLUMNS: Final[tuple[tuple[str, int], ...]] = (
    ("count", 1),
    ("last", 0),
    ("mean", 3),
    ("p50", 0),
    ("p95", 0),
    ("p99", 4),
    ("best", 5),
    ("worst", 2),
    ("stdev", 7),
    ("jitter", 6),
    ("loss", 1),
    ("refused", 1),
)
"""Of the table, with ranks: the higher, the sooner it gives way to a narrow screen."""

CELL: Final = 7
"""Cells of a column."""

REASON: Final = 20
"""Cells by which what does not fit behind a time stands in, below it."""

NAMES: Final = 26
"""Cells of a row's name, at most."""


@dataclass(frozen=True, slots=True)
class LinkPage:
    """What the page shows. Times are on the clock where nothing else is said."""

    view: ReplyView
    probes: ProbeView
    """As they stand now."""
    measured: ProbeView | None = None
    """Those of the window, or of the freeze; None: the rolling ones."""
    tracks: tuple[TrackView, ...] = ()
    attempts: tuple[AttemptRow, ...] = ()
    entries: tuple[Entry, ...] = ()
    """Oldest first."""
    window: float = 900.0
    """Seconds that the statistics look back over."""
    frozen: bool = False


def page_lines(page: LinkPage, now: float, width: int, style: Style = "blocks") -> tuple[Line, ...]:
    """Everything, top to bottom, each line in `width` cells."""
    head: list[Line] = [link_line(page.view.link, now, width, page.probes), detail_line(page.view, now, width)]
    log = [row for entry in reversed(page.entries) for row in _logged(entry, width, spoken())] or list(
        _wrapped([_none()], width)
    )
    lines = (
        *(cut_line(line, width) for line in head),
        *_wrapped(_reply(page), width, REASON),
        (),
        *_probes(page, width, style),
        (),
        *(cut_line(line, width) for line in _table(page, width)),
        (),
        *_wrapped([_title("log")], width),
        *log,
    )
    return tuple(plainly(line, style) for line in lines) if style == "ascii" else lines


def _wrapped(lines: list[Line], width: int, indent: int = 0) -> list[Line]:
    return [row for line in lines for row in wrap_line(line, width, indent)]


def _title(name: str, **more: str | int) -> Line:
    return ((say(f"connection.{name}", **more), "strong"),)


def _none() -> Line:
    return ((say("connection.nothing"), "dim"),)


# The reply


def _reply(page: LinkPage) -> list[Line]:
    if not page.attempts:
        return []
    lines: list[Line] = [(), _title("attempts")]
    lines += [_attempt(row) for row in page.attempts]
    if page.view.seams:
        lines += [(), _title("seams"), *(_seam(mark) for mark in page.view.seams)]
    return lines


def _attempt(row: AttemptRow) -> Line:
    phases = phase_line(row.timing)
    line: list[Piece] = [
        (f"{row.number:>3}  ", "normal"),
        (_time(row.began) + "  ", "dim"),
        (f"#{row.connection_id:<4} ", "dim"),
        (_left(row.rung or say("connection.asked"), 9) + " ", "normal"),
        *phases,
        (("  " if phases else "") + say("connection.received", n=f"{row.received:,}"), "normal"),
    ]
    if row.fault is not None:
        line += [("  ", "normal"), *_fault(row.fault)]
    return tuple(line)


def _fault(fault: Fault) -> Line:
    detail = one_line(fault.detail, 80)
    if fault.status is not None and str(fault.status) not in detail:
        detail = f"{fault.status} {detail}".rstrip()
    behind: Line = ((f" ({detail})", "dim"),) if detail else ()
    return ((reason_words(fault.kind), "warn"), *behind)


def _seam(mark: SeamMark) -> Line:
    words, tone = ("verified", "good") if mark.verified else ("unverified", "warn")
    told = say("connection.seam", at=f"{mark.at:,}", how=mark.how, gap=f"{mark.gap:.1f}", tokens=f"{mark.paid_twice:,}")
    tones: Tone = "good" if tone == "good" else "warn"
    models: Line = ((f"  {one_line(mark.models[0], 40)} → {one_line(mark.models[1], 40)}", "dim"),)
    return (
        ("  " + told + "  ", "normal"),
        (say(f"connection.{words}"), tones),
        *(models if mark.models[0] != mark.models[1] else ()),
    )


# What the probes measured


def probe_words(probes: ProbeView) -> str:
    """One sentence beside the bars."""
    if not probes.samples:
        return say("connection.words_none" if probes.at is None else "connection.words_none_now")
    if probes.odd:
        said = say("connection.words_instead", words=reason_words(probes.reason))
        return said + _not_answered(probes) + say("connection.words_end")
    if probes.last is None:
        why = reason_words(probes.reason) if probes.reason else ""
        return say("connection.words_lost", why=why) if why else say("connection.words_lost_plain")
    target = {"ms": milliseconds(probes.last), "target": milliseconds(probes.target)}
    parts = [say("connection.words_met" if probes.last < probes.target else "connection.words_missed", **target)]
    if probes.warm is not None:
        parts.append(say("connection.words_warm", ms=milliseconds(probes.warm)))
    if probes.jitter is not None and probes.p50:
        parts.append(
            say("connection.words_steady" if probes.jitter <= STEADY * probes.p50 else "connection.words_unsteady")
        )
    parts.append(_not_answered(probes))
    return say("connection.words_joint").join(parts) + say("connection.words_end")


def _not_answered(probes: ProbeView) -> str:
    """How many were lost, and how many brought something else."""
    lost, of = probes.loss
    parts = [say("connection.words_lost_some", lost=lost, of=of) if lost else say("connection.words_none_lost")]
    if probes.refused:
        parts.append(say("connection.words_refused", refused=probes.refused, of=of))
    return say("connection.words_joint").join(parts)


def _probes(page: LinkPage, width: int, style: Style) -> list[Line]:
    probes = page.measured or page.probes
    dense: Style = "braille" if style == "blocks" and len(probes.samples) > width else style
    what = say("connection.probe_chat" if probes.what == "chat" else "connection.probe_models")
    lines: list[Line] = [((say("connection.probes", what=what), "strong"),)]
    lines = _wrapped(lines, width)
    room = 2 * width if dense == "braille" else width
    if probes.samples:
        lines.append(sparkline(gathered(probes.samples, room), width, probes.target, dense))
    below: list[Line] = [((probe_words(probes), "normal"),)]
    if len(probes.samples) > room > 0:
        below.append(((say("connection.gathered", n=-(-len(probes.samples) // room)), "dim"),))
    if page.probes.paused:
        idle = page.probes.paused_for == IDLE_REASON
        below.append(((say("connection.paused_idle" if idle else "connection.paused_reply"), "dim"),))
    if phases := phase_line(probes.timing):
        below.append(((say("connection.last_probe") + "  ", "dim"), *phases))
    if phases := phase_line(page.view.link.timing):
        below.append(((say("connection.last_request") + "  ", "dim"), *phases))
    if probes.spent is not None:
        below.append(((_spent(probes.spent), "dim"),))
    return [*lines, *_wrapped(below, width)]


def _spent(spent: Spent) -> str:
    told = {"n": f"{spent.probes:,}", "tokens": f"{spent.mark}{spent.tokens:,}"}
    if spent.cost_usd is None:
        known = say("connection.spent", **told)
    else:
        known = say("connection.spent_cost", **told, cost=f"{spent.mark}${dollars(spent.cost_usd)}")
    if not spent.unanswered:
        return known
    return known + say("connection.spent_unanswered", n=f"{spent.unanswered:,}", tokens=f"{spent.perhaps:,}")


# The table


def _table(page: LinkPage, width: int) -> list[Line]:
    minutes = int(page.window // 60)
    title = _title("table_frozen" if page.frozen else "table", minutes=minutes)
    kinds = [(track, _rows(track)) for track in page.tracks]
    if not any(rows for _, rows in kinds):
        return [title, _none()]
    names = min(NAMES, 2 + max(cell_len(name) for _, rows in kinds for name, _ in rows) + 1)
    columns = _columns(width - names, refused=any(found.refused for _, rows in kinds for _, found in rows))
    head = "".join(_right(say(f"connection.col_{name}"), CELL) for name in columns)
    lines: list[Line] = [title, ((" " * names + head, "dim"),)]
    for track, rows in kinds:
        if rows:
            model = f" · {one_line(track.model, 60)}" if track.model else ""
            lines.append(((one_line(track.provider, 40) + model, "normal"),))
            lines += [_row("  " + name, found, names, columns) for name, found in rows]
    return lines


def _left(text: str, cells: int) -> str:
    return text + " " * (cells - cell_len(text))


def _right(text: str, cells: int) -> str:
    """Flush right, by cells: Japanese takes two for a character."""
    return " " * (cells - cell_len(text)) + text


def _rows(track: TrackView) -> list[tuple[str, Summary]]:
    found = (("fresh", track.fresh), ("warm", track.warm), ("replies", track.replies), ("ttft", track.ttft))
    return [(say(f"connection.row_{kind}"), summary) for kind, summary in found if summary.count]


def _columns(width: int, *, refused: bool) -> list[str]:
    """Those that fit; that of the refusals only where there are any."""
    fits = max(1, width // CELL)
    wanted = [column for column in COLUMNS if refused or column[0] != "refused"]
    kept = sorted(wanted, key=lambda column: column[1])[:fits]
    return [name for name, rank in COLUMNS if (name, rank) in kept]


def _missing(found: Summary, column: str) -> int:
    return found.lost if column == "loss" else found.refused


def _row(name: str, found: Summary, names: int, columns: list[str]) -> Line:
    shown = cut(name, names - 1)
    line: list[Piece] = [(shown + " " * (names - cell_len(shown)), "normal")]
    for column in columns:
        tone: Tone = "warn" if column in ("loss", "refused") and _missing(found, column) else "normal"
        line.append((f"{_cell(found, column):>{CELL}}", tone))
    return tuple(line)


def _cell(found: Summary, column: str) -> str:
    values = {
        "last": found.last,
        "mean": found.mean,
        "p50": found.p50,
        "p95": found.p95,
        "p99": found.p99,
        "best": found.best,
        "worst": found.worst,
        "stdev": found.stdev,
        "jitter": found.jitter,
    }
    if column == "count":
        return f"{found.count:,}"
    if column == "loss":
        return f"{found.loss:.0%}"
    if column == "refused":
        return f"{found.refused:,}"
    seconds = values[column]
    return "–" if seconds is None else milliseconds(seconds)


# The log


@lru_cache(maxsize=2048)
def _logged(entry: Entry, width: int, _: Language) -> tuple[Line, ...]:
    """An entry's lines; the log is long, and looked at ten times a second."""
    return tuple(_wrapped([_entry(entry)], width, REASON))


def _entry(entry: Entry) -> Line:
    who = f"#{entry.connection_id}" if entry.connection_id else ""
    words, tone = _happened(entry)
    line: list[Piece] = [(_time(entry.wall) + "  ", "dim"), (f"{who:<5} ", "dim"), (words, tone)]
    if entry.fault is not None:
        line += [("  ", "normal"), *_fault(entry.fault)]
    return tuple(line)


def _happened(entry: Entry) -> tuple[str, Tone]:
    match entry.what:
        case "backing_off":
            wait = f"{entry.wait or 0.0:.1f}"
            if not entry.retry_count:
                # Before the first attempt: what the server asked for, and the user agreed to.
                return say("connection.log_agreed", seconds=wait), "warn"
            return say("connection.log_wait", seconds=wait, n=entry.retry_count, max=entry.max_retries), "warn"
        case "connecting":
            how = entry.rung or say("connection.asked")
            return say("connection.log_connecting", n=entry.attempt, how=how, model=one_line(entry.model, 60)), "normal"
        case "streaming" if entry.ttft is not None and entry.ttfb is not None:
            times = {"ttfb": milliseconds(entry.ttfb), "ttft": milliseconds(entry.ttft)}
            return say("connection.log_streaming", **times), "good"
        case "seam" if entry.mark is not None:
            mark = entry.mark
            name = "log_seam" if mark.verified else "log_seam_unverified"
            told = say(f"connection.{name}", how=mark.how, at=f"{mark.at:,}", gap=f"{mark.gap:.1f}")
            return told, "good" if mark.verified else "warn"
        case "reply":
            return say("connection.log_reply", n=entry.reply), "warn"
        case "usage" if entry.usage is not None:
            counted = {"prompt": f"{entry.usage.prompt:,}", "completion": f"{entry.usage.completion:,}"}
            return say("connection.log_usage" if entry.usage.exact else "connection.log_usage_about", **counted), "dim"
        case "probe_lost" | "probe_odd" | "probe_back" as what:
            tone: Tone = "bad" if what == "probe_lost" else "warn" if what == "probe_odd" else "good"
            return say(f"connection.log_{what}"), tone
        case "failed":
            return say("screen.link_failed"), "bad"
        case what:
            return say(f"screen.link_{what}"), "normal"


def _time(wall: float) -> str:
    return datetime.fromtimestamp(wall).astimezone().strftime("%H:%M:%S.") + f"{int(wall * 1000) % 1000:03d}"
