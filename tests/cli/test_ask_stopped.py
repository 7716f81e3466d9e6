"""`unbroken ask` that does not come to its end: interrupted, told to stop, or left by who reads it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

from breaking_provider import ENGLISH, cut_after, held, posts, provider, settings
from model_servers import tokens
from test_ask import COMMAND, ROOT, one_message, replies, unbroken


def test_sigterm_ends_with_a_last_line_and_keeps_the_partial(tmp_path: Path) -> None:
    partial = held(40, ENGLISH)
    with provider(cuts=[cut_after(40, ENGLISH, "stall")]) as server:
        with started(settings(tmp_path, server.url), "--json") as child:
            assert child.stdout is not None
            lines, text = [], ""
            while text != partial:
                lines.append(json.loads(child.stdout.readline()))
                text += lines[-1].get("content", "")
            child.send_signal(signal.SIGTERM)
            rest, told = child.communicate(timeout=30)
        assert child.returncode == 143
        assert "gone" in server.did(posts(server)[0].connection)
    last = json.loads(rest.decode().splitlines()[-1])
    assert (last["type"], last["kind"], last["permanent"], last["text"]) == ("error", "interrupted", False, partial)
    assert last["connection_id"] == lines[-1]["connection_id"]
    assert "history show" in one_message(told.decode())
    (reply,) = replies()
    assert (reply["state"], reply["text"]) == ("stopped", partial)


def started(config: Path, *more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, "ask", *more, "Tell me."],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | {"UNBROKEN_CONFIG": str(config)},
    )


def test_ctrl_c_keeps_the_partial_and_ends_the_request(tmp_path: Path) -> None:
    with provider(cuts=[cut_after(40, ENGLISH, "stall")]) as server:
        with started(settings(tmp_path, server.url)) as child:
            assert child.stdout is not None
            assert child.stderr is not None
            partial = held(40, ENGLISH)
            got = child.stdout.read(len(partial)).decode()
            child.send_signal(signal.SIGINT)
            rest, told = child.communicate(timeout=30)
        assert child.returncode == 130
        assert got == partial
        assert rest == b"\n"
        assert "history show" in one_message(told.decode())
        assert "gone" in server.did(posts(server)[0].connection)
    (reply,) = replies()
    assert (reply["state"], reply["text"]) == ("stopped", partial)


def test_a_reader_that_goes_away_is_no_error_and_loses_nothing(tmp_path: Path) -> None:
    slow = replace(cut_after(len(tokens(ENGLISH)), ENGLISH, "stall"), piece=700, pause=0.02)
    with provider(cuts=[slow]) as server, started(settings(tmp_path, server.url)) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        got = child.stdout.read(6).decode()
        child.stdout.close()
        told = child.stderr.read()
        child.wait(30)
    assert told == b""
    assert child.returncode == 1
    (reply,) = replies()
    assert str(reply["text"]).startswith(got)
    assert (reply["state"], reply["note"]) == ("stopped", "unread")
    assert "nobody read it any more" in unbroken("history", "show").stdout


def test_an_answer_in_a_conversation_deleted_meanwhile_is_not_lost_and_that_is_said(tmp_path: Path) -> None:
    partial = held(40, ENGLISH)
    with provider(cuts=[cut_after(40, ENGLISH, "stall")]) as server:
        config = settings(tmp_path, server.url)
        with started(config) as child:
            assert child.stdout is not None
            assert child.stdout.read(len(partial)).decode() == partial
            assert len(replies()) == 1
            assert unbroken("history", "delete", "latest", config=config).returncode == 0
            assert replies() == []
            child.send_signal(signal.SIGTERM)
            told = child.communicate(timeout=30)[1].decode()
    assert "brought it back" in told
    assert [found["text"] for found in replies()] == [partial]
