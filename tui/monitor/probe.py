"""One small timed request after another, while somebody is there to look at what they measure."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.clock import Bell, Clock
from tui.config import ProbeSettings
from tui.monitor import chat_probe
from tui.monitor.board import Board, Sample
from tui.monitor.chat_probe import Spent
from tui.monitor.models import Get, fault_of_answer, fault_of_chat, fault_of_wire, ids_of, twice, windows_of
from tui.monitor.stats import Window
from tui.monitor.view import IDLE_REASON, ProbeView
from tui.timing import UNTIMED, Timing
from tui.wire import Transport, WireError
from tui.words import Fault, Provider

if TYPE_CHECKING:
    from tui.net import Got

LONGEST = 10.0
"""Seconds after which a probe is lost."""

IDLE = 600.0
"""Seconds without a key press after which nobody is looking."""

SPREAD = 0.2
"""Of the interval, either way: many windows shall not ask in step."""


class Prober:
    """Probes `provider` until its task is cancelled, and tells each new view.

    Only an answer is a measurement. What comes and is none (a refusal, a login page) is counted apart, and the view's
    `reason` says what it was; where nothing comes the probe is lost.
    """

    def __init__(
        self,
        provider: Provider,
        settings: ProbeSettings,
        clock: Clock,
        told: Callable[[ProbeView], None],
        *,
        model: str = "",
        get: Get | None = None,
        transport: Transport | None = None,
        dice: Callable[[], float] = random.random,
        board: Board | None = None,
    ) -> None:
        """`model` is who is asked where the settings want a chat; without one the model list is asked.

        Every probe is put on the `board` too, under its provider and (for a chat) its model.
        """
        self._provider, self._settings, self._clock, self._told = provider, settings, clock, told
        self._model = model if settings.kind == "chat" else ""
        self._get, self._transport, self._dice = get, transport, dice
        self._board = board or Board()
        self._window = Window()
        self._last: Sample | None = None
        self._spent = Spent() if self._model else None
        self._bell = Bell()
        self._held = ""
        self._idle = False
        self._touched = clock.now()
        self.models_present: frozenset[str] | None = None
        """What the provider offers, by its newest list; None: it has given none. Outside text: not yet made safe."""
        self.windows: Mapping[str, int] = {}
        """The contexts, tokens, that the same list tells."""

    @property
    def paused_for(self) -> str:
        """Why nothing is asked now; empty where probes go on."""
        return self._held or (IDLE_REASON if self._idle else "")

    @property
    def view(self) -> ProbeView:
        samples, newest = self._window.samples, self._last
        found = self._window.summary
        return ProbeView(
            samples=samples,
            last=found.last,
            p50=found.p50,
            p95=found.p95,
            jitter=found.jitter,
            loss=(found.lost, found.count),
            refused=found.refused,
            target=self._settings.target_ms / 1000,
            paused=bool(self.paused_for),
            paused_for=self.paused_for,
            what="chat" if self._model else "models",
            reason=newest.fault if newest else "",
            at=newest.at if newest else None,
            summary=found,
            warm=newest.warm if newest else None,
            timing=newest.timing if newest else UNTIMED,
            spent=self._spent,
        )

    def reset(self) -> None:
        """Forget what was measured; the board is reset by itself."""
        self._window.clear()
        self._last = None
        self._told(self.view)

    @property
    def provider(self) -> Provider:
        """Who is asked."""
        return self._provider

    @property
    def track(self) -> tuple[str, str]:
        """Where on the board its samples are: the provider, and the model where it chats."""
        return self._provider.name, self._model

    def use(self, model: str) -> None:
        """Chats go to `model` from here on, beginning anew; the model list is asked whichever is chosen."""
        if self._model and model != self._model:
            self._model = model
            self.reset()

    def pause(self, reason: str) -> None:
        """Ask nothing more until `resume`; a probe on its way still counts."""
        self._held = reason
        self._told(self.view)

    def resume(self) -> None:
        """Go on; at once where a probe has become due."""
        self._held = ""
        self._bell.ring()
        self._told(self.view)

    def touched(self) -> None:
        """Somebody pressed a key."""
        self._touched = self._clock.now()
        if self._idle:
            self._idle = False
            self._bell.ring()
            self._told(self.view)

    async def run(self) -> None:
        """The first probe at once, then one an interval, one at a time."""
        due = self._clock.now()
        while True:
            await self._wanted(due)
            began = self._clock.now()
            await self._probe()
            due = began + self._settings.interval * (1 - SPREAD + 2 * SPREAD * self._dice())

    async def _wanted(self, due: float) -> None:
        """Until `due` has come and nothing holds the probes back."""
        while True:
            self._bell.clear()
            now, idle_at = self._clock.now(), self._touched + IDLE
            if now >= idle_at and not self._idle:
                self._idle = True
                self._told(self.view)
            if self.paused_for:
                await self._bell.waiter()
            elif now >= due:
                return
            else:
                await self._clock.wait(self._bell, min(due, idle_at))

    async def _probe(self) -> None:
        deadline, model = min(self._settings.interval, LONGEST), self._model
        try:
            got, warm = await (self._chat(model, deadline) if model else self._list(deadline))
        except WireError as error:
            if self._spent is not None:
                self._spent = self._spent.without_answer(sent=error.timing.sent is not None)
            self._note(model, error.timing, None, fault_of_wire(error).kind)
        else:
            fault = self._fault(got)
            self._note(model, replace(got.timing, ttfb=got.ttfb), warm, fault.kind if fault else "")

    def _note(self, model: str, timing: Timing, warm: float | None, fault: str) -> None:
        sample = Sample(self._clock.now(), "probe", timing, warm, fault)
        self._board.add(self._provider.name, model, sample)
        if model == self._model:
            # Else another model was chosen while it was on its way.
            self._last = sample
            self._window.add(sample.latency, refused=sample.refused)
        self._told(self.view)

    async def _chat(self, model: str, deadline: float) -> tuple[Got, None]:
        provider = self._provider
        got = await chat_probe.ask(provider, model, deadline, self._clock, self._transport)
        if self._spent is not None:
            self._spent = self._spent.plus(got, provider.model(model).price)
        return got, None

    async def _list(self, deadline: float) -> tuple[Got, float | None]:
        provider = self._provider
        url = provider.base_url + "/models"
        if self._get is None:
            return await twice(url, provider.key, deadline, local=provider.local)
        return await self._get(url, provider.key, deadline, local=provider.local), None

    def _fault(self, got: Got) -> Fault | None:
        if not self._model:
            fault = fault_of_answer(got)
            if fault is None:
                self.models_present, self.windows = frozenset(ids_of(got.body) or ()), windows_of(got.body)
            return fault
        return fault_of_chat(got)
