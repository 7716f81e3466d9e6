"""The real llama.cpp server, killed, stopped and cut in mid-answer."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from cutting_proxy import Cut, CuttingProxy
from watched import Watched, has_text, is_state, once, watch

from tui.local.server import MODEL, LocalServer
from tui.words import Event, Limits, Message, Policy, Provider, Request, Retry, Timeouts

QUESTION = "Give me three tips for writing good e-mails, with two sentences for each of them."
REQUEST = Request(MODEL.id, (Message("user", QUESTION),), max_tokens=160, temperature=0.0, seed=1)
PATIENT = Timeouts(first_byte=60, idle=60, progress=60)
RETRY = Retry(max_retries=40, initial_backoff=0.25, max_backoff=0.5)
POLICY = Policy(RETRY, PATIENT, Limits(attempts=60))


def assert_resumed(seen: Watched, held: str) -> None:
    """Whole, from the partial, and every seam tells the truth about itself."""
    assert seen.done.finish_reason in ("stop", "length")
    assert seen.done.text.startswith(held)
    assert len(seen.done.text) > len(held)
    assert seen.done.resumes == len(seen.seams) >= 1
    assert seen.done.verified == all(mark.verified for mark in seen.seams)
    assert all(mark.how in ("replay", "prefill") for mark in seen.seams)


def test_a_server_killed_in_mid_answer_and_started_again(installed_weights: Path, tmp_path: Path) -> None:
    async def main() -> tuple[Watched, str]:
        server = LocalServer(installed_weights, log=tmp_path / "server.log")
        before = await server.start()
        held: list[str] = []
        again: list[asyncio.Task[Provider]] = []

        def act(event: Event) -> None:
            if not held and has_text(200)(event):
                assert server.pid is not None
                os.kill(server.pid, signal.SIGKILL)
                held.append(event.accumulated)
            if held and not again and is_state("backing_off")(event):
                again.append(asyncio.create_task(server.restart()))

        try:
            seen = await watch(REQUEST, before, POLICY, act)
            after = await again[0]
        finally:
            await server.stop()
        assert after.base_url == before.base_url
        return seen, held[0]

    seen, held = asyncio.run(main())
    assert_resumed(seen, held)
    assert seen.faults[0] in ("truncated", "reset")
    assert set(seen.faults[1:]) <= {"refused", "overloaded"}  # 503 while it loads its model


def stopped(installed_weights: Path, folder: Path, policy: Policy, wake_at: str) -> Watched:
    """The server is stopped (SIGSTOP) in mid-answer, and goes on when the reply says `wake_at`."""

    async def main() -> Watched:
        server = LocalServer(installed_weights, log=folder / "server.log")
        provider = await server.start()
        pid = server.pid
        assert pid is not None
        stop = once(has_text(150), lambda: os.kill(pid, signal.SIGSTOP))
        wake = once(is_state(wake_at), lambda: os.kill(pid, signal.SIGCONT))

        def act(event: Event) -> None:
            stop(event)
            wake(event)

        try:
            return await watch(REQUEST, provider, policy, act)
        finally:
            await server.stop()

    return asyncio.run(main())


def test_a_server_that_stops_is_said_to_stall_and_goes_on(installed_weights: Path, tmp_path: Path) -> None:
    policy = replace(POLICY, timeouts=replace(PATIENT, idle=6.0))
    seen = stopped(installed_weights, tmp_path, policy, "stalled")
    assert seen.states[-4:] == ["streaming", "stalled", "streaming", "done"]
    assert (seen.done.attempts, seen.done.resumes, seen.faults) == (1, 0, [])


def test_a_server_that_stops_for_too_long_is_left_and_asked_again(installed_weights: Path, tmp_path: Path) -> None:
    policy = replace(POLICY, timeouts=replace(PATIENT, idle=1.5))
    seen = stopped(installed_weights, tmp_path, policy, "backing_off")
    assert "no-bytes" in seen.faults
    before = seen.states.index("backing_off")
    assert seen.states[before - 2 : before] == ["streaming", "stalled"]
    assert_resumed(seen, "")


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_prefill_resumes_over_three_cuts(local_server: Provider, how: str) -> None:
    cuts = [Cut(9000, how), Cut(8000, how), Cut(7000, how)]
    with CuttingProxy(local_server.base_url, cuts) as proxy:
        provider = replace(local_server, base_url=proxy.base_url, resume="prefill")
        seen = asyncio.run(watch(REQUEST, provider, POLICY))
        assert len(proxy.struck) == 3
    assert_resumed(seen, "")
    assert {mark.how for mark in seen.seams} == {"prefill"}
    assert set(seen.faults) <= {"truncated", "reset"}
