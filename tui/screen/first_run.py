"""What happens behind the first-run dialog: a key is tested and kept, or the embedded model installed and started."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from textual import on, work

from tui.chat.session import Session, Wanted
from tui.config import Config
from tui.local import weights
from tui.local.fetch import Progress
from tui.local.problem import LocalProblem
from tui.monitor.models import KeyRefused, Present, Unreachable, fetch_models
from tui.paths import keys_file as keys_file_path
from tui.plain import one_line
from tui.providers import keys_file, resolve
from tui.providers.keys import BadKey
from tui.say import say
from tui.screen.dialogs.first_run import FirstRunDialog
from tui.screen.helping import Helping
from tui.words import Key, Provider

FIRST_RUN = "first-run"
"""The workers of the dialog; they end with it."""

KEY_TEST = 5.0
"""Seconds for the test of a key."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A provider that can be asked, and for what."""

    provider: Provider
    model: str


async def try_key(config: Config, wanted: Wanted, dialog: FirstRunDialog, key: Key, *, anyway: bool) -> Ready | None:
    """Test `key` against the provider's model list; keep it where it is accepted, or wanted all the same."""
    name, model = resolve.choose(config, wanted.provider, wanted.model)
    settings = resolve.settings_of(config, name)
    provider = Provider(name, settings.base_url, key=key, models=resolve.rows(config, name), resume=settings.resume)
    answer = None if anyway else await fetch_models(provider, KEY_TEST)
    match answer:
        case KeyRefused(detail):
            dialog.tell("refused", detail)
            return None
        case Unreachable(fault):
            dialog.tell("unreachable", fault.detail)
            return None
        case Present() | None:
            await asyncio.to_thread(keys_file.store, name, key.reveal())
            if answer is not None:
                dialog.tell("accepted")
            dialog.app.notify(say("screen.key_kept", file=one_line(str(keys_file_path()), 200)), markup=False)
            return Ready(provider, model)
        case _:
            assert_never(answer)


class _Left(Exception):
    """Whoever wanted the embedded model has gone."""


async def install_weights(told: Callable[[Progress], None]) -> None:
    """Install the embedded model's weights where they are missing. LocalProblem where that cannot be.

    Cancelling it stops the installation, within a moment and in its own thread, which leaves nothing half installed;
    nothing more is told then.
    """
    loop = asyncio.get_running_loop()
    left = threading.Event()

    def show(progress: Progress) -> None:
        if left.is_set():
            raise _Left
        loop.call_soon_threadsafe(told, progress)

    try:
        await asyncio.to_thread(weights.ensure_installed, lambda _: None, show)
    finally:
        left.set()


async def use_local(session: Session, dialog: FirstRunDialog) -> Ready:
    """Install the embedded model where it is missing, and start it. LocalProblem where that cannot be."""

    def show(progress: Progress) -> None:
        # Only fetching takes long enough for a measure: a second one would begin again at nothing.
        fraction = progress.done / progress.total if progress.phase == "fetching" else None
        dialog.progress(fraction, say(f"local.phase_{progress.phase}"))

    await install_weights(show)
    provider, model = await session.local()
    return Ready(provider, model)


class FirstRunWays(Helping):
    """An app that knows what to do with what its first-run dialog posts."""

    def __init__(self, session: Session, wanted: Wanted) -> None:
        super().__init__()
        self.session, self.wanted = session, wanted

    def answerer(self, ready: Ready) -> None:
        """From now on `ready` answers."""
        raise NotImplementedError

    @on(FirstRunDialog.KeyGiven)
    def _key_given(self, message: FirstRunDialog.KeyGiven) -> None:
        self._test_key(message)

    @work(group=FIRST_RUN)
    async def _test_key(self, message: FirstRunDialog.KeyGiven) -> None:
        dialog = self.screen
        if not isinstance(dialog, FirstRunDialog):
            return
        try:
            ready = await try_key(self.session.config, self.wanted, dialog, message.key, anyway=message.anyway)
        except (keys_file.KeysFileError, BadKey) as error:
            dialog.tell("unreachable", str(error))
            return
        if ready is not None:
            self.answerer(ready)
            dialog.end(None)

    @on(FirstRunDialog.LocalWanted)
    def _local_wanted(self) -> None:
        self._install_local()

    @work(group=FIRST_RUN)
    async def _install_local(self) -> None:
        dialog = self.screen
        if not isinstance(dialog, FirstRunDialog):
            return
        try:
            ready = await use_local(self.session, dialog)
        except LocalProblem as problem:
            dialog.trouble(str(problem))
            return
        self.notify(say("chat.local_note"), markup=False)
        self.answerer(ready)
        dialog.end(None)
