"""How often a cut reply comes out right on a real model: the embedded one, cut by a real proxy at many places.

    python tests/benchmarks/seam_rates.py [--cuts N] [--rungs replay,prefill,continue] [--temperatures 0,0.8]

Each prompt is answered once without a cut; then again and again with the same seed, cut each time at another byte, and
resumed. Nothing else is changed: the server's cache is as it comes. Prints a Markdown table; 12 minutes of two cores.

exact: the very text of the uncut answer. clean: verified, and other words somewhere behind the seam (a sampled model
says them; at temperature 0 the arithmetic of another batch does). unverified: marked so. new reply: a different answer
beside the partial one. restarted: of all these, those asked for again from the beginning (a short partial). An answer
that its length limit ended is compared as far as both go: "exact" is then a comparison of beginnings.
"""

# ruff: noqa: T201  its output is what it is for
from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "engine"), str(TESTS / "real"), str(TESTS.parent)]

from cutting_proxy import Cut, CuttingProxy  # noqa: E402
from fixtures_local import cache_dir  # noqa: E402
from watched import Watched, watch  # noqa: E402

from tui.local import weights  # noqa: E402
from tui.local.server import MODEL, LocalServer  # noqa: E402
from tui.words import (  # noqa: E402
    Content,
    Done,
    Message,
    NewReply,
    Policy,
    Provider,
    Request,
    Retry,
    Rung,
    Timeouts,
)

PROMPTS = {
    "English": (
        "Give me three tips for writing good e-mails.",
        "Explain to a child why the sky is blue.",
        "Write a short story about a lighthouse keeper and a lost dog.",
    ),
    "Japanese": (
        "日本の四季について教えてください。",
        "猫と犬の違いを説明してください。",
    ),
}
MOST_TOKENS = 120
SEED = 7
POLICY = Policy(Retry(initial_backoff=0.02, max_backoff=0.05), Timeouts(first_byte=120, idle=60, progress=60))
OUTCOMES = ("exact", "clean", "unverified", "new reply", "failed")
MARGIN = 900
"""Bytes at both ends of the answer that are not cut: its head, and what follows its last word."""


@dataclass(frozen=True, slots=True)
class Case:
    language: str
    prompt: str
    temperature: float
    rung: Rung

    @property
    def request(self) -> Request:
        message = Message("user", self.prompt)
        return Request(MODEL.id, (message,), max_tokens=MOST_TOKENS, temperature=self.temperature, seed=SEED)


class Meter(CuttingProxy):
    """Counts what an uncut answer has in bytes."""

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: Cut | None) -> None:
        self.carried = 0
        while data := await reader.read(65536):
            self.carried += len(data)
            writer.write(data)
            await writer.drain()


def same(seen: Watched, uncut: Done) -> bool:
    """The uncut answer's text; where a limit ended one of them, as far as both go."""
    text = seen.last.text
    if "length" in (seen.done.finish_reason, uncut.finish_reason):
        return text.startswith(uncut.text) or uncut.text.startswith(text)
    return text == uncut.text


def outcome(seen: Watched, uncut: Done) -> str:
    if not isinstance(seen.last, Done):
        return "failed"
    if seen.of(NewReply):
        return "new reply"
    if not seen.last.verified:
        return "unverified"
    return "exact" if same(seen, uncut) else "clean"


def told(seen: Watched, uncut: Done) -> str:
    """One cut reply in one line, for the log."""
    held = max((len(event.accumulated) for event in _before_the_fault(seen)), default=0)
    first = "same" if uncut.text.startswith(seen.last.text[:held]) else "other"
    hows = ",".join(mark.how for mark in seen.seams) or "-"
    return f"held {held:4}, {first} first part, seams {hows}, attempts {seen.last.attempts}: {outcome(seen, uncut)}"


def _before_the_fault(seen: Watched) -> Iterator[Content]:
    for event in seen.of(Content):
        if event.connection_id != seen.of(Content)[0].connection_id:
            return
        yield event


async def measured(case: Case, server: Provider, cuts: int, dice: random.Random) -> Counter[str]:
    """One prompt, uncut and then cut at so many places."""
    counted: Counter[str] = Counter()
    with Meter(server.base_url) as meter:
        uncut = (await watch(case.request, replace(server, base_url=meter.base_url, resume=case.rung), POLICY)).done
        size = meter.carried
    for number in range(cuts):
        share = (number + dice.random()) / cuts
        at = int(MARGIN + share * max(1, size - 2 * MARGIN))
        with CuttingProxy(server.base_url, [Cut(at, dice.choice(("fin", "rst")))]) as proxy:
            provider = replace(server, base_url=proxy.base_url, resume=case.rung)
            seen = await watch(case.request, provider, POLICY)
            if not proxy.struck:
                continue
        counted[outcome(seen, uncut)] += 1
        counted["all"] += 1
        counted["restarted"] += bool(seen.seams) and all(mark.how == "restart" for mark in seen.seams)
        print(f"{case.rung} {case.temperature} {case.language} at {at}/{size}: {told(seen, uncut)}", file=sys.stderr)
    return counted


async def all_of(cases: list[Case], cuts: int) -> dict[tuple[str, float, str], Counter[str]]:
    table: dict[tuple[str, float, str], Counter[str]] = {}
    dice = random.Random(4)
    model = weights.status(cache_dir() / "models").path
    with tempfile.TemporaryDirectory() as folder:
        server = LocalServer(model, log=Path(folder) / "server.log")
        provider = await server.start()
        try:
            for case in cases:
                place = (case.rung, case.temperature, case.language)
                table.setdefault(place, Counter()).update(await measured(case, provider, cuts, dice))
        finally:
            await server.stop()
    return table


def written(table: dict[tuple[str, float, str], Counter[str]]) -> str:
    lines = [
        "| rung | temperature | language | cuts | exact | clean seam | unverified | new reply | failed | restarted |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (rung, temperature, language), row in table.items():
        figures = " | ".join(str(row[word]) for word in OUTCOMES)
        lines.append(f"| {rung} | {temperature:g} | {language} | {row['all']} | {figures} | {row['restarted']} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=16, help="cuts of each prompt, rung and temperature")
    parser.add_argument("--rungs", default="replay,prefill,continue")
    parser.add_argument("--temperatures", default="0,0.8")
    asked = parser.parse_args()
    rungs: list[Rung] = [rung for rung in get_args(Rung) if rung in asked.rungs.split(",")]
    cases = [
        Case(language, prompt, float(temperature), rung)
        for rung in rungs
        for temperature in asked.temperatures.split(",")
        for language, prompts in PROMPTS.items()
        for prompt in prompts
    ]
    print(written(asyncio.run(all_of(cases, asked.cuts))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
