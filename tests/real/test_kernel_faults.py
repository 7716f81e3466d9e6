"""Faults that the kernel itself makes, on a link of the test's own: two network namespaces and a cable between them."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from gateways import program
from streaming import TEXT

HERE = Path(__file__).parent
NEAR, FAR = "10.203.77.1", "10.203.77.2"
_numbers = itertools.count(1)

Line = dict[str, object]


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


@dataclass(slots=True)
class Cable:
    """Two namespaces, a virtual cable, and a server at its far end."""

    near: str
    far: str
    port: int = 0
    lines: list[Line] = field(default_factory=list)

    def at(self, end: str, *command: str) -> str:
        return run("ip", "netns", "exec", end, *command)

    def start(self, end: str, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["ip", "netns", "exec", end, sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def rule(self, hook: str, rule: str) -> None:
        """One rule of the far end's firewall; PORT stands for the server's."""
        self.at(self.far, "nft", f"add table inet t; add chain inet t {hook} {{ type filter hook {hook} priority 0; }}")
        self.at(self.far, "nft", f"add rule inet t {hook} {rule.replace('PORT', str(self.port))}")

    def without_rules(self) -> None:
        self.at(self.far, "nft", "flush ruleset")

    def ask(self, act: Callable[[Line], object] = lambda _: None, **timeouts: float) -> list[Line]:
        """A reply at the near end; `act` hears every event as it comes."""
        limits = {"connect": 5.0, "first_byte": 20.0, "idle": 20.0, "progress": 20.0} | timeouts
        url = f"http://{FAR}:{self.port}/v1"
        with self.start(self.near, str(HERE / "near_client.py"), url, json.dumps(limits)) as client:
            assert client.stdout is not None
            for text in client.stdout:
                line: Line = json.loads(text)
                self.lines.append(line)
                act(line)
        assert client.returncode == 0
        return self.lines

    @property
    def faults(self) -> list[object]:
        return [line["fault"] for line in self.lines if line.get("state") == "backing_off"]

    def assert_whole(self) -> None:
        last = self.lines[-1]
        assert (last["type"], last["text"], last["verified"]) == ("Done", TEXT, True), last


@pytest.fixture
def cable() -> Iterator[Cable]:
    if sys.platform != "linux":
        pytest.skip("network namespaces are Linux's")
    if os.geteuid():
        pytest.skip("not root: no network namespace can be made")
    if program("ip") is None or program("nft") is None:
        pytest.skip("no iproute2 or nftables here")
    number = f"{os.getpid()}{next(_numbers)}"
    made = Cable(f"unb-near-{number}", f"unb-far-{number}")
    try:
        try:
            lay(made)
        except OSError as refused:
            pytest.skip(f"no network namespace with a firewall can be made here: {refused}")
        with made.start(made.far, str(HERE / "far_server.py"), FAR) as server:
            assert server.stdout is not None
            made.port = int(server.stdout.readline())
            yield made
            assert server.stdin is not None
            server.stdin.close()
    finally:
        for end in (made.near, made.far):
            subprocess.run(["ip", "netns", "delete", end], capture_output=True, check=False)


def lay(cable: Cable) -> None:
    for end in (cable.near, cable.far):
        run("ip", "netns", "add", end)
    run("ip", "link", "add", "wire", "netns", cable.near, "type", "veth", "peer", "name", "wire", "netns", cable.far)
    for end, address in ((cable.near, NEAR), (cable.far, FAR)):
        cable.at(end, "ip", "link", "set", "lo", "up")
        cable.at(end, "ip", "address", "add", f"{address}/24", "dev", "wire")
        cable.at(end, "ip", "link", "set", "wire", "up")
    cable.at(cable.far, "nft", "list ruleset")


def at_length(length: int, do: Callable[[], object]) -> Callable[[Line], None]:
    """Does it once, when so many characters of the reply are there."""
    left = [do]

    def act(line: Line) -> None:
        size = line.get("length")
        if left and isinstance(size, int) and size >= length:
            left.pop()()

    return act


def test_nothing_wrong(cable: Cable) -> None:
    cable.ask()
    cable.assert_whole()
    assert cable.faults == []


def test_a_reset_after_every_6000_bytes(cable: Cable) -> None:
    cable.rule("input", "tcp dport PORT ct reply bytes > 6000 reject with tcp reset")
    cable.ask()
    cable.assert_whole()
    assert len(cable.faults) >= 2
    assert set(cable.faults) == {"reset"}


def test_a_black_hole_after_every_6000_bytes(cable: Cable) -> None:
    cable.rule("output", "tcp sport PORT ct reply bytes > 6000 drop")
    cable.ask(idle=0.7)
    cable.assert_whole()
    assert len(cable.faults) >= 2
    assert set(cable.faults) == {"no-bytes"}
    assert any(line.get("state") == "stalled" for line in cable.lines)


def test_a_firewall_that_drops_every_new_connection_for_a_while(cable: Cable) -> None:
    cable.rule("input", "tcp dport PORT tcp flags & (syn | ack) == syn drop")

    def act(line: Line) -> None:
        if line.get("state") == "backing_off" and len(cable.faults) == 2:
            cable.without_rules()

    cable.ask(act, connect=0.4)
    cable.assert_whole()
    assert cable.faults == ["connect-timeout", "connect-timeout"]


def test_a_fifth_of_all_packets_is_lost(cable: Cable) -> None:
    for hook, side in (("output", "sport"), ("input", "dport")):
        cable.rule(hook, f"tcp {side} PORT numgen random mod 100 < 20 counter drop")
    cable.ask()
    cable.assert_whole()
    lost = [int(count) for count in re.findall(r"counter packets (\d+)", cable.at(cable.far, "nft", "list ruleset"))]
    assert len(lost) == 2
    assert sum(lost) > 0


def test_the_cable_is_out_for_three_seconds(cable: Cable) -> None:
    """Half of `idle` is when a reply says that it stalls: then the cable is put in again."""
    out = at_length(100, lambda: cable.at(cable.near, "ip", "link", "set", "wire", "down"))

    def act(line: Line) -> None:
        out(line)
        if line.get("state") == "stalled":
            cable.at(cable.near, "ip", "link", "set", "wire", "up")

    cable.ask(act, idle=6.0)
    cable.assert_whole()
    texts = [float(str(line["t"])) for line in cable.lines if line["type"] == "Content"]
    assert max(after - before for before, after in itertools.pairwise(texts)) >= 3
    assert set(cable.faults) <= {"no-bytes"}


def test_a_socket_that_the_administrator_destroys(cable: Cable) -> None:
    destroyed: list[str] = []

    def destroy() -> None:
        address = f"{FAR}:{cable.port}"
        destroyed.append(cable.at(cable.near, "ss", "-K", "-t", "-n", "state", "established", "dst", address))

    cable.ask(at_length(100, destroy))
    cable.assert_whole()
    if FAR not in destroyed[0]:
        pytest.skip("this kernel destroys no sockets on request (CONFIG_INET_DIAG_DESTROY)")
    assert cable.faults == ["reset"]
