"""A streaming server in another process (and network namespace): `far_server.py ADDRESS`.

Says "PORT" on its first line, and goes when its standard input ends.
"""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "engine"), str(TESTS.parent)]

from breaking_provider import ENGLISH, answering  # noqa: E402
from model_servers import Model  # noqa: E402
from wire_server import Answer, Seen, WireServer  # noqa: E402

PAUSE = 0.008
"""Seconds between two writes of 150 bytes: the whole answer takes about a second."""


def main(address: str) -> None:
    says = answering(Model(ENGLISH, "exact"))

    def slowly(seen: Seen) -> Answer:
        said = says(seen)
        return Answer(said.body, piece=150, pause=PAUSE)

    with WireServer(slowly, host=address) as server:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
