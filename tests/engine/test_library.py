"""The library face: the README's own examples are run, against a server that breaks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from model_servers import stream
from scenes import TEXT, head
from wire_server import Answer, Seen, WireServer

import tui.engine
from tui import words

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = (ROOT / "README.md").read_text(encoding="utf-8").partition("## As a library")[2].partition("\n## ")[0]
EXAMPLES = re.findall(r"```python\n(.*?)```", LIBRARY, re.DOTALL)
ADDRESS = "https://api.holysheep.ai/v1"


class Breaking:
    """Cut in the middle once, then goes on; `whole`: as it is; `refused`: the key is."""

    def __init__(self) -> None:
        self.asked: list[Seen] = []

    def __call__(self, seen: Seen) -> Answer:
        self.asked.append(seen)
        if len(self.asked) == 1:
            return Answer(head(20), end="rst")
        messages = seen.json()["messages"]
        assert isinstance(messages, list)
        held = next((message["content"] for message in messages if message["role"] == "assistant"), "")
        return Answer(stream(TEXT.removeprefix(held)))


def run(example: str, url: str) -> str:
    assert example.count(ADDRESS) == 1
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    command = [sys.executable, "-W", "error", "-c", example.replace(ADDRESS, url)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_ten_lines_give_the_whole_answer_over_a_cut() -> None:
    example = EXAMPLES[0]
    assert sum(bool(line.strip()) for line in example.splitlines()) <= 10
    answers = Breaking()
    with WireServer(answers) as server:
        assert run(example, server.url) == TEXT
    assert len(answers.asked) == 2
    assert answers.asked[0].headers["authorization"] == "Bearer your-key-here"


def test_a_callback_the_state_and_the_end() -> None:
    with WireServer(Breaking()) as server:
        said = run(EXAMPLES[1], server.url)
    assert said.replace("\n[retry 1: reset]\n", "") == TEXT
    refusal = Answer(b'{"error": {"message": "No such key"}}', 401, {"Content-Type": "application/json"}, "length")
    with WireServer([refusal]) as server:
        assert run(EXAMPLES[1], server.url) == "\nnot whole after 0 retries: HTTP 401: No such key\n"


def test_every_example_was_run_here() -> None:
    assert len(EXAMPLES) == 2


def test_everything_promised_can_be_imported_from_the_engine() -> None:
    for name in tui.engine.__all__:
        assert getattr(tui.engine, name).__name__ == name if name != "Event" else tui.engine.Event is words.Event
    with pytest.raises(AttributeError):
        _ = tui.engine.nothing  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", words.Event.__args__)
def test_every_event_is_in_the_table(kind: type[object]) -> None:
    row = next(line for line in LIBRARY.splitlines() if line.startswith(f"| `{kind.__name__}` |"))
    assert kind.__doc__
    for name in re.findall(r"`(\w+)`", row.partition("|")[2].partition("|")[2]):
        places: list[object] = [kind, words.SeamMark, words.Fault, words.TokenCount]
        assert any(hasattr(place, name) for place in places), name
