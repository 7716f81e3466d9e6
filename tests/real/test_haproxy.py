"""Behind a real haproxy: live streams killed by its administrator, and a server taken away for maintenance."""

from __future__ import annotations

from pathlib import Path

import pytest
from breaking_provider import cut_after, held
from gateways import haproxy, program
from streaming import TEXT, ask, assert_whole, flowing, server
from watched import has_text, is_state

from tui.words import Event

pytestmark = pytest.mark.skipif(program("haproxy") is None, reason="no haproxy here")


def test_a_live_session_is_killed_again_and_again(tmp_path: Path) -> None:
    with server(flowing(), flowing(TEXT[100:])) as backend, haproxy(backend.port, tmp_path) as gateway:
        left = [100, 200]
        killed: list[str] = []

        def act(event: Event) -> None:
            if left and has_text(left[0])(event):
                left.pop(0)
                (session,) = gateway.sessions()
                killed.append(session)
                gateway.tell(f"shutdown session {session}")

        seen = ask(gateway.url, act)
    assert len(set(killed)) == 2
    assert_whole(seen)
    assert len(seen.seams) == len(seen.faults) >= 2
    assert set(seen.faults) == {"truncated"}


def test_all_sessions_of_a_server_that_stalls_are_killed_and_it_goes_into_maintenance(tmp_path: Path) -> None:
    """The reply waits while haproxy says 503, and goes on once the server is back."""
    with server(cut_after(40, TEXT, "stall")) as backend, haproxy(backend.port, tmp_path) as gateway:
        away: list[str] = []
        unavailable: list[str] = []

        def act(event: Event) -> None:
            if not away and has_text(len(held(40, TEXT)))(event):
                away.append(gateway.tell("set server back/one state maint"))
                gateway.tell("shutdown sessions server back/one")
            if is_state("backing_off")(event) and event.fault.status == 503:
                unavailable.append(event.fault.detail)
                if len(unavailable) == 2:
                    gateway.tell("set server back/one state ready")

        seen = ask(gateway.url, act)
    assert_whole(seen)
    assert seen.faults[0] == "truncated"
    assert seen.faults[1:3] == ["overloaded", "overloaded"]
    assert "503 Service Unavailable" in unavailable[0]
    (mark,) = seen.seams
    assert (mark.at, mark.how) == (len(held(40, TEXT)), "prefill")
