"""A reply in another process (and network namespace): `near_client.py BASE_URL TIMEOUTS`, one JSON line an event.

TIMEOUTS are the fields of words.Timeouts as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "engine"), str(TESTS / "real"), str(TESTS.parent)]

from streaming import REQUEST, provider  # noqa: E402
from watched import watch  # noqa: E402

from tui.words import Content, Done, Error, Event, Policy, Retry, Seam, State, Timeouts  # noqa: E402


def line(event: Event) -> dict[str, object]:
    told: dict[str, object] = {"type": type(event).__name__, "t": event.t}
    match event:
        case State(state=state, fault=fault):
            told |= {"state": state, "fault": fault.kind if fault else None}
        case Content():
            told |= {"length": len(event.accumulated)}
        case Seam(mark=mark):
            told |= {"at": mark.at, "how": mark.how, "verified": mark.verified}
        case Done(text=text, verified=verified):
            told |= {"text": text, "verified": verified}
        case Error(text=text, fault=fault):
            told |= {"text": text, "fault": f"{fault.kind}: {fault.detail}"}
    return told


def tell(event: Event) -> None:
    sys.stdout.write(json.dumps(line(event)) + "\n")
    sys.stdout.flush()


def main(url: str, timeouts: str) -> None:
    retry = Retry(max_retries=12, initial_backoff=0.05, max_backoff=0.5)
    policy = Policy(retry, Timeouts(**json.loads(timeouts)))
    asyncio.run(watch(REQUEST, provider(url), policy, tell))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
