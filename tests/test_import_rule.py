"""The import rule, twice: on the source (import-linter), and in a process that tells what it loaded."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINTER = Path(sys.executable).with_name("lint-imports")
HEAVY = (
    "textual",
    "rich",
    "httpx",
    "httpcore",
    "sqlite3",
    "platformdirs",
    "tenacity",
    "asyncio",
    "markdown_it",
    "pygments",
)


def lint(root: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    command = [str(LINTER), "--config", str(root / "pyproject.toml"), "--cache-dir", str(cache)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def test_the_source_keeps_the_rule(tmp_path: Path) -> None:
    found = lint(ROOT, tmp_path)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("engine/__init__.py", "from tui.providers import catalog"),
        ("engine/__init__.py", "from tui import paths"),
        ("engine/__init__.py", "import httpx"),
        ("journal/__init__.py", "from tui.local import weights"),
        ("journal/__init__.py", "from tui.chat import view"),
        ("chat/__init__.py", "import tenacity"),
        ("chat/__init__.py", "def later():\n    import textual.app"),
        ("words.py", "from tui import say"),
    ],
)
def test_a_breach_is_found(tmp_path: Path, module: str, line: str) -> None:
    shutil.copytree(ROOT / "tui", tmp_path / "tui", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "tui" / module).open("a", encoding="utf-8") as opened:
        opened.write(f"\n{line}\n")
    found = lint(tmp_path, tmp_path / "cache")
    assert found.returncode == 1
    assert "BROKEN" in found.stdout


def test_every_module_has_its_place_in_the_rule() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = {name.strip() for line in contracts[0]["layers"] for name in line.split("|")}
    there = {f"tui.{path.stem}" for path in (ROOT / "tui").iterdir() if path.suffix == ".py" or is_package(path)}
    assert layers == there - {"tui.__init__"}
    for contract in contracts:
        if contract["name"].startswith(("httpx", "Textual", "tenacity")):
            assert len(layers - set(contract["source_modules"])) == 1, contract["name"]


def is_package(path: Path) -> bool:
    return (path / "__init__.py").exists()


def test_no_file_is_long() -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in (ROOT / "tui").rglob("*.py")}
    assert {path.name: length for path, length in lengths.items() if length > 400} == {}


def test_no_llm_library_is_a_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = " ".join([*project["dependencies"], *project["optional-dependencies"]["local"]])
    for library in ("openai", "anthropic", "litellm", "langchain", "httpx-sse"):
        assert library not in named


def loaded(code: str, home: Path) -> set[str]:
    """The modules that a fresh process has loaded after `code`."""
    script = f"{code}\nimport sys\nprint('\\n'.join(['', *sys.modules]))"
    process = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    return set(process.stdout.splitlines())


def after_command(args: list[str], home: Path) -> set[str]:
    return loaded(f"from tui.cli.main import run\nrun({args!r})", home)


@pytest.mark.parametrize("args", [["--version"], ["--help"], ["no-such-command"]])
def test_the_root_loads_nothing_heavy(args: list[str], own_home: Path) -> None:
    modules = after_command(args, own_home)
    assert modules & set(HEAVY) == set()
    assert {name for name in modules if name.startswith("tui.")} <= {
        "tui.cli",
        "tui.cli.main",
        "tui.cli.errors",
        "tui.cli.options",
        "tui.cli.usage",
        "tui.cli.redact",
        "tui.plain",
        "tui.say",
        "tui.phrases",
        "tui.phrases.en",
        "tui.phrases.en.cli",
    }


@pytest.mark.parametrize(
    ("args", "never"),
    [
        (["config", "show"], {"textual", "rich", "httpx", "sqlite3", "tenacity", "asyncio"}),
        (["config", "path"], {"textual", "rich", "httpx", "sqlite3", "tenacity", "asyncio"}),
        (["keys", "list"], {"textual", "rich", "httpx", "sqlite3", "tenacity", "asyncio"}),
        (["history", "list"], {"textual", "httpx", "httpcore", "tenacity"}),
        (["history", "--help"], {"textual", "httpx", "httpcore", "tenacity"}),
        (["ask", "--help"], {"textual", "httpx", "sqlite3", "tenacity"}),
        (["models", "--help"], {"textual", "httpx", "sqlite3", "tenacity"}),
        (["local", "status"], {"textual", "httpx", "httpcore", "tenacity", "sqlite3", "xllamacpp"}),
    ],
)
def test_a_command_loads_only_what_it_needs(args: list[str], never: set[str], own_home: Path) -> None:
    modules = after_command(args, own_home)
    assert f"tui.cli.{args[0]}" in modules
    assert modules & never == set()


@pytest.mark.parametrize(
    ("room", "never"),
    [
        ("tui.engine", {"tui.config", "tui.paths", "tui.providers", "textual", "rich", "sqlite3", "click"}),
        ("tui.journal", {"httpx", "textual", "rich", "click", "tui.net", "tui.engine"}),
        ("tui.providers.resolve", {"httpx", "textual", "rich", "sqlite3", "click", "tui.net", "tui.engine"}),
        ("tui.chat", {"textual", "rich", "click"}),
        ("tui.net", {"textual", "sqlite3", "tui.engine"}),
        ("tui.chat.view", {"httpx", "textual", "rich", "sqlite3", "click"}),
    ],
)
def test_a_room_alone_loads_nothing_of_others(room: str, never: set[str], own_home: Path) -> None:
    modules = loaded(f"import {room}", own_home)
    assert room in modules
    assert modules & never == set()


def test_only_the_engines_run_and_its_pump_await() -> None:
    """In engine/ only run.py, and pump.py under it, await: the rest decides, and is tested without a loop."""
    for path in (ROOT / "tui" / "engine").glob("*.py"):
        if path.name not in ("run.py", "pump.py"):
            tree = ast.parse(path.read_text("utf-8"))
            assert not [node for node in ast.walk(tree) if isinstance(node, ast.Await)], path.name
