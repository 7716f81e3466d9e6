"""The real weights and the real llama.cpp server, for every test that wants them.

A conftest.py takes them by name: `from fixtures_local import installed_weights, local_server`.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui.local import weights
from tui.local.server import LocalServer
from tui.words import Provider


def cache_dir() -> Path:
    """Where weights are kept between test runs: 98 MB that need not be fetched each time."""
    named = os.environ.get("UNBROKEN_TEST_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "unbroken-tests"


@pytest.fixture(scope="session")
def installed_weights() -> Path:
    """The weights' file, hash-checked; fetched where the cache does not hold it."""
    models = cache_dir() / "models"
    found = weights.status(models, check=True)
    if found.installed:
        return found.path
    return weights.install(lambda _: None, models=models, log=models.parent / "install.log")


@pytest.fixture(scope="session")
def local_server(installed_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """One real server for the whole run, in an event loop of its own, so that any test can ask it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="local-server")
    thread.start()
    server = LocalServer(installed_weights, log=tmp_path_factory.mktemp("local") / "server.log")
    try:
        yield asyncio.run_coroutine_threadsafe(server.start(), loop).result(90)
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
