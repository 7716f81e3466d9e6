"""Schedules of faults that nobody thought of: whatever each request of a reply meets, its text is right or marked.

UNBROKEN_TEST_SCHEDULES is how many are drawn, each time others; without it, the same 200. A failure prints the smallest
schedule found.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace

from hypothesis import HealthCheck, given, note, settings
from play import PREFILL, played
from schedules import Schedule, Server, schedules, wrongs

from tui.words import Policy, Retry

DRAWN = int(os.environ.get("UNBROKEN_TEST_SCHEDULES", "0"))
POLICY = Policy(retry=Retry(max_retries=12))


def complaints(schedule: Schedule) -> list[str]:
    server = Server(schedule)
    provider = replace(PREFILL, resume=schedule.rung)  # type: ignore[arg-type]  # a word of the list
    partial = schedule.partial()
    result = asyncio.run(played(server, provider=provider, policy=POLICY, partial=partial))
    return wrongs(server, result, partial.text if partial else "")


@settings(max_examples=DRAWN or 200, derandomize=not DRAWN, deadline=None, suppress_health_check=list(HealthCheck))
@given(schedules)
def test_whatever_each_request_meets_the_text_is_right_or_marked(schedule: Schedule) -> None:
    note(str(schedule))
    assert complaints(schedule) == []
