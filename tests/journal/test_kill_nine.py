"""A sample of kill_nine.py: a real process, a real server, SIGKILL in mid-answer."""

# ruff: noqa: T201  where the machine stood still, that is said
from __future__ import annotations

from pathlib import Path

import pytest
from kill_nine import MARGIN, Control, Server, one


@pytest.mark.parametrize("wait", [0.0, 0.05, 0.3, 1.05, 1.3, 1.6])
def test_a_killed_reply_is_held_and_resumed(tmp_path: Path, wait: float) -> None:
    """As strictly as the command, but for as long as a process beside it was not let run either."""
    server = Server()
    with Control() as control:
        result = one(server, tmp_path, "r", wait, control)
    server.shutdown()
    server.server_close()
    print(f"whole up to {MARGIN * 1000:.0f} ms; the machine stood still for {result.stood_still * 1000:.0f} ms")
    assert result.complaints == ()


def test_the_control_says_where_the_machine_was_quiet() -> None:
    with Control() as control:
        assert control.stood_still(-10.0) == 0.0
