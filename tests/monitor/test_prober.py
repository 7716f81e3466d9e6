"""The prober on a clock moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress

import pytest
from fakes import FakeClock

from tui.config import ProbeSettings
from tui.monitor.probe import IDLE, Prober
from tui.monitor.view import ProbeView
from tui.net import Got
from tui.timing import Timing
from tui.wire import WireError
from tui.words import Key, Provider

PROVIDER = Provider("p", "https://p.example/v1", key=Key("k"))
DEFAULTS = ProbeSettings()
LIST = Got(200, {}, b'{"data": [{"id": "a"}, {"id": "b"}]}', 0.04)


class Probed:
    """GETs answered from a list; after the last one nothing comes, and `over` is set."""

    def __init__(self, clock: FakeClock, answers: list[Got | Exception]) -> None:
        self.clock, self.answers = clock, answers
        self.asked: list[tuple[float, str, float]] = []
        self.flying = 0
        self.over = asyncio.Event()

    async def __call__(self, url: str, key: Key | None, deadline: float, *, local: bool = False) -> Got:
        assert key == PROVIDER.key
        assert self.flying == 0
        self.asked.append((self.clock.time, url, deadline))
        self.flying = 1
        try:
            if len(self.asked) > len(self.answers):
                self.over.set()
                await asyncio.get_running_loop().create_future()
            await asyncio.sleep(0)  # noqa: TID251  only gives way
            answer = self.answers[len(self.asked) - 1]
        finally:
            self.flying = 0
        if isinstance(answer, Exception):
            error = WireError()
            error.timing = Timing(tcp=0.01, sent=self.clock.time)
            raise error from answer
        return answer


def play(
    answers: list[Got | Exception],
    scene: Callable[[Prober, Probed], Coroutine[None, None, None]] | None = None,
    on_view: Callable[[Prober, ProbeView], None] = lambda _p, _v: None,
    settings: ProbeSettings = DEFAULTS,
    dice: float = 0.5,
) -> tuple[list[ProbeView], Probed, Prober]:
    async def main() -> tuple[list[ProbeView], Probed, Prober]:
        clock = FakeClock()
        get = Probed(clock, answers)
        views: list[ProbeView] = []

        def told(view: ProbeView) -> None:
            views.append(view)
            on_view(prober, view)

        prober = Prober(PROVIDER, settings, clock, told, get=get, dice=lambda: dice)
        task = asyncio.create_task(prober.run())
        await (scene(prober, get) if scene else get.over.wait())
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return views, get, prober

    return asyncio.run(main())


@pytest.mark.parametrize(("dice", "step"), [(0.0, 12.0), (0.5, 15.0), (1.0, 18.0)])
def test_the_first_at_start_then_the_interval_give_or_take_a_fifth(dice: float, step: float) -> None:
    _, get, prober = play([LIST, LIST, LIST], dice=dice)
    began = [at - get.asked[0][0] for at, _, _ in get.asked]
    assert began == pytest.approx([0.0, step, 2 * step, 3 * step])
    assert get.asked[0] == (1000.0, "https://p.example/v1/models", 10.0)
    assert prober.models_present == {"a", "b"}


def test_the_deadline_is_never_over_the_interval() -> None:
    _, get, _ = play([LIST], settings=ProbeSettings(interval=3.0))
    assert get.asked[0][2] == 3.0


def test_a_lost_probe_is_a_gap_with_its_reason_and_the_next_clears_it() -> None:
    views, _, _ = play([LIST, TimeoutError(), LIST])
    assert views[1].samples == (0.04, None)
    assert (views[1].last, views[1].loss, views[1].reason) == (None, (1, 2), "no-first-byte")
    assert (views[2].last, views[2].loss, views[2].reason) == (0.04, (1, 3), "")
    assert views[2].target == 0.05


@pytest.mark.parametrize(
    ("got", "reason"),
    [
        (Got(401, {}, b"{}", 0.1), "unauthorized"),
        (Got(404, {}, b"", 0.1), "not-found"),
        (Got(429, {}, b"", 0.1), "rate-limit"),
        (Got(503, {}, b"", 0.1), "overloaded"),
        (Got(200, {"content-type": "text/html"}, b"<!doctype html><title>Log in</title>", 0.1), "page"),
        (Got(200, {}, b"[]", 0.1), "garbled"),
    ],
)
def test_what_is_no_answer_is_no_measurement_and_says_so(got: Got, reason: str) -> None:
    views, _, prober = play([LIST, got])
    assert views[1].samples == (0.04, None), "who refuses soon does not answer soon"
    assert (views[1].loss, views[1].refused, views[1].reason) == ((0, 2), 1, reason)
    assert (views[1].last, views[1].p50, views[1].odd, views[1].lost) == (None, 0.04, True, False)
    assert prober.models_present == {"a", "b"}


def test_nothing_is_asked_while_a_reply_streams() -> None:
    async def scene(prober: Prober, get: Probed) -> None:
        prober.pause("reply")
        for _ in range(50):
            await asyncio.sleep(0)  # noqa: TID251  only gives way
        assert get.asked == []
        assert (prober.view.paused, prober.paused_for) == (True, "reply")
        prober.resume()
        await get.over.wait()

    views, get, _ = play([LIST], scene)
    assert [view.paused for view in views] == [True, False, False]
    assert get.asked[0][0] == 1000.0


def test_after_ten_minutes_without_a_key_it_rests_and_the_first_touch_resumes_at_once() -> None:
    rested: list[float] = []

    def on_view(prober: Prober, view: ProbeView) -> None:
        if view.paused and not rested:
            assert prober.paused_for == "idle"
            rested.append(prober._clock.now())
            asyncio.get_running_loop().call_soon(prober.touched)

    views, get, _ = play([LIST] * 40, on_view=on_view)
    # 1000, 1015 … 1585; 1600 would be due as it falls idle.
    assert rested == [1000.0 + IDLE]
    assert [at for at, _, _ in get.asked][39:41] == [1585.0, 1600.0]
    assert [view.paused for view in views].count(True) == 1
