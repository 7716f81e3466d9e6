"""One run of the real application over a provider that breaks in every way: what the server did, and what was shown."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

from breakages import FIRST_BYTE, IDLE, PROGRESS, BreakingProvider, Step, script
from live_app import Live, live
from witness import Frame, watched

from tui.chat.link_log import Entry
from tui.screen.dialogs.link import LinkScreen

WIDE = (200, 36)
"""Nothing on the pane is cut or left out."""

TALL = (200, 900)
"""The whole log stands on the page."""

PATIENCE = 60.0
"""Seconds that a reply of a dozen faults may take on a busy machine."""


@dataclass(frozen=True, slots=True)
class Run:
    replies: list[list[Step]]
    server: BreakingProvider
    frames: list[Frame]
    entries: tuple[Entry, ...]
    """What the log holds, oldest first."""
    page: str
    """The page (F2) at the end."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request as the server knows it. Times: time.monotonic()."""

    id: int
    """The number that the screen has to show: requests are counted from the first of the run."""
    step: Step
    retry: int
    """Retries in a row without text, the one after this attempt included."""
    held: bool
    """Whether text of this reply had come before."""
    request_at: float = 0.0
    head_at: float | None = None
    text_at: float | None = None
    last_text_at: float | None = None
    """When its last text was sent, where it hung after that."""
    ended_at: float = 0.0
    """When the server had done the last it did."""
    next_at: float | None = None
    """When the next request of the same reply was accepted; None for the last, and before one that was refused."""


def attempts_of(run: Run) -> list[Attempt]:
    """What the server did, by its own log alone; but for a refusal, of which no server knows."""
    first = next(entry.connection_id for entry in run.entries if entry.what == "connecting")
    served = iter(run.server.told.items())
    found: list[Attempt] = []
    for reply in run.replies:
        retry, held = 0, False
        mine: list[Attempt] = []
        for step in reply:
            retry = 1 if step.text else retry + 1
            number = first + len(found) + len(mine)
            attempt = Attempt(number, step, retry, held)
            if step.answer is not None:
                connection, done = next(served)
                assert done is step
                attempt = _timed(run.server, connection, attempt)
                if mine and mine[-1].step.answer is not None:
                    accepted = next(n.at for n in run.server.log if (n.connection, n.what) == (connection, "open"))
                    mine[-1] = replace(mine[-1], next_at=accepted)
            mine.append(attempt)
            held = held or step.text
        found += mine
    assert next(served, None) is None
    return found


def _timed(server: BreakingProvider, connection: int, attempt: Attempt) -> Attempt:
    notes = {note.what: note.at for note in server.log if note.connection == connection and note.what != "gone"}
    return replace(
        attempt,
        request_at=notes["request"],
        head_at=notes.get("head"),
        text_at=server.first_text.get(connection),
        last_text_at=server.last_text.get(connection),
        ended_at=max(notes.values()),
    )


def truth(attempt: Attempt) -> list[str]:
    """What the screen has to say of it, in order."""
    step = attempt.step
    states = ["connecting"] if step.answer is None else ["connecting", "waiting"]
    if step.text:
        # Text that goes on from what is held is held back itself until it is known to belong there.
        states += ["resuming", "seam", "streaming"] if attempt.held else ["streaming"]
    if step.stalls:
        states.append("stalled")
    if not step.kind:
        return [*states, "done", "usage"]
    return [*states, "failed", "usage"] if step.final else [*states, "backing_off"]


def settings(folder: Path, url: str, backoff: float) -> Path:
    file = folder / "config.toml"
    file.write_text(
        'provider = "mine"\nmodel = "test-model"\n'
        f'[providers.mine]\nbase_url = "{url}"\nresume = "prefill"\nmodels = ["test-model"]\n'
        f"[retry]\ninitial_backoff = {min(1.0, backoff)}\nmax_backoff = {backoff}\n"
        f"[timeouts]\nidle = {IDLE}\nprogress = {PROGRESS}\nfirst_byte = {FIRST_BYTE}\n"
        "[limits]\nattempts = 0\n",
        encoding="utf-8",
    )
    return file


async def run(folder: Path, rounds: int, backoff: float) -> Run:
    """Every fault `rounds` times. `backoff`: seconds, at most."""
    replies = script(rounds)
    with watched() as witness, BreakingProvider(replies) as server:

        def saw(frame: Frame) -> None:
            if server.refusing and frame.state == "backing_off" and "refused" in frame.rows[0]:
                server.was_refused()

        witness.on_frame = saw
        async with live(settings(folder, server.url, backoff), WIDE) as screen:
            for number, reply in enumerate(replies, 1):
                await _ask(screen, number, reply)
            await screen.pilot.resize_terminal(*TALL)
            await screen.pilot.press("f2")
            await screen.until(lambda: isinstance(screen.app.screen, LinkScreen) and "What happened" in screen.text())
            page, entries = screen.text(), screen.app.session.log.entries
    return Run(replies, server, witness.frames, entries, page)


async def _ask(screen: Live, number: int, reply: list[Step]) -> None:
    """One prompt, to the end of its reply."""
    app, loop = screen.app, asyncio.get_running_loop()
    await screen.write(f"Log {number}")
    end, last = loop.time() + PATIENCE, "failed" if reply[-1].final else "done"
    while app.replying or len(app.conversation.rows) < number or app.connection.link.state != last:
        assert loop.time() < end, screen.text()
        await screen.pilot.pause(0.02)
