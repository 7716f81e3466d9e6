"""The embedded model's server: llama.cpp in a child process, on loopback, behind a random key.

The child holds the reading end of a pipe whose writing end only this process has: it never outlives us, however we end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from tui import paths
from tui.local import child, machine, weights
from tui.local.problem import LocalProblem
from tui.words import Key, Model, Price, Provider

MODEL = Model(
    id="smollm2-135m",
    title="SmolLM2 135M Instruct",
    price=Price(0.0, 0.0),
    first_rung="prefill",
    dialect="llamacpp",
    context=4096,
)
"""A context of 4,096 tokens costs 0.25 GB of memory in all, 8,192 would cost 0.34."""

START_LIMIT = 60.0
"""Seconds from starting the child to a listening server: 0.4 to 0.8 on an idle machine."""


def server_log() -> Path:
    """What llama.cpp prints; the one of the start before is kept beside it."""
    return paths.log_dir() / "local-server.log"


class LocalServer:
    """One server for one process. `start` gives the provider to ask; `stop` ends it.

    `died` is called once, from the event loop, when the server ends although nobody asked it to.
    """

    def __init__(
        self,
        model: Path | None = None,
        *,
        log: Path | None = None,
        died: Callable[[LocalProblem], None] | None = None,
        start_limit: float = START_LIMIT,
    ) -> None:
        self._model = model
        self._log = log
        self._died = died
        self._start_limit = start_limit
        self._key = Key(secrets.token_urlsafe(32))
        self._process: Process | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._provider: Provider | None = None
        self._last: Provider | None = None  # of a server that is gone
        self._starting = asyncio.Lock()
        self.exited = asyncio.Event()
        """Set while no server runs that once ran."""

    @property
    def provider(self) -> Provider | None:
        """Where to ask now; None while no server runs."""
        return self._provider

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> Provider:
        """Start the server, or return the one that runs. Cancelling it, or an error, leaves no child."""
        async with self._starting:
            return self._provider or await self._start(0)

    async def restart(self) -> Provider:
        """A fresh server with the same key and, where it is still free, at the same address: a reply that is being
        retried finds it again."""
        async with self._starting:
            await self.stop()
            port = urlsplit(self._last.base_url).port if self._last else None
            if port:
                try:
                    return await self._start(port)
                except LocalProblem as problem:
                    if problem.kind != "start":
                        raise
            return await self._start(0)

    async def stop(self) -> None:
        """End the server; at once, for it keeps nothing. Without one: nothing happens."""
        process, watcher = self._process, self._watcher
        self._process = self._watcher = None
        self._gone()
        if watcher is not None:
            watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watcher
        if process is not None:
            await _end(process)

    def _gone(self) -> None:
        if self._provider is not None:
            self._last, self._provider = self._provider, None
            self.exited.set()

    async def _start(self, port: int) -> Provider:
        machine.refuse_old_cpu()
        model = self._model or weights.status().path
        if not model.is_file():
            raise LocalProblem("absent")
        log = self._log or server_log()
        with _fresh(log) as output:
            process = await asyncio.create_subprocess_exec(
                *machine.command("serve"),
                env=self._environment(model, port),
                stdin=PIPE,
                stdout=PIPE,
                stderr=output,
                start_new_session=True,  # Ctrl+C and a hang-up are for us: the reply may go on
            )
        try:
            address = await self._listening(process, log)
        except BaseException:
            await _end(process)
            raise
        self._process = process
        self._provider = Provider(
            name="local", base_url=address + "/v1", key=self._key, models={MODEL.id: MODEL}, local=True
        )
        self.exited.clear()
        self._watcher = asyncio.create_task(self._watch(process, log))
        return self._provider

    def _environment(self, model: Path, port: int) -> dict[str, str]:
        return machine.bare_environment() | {
            child.MODEL: str(model),
            child.ALIAS: MODEL.id,
            child.KEY: self._key.reveal(),
            child.PORT: str(port),
            child.THREADS: str(machine.threads()),
            child.CONTEXT: str(MODEL.context),
        }

    async def _listening(self, process: Process, log: Path) -> str:
        assert process.stdout is not None
        try:
            async with asyncio.timeout(self._start_limit):
                told = (await process.stdout.readline()).decode("utf-8", "replace").strip()
                if told.startswith("ready "):
                    return told.removeprefix("ready ")
                code = await process.wait()
        except TimeoutError as error:
            raise LocalProblem("slow", seconds=f"{self._start_limit:.0f}", log=log) from error
        raise machine.judge(code, told, log)

    async def _watch(self, process: Process, log: Path) -> None:
        """Until the server ends by itself."""
        await process.wait()
        self._process = self._watcher = None
        self._gone()
        if self._died is not None:
            self._died(LocalProblem("died", log=log))


async def _end(process: Process) -> None:
    """Kill and reap, also while being cancelled: killing takes no time, and reaping a killed one hardly any."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await asyncio.shield(asyncio.ensure_future(process.wait()))


def _fresh(log: Path) -> IO[bytes]:
    """An empty log; what was in it goes to <name>.1. Where it cannot be written, the server runs without one."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists():
            log.replace(log.with_name(log.name + ".1"))
        return os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
    except OSError:
        return Path(os.devnull).open("wb")
