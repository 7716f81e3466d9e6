"""What stands in the way is found in a child, before anything is fetched, and said in one line."""

from __future__ import annotations

import os
import platform
import signal
import sys
from pathlib import Path

import pytest

from tui.local import machine
from tui.local.problem import LocalProblem

FLAGS = "processor\t: 0\nflags\t\t: fpu sse4_2 avx {}fma bmi2\n"


def problem_of_check() -> str:
    with pytest.raises(LocalProblem) as caught:
        machine.check()
    return caught.value.kind


def fake_runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """An xllamacpp that the child finds before the real one."""
    (tmp_path / "xllamacpp.py").write_text(body)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def test_this_machine_can() -> None:
    machine.check()


def test_a_missing_runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_runtime(tmp_path, monkeypatch, "raise ModuleNotFoundError('No module', name='xllamacpp')")
    assert problem_of_check() == "runtime"
    monkeypatch.setattr(platform, "system", lambda: "FreeBSD")
    assert problem_of_check() == "platform"


def test_a_missing_libgomp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = "libgomp.so.1: cannot open shared object file: No such file or directory"
    fake_runtime(tmp_path, monkeypatch, f"raise ImportError({words!r})")
    assert problem_of_check() == "libgomp"


def test_a_broken_runtime_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_runtime(tmp_path, monkeypatch, "raise ImportError('undefined\\n symbol \\x1b[31mx')")
    with pytest.raises(LocalProblem, match="undefined symbol ␛") as caught:
        machine.check()
    assert caught.value.kind == "runtime_broken"
    fake_runtime(tmp_path, monkeypatch, "import os; os.write(2, b'terminate called\\n'); os._exit(7)")
    with pytest.raises(LocalProblem, match="terminate called"):
        machine.check()


def test_a_runtime_that_dies_by_an_illegal_instruction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_runtime(tmp_path, monkeypatch, "import os, signal; os.kill(os.getpid(), signal.SIGILL)")
    assert problem_of_check() == "cpu"


def test_what_a_library_prints_does_not_pass_for_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_runtime(tmp_path, monkeypatch, "print('problem libgomp'); __version__ = '1'")
    machine.check()


def test_a_module_in_the_current_directory_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "xllamacpp.py").write_text("raise ImportError('from the current directory')")
    monkeypatch.chdir(tmp_path)
    machine.check()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="only x86 has AVX2")
def test_a_cpu_without_avx2(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(FLAGS.format(""))
    with pytest.raises(LocalProblem, match="AVX2"):
        machine.refuse_old_cpu(cpuinfo)
    for text in (FLAGS.format("avx2 "), "processor\t: 0\n", ""):
        cpuinfo.write_text(text)
        machine.refuse_old_cpu(cpuinfo)  # it has it, or nobody knows
    machine.refuse_old_cpu(tmp_path / "none")


def test_an_arm_has_no_avx2_and_needs_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    (tmp_path / "cpuinfo").write_text(FLAGS.format(""))
    machine.refuse_old_cpu(tmp_path / "cpuinfo")


@pytest.mark.parametrize(
    ("code", "told", "kind"),
    [
        (-signal.SIGILL, "", "cpu"),
        (1, "problem runtime", "runtime"),
        (1, "problem libgomp", "libgomp"),
        (1, "problem runtime_broken why", "runtime_broken"),
        (1, "problem start Failed to init server", "start"),
        (-signal.SIGKILL, "", "start"),
    ],
)
def test_how_a_child_ended(code: int, told: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    assert machine.judge(code, told, Path("log")).kind == kind


def test_threads_leave_a_core_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    for cores, expected in ((1, 1), (2, 1), (3, 2), (5, 4), (64, 4)):
        if sys.platform == "linux":
            monkeypatch.setattr(os, "sched_getaffinity", lambda _, n=cores: set(range(n)))
        else:
            monkeypatch.setattr(os, "cpu_count", lambda n=cores: n)
        assert machine.threads() == expected
    monkeypatch.setenv("CI", "true")
    assert machine.threads() == 1


def test_the_child_gets_no_provider_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLYSHEEP_API_KEY", "hs_secret")
    monkeypatch.setenv("LLAMA_ARG_HOST", "0.0.0.0")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/somewhere")
    bare = machine.bare_environment()
    assert "HOLYSHEEP_API_KEY" not in bare
    assert "LLAMA_ARG_HOST" not in bare
    assert bare["LD_LIBRARY_PATH"] == "/somewhere"
