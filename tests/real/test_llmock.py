"""What llmock, made to break and to judge clients, finds in ours: nothing.

It takes two requests for attempts at one call where their bodies are the same. A resume sends the text held, so it is
another call for llmock; the last tests give its own judge the requests with that told.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from breaking_provider import settings
from judge import Behaviour, Judge, judging
from streaming import REQUEST, TEXT, assert_whole, command, provider
from watched import Watched, watch

from tui.words import Message, Policy, Request, Retry, Timeouts

JUDGED = Policy(
    Retry(max_retries=5, initial_backoff=0.15, max_backoff=0.6),
    Timeouts(connect=5, first_byte=2, idle=0.8, progress=10),
)
EARLY = (0, 1, 4)
"""Chunks of words, the role's first: fewer than the 48 characters from which on a reply is resumed."""
LATE = 30


def fail(status: int, times: int | None = 1, **more: object) -> Behaviour:
    """For chats alone: whoever is on this machine is asked first whether it keeps streams (rung replay)."""
    return {"type": "fail", "status": status, "times": times, "match": {"path": "/v1/chat/*"}, **more}


def breaks(kind: str, after: int, **more: object) -> Behaviour:
    return {"type": "stream_fault", "kind": kind, "after_chunks": after, **more}


@pytest.fixture(scope="module")
def server() -> Iterator[Judge]:
    """Paced, as a model is: otherwise the whole answer is sent before a client could leave it."""
    with judging("--stream-chunk-delay-ms", "5") as judge:
        yield judge


def ask(judge: Judge, resume: str = "auto", request: Request = REQUEST) -> Watched:
    return asyncio.run(watch(request, replace(provider(judge.base_url), resume=resume, models={}), JUDGED))


@pytest.mark.parametrize("kind", ["disconnect", "truncate", "malformed", "stall"])
@pytest.mark.parametrize(("after", "resume"), [*((after, "auto") for after in EARLY), (LATE, "restart")])
def test_every_fault_of_a_stream(server: Judge, kind: str, after: int, resume: str) -> None:
    server.begin(breaks(kind, after))
    seen = ask(server, resume)
    assert_whole(seen)
    assert len(seen.faults) == 1
    assert server.pending() == []
    server.assert_no_finding()


def test_all_faults_one_after_another(server: Judge) -> None:
    kinds = ["disconnect", "truncate", "malformed", "stall"]
    server.begin(fail(429, retry_after=0.5), *(breaks(kind, 3) for kind in kinds))
    seen = ask(server)
    assert_whole(seen)
    assert seen.faults == ["rate-limit", "truncated", "truncated", "garbled", "no-bytes"]
    server.assert_no_finding()


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("retry_after", [None, 0.4])
def test_faults_that_strike_whatever_comes_first(server: Judge, times: int, retry_after: float | None) -> None:
    server.begin({"type": "fail", "status": 503, "times": times, "retry_after": retry_after})
    assert_whole(ask(server))
    assert server.requests()[0]["path"] == "/v1/streams/lookup"
    assert server.pending() == []
    server.assert_no_finding()


@pytest.mark.parametrize("status", [408, 409, 500, 502, 503, 504, 529])
def test_an_error_that_passes(server: Judge, status: int) -> None:
    server.begin(fail(status))
    seen = ask(server)
    assert_whole(seen)
    assert len(seen.faults) == 1
    server.assert_no_finding()


def test_waits_grow_while_it_fails(server: Judge) -> None:
    server.begin(fail(500, 4))
    seen = ask(server)
    assert_whole(seen)
    assert seen.faults == ["server"] * 4
    server.assert_no_finding()


@pytest.mark.parametrize("seconds", [0.3, 1.0])
def test_retry_after_is_waited_for(server: Judge, seconds: float) -> None:
    server.begin(fail(429, 2, retry_after=seconds))
    seen = ask(server)
    assert_whole(seen)
    assert seen.faults == ["rate-limit"] * 2
    server.assert_no_finding()


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "bad-request"), (401, "unauthorized"), (403, "forbidden"), (404, "not-found"), (422, "bad-request")],
)
def test_what_no_retry_can_mend_is_not_retried(server: Judge, status: int, kind: str) -> None:
    server.begin(fail(status, None))
    seen = ask(server)
    assert (seen.failed.fault.kind, seen.failed.fault.permanent) == (kind, True)
    assert len(server.chats()) == 1
    server.assert_no_finding()


def test_a_prompt_that_is_too_long(server: Judge) -> None:
    server.begin(fail(400, None, code="context_length_exceeded", message="maximum context length was exceeded"))
    assert ask(server).failed.fault.kind == "too-long"
    server.assert_no_finding()


def test_an_outage_is_given_up(server: Judge) -> None:
    server.begin(fail(500, None))
    assert ask(server).failed.failed_after_retries == 5
    assert len(server.chats()) == 6
    server.assert_no_finding()


def test_slow_answers_are_waited_for(server: Judge) -> None:
    server.begin({"type": "delay", "seconds": 0.7}, {"type": "slow_first_token", "seconds": 0.7})
    seen = ask(server)
    assert_whole(seen)
    assert seen.faults == []
    server.assert_no_finding()


def test_a_quota_is_kept_to() -> None:
    """100 tokens a second: the first request takes nearly all there are, the second waits as long as it is told."""
    with judging("--tpm", "6000") as judge:
        judge.begin()
        greedy = Request("test-model", (Message("user", "All of it."),), max_tokens=5900)
        assert ask(judge, request=greedy).done.attempts == 1
        seen = ask(judge, request=replace(greedy, max_tokens=200))
        assert seen.done.attempts > 1
        assert set(seen.faults) == {"rate-limit"}
        judge.assert_no_finding()


def test_the_command_under_random_faults(tmp_path: Path) -> None:
    """Its own chaos, a third of all answers broken; what the command `llmock report` says at the end: no error.

    One warning is a matter of dice and is looked at: `no_backoff`, where two waits of one call do not grow. With new
    text between them they need not, for a fault after progress is a first one; the judge does not know of progress.
    """
    rates = {"disconnect": 0.1, "truncate": 0.1, "malformed": 0.05, "stall": 0.05}
    chaos = [option for kind, rate in rates.items() for option in ("--stream-fault", f"{kind}={rate}")]
    with judging("--stream-chunk-delay-ms", "5", "--error-rate", "503=0.05", *chaos) as judge:
        judge.begin()
        config = settings(tmp_path, judge.base_url, more="max_retries = 9\n[timeouts]\nidle = 0.8\n")
        # Back-offs large enough that a busy machine's own delays do not turn a longer wait into a shorter.
        hasty = "initial_backoff = 0.02\nmax_backoff = 0.05"
        assert hasty in config.read_text()
        config.write_text(config.read_text().replace(hasty, "initial_backoff = 0.5\nmax_backoff = 4"))
        for seed in range(4):
            done = command(config, "--seed", str(seed))  # four calls, not one call four times
            assert (done.returncode, done.stdout) == (0, TEXT + "\n"), done.stderr
        assert unexplained(judge) == []
        report = judge.report()
        assert report.returncode == 0, report.stdout


def unexplained(judge: Judge) -> list[dict[str, object]]:
    """Findings that no progress explains."""
    requests = {record["seq"]: record for record in judge.requests()}
    found = []
    for finding in judge.findings():
        seqs = finding["requests"]
        assert isinstance(seqs, list)
        # Every attempt but the last is followed by a wait; one frame is the role's, the second has text.
        texts = [int(str(requests[seq]["chunks_sent"])) > 1 for seq in seqs[:-1]]
        if finding["code"] != "no_backoff" or not any(texts):
            found.append(finding)
    return found


@pytest.mark.parametrize("kind", ["disconnect", "truncate", "malformed", "stall"])
@pytest.mark.parametrize("resume", ["prefill", "continue"])
def test_a_resume_counts_as_the_retry_that_it_is(server: Judge, kind: str, resume: str) -> None:
    server.begin(breaks(kind, LATE))
    seen = ask(server, resume)
    assert_whole(seen)
    assert {mark.how for mark in seen.seams} <= {resume, "restart"}
    requests = server.chats()
    assert len({record["fingerprint"] for record in requests}) > 1
    server.assert_no_finding(as_one_call(requests))


def as_one_call(requests: list[dict[str, object]]) -> list[dict[str, object]]:
    """The same records; a request that goes on from the text held has the name of the call that it goes on with."""
    first = requests[0]
    asked = json.loads(json.dumps(first["body"]))["messages"]
    for record in requests:
        sent = json.loads(json.dumps(record["body"]))["messages"]
        assert sent[: len(asked)] == asked
        if len(sent) > len(asked):
            assert sent[len(asked)]["role"] == "assistant"
            assert TEXT.startswith(sent[len(asked)]["content"])
    return [{**record, "fingerprint": first["fingerprint"]} for record in requests]
