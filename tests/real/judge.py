"""llmock, which breaks what a client asks for and then judges the client: a server that others wrote."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from streaming import TEXT

COMMAND = (sys.executable, "-c", "from llmock.cli import app; app()")
_LISTENING = re.compile(r"Uvicorn running on (http://[\d.:]+)")

Behaviour = dict[str, object]
SAYS: Behaviour = {"type": "reply", "text": TEXT, "times": None}


class Judge:
    """Scripts faults and gives its verdict."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = httpx.Client(base_url=url + "/_llmock", trust_env=False, timeout=30)

    @property
    def base_url(self) -> str:
        return self._url + "/v1"

    def begin(self, *behaviours: Behaviour) -> None:
        """Forget everything; from here on the model says TEXT, and these faults come one by one."""
        self._http.post("/reset").raise_for_status()
        self._http.post("/scenario", json={"behaviors": [*behaviours, SAYS]}).raise_for_status()

    def pending(self) -> list[Behaviour]:
        """Faults that have not struck."""
        left: list[Behaviour] = self._http.get("/scenario").json()["pending"]
        return [behaviour for behaviour in left if behaviour["type"] != "reply"]

    def requests(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = self._http.get("/requests").json()["requests"]
        return found

    def chats(self) -> list[dict[str, object]]:
        """Without the question whether it keeps streams."""
        return [record for record in self.requests() if record["path"] == "/v1/chat/completions"]

    def verdict(self) -> str:
        """Its report, word for word."""
        return self._http.get("/verdict", params={"format": "text"}).text

    def findings(self) -> list[dict[str, object]]:
        """Errors and warnings, one by one."""
        found: list[dict[str, object]] = self._http.get("/verdict").json()["findings"]
        return found

    def report(self) -> subprocess.CompletedProcess[str]:
        """The command that a CI would run; it fails for an error, not for a warning."""
        command = [*COMMAND, "report", "--url", self._url]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    def assert_no_finding(self, requests: list[dict[str, object]] | None = None) -> None:
        """Of what it saw; or, by the same judge, of these records of it."""
        said = self.verdict() if requests is None else _judged(requests)
        assert "PASS  the client handled every injected fault correctly." in said, said

    def close(self) -> None:
        self._http.close()


def _judged(requests: list[dict[str, object]]) -> str:
    """In a process of its own: what it imports is not for these tests."""
    program = (
        "import json, sys; from llmock.journal import RequestRecord; from llmock.verdict import judge;"
        "records = json.load(sys.stdin); [record.pop('duration') for record in records];"
        "sys.stdout.write(judge(RequestRecord(**record) for record in records).render())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(requests), capture_output=True, text=True, check=True
    )
    return done.stdout


@contextmanager
def judging(*options: str) -> Iterator[Judge]:
    """A fresh llmock; it says itself where it listens."""
    command = [*COMMAND, "serve", "--host", "127.0.0.1", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        said: list[str] = []
        judge: Judge | None = None
        try:
            for line in process.stdout:
                said.append(line)
                if found := _LISTENING.search(line):
                    judge = Judge(found.group(1))
                    break
            assert judge is not None, "".join(said)
            yield judge
        finally:
            process.terminate()
            process.stdout.read()  # its log: a full pipe would stop it
            if judge is not None:
                judge.close()
