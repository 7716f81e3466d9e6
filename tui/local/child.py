"""All that this room runs in another process: `check`, `serve` and `pip`.

Run by its path, not as a module: `python -P child.py …` does not look into the current directory for modules, and this
file imports nothing of the program. Standard input is the life line: its end means that the parent is gone (however it
died), and the child leaves at once.

`check` and `serve` write one line to standard output: "ready <address>" or "problem <kind> <detail>".
"""

from __future__ import annotations

import os
import runpy
import sys
import threading

MODEL = "UNBROKEN_LOCAL_MODEL"
ALIAS = "UNBROKEN_LOCAL_ALIAS"
KEY = "UNBROKEN_LOCAL_KEY"
"""The key travels in the environment: arguments can be read by every user of the machine."""
PORT = "UNBROKEN_LOCAL_PORT"
THREADS = "UNBROKEN_LOCAL_THREADS"
CONTEXT = "UNBROKEN_LOCAL_CONTEXT"

LONGEST_ANSWER = 1024
"""Tokens of an answer where the request sets no limit: a quarter of the context, 13 s on two cores."""

DRY = 0.8
"""How much a repeated passage costs; llama.cpp's documents recommend this. English answers then end by themselves."""


def _leave_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


def _on_life_line() -> threading.Thread:
    watcher = threading.Thread(target=_leave_with_parent, daemon=True)
    watcher.start()
    return watcher


def _own_stdout() -> int:
    """A private copy of standard output for our one line; what C++ prints goes to the log instead."""
    line = os.dup(1)
    os.dup2(2, 1)
    return line


def _tell(line: int, text: str) -> None:
    os.write(line, (" ".join(text.split()) + "\n").encode("utf-8", "replace"))


def _import_problem(error: ImportError) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name == "xllamacpp":
        return "problem runtime"
    return "problem libgomp" if "libgomp" in str(error) else f"problem runtime_broken {error}"


def _check(line: int) -> int:
    """Load the runtime: tells a missing one, a missing libgomp, and (by dying) a CPU that is too old."""
    try:
        import xllamacpp
    except ImportError as error:
        _tell(line, _import_problem(error))
        return 1
    _tell(line, f"ready {xllamacpp.__version__}")
    return 0


def _serve(line: int) -> int:
    watcher = _on_life_line()
    try:
        import xllamacpp
    except ImportError as error:
        _tell(line, _import_problem(error))
        return 1
    threads = int(os.environ[THREADS])
    params = xllamacpp.CommonParams()
    params.model.path = os.environ[MODEL]
    params.model_alias = {os.environ[ALIAS]}
    params.hostnames = ["127.0.0.1"]
    params.port = int(os.environ[PORT])
    # Its defaults are no key, any origin, a web page and up to 8 GiB of prompt cache.
    params.api_keys = [os.environ.pop(KEY)]
    params.cors_origins = "null"
    params.ui = False
    params.cache_ram_mib = 0
    params.n_ctx = int(os.environ[CONTEXT])
    params.n_parallel = 1  # n_ctx is split over the slots
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.verbosity = 1
    params.offline = True
    params.warmup = False
    params.sse_ping_interval = 5
    # Left to itself this model falls into loops ("＋＋＋＋…", 3 of 5 prompts), and the server goes on for ever.
    params.n_predict = LONGEST_ANSWER
    params.sampling.dry_multiplier = DRY
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:
        _tell(line, f"problem start {error}")
        return 1
    _tell(line, f"ready {server.listening_address}")
    watcher.join()
    return 0


def _pip(arguments: list[str]) -> int:
    _on_life_line()
    sys.argv = ["pip", *arguments]
    runpy.run_module("pip", run_name="__main__", alter_sys=True)
    return 0


def main(arguments: list[str]) -> int:
    job = arguments[0]
    if job == "pip":
        return _pip(arguments[1:])
    return _serve(_own_stdout()) if job == "serve" else _check(_own_stdout())


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)  # a half-built C++ server must not run its destructors
