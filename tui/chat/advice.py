"""What a person needs to hear when a reply did not end well: what happened, what is kept, what to do. Pure."""

from __future__ import annotations

import math
from typing import Literal

from tui.plain import one_line
from tui.say import known, say
from tui.words import Fault

Place = Literal["screen", "ask"]
"""Where it is read: the screen has keys, the command line has commands."""


def reason(fault: Fault) -> str:
    """Why, in plain words, with what the provider or the system said behind it."""
    name = f"faults.{fault.kind}"
    words = say(name) if known(name) else fault.kind
    detail = one_line(fault.detail)
    return say("chat.reason", words=words, detail=detail) if detail else words


def kept(length: int, *, saved: bool) -> str:
    """What is safe."""
    if length == 0:
        return say("chat.kept_prompt") if saved else ""
    return say("chat.kept" if saved else "chat.kept_unsaved", count=f"{length:,}")


def duration(seconds: float) -> str:
    """ "42 s", "12 min 30 s", "2 h 5 min", "3 d 4 h": what a person plans with; never less than it is."""
    whole = max(0, math.ceil(seconds))
    if whole < 100:
        return say("chat.seconds", seconds=whole)
    minutes, seconds_left = divmod(whole, 60)
    if minutes < 60:
        return say("chat.minutes_seconds", minutes=minutes, seconds=seconds_left)
    hours, minutes_left = divmod(math.ceil(whole / 60), 60)
    if hours < 48:
        return say("chat.hours_minutes", hours=hours, minutes=minutes_left)
    return say("chat.days_hours", days=hours // 24, hours=hours % 24)


def remedy(fault: Fault, place: Place) -> str:
    """What to do about it."""
    if fault.wait is not None:
        why = "budget" if fault.kind == "retry-budget" else "wait"
        return say(f"chat.do_{why}_{place}", time=duration(fault.wait))
    special = f"chat.do_{fault.kind}_{place}"
    if known(special):
        return say(special)
    return say(f"chat.do_{'other' if fault.permanent else 'again'}_{place}")


def failed(fault: Fault, length: int, *, retries: int, saved: bool, place: Place) -> str:
    """Two lines at most."""
    what = reason(fault)
    if retries:
        what = say("chat.after_retry" if retries == 1 else "chat.after_retries", reason=what, retries=retries)
    first = say("chat.failed" if length else "chat.failed_empty", reason=what) + " " + kept(length, saved=saved)
    return f"{first.rstrip()}\n{remedy(fault, place)}"


def handed_on(before: str, model: str, fault: Fault) -> str:
    """Another model goes on unasked, as configured, and why."""
    return say("chat.handed_on", before=one_line(before, 60), model=one_line(model, 60), reason=reason(fault))
