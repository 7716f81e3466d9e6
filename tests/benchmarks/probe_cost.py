"""What probing costs: CPU of this process over ten minutes at the default interval, and tokens.

    python tests/benchmarks/probe_cost.py [SECONDS]

The prober runs as in the program, over TLS, each probe on a fresh connection and once more on the same one. The server
is a process of its own, so that its work does not count. Must hold: under 1 % of one core, no tokens, constant memory.
"""

# ruff: noqa: T201  its output is what it is for
from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "monitor"))

from gateway import Gateway

from tui.clock import RealClock
from tui.config import ProbeSettings
from tui.monitor.probe import Prober
from tui.monitor.view import ProbeView
from tui.words import Provider

TEN_MINUTES = 600.0


def certificate(place: Path) -> tuple[Path, Path]:
    made, key = place / "cert.pem", place / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return made, key


def serve(place: Path) -> None:
    """The other process: prints its address, and what it was asked once stdin ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place / "cert.pem", place / "key.pem")
    with Gateway(head=0.04, tls=context) as gateway:
        print(gateway.url, flush=True)
        sys.stdin.read()
        asked: dict[str, int] = {}
        for served in gateway.log:
            asked[served.path] = asked.get(served.path, 0) + 1
        print(json.dumps({"asked": asked, "connections": len({served.connection for served in gateway.log})}))


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def probe(url: str, seconds: float) -> tuple[ProbeView, float, float, list[int]]:
    views: list[ProbeView] = []
    first = asyncio.Event()
    memory: list[int] = []

    def told(view: ProbeView) -> None:
        views[:] = [view]
        first.set()
        memory.append(resident())

    prober = Prober(Provider("p", url, local=True), ProbeSettings(), RealClock(), told)
    task = asyncio.create_task(prober.run())
    # The first probe loads httpx and the certificates: that is the price of a start, told apart.
    await first.wait()
    began, used = time.monotonic(), cpu()
    while (left := began + seconds - time.monotonic()) > 0:
        await RealClock().sleep(min(60.0, left))
        prober.touched()  # somebody is there
    spent = cpu() - used
    took = time.monotonic() - began
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return views[-1], spent, took, memory


def resident() -> int:
    """Bytes, as Linux counts them."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    if sys.argv[1:2] == ["--serve"]:
        serve(Path(sys.argv[2]))
        return 0
    seconds = float(sys.argv[1]) if sys.argv[1:] else TEN_MINUTES
    with tempfile.TemporaryDirectory() as place:
        made, _ = certificate(Path(place))
        os.environ["SSL_CERT_FILE"] = str(made)
        command = [sys.executable, __file__, "--serve", place]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            view, spent, took, memory = asyncio.run(probe(url, seconds))
            told = json.loads(server.communicate()[0])
    found = view.summary
    print(
        f"{took:.0f} s, {found.count} probes, {found.lost} lost, on {told['connections']} connections: {told['asked']}"
    )
    print(f"CPU {spent:.3f} s = {100 * spent / took:.3f} % of one core (must be under 1 %)")
    print(f"memory {memory[0] / 1e6:.1f} MB after the first probe, {memory[-1] / 1e6:.1f} MB after the last")
    print(
        f"TTFB fresh p50 {(found.p50 or 0) * 1000:.1f} ms, warm {(view.warm or 0) * 1000:.1f} ms (the server waits 40)"
    )
    chats = sum(count for path, count in told["asked"].items() if "chat" in path)
    print(f"tokens: {chats} chats asked")
    return 0 if spent / took < 0.01 and not chats else 1


if __name__ == "__main__":
    sys.exit(main())
