"""What a person needs to hear when a reply did not end well: what happened, what is kept, what to do. Pure."""

from __future__ import annotations

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


def remedy(fault: Fault, place: Place) -> str:
    """What to do about it."""
    if fault.wait is not None:
        return say(f"chat.do_wait_{place}", seconds=f"{fault.wait:.0f}")
    special = f"chat.do_{fault.kind}_{place}"
    if known(special):
        return say(special)
    return say(f"chat.do_{'other' if fault.permanent else 'again'}_{place}")


def failed(fault: Fault, length: int, *, retries: int, saved: bool, place: Place) -> str:
    """Two lines at most."""
    what = reason(fault)
    if retries:
        what = say("chat.after_retries", reason=what, retries=retries)
    first = say("chat.failed", reason=what) + " " + kept(length, saved=saved)
    return f"{first.rstrip()}\n{remedy(fault, place)}"
