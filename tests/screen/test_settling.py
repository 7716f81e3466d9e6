"""What the program has loaded is not looked through again and again by the garbage collector."""

from __future__ import annotations

import subprocess
import sys

SETTLE = """
import asyncio, gc
from tui.cli import screen_run

async def main():
    screen_run.SETTLED = 0.0
    handle = screen_run.settle()
    loaded = gc.get_freeze_count()
    assert loaded > 10_000, loaded
    made = [[] for _ in range(5_000)]
    while gc.get_freeze_count() < loaded + len(made):
        await asyncio.sleep(0)
    later = [[] for _ in range(5_000)]
    assert len(gc.get_objects()) >= len(later), "what is made later is looked through"

asyncio.run(main())
"""


def test_what_is_loaded_and_made_at_the_start_is_settled() -> None:
    """In a process of its own: what is frozen here would be so for all tests."""
    ran = subprocess.run([sys.executable, "-c", SETTLE], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
