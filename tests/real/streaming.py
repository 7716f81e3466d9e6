"""A real streaming server of our own behind whatever the test puts in front, and how it is asked."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from breaking_provider import ENGLISH, answering
from model_servers import Model as Writer
from model_servers import stream
from watched import Watched, watch
from wire_server import Answer, WireServer

from tui.words import Event, Key, Message, Model, Policy, Provider, Request, Retry, Timeouts

ROOT = Path(__file__).parents[2]
KEY = Key("hs_" + "r3" * 18)
TEXT = ENGLISH
REQUEST = Request("test-model", (Message("user", "Tell me of the seasons."),))
POLICY = Policy(
    Retry(max_retries=8, initial_backoff=0.02, max_backoff=0.2),
    Timeouts(connect=5, first_byte=10, idle=10, progress=10),
)


def server(*first: Answer) -> WireServer:
    """Gives these answers first, then goes on with what is sent back to it."""
    return WireServer(answering(Writer(TEXT, "exact"), first))


def flowing(text: str = TEXT) -> Answer:
    """The whole answer, slowly enough to be broken while it flows: a quarter of a second or more."""
    return Answer(stream(text), piece=150, pause=0.004)


def provider(url: str) -> Provider:
    models = {"test-model": Model("test-model", first_rung="prefill")}
    return Provider("mine", url, key=KEY, models=models, local=True)


def ask(url: str, act: Callable[[Event], object] | None = None, policy: Policy = POLICY) -> Watched:
    return asyncio.run(watch(REQUEST, provider(url), policy, act))


def assert_whole(seen: Watched) -> None:
    """The very answer, every seam of it verified."""
    assert seen.done.text == TEXT
    assert seen.done.finish_reason == "stop"
    assert seen.done.verified
    assert all(mark.verified for mark in seen.seams)


def command(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`unbroken ask` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tui", "ask", *arguments, "Tell me of the seasons."],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=ROOT,
        env=os.environ | {"UNBROKEN_CONFIG": str(config)},
        check=False,
        timeout=60,
        encoding="utf-8",
    )
    assert "Traceback" not in done.stderr
    return done
