"""A sample of kill_nine.py: a real process, a real server, SIGKILL in mid-answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from kill_nine import Server, one


@pytest.mark.parametrize("wait", [0.0, 0.05, 0.3, 1.05, 1.3, 1.6])
def test_a_killed_reply_is_held_and_resumed(tmp_path: Path, wait: float) -> None:
    server = Server()
    # How far behind it may be is measured by the command: here the machine may be busy.
    result = one(server, tmp_path, "r", wait, margin=1.0)
    server.shutdown()
    server.server_close()
    assert result.complaints == ()
