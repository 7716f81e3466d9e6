"""Replies measure themselves: one sample an attempt."""

from __future__ import annotations

import asyncio

import httpx
from fakes import Fails, FakeClock, FakeWire, Fin, Pause, Rst, Script, refuse, status
from model_servers import chunk, stream
from play import REQUEST

from tui.chat.passive import Passive
from tui.engine import stream_reply
from tui.monitor.board import Sample
from tui.words import Model, Provider

LONG = "It was a bright cold day in April, and the clocks were striking thirteen, one after the other."


def heard(*scripts: Script, first_rung: str = "restart") -> list[Sample]:
    clock = FakeClock()
    wire = FakeWire(clock, scripts)
    model = Model("test", first_rung=first_rung)  # type: ignore[arg-type]  # a rung

    async def main() -> list[Sample]:
        passive = Passive()
        provider = Provider("p", "http://x/v1", models={"test": model})
        events = stream_reply(REQUEST, provider, clock=clock, transport=wire)
        samples = [passive.hear(event) async for event in events]
        return [sample for sample in samples if sample is not None]

    return asyncio.run(main())


def seen(samples: list[Sample]) -> list[tuple[float | None, float | None, str]]:
    assert all(sample.source == "reply" for sample in samples)
    return [(sample.timing.ttfb, sample.timing.ttft, sample.fault) for sample in samples]


def test_a_good_reply_is_one_sample_at_its_first_text() -> None:
    samples = heard(Script((Pause(2.0), stream("Hello")), before=(Pause(1.0),)))
    assert seen(samples) == [(1.0, 3.0, "")]
    assert samples[0].at == 1003.0


def test_every_attempt_is_one() -> None:
    cut = Script((Pause(1.0), chunk({"content": "Hel"})), Fin(), before=(Pause(1.0),))
    whole = Script((stream("Hello"),), before=(Pause(3.0),))
    assert seen(heard(cut, refuse(), whole)) == [(1.0, 2.0, ""), (None, None, "refused"), (3.0, 3.0, "")]


def test_headers_and_no_text_is_an_answer_and_no_headers_is_a_loss() -> None:
    empty = Script((), Rst(), before=(Pause(1.0),))
    silent = Script((), Fails(httpx.ReadError("")))
    busy = status(503, "{}")
    samples = heard(empty, busy, silent, Script((stream("Hello"),)))
    assert [(sample.lost, sample.fault) for sample in samples[:2]] == [(False, "reset"), (False, "overloaded")]
    assert seen(samples)[0] == (1.0, None, "reset")
    assert [sample.latency for sample in samples[:2]] == [1.0, None], "who says 503 has not begun an answer"
    assert [sample.refused for sample in samples] == [False, True, False, False]


def test_a_refused_rung_is_a_refusal() -> None:
    cut = Script((chunk({"content": LONG}),), Fin())
    refused = status(400, '{"error": {"message": "no prefill"}}')
    samples = heard(cut, refused, Script((stream(LONG),)), first_rung="prefill")
    assert len(samples) == 3
    assert samples[1].timing.ttfb is not None
    assert [sample.refused for sample in samples] == [False, True, False]
