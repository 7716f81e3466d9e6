"""The real llama.cpp server as a child: it answers, only to us, and never outlives us."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tui.local import machine
from tui.local.problem import LocalProblem
from tui.local.server import LocalServer
from tui.words import Provider

ROOT = Path(__file__).parents[2]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
pytestmark = pytest.mark.real


def client(provider: Provider, key: str | None = None) -> httpx.Client:
    secret = key if key is not None else provider.key.reveal() if provider.key else ""
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    return httpx.Client(base_url=provider.base_url, headers=headers, trust_env=False, timeout=60)


def ask(provider: Provider, question: str, tokens: int = 16) -> str:
    """A streamed answer, taken from its events."""
    body = {
        "model": "smollm2-135m",
        "messages": [{"role": "user", "content": question}],
        "stream": True,
        "temperature": 0,
        "seed": 1,
        "max_tokens": tokens,
        "cache_prompt": False,
    }
    text, ended = "", False
    with client(provider) as http, http.stream("POST", "/chat/completions", json=body) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        for line in response.iter_lines():
            if line == "data: [DONE]":
                ended = True
            elif line.startswith("data: "):
                for choice in json.loads(line[6:])["choices"]:
                    text += choice["delta"].get("content") or ""
    assert ended
    return text


def test_a_real_answer_over_real_http(local_server: Provider) -> None:
    assert "Tokyo" in ask(local_server, "What is the capital of Japan?")


def test_the_provider_that_it_is(local_server: Provider) -> None:
    assert local_server.name == "local"
    assert local_server.local
    model = local_server.model("smollm2-135m")
    assert (model.dialect, model.first_rung, model.context) == ("llamacpp", "prefill", 4096)
    assert (model.price.input, model.price.output) == (0.0, 0.0)
    with client(local_server) as http:
        listed = http.get("/models").json()["data"]
    assert [row["id"] for row in listed] == ["smollm2-135m"]
    assert listed[0]["meta"]["n_ctx"] == 4096


def test_only_our_key_opens_it(local_server: Provider) -> None:
    for key in ("", "wrong", "hs_" + "a" * 32):
        with client(local_server, key) as http:
            assert http.get("/models").status_code == 401
            assert http.post("/chat/completions", json={"messages": []}).status_code == 401
    assert local_server.key is not None
    assert len(local_server.key.reveal()) >= 32
    assert local_server.key.reveal() not in repr(local_server)


def test_no_web_page_and_no_foreign_origin(local_server: Provider) -> None:
    root = local_server.base_url.removesuffix("/v1")
    with client(local_server) as http:
        assert http.get(root + "/").status_code == 404
        allowed = http.get("/models", headers={"Origin": "https://example.com"}).headers
    assert allowed.get("access-control-allow-origin", "null") == "null"


def arguments_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


@LINUX
def test_the_key_is_not_in_the_arguments_and_the_terminal_is_not_its_own(
    installed_weights: Path, tmp_path: Path
) -> None:
    async def run() -> None:
        server = LocalServer(installed_weights, log=tmp_path / "server.log")
        provider = await server.start()
        try:
            pid = server.pid
            assert pid is not None
            assert provider.key is not None
            assert provider.key.reveal() not in arguments_of(pid)
            assert os.getsid(pid) == pid  # Ctrl+C and a hang-up reach us alone
            assert await server.start() is provider  # one server, however often it is asked for
            assert server.pid == pid
        finally:
            await server.stop()

    asyncio.run(run())


def test_stop_ends_it_and_may_come_twice(installed_weights: Path, tmp_path: Path) -> None:
    async def run() -> None:
        told: list[LocalProblem] = []
        server = LocalServer(installed_weights, log=tmp_path / "server.log", died=told.append)
        await server.stop()
        provider = await server.start()
        assert not server.exited.is_set()
        await server.stop()
        await server.stop()
        assert server.exited.is_set()
        assert server.provider is None
        assert server.pid is None
        assert told == []
        with client(provider) as http, pytest.raises(httpx.ConnectError):
            http.get("/models")

    asyncio.run(run())


def test_a_death_is_told_and_a_restart_is_found_at_the_same_address(installed_weights: Path, tmp_path: Path) -> None:
    async def run() -> None:
        told: list[LocalProblem] = []
        server = LocalServer(installed_weights, log=tmp_path / "server.log", died=told.append)
        first = await server.start()
        try:
            assert server.pid is not None
            os.kill(server.pid, signal.SIGKILL)
            async with asyncio.timeout(30):
                await server.exited.wait()
            assert [problem.kind for problem in told] == ["died"]
            assert server.provider is None
            second = await server.restart()
            assert (second.base_url, second.key) == (first.base_url, first.key)
            assert "Tokyo" in await asyncio.to_thread(ask, second, "What is the capital of Japan?")
            third = await server.restart()  # of a living one
            assert third.base_url == first.base_url
            assert (tmp_path / "server.log.1").exists()
            assert len(told) == 1
        finally:
            await server.stop()

    asyncio.run(run())


def test_a_restart_takes_another_port_where_its_own_is_taken(installed_weights: Path, tmp_path: Path) -> None:
    async def run() -> None:
        one, two = (LocalServer(installed_weights, log=tmp_path / f"{name}.log") for name in "ab")
        first = await one.start()
        await one.stop()
        taken = await two._start(httpx.URL(first.base_url).port or 0)
        try:
            assert taken.base_url == first.base_url
            again = await one.restart()
            assert again.base_url != first.base_url
            with client(again) as http:
                assert http.get("/models").status_code == 200
        finally:
            await one.stop()
            await two.stop()

    asyncio.run(run())


PARENT = """
import asyncio, sys
from pathlib import Path
from tui.local.server import LocalServer

async def main():
    server = LocalServer(Path(sys.argv[1]), log=Path(sys.argv[2]))
    provider = await server.start()
    print(server.pid, provider.base_url, provider.key.reveal(), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@LINUX
@pytest.mark.parametrize("generating", [False, True])
def test_it_dies_with_its_parent(installed_weights: Path, tmp_path: Path, generating: bool) -> None:
    command = [sys.executable, "-c", PARENT, str(installed_weights), str(tmp_path / "server.log")]
    with subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid, base_url, key = parent.stdout.readline().decode().split()
        handle = os.pidfd_open(int(pid))
        body = {"messages": [{"role": "user", "content": "Tell me a long story."}], "stream": True, "max_tokens": 2000}
        with httpx.Client(base_url=base_url, headers={"Authorization": f"Bearer {key}"}, trust_env=False) as http:
            if generating:
                with http.stream("POST", "/chat/completions", json=body) as response:
                    lines = response.iter_lines()
                    assert next(lines).startswith("data: ")
                    parent.kill()
                    with pytest.raises(httpx.RemoteProtocolError):
                        list(lines)
            parent.kill()
        gone, _, _ = select.select([handle], [], [], 30)
        os.close(handle)
    assert gone, "the server lives on without its parent"


def remembered(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.subprocess.Process]:
    """Every child that is started from here on."""
    started: list[asyncio.subprocess.Process] = []
    real = asyncio.create_subprocess_exec

    async def create(*arguments: str, **options: object) -> asyncio.subprocess.Process:
        started.append(await real(*arguments, **options))  # type: ignore[arg-type]
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", create)
    return started


def failure(server: LocalServer) -> LocalProblem:
    with pytest.raises(LocalProblem) as caught:
        asyncio.run(server.start())
    return caught.value


def test_a_cancelled_start_leaves_no_child(
    installed_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = remembered(monkeypatch)

    async def run(turns: int) -> None:
        """Cancel after so many turns of the event loop: before, while and after the child is made."""
        server = LocalServer(installed_weights, log=tmp_path / "server.log")
        task = asyncio.create_task(server.start())
        turn = asyncio.Event()
        for _ in range(turns):
            turn.clear()
            asyncio.get_running_loop().call_soon(turn.set)
            await turn.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert server.provider is None
        assert all(process.returncode is not None for process in started)

    for turns in (0, 1, 2, 3, 5, 20, 100):
        asyncio.run(run(turns))
    assert started


def test_a_start_that_takes_too_long(installed_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = remembered(monkeypatch)
    (tmp_path / "xllamacpp.py").write_text("import threading; threading.Event().wait()")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    problem = failure(LocalServer(installed_weights, log=tmp_path / "server.log", start_limit=0.5))
    assert problem.kind == "slow"
    assert str(tmp_path / "server.log") in str(problem)
    assert [process.returncode for process in started] == [-signal.SIGKILL]


def test_weights_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + b"\0" * 1000)
    problem = failure(LocalServer(tmp_path / "bad.gguf", log=tmp_path / "log" / "server.log"))
    assert problem.kind == "start"
    assert str(tmp_path / "log" / "server.log") in str(problem)
    assert b"failed to load model" in (tmp_path / "log" / "server.log").read_bytes()
    assert (tmp_path / "log" / "server.log").stat().st_mode & 0o077 == 0
    assert failure(LocalServer(tmp_path / "none.gguf", log=tmp_path / "server.log")).kind == "absent"
    assert failure(LocalServer()).kind == "absent"  # an empty home


def test_a_child_that_dies_by_an_illegal_instruction(
    installed_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "xllamacpp.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGILL)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert failure(LocalServer(installed_weights, log=tmp_path / "server.log")).kind == "cpu"


def test_a_log_that_cannot_be_written_is_no_reason_not_to_answer(installed_weights: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    async def run() -> None:
        server = LocalServer(installed_weights, log=tmp_path / "file" / "server.log")
        try:
            provider = await server.start()
            with client(provider) as http:
                assert http.get("/models").status_code == 200
        finally:
            await server.stop()

    asyncio.run(run())


def test_the_child_imports_nothing_of_the_program() -> None:
    script = f"import runpy, sys; runpy.run_path({str(machine.CHILD)!r}); print([m for m in sys.modules if 'tui' in m])"
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout.strip() == "[]"
