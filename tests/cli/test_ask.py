"""`unbroken ask`: the real command in a process of its own, a real socket that breaks, and the journal afterwards."""

from __future__ import annotations

import io
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from breaking_provider import (
    ENGLISH,
    JAPANESE,
    JSON,
    cut_after,
    held,
    no_such_model,
    posts,
    provider,
    refused_key,
    settings,
)
from model_servers import stream
from wire_server import PAGE, Answer, Seen, WireServer

from tui import paths
from tui.chat.session import Wanted
from tui.chat.window import Fit
from tui.cli.ask_run import Asking
from tui.config import Config
from tui.journal.store import Journal
from tui.words import Content, Seam, SeamMark, TextSoFar

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "tui")
KEY = "hs_" + "q7" * 18
NOT_VERIFIED = "[… seam not verified: what follows may not fit …]"


def unbroken(
    *args: str, stdin: bytes | int = b"", config: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    given = {"UNBROKEN_CONFIG": str(config)} if config else {}
    done = subprocess.run(
        [*COMMAND, *args],
        input=stdin if isinstance(stdin, bytes) else None,
        capture_output=True,
        cwd=ROOT,
        env=os.environ | given | environment,
        check=False,
        timeout=60,
    )
    err = done.stderr.decode()
    assert "Traceback" not in err
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), err)


def replies() -> list[dict[str, object]]:
    """Every reply in the journal, as `history export` tells it."""
    exported = unbroken("history", "export", "--format", "json")
    assert exported.returncode == 0
    document = json.loads(exported.stdout)
    turns = [turn for conversation in document["conversations"] for turn in conversation["turns"]]
    return [reply for turn in turns for reply in turn["replies"]]


def one_message(err: str) -> str:
    """All that was said, which is one message: two lines at most."""
    lines = err.splitlines()
    assert 1 <= len(lines) <= 2, err
    assert lines[0].startswith("unbroken: ")
    return err


@pytest.mark.parametrize("resume", ["auto", "prefill"])
@pytest.mark.parametrize("text", [ENGLISH, JAPANESE], ids=["english", "japanese"])
def test_two_cuts_and_the_answer_is_whole(text: str, resume: str, tmp_path: Path) -> None:
    with provider(text, cuts=[40, 30]) as server:
        done = unbroken("ask", "Tell me.", config=settings(tmp_path, server.url, resume=resume))
        assert len(posts(server)) == 3
    assert done.stdout == text + "\n"
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("seam verified") == 2
    (reply,) = replies()
    assert reply["text"] == text
    assert reply["state"] == "done"
    seams = reply["seams"]
    assert isinstance(seams, list)
    assert len(seams) == 2
    how = "prefill" if resume == "prefill" else "continue"
    assert [(seam["how"], seam["verified"]) for seam in seams] == [(how, True)] * 2
    attempts = reply["attempts"]
    assert isinstance(attempts, list)
    assert [attempt["fault"] and attempt["fault"]["kind"] for attempt in attempts] == ["truncated", "truncated", None]


@pytest.mark.parametrize("behaviour", ["different", "other-words"])
@pytest.mark.parametrize("text", [ENGLISH, JAPANESE], ids=["english", "japanese"])
def test_other_words_are_never_glued_unmarked(text: str, behaviour: str, tmp_path: Path) -> None:
    with provider(text, cuts=[60], behaviour=behaviour) as server:
        done = unbroken("ask", "Tell me.", config=settings(tmp_path, server.url))
        said = posts(server)
    assert done.returncode == 0, done.stderr
    assert len(said) > 1
    first = held(60, text)
    stored = replies()
    if len(stored) == 1:
        assert "NOT verified" in done.stderr
        (seam,) = stored[0]["seams"]  # type: ignore[misc]
        assert (seam["at"], seam["verified"]) == (len(first), False)
        assert stored[0]["verified"] is False
        whole = str(stored[0]["text"])
        assert done.stdout == f"{first}\n{NOT_VERIFIED}\n{whole[len(first) :]}\n"
    else:
        before, after = stored
        assert before["text"] == first
        assert "different answer" in done.stderr
        assert done.stdout == f"{first}\n{'─' * 40}\n{after['text']}\n"


def test_a_seam_at_the_end_glues_nothing_and_marks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    asking = Asking(Config(), Wanted(), as_json=False)
    mark = SeamMark(3, "continue", verified=False, gap=1.0, paid_twice=0, models=("m", "m"))
    stamp = {"connection_id": 1, "retry_count": 0, "t": 0.0}
    text = TextSoFar("onetwo")
    asking._hear(Content(content="one", _text=text, _end=3, **stamp))  # type: ignore[arg-type]
    asking._hear(Seam(mark=mark, **stamp))  # type: ignore[arg-type]
    assert out.getvalue() == "one\n"
    asking._hear(Content(content="two", _text=text, _end=6, **stamp))  # type: ignore[arg-type]
    assert out.getvalue() == f"one\n{NOT_VERIFIED}\ntwo"


def test_a_server_that_starts_again_with_other_words_gives_a_reply_beside_the_partial(tmp_path: Path) -> None:
    with provider(ENGLISH, cuts=[60], behaviour="different") as server:
        done = unbroken("ask", "--json", "x", config=settings(tmp_path, server.url, resume="restart"))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["reply"] for line in lines if line["type"] == "reply"] == [2]
    first, second = replies()
    assert first["text"] == held(60, ENGLISH)
    assert first["note"] == "superseded"
    assert second["text"] == lines[-1]["text"]
    assert second["state"] == "done"


def contents_since_the_last_reply(lines: list[dict[str, object]]) -> str:
    text = ""
    for line in lines:
        text = "" if line["type"] == "reply" else text + str(line["content"]) if line["type"] == "content" else text
    return text


@pytest.mark.parametrize("behaviour", ["exact", "echoes", "restarts", "chats-first", "different", "other-words"])
@pytest.mark.parametrize("resume", ["auto", "restart"])
def test_json_lines_add_up_to_the_last_one(behaviour: str, resume: str, tmp_path: Path) -> None:
    with provider(ENGLISH, cuts=[60, 30], behaviour=behaviour) as server:
        done = unbroken("ask", "--json", "Tell me.", config=settings(tmp_path, server.url, resume=resume))
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-1]["type"] == "done"
    assert contents_since_the_last_reply(lines) == lines[-1]["text"]
    for line in lines:
        assert {"type", "connection_id", "retry_count", "t"} <= set(line)
        assert 0 <= line["t"] <= 60


def test_json_lines_of_a_failure_add_up_too(tmp_path: Path) -> None:
    with provider(ENGLISH, cuts=[40] + [cut_after(0, "")] * 9) as server:
        config = settings(tmp_path, server.url, more="max_retries = 2\n")
        done = unbroken("ask", "--json", "Tell me.", config=config)
    assert done.returncode == 1
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    last = lines[-1]
    assert last["type"] == "error"
    assert (last["kind"], last["permanent"], last["failed_after_retries"]) == ("truncated", False, 2)
    assert last["text"] == held(40, ENGLISH) == contents_since_the_last_reply(lines)
    assert "are kept" in done.stderr
    (reply,) = replies()
    assert (reply["state"], reply["text"]) == ("failed", last["text"])


def test_line_separators_in_an_answer_end_no_json_line(tmp_path: Path) -> None:
    text = "one\u2028two\u2029three\x85four\r\nfive\nsix \U0001f600 " + ENGLISH
    with provider(text) as server:
        done = unbroken("ask", "--json", "x", config=settings(tmp_path, server.url))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.stdout.isascii()
    assert lines[-1]["text"] == text


REFUSALS = {
    "page": (PAGE, 1, "a web page came instead of an answer"),
    "key": (refused_key(KEY), 3, "the provider refuses the key"),
    "model": (no_such_model(), 1, "does not know this model"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_one_message_and_its_exit_code(name: str, tmp_path: Path) -> None:
    answer, code, words = REFUSALS[name]
    with WireServer([answer]) as server:
        config = settings(tmp_path, server.url, key_env="MINE_KEY")
        done = unbroken("ask", "Tell me.", config=config, MINE_KEY=KEY)
        assert len(server.seen) == 1
    assert done.returncode == code
    assert done.stdout == ""
    assert words in one_message(done.stderr)
    assert "Your prompt is kept." in done.stderr
    assert KEY not in done.stderr
    (reply,) = replies()
    assert (reply["state"], reply["text"]) == ("failed", "")


def test_an_answer_without_a_word_is_told(tmp_path: Path) -> None:
    with WireServer([Answer(stream(""))]) as server:
        done = unbroken("ask", "Tell me.", config=settings(tmp_path, server.url))
    assert (done.returncode, done.stdout) == (0, "")
    assert "without a word of text" in one_message(done.stderr)


def test_a_refused_connection_is_told_with_its_reason(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        done = unbroken("ask", "Hi", config=settings(tmp_path, url, more="max_retries = 2\n"))
    assert done.returncode == 1
    *waits, first, second = done.stderr.splitlines()
    assert [re.sub(r"[\d.]+ s", "N s", wait).partition(";")[2] for wait in waits] == [
        " reconnecting in N s (retry 1/2)",
        " reconnecting in N s (retry 2/2)",
    ]
    assert first.startswith("unbroken: No answer came: the connection was refused")
    assert "after 2 retries" in first
    assert "Your prompt is kept." in first
    assert second


def test_a_server_that_asks_for_a_long_wait_ends_it_and_says_how_long(tmp_path: Path) -> None:
    busy = Answer(b'{"error": {"message": "Slow down."}}', 429, {"Retry-After": "7200"}, "length")
    with WireServer([busy]) as server:
        done = unbroken("ask", "Hi", config=settings(tmp_path, server.url))
        assert len(server.seen) == 1
    assert (done.returncode, done.stdout) == (1, "")
    assert "asks for fewer requests" in done.stderr
    assert "2 h 0 min" in done.stderr


def test_an_answer_at_its_limit_is_complete_and_says_how_to_go_on(tmp_path: Path) -> None:
    with WireServer([Answer(stream(ENGLISH, "length"))]) as server:
        done = unbroken("ask", "Hi", config=settings(tmp_path, server.url))
    assert (done.returncode, done.stdout) == (0, ENGLISH + "\n")
    assert "`unbroken -c` and Ctrl+R go on" in done.stderr


def test_a_missing_key_is_exit_code_3(tmp_path: Path) -> None:
    done = unbroken("ask", "Hi", config=settings(tmp_path, "http://127.0.0.1:9/v1", key_env="MINE_KEY"))
    assert done.returncode == 3
    assert "MINE_KEY" in done.stderr


@pytest.mark.parametrize("place", ["file/data", "file"])
def test_a_data_directory_that_cannot_be_written_does_not_stop_the_answer(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with provider(ENGLISH, cuts=[40]) as server:
        config = settings(tmp_path, server.url)
        done = unbroken("ask", "Tell me.", config=config, UNBROKEN_DATA_DIR=str(tmp_path / place))
    assert done.stdout == ENGLISH + "\n"
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Not saved so far") <= 1, done.stderr
    assert "kept in memory" not in done.stderr
    assert "Not saved: the journal or its directory cannot be written" in done.stderr.splitlines()[-2]


def test_the_prompt_comes_from_stdin_and_from_arguments(tmp_path: Path) -> None:
    with provider(ENGLISH) as server:
        config = settings(tmp_path, server.url)
        assert unbroken("ask", config=config, stdin="四季とは？\n".encode()).stdout == ENGLISH + "\n"
        assert unbroken("ask", "Sum", "this", "up:", config=config, stdin=b"a\nlong\ntext\n").returncode == 0
        messages = [seen.json()["messages"] for seen in posts(server)]
    assert messages == [
        [{"role": "user", "content": "四季とは？"}],
        [{"role": "user", "content": "Sum this up:\n\na\nlong\ntext"}],
    ]


def test_nothing_to_ask_is_exit_code_2_and_nothing_is_sent(tmp_path: Path) -> None:
    with provider() as server:
        for arguments in (("ask",), ("ask", "  ")):
            done = unbroken(*arguments, config=settings(tmp_path, server.url), stdin=b" \n")
            assert done.returncode == 2
            assert "Nothing was sent." in one_message(done.stderr)
        assert server.seen == []


def test_options_reach_the_provider(tmp_path: Path) -> None:
    options = [
        "--system",
        "Be brief.",
        "--max-tokens",
        "300",
        "--temperature",
        "0.5",
        "--seed",
        "7",
        "-m",
        "other-model",
    ]
    with provider() as server:
        assert unbroken("ask", *options, "Hi", config=settings(tmp_path, server.url)).returncode == 0
        body = posts(server)[0].json()
    assert (body["model"], body["max_tokens"], body["temperature"], body["seed"]) == ("other-model", 300, 0.5, 7)
    assert body["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]


def test_a_long_conversation_asks_how_much_fits_before_it_goes_on(tmp_path: Path) -> None:
    """The list of models tells it, in the same run; a short one asks nobody."""
    listed = json.dumps({"data": [{"id": "test-model", "max_model_len": 3000}]}).encode()

    def answer(seen: Seen) -> Answer:
        return Answer(listed, headers=JSON, framing="length") if seen.method == "GET" else Answer(stream("Said."))

    with WireServer(answer) as server:
        config = settings(tmp_path, server.url)
        assert unbroken("ask", stdin=b"plums " * 1100, config=config).returncode == 0
        assert [seen.method for seen in server.seen if seen.path.endswith("/models")] == []
        done = unbroken("ask", "-c", stdin=b"pears " * 400, config=config)
        assert [seen.method for seen in server.seen if seen.path.endswith("/models")] == ["GET"]
        assert [message["content"][:5] for message in posts(server)[1].json()["messages"]] == ["pears"]
    assert done.returncode == 0
    assert "the model takes 3,000: the oldest turns (1) are not sent now" in done.stderr


def test_the_next_model_of_the_chain_goes_on_and_that_is_said(tmp_path: Path) -> None:
    def answer(seen: Seen) -> Answer:
        return no_such_model() if seen.json()["model"] == "test-model" else Answer(stream("Said."))

    with WireServer(answer) as server:
        config = settings(tmp_path, server.url)
        config.write_text('fallback = ["other-model"]\n' + config.read_text())
        done = unbroken("ask", "Hi", config=config)
    assert (done.returncode, done.stdout) == (0, "Said.\n")
    assert "test-model failed" in one_message(done.stderr)
    assert "other-model goes on" in done.stderr


def test_continue_sends_what_was_said(tmp_path: Path) -> None:
    with WireServer([Answer(stream(ENGLISH))]) as server:
        config = settings(tmp_path, server.url)
        assert unbroken("ask", "--system", "Be brief.", "One", config=config).returncode == 0
        assert unbroken("ask", "-c", "Two", config=config).returncode == 0
        messages = posts(server)[1].json()["messages"]
    assert messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "One"},
        {"role": "assistant", "content": ENGLISH},
        {"role": "user", "content": "Two"},
    ]
    assert [reply["text"] for reply in replies()] == [ENGLISH, ENGLISH]


def test_continue_does_not_build_on_what_was_deleted(tmp_path: Path) -> None:
    with WireServer([Answer(stream(ENGLISH))]) as server:
        config = settings(tmp_path, server.url)
        assert unbroken("ask", "One", config=config).returncode == 0
        with Journal.open(paths.journal_file()) as journal:
            (first,) = journal.conversations()
        assert unbroken("history", "delete", first.id, config=config).returncode == 0
        assert unbroken("ask", "-c", "Two", config=config).returncode == 0
        assert posts(server)[1].json()["messages"] == [{"role": "user", "content": "Two"}]
    with Journal.open(paths.journal_file()) as journal:
        assert [(found.title, found.turns) for found in journal.conversations()] == [("Two", 1)]
        assert [found.id for found in journal.deleted()] == [first.id]


def test_the_log_tells_the_wire_without_the_key(tmp_path: Path) -> None:
    log = tmp_path / "wire.log"
    with provider(cuts=[40]) as server:
        config = settings(tmp_path, server.url, key_env="MINE_KEY")
        done = unbroken("ask", "--log", str(log), "Tell me.", config=config, MINE_KEY=KEY)
        assert [seen.headers["authorization"] for seen in posts(server)] == [f"Bearer {KEY}"] * 2
    assert done.returncode == 0
    written = log.read_text(encoding="utf-8")
    assert "/v1/chat/completions" in written
    assert KEY not in written
    assert KEY[3:] not in written


def test_a_log_that_cannot_be_written_starts_nothing(tmp_path: Path) -> None:
    with provider() as server:
        config = settings(tmp_path, server.url)
        done = unbroken("ask", "--log", str(tmp_path / "no" / "wire.log"), "Hi", config=config)
        assert server.seen == []
    assert done.returncode == 2
    assert "cannot be written" in one_message(done.stderr)


def test_what_the_model_will_not_be_told_is_said_before_it_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    asking = Asking(Config(), Wanted(), as_json=False)
    asking._fits(Fit((0, 1), 900, 8192, wanted=9100))
    asking._fits(Fit((), 9000, 8192, too_long=True))
    asking._fits(Fit((), 10, None))
    first, second = capsys.readouterr().err.splitlines()
    assert "the oldest turns (2) are not sent" in first
    assert "≈ 9,000 tokens" in second
