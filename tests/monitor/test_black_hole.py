"""Where TCP never connects, that is what is said: by the probes, the list and the benchmark, as by a reply."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from black_hole import black_hole
from wire_server import Answer, WireServer

from tui.clock import RealClock
from tui.config import ProbeSettings
from tui.monitor import probe
from tui.monitor.bench import Plan, Target, bench
from tui.monitor.models import Unreachable, fetch_models
from tui.monitor.probe import Prober
from tui.monitor.view import ProbeView
from tui.words import Provider


def listed(url: str) -> str:
    answer = asyncio.run(fetch_models(Provider("p", url, local=True), 0.3))
    assert isinstance(answer, Unreachable)
    return answer.fault.kind


def test_a_list_from_where_tcp_never_connects() -> None:
    with black_hole() as url:
        assert listed(url) == "connect-timeout"


def test_who_takes_the_connection_and_is_silent_is_told_apart() -> None:
    with WireServer([Answer(silent=True, end="stall")]) as server:
        assert listed(server.url) == "no-first-byte"


@pytest.mark.parametrize("kind", ["models", "chat"])
def test_a_probe_that_never_connects(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "LONGEST", 0.3)

    async def first(url: str) -> ProbeView:
        told: asyncio.Queue[ProbeView] = asyncio.Queue()
        settings = ProbeSettings(kind="chat" if kind == "chat" else "models")
        prober = Prober(Provider("p", url, local=True), settings, RealClock(), told.put_nowait, model="a")
        task = asyncio.create_task(prober.run())
        view = await told.get()
        task.cancel()
        await asyncio.wait([task])
        return view

    with black_hole() as url:
        view = asyncio.run(first(url))
    assert (view.lost, view.reason) == (True, "connect-timeout")


def test_a_benchmark_that_never_connects() -> None:
    async def kinds(url: str) -> list[str]:
        plan = Plan((Target(Provider("p", url, local=True), "a"),), count=1, interval=0.0, deadline=0.3)
        async with aclosing(bench(plan, RealClock())) as runs:
            return [run.fault.kind async for _, run in runs if run.fault is not None]

    with black_hole() as url:
        assert set(asyncio.run(kinds(url))) == {"connect-timeout"}
