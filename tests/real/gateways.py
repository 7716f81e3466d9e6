"""Real gateways in front of a server of the test's own. They inherit sockets that listen: nothing to wait for."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def program(name: str) -> str | None:
    """Where it is; Debian keeps servers out of a user's PATH."""
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")))


def listening() -> socket.socket:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(64)
    sock.set_inheritable(True)
    return sock


def port_of(sock: socket.socket) -> int:
    port = sock.getsockname()[1]
    assert isinstance(port, int)
    return port


def _ended(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


class Haproxy:
    """haproxy before one server, with its admin socket."""

    def __init__(self, url: str, admin: Path) -> None:
        self.url = url
        self._admin = admin

    def tell(self, command: str) -> str:
        """One command to the admin socket, and its answer."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(self._admin))
            sock.sendall(command.encode() + b"\n")
            sock.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: sock.recv(65536), b"")).decode()

    def sessions(self) -> list[str]:
        """The live sessions of the stream frontend, as the admin socket names them."""
        return [line.partition(":")[0] for line in self.tell("show sess").splitlines() if "fe=front " in line]


@contextmanager
def haproxy(server_port: int, folder: Path) -> Iterator[Haproxy]:
    command = program("haproxy")
    assert command is not None
    with listening() as front, socket.socket(socket.AF_UNIX) as ear:
        admin = folder / "admin"
        ear.bind(str(admin))
        ear.listen(8)
        ear.set_inheritable(True)
        settings = folder / "haproxy.cfg"
        settings.write_text(
            f"global\n  stats socket fd@{ear.fileno()} level admin\n"
            "defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n"
            f"frontend front\n  bind fd@{front.fileno()}\n  default_backend back\n"
            f"backend back\n  server one 127.0.0.1:{server_port}\n"
        )
        with (folder / "haproxy.log").open("wb") as log:
            process = subprocess.Popen(
                [command, "-db", "-f", str(settings)],
                pass_fds=(front.fileno(), ear.fileno()),
                stdout=log,
                stderr=log,
            )
        try:
            yield Haproxy(f"http://127.0.0.1:{port_of(front)}/v1", admin)
        finally:
            _ended(process)


@contextmanager
def nginx(folder: Path, places: str, *, count: int = 1, more: str = "") -> Iterator[list[str]]:
    """nginx with `places` as its servers, where {0}, {1} … stand for the ports of its own listeners.

    Gives their base URLs. `more` goes into the http block.
    """
    command = program("nginx")
    assert command is not None
    socks = [listening() for _ in range(count)]
    ports = [port_of(sock) for sock in socks]
    for number, port in enumerate(ports):
        places = places.replace(f"{{{number}}}", f"127.0.0.1:{port}")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"  {kind}_temp_path {folder / kind};\n" for kind in kinds)
    settings = folder / "nginx.conf"
    settings.write_text(
        ("user root root;\n" if os.geteuid() == 0 else "")
        + f"daemon off;\nworker_processes 1;\npid {folder / 'nginx.pid'};\nerror_log {folder / 'error.log'};\n"
        "events { worker_connections 64; }\n"
        f"http {{\n  access_log off;\n  proxy_http_version 1.1;\n{temporary}{more}\n{places}\n}}\n"
    )
    with (folder / "nginx.out").open("wb") as log:
        process = subprocess.Popen(
            [command, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(settings)],
            # nginx takes listeners over from the process before it: that is how it is upgraded in flight.
            env={**os.environ, "NGINX": "".join(f"{sock.fileno()};" for sock in socks)},
            pass_fds=[sock.fileno() for sock in socks],
            stdout=log,
            stderr=log,
        )
    for sock in socks:
        sock.close()  # its own now: where it cannot start, the connection is refused
    try:
        yield [f"http://127.0.0.1:{port}/v1" for port in ports]
    finally:
        _ended(process)
