"""Whether this computer can run the embedded model, and how: asked before anything is fetched or started."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

from tui.local import child
from tui.local.problem import LocalProblem

CHILD = Path(child.__file__)

PLATFORMS = frozenset({("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64"), ("Darwin", "x86_64")})
"""Where xllamacpp has wheels and this program has a terminal driver."""

CHECK_LIMIT = 60.0
"""Seconds to load the runtime; 0.1 here, more from a cold disk."""

_PASSED = frozenset({"PATH", "HOME", "LANG", "TMPDIR", "TZ", "USER", "LOGNAME", "VIRTUAL_ENV"})
_PASSED_BEGINNINGS = ("LC_", "LD_", "DYLD_", "PYTHON", "OMP_", "GOMP_", "XDG_")


def command(job: str, *arguments: str) -> list[str]:
    """How child.py is started; -P: no modules from the current directory."""
    return [sys.executable, "-P", str(CHILD), job, *arguments]


def bare_environment() -> dict[str, str]:
    """What the server's child needs of the environment: providers' keys and LLAMA_ARG_… are none of its business."""
    return {name: value for name, value in os.environ.items() if name in _PASSED or name.startswith(_PASSED_BEGINNINGS)}


def threads() -> int:
    """Threads for generating: one core stays free (OpenMP spins at its barriers: with every core taken and another
    process running, 2 threads were measured at 2 to 15 tokens a second, 1 thread at 50 to 65), and one in CI."""
    if os.environ.get("CI"):
        return 1
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(4, max(1, cores - 1))


def refuse_old_cpu(cpuinfo: Path = Path("/proc/cpuinfo")) -> None:
    """The runtime is compiled for AVX2. Where /proc says nothing (macOS, ARM) the child's death by SIGILL will."""
    if platform.machine() != "x86_64" or not cpuinfo.is_file():
        return
    lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), None)
    if flags is not None and "avx2" not in flags:
        raise LocalProblem("cpu")


def judge(code: int | None, told: str, log: Path) -> LocalProblem:
    """Why a child ended: by its exit code and the one line that it wrote."""
    _, _, rest = told.strip().partition(" ")
    kind, _, detail = rest.partition(" ")
    if code == -signal.SIGILL:
        return LocalProblem("cpu")
    if kind == "runtime":
        supported = (platform.system(), platform.machine()) in PLATFORMS
        return LocalProblem("runtime") if supported else _no_platform()
    if kind == "libgomp":
        return LocalProblem("libgomp")
    if kind == "runtime_broken":
        return LocalProblem("runtime_broken", detail=detail)
    return LocalProblem("start", log=log)


def _no_platform() -> LocalProblem:
    return LocalProblem("platform", system=platform.system(), machine=platform.machine())


def check() -> None:
    """Raise what stands in the way: system, CPU, runtime, its libraries. Loads the runtime in a child: 0.1 s."""
    if sys.platform == "win32":
        raise _no_platform()
    refuse_old_cpu()
    try:
        done = subprocess.run(  # noqa: S603  our own file
            command("check"),
            env=bare_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=CHECK_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LocalProblem("runtime_broken", detail=f"{CHECK_LIMIT:.0f} s") from error
    if done.returncode == 0:
        return
    problem = judge(done.returncode, done.stdout, Path(os.devnull))
    if problem.kind == "start":
        last = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
        problem = LocalProblem("runtime_broken", detail=last)
    raise problem
