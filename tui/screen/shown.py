"""From a conversation to what the panes show: pure."""

from __future__ import annotations

from collections.abc import Sequence

from tui.chat import advice
from tui.chat.session import LOCAL
from tui.chat.talk import Talk
from tui.chat.turns import CUT, DAMAGED, DISCARDED, HUNG_UP, KEPT, UNREAD, Turn, Version
from tui.chat.view import ReplyView, at_limit
from tui.plain import one_line
from tui.say import say
from tui.screen.panes.conversation import TurnRow, TurnState
from tui.screen.panes.footer import StatusView
from tui.screen.panes.output_view import OutputView

STARTS = 200
"""Code points of a prompt that a row of the list is made from."""


def turn_row(number: int, turn: Turn) -> TurnRow:
    """One line of the list."""
    return TurnRow(number, turn_state(turn.current), turn.prompt[:STARTS])


def newest(turns: Sequence[Turn]) -> int:
    """The place of the turn that a reader wants to see first: the last, or before queued ones that which is written."""
    asked = next((place for place in range(len(turns) - 1, -1, -1) if turns[place].versions), None)
    live = asked is not None and any(not version.view.ended for version in turns[asked].versions)
    return asked if asked is not None and live else len(turns) - 1


def turn_state(latest: Version | None) -> TurnState:
    if latest is None:
        return "queued"
    if not latest.view.ended:
        return "live"
    state = latest.view.link.state
    if state == "stopped":
        return "stopped"
    if state != "done":
        return "failed"
    return "done" if all(mark.verified for mark in latest.view.seams) else "unverified"


def output_view(turn: Turn, chosen: int, queued: tuple[str, ...], *, saved: bool) -> OutputView:
    """Reply `chosen` of `turn` as the Output pane shows it."""
    if not turn.versions:
        return OutputView(key=turn.id, prompt=turn.prompt, notices=(say("chat.unsent"),), queued=queued)
    version = turn.versions[chosen]
    view = version.view
    live = not view.ended
    if view.note == DISCARDED:
        said = say("chat.discarded", count=f"{view.length:,}")
        return OutputView(key=f"{version.id} {DISCARDED}", prompt=turn.prompt, notices=(said,), queued=queued)
    return OutputView(
        key=version.id,
        prompt=turn.prompt,
        text=view.text,
        length=view.length,
        seams=view.seams,
        reasoning=view.reasoning.upto(view.reasoning_length) if live and view.length == 0 else "",
        live=live,
        notices=() if live else notices(version, saved=saved),
        queued=queued,
    )


def notices(version: Version, *, saved: bool) -> tuple[str, ...]:
    """What stands under a reply that ended: what happened, what is kept, what to do."""
    view = version.view
    if version.superseded or view.note == "superseded":
        return (say("chat.superseded"),)
    if view.note in (HUNG_UP, UNREAD, DAMAGED, *CUT):
        return (say(f"chat.{view.note}"),)
    if view.note == "interrupted":
        return (say("chat.interrupted"),)
    if view.note == KEPT:
        return (say("chat.kept_as_is"),)
    state = view.link.state
    if state == "stopped":
        return (say("chat.stopped"),)
    if state == "failed" and view.fault is not None:
        words = advice.failed(view.fault, view.length, retries=view.failed_retries, saved=saved, place="screen")
        return tuple(words.split("\n"))
    said = []
    if view.note == "bare-end":
        said.append(say("chat.bare_end"))
    elif view.note == "bare-end-lost":
        said.append(say("chat.bare_end_lost"))
    elif view.length == 0:
        said.append(say("chat.empty"))
    if at_limit(view):
        said.append(say("chat.length_screen"))
    if not all(mark.verified for mark in view.seams):
        said.append(say("chat.unverified"))
    return tuple(said)


def status_view(talk: Talk, turn: Turn | None, chosen: int, queued: int, trouble: str) -> StatusView:
    """The footer: who will answer next, and what the reply shown cost."""
    view = turn.versions[chosen].view if turn is not None and turn.versions else None
    usage = view.usage if view else None
    return StatusView(
        provider=one_line(talk.provider.name, 40),
        model=one_line(talk.model, 60),
        demonstration=talk.provider.name == LOCAL,
        tokens=_tokens(view) if view else None,
        exact=usage.exact if usage else True,
        cost_usd=view.cost_usd if view else None,
        at_least=view.at_least if view else False,
        queued=queued,
        trouble=trouble,
    )


def _tokens(view: ReplyView) -> int | None:
    """Of the reply; None where the provider counted none and no text came: an estimate would be a guess."""
    usage = view.usage
    if usage is None or not (usage.completion or (usage.exact and usage.prompt)):
        return None
    return usage.prompt + usage.completion


def output_title(turn: Turn, chosen: int) -> str:
    """`Output · model · reply 1/2`."""
    if not turn.versions:
        return say("output.title")
    model = one_line(turn.versions[chosen].view.model, 60)
    title = say("screen.output_title", model=model, reply=chosen + 1, replies=len(turn.versions))
    return f"{title} · {say('screen.link_elsewhere')}" if turn.versions[chosen].elsewhere else title
