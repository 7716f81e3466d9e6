"""What a frame means, in the dialects that are met."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.chunks import (
    Counted,
    Finish,
    Garbled,
    Ignored,
    Piece,
    Surrogates,
    Text,
    Thought,
    Trouble,
    cut_json,
    pieces,
    whole,
)


def delta(finish: object = None, **fields: object) -> str:
    return json.dumps({"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]})


DIALECTS: list[tuple[str, str, list[Piece]]] = [
    ("OpenAI", delta(content="Hi"), [Text("Hi")]),
    ("first chunk", delta(role="assistant", content=""), []),
    ("null content", delta(role="assistant", content=None), []),
    ("finish", delta("stop"), [Finish("stop")]),
    ("text and finish", delta("length", content="end"), [Text("end"), Finish("length")]),
    ("finish that is no finish", delta("", content="x"), [Text("x")]),
    ("finish in words for null", delta("null", content="x"), [Text("x")]),
    ("DeepSeek", delta(reasoning_content="hm", content=None), [Thought("hm")]),
    ("OpenRouter, vLLM", delta(reasoning="hm", content=""), [Thought("hm")]),
    ("both names of one thought", delta(reasoning_content="hm", reasoning="hm"), [Thought("hm")]),
    ("reasoning and text", delta(reasoning="hm", content="Hi"), [Thought("hm"), Text("Hi")]),
    (
        "Mistral",
        delta(content=[{"type": "text", "text": "a"}, {"type": "thinking", "text": "b"}, {"type": "x"}, "s"]),
        [Text("a"), Thought("b"), Ignored("{'type': 'x'}")],
    ),
    ("refusal", delta(refusal="I cannot."), [Text("I cannot.")]),
    ("tool call", delta("tool_calls", tool_calls=[{"index": 0}]), [Finish("tool_calls")]),
    ("no choices", '{"choices": []}', []),
    ("choices null", '{"choices": null}', []),
    ("choices of nothing", '{"choices": [null]}', []),
    ("delta null", '{"choices": [{"delta": null}]}', []),
    ("a whole message", '{"choices": [{"message": {"content": "All."}}]}', [Text("All.")]),
    ("done", "[DONE]", [Finish(None)]),
    ("done with a space", " [DONE] ", [Finish(None)]),
    ("empty", "", []),
    ("blank", "  \n ", []),
    ("ping", "ping", [Ignored("ping")]),
    ("number", "17", [Ignored("17")]),
    ("not JSON", '{"choices": [{"del', [Garbled('{"choices": [{"del')]),
    ("noise before an object", '\0\x17{"choices": []}', [Garbled('\0\x17{"choices": []}')]),
    ("BOM before an object", '\ufeff{"choices": []}', []),
    ("object in an array", '[{"error": {"code": 500}}]', [Garbled('[{"error": {"code": 500}}]')]),
    ("control character in a string", '{"a": "\x00"}', [Garbled('{"a": "\x00"}')]),
    ("NaN", '{"choices": [], "logprob": NaN}', []),
    ("a number of 5000 digits", '{"a": ' + "9" * 5000 + "}", [Garbled('{"a": ' + "9" * 294)]),
    ("nested without end", '{"a":' * 100_000, [Garbled(('{"a":' * 60)[:300])]),
]


@pytest.mark.parametrize(("data", "expected"), [case[1:] for case in DIALECTS], ids=[case[0] for case in DIALECTS])
def test_a_dialect(data: str, expected: list[Piece]) -> None:
    assert pieces(data) == expected


@pytest.mark.parametrize("between", ["", " ", "\n", "\r\n\t"])
def test_objects_glued_on_one_line_are_taken_one_by_one(between: str) -> None:
    glued = between.join([delta(content="a"), delta(content="b"), delta("stop"), "[DONE]"])
    assert pieces(glued) == [Text("a"), Text("b"), Finish("stop"), Finish(None)]


def test_what_is_whole_in_a_glued_line_is_kept_and_the_rest_is_garbled() -> None:
    assert pieces(delta(content="a") + '{"choi') == [Text("a"), Garbled('{"choi')]
    assert pieces(delta(content="a") + "~") == [Text("a"), Garbled("~")]


USAGES = [
    ({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}}, [Counted(3, 4)]),
    (
        {
            "choices": [{"delta": {"content": "x"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 4},
        },
        [Text("x"), Counted(3, 4), Finish("stop")],
    ),
    (
        {"choices": [{"delta": {}, "finish_reason": "stop", "usage": {"prompt_tokens": 3, "completion_tokens": 4}}]},
        [Counted(3, 4), Finish("stop")],
    ),
    ({"choices": [], "x_groq": {"usage": {"prompt_tokens": 3, "completion_tokens": 4}}}, [Counted(3, 4)]),
    ({"choices": [], "usage": {"input_tokens": 3, "output_tokens": 4}}, [Counted(3, 4)]),
    ({"choices": [], "usage": None}, []),
    ({"choices": [], "usage": {}}, []),
    ({"choices": [], "usage": {"prompt_tokens": -1, "completion_tokens": 4}}, []),
    ({"choices": [], "usage": {"prompt_tokens": "3", "completion_tokens": 4}}, []),
    ({"choices": [], "usage": [3, 4]}, []),
]


@pytest.mark.parametrize(("value", "expected"), USAGES)
def test_usage_wherever_it_stands(value: dict[str, object], expected: list[Piece]) -> None:
    assert pieces(json.dumps(value)) == expected


ERRORS: list[tuple[object, str, bool]] = [
    ({"error": {"message": "gone", "type": "server_error", "code": None}}, "in-stream", False),
    (
        {"error": {"message": "gone", "code": 502}, "choices": [{"delta": {}, "finish_reason": "error"}]},
        "server",
        False,
    ),
    ({"error": {"message": "no", "code": "401"}}, "unauthorized", True),
    ({"error": {"message": "no", "code": 400, "type": "exceed_context_size_error"}}, "too-long", True),
    ({"error": {"code": "server_error", "message": "Provider disconnected unexpectedly"}}, "in-stream", False),
    ({"error": "a string"}, "in-stream", False),
    ({"object": "error", "message": "vLLM says", "code": 400}, "bad-request", True),
    ({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "overloaded", False),
    ({"choices": [{"delta": {}, "finish_reason": "error"}]}, "in-stream", False),
]


@pytest.mark.parametrize(("value", "kind", "permanent"), ERRORS)
def test_an_error_inside_the_stream(value: object, kind: str, permanent: bool) -> None:
    (trouble,) = pieces(json.dumps(value))
    assert isinstance(trouble, Trouble)
    assert (trouble.fault.kind, trouble.fault.permanent) == (kind, permanent)
    assert trouble.fault.detail


def test_text_before_an_error_is_kept() -> None:
    value = {"choices": [{"delta": {"content": "last words"}}], "error": {"message": "gone"}}
    first, second = pieces(json.dumps(value))
    assert first == Text("last words")
    assert isinstance(second, Trouble)
    assert pieces('{"error": null, "choices": []}') == []


def test_a_document_instead_of_a_stream() -> None:
    answer = {"choices": [{"message": {"role": "assistant", "content": "All."}, "finish_reason": "stop"}]}
    assert whole(json.dumps(answer)) == [Text("All."), Finish("stop")]
    assert whole("\ufeff" + json.dumps(answer, indent=1)) == [Text("All."), Finish("stop")]
    for other in ("", "{", '{"detail": "Not found"}', "[]", "<html>", "null", json.dumps(answer) + "x"):
        assert whole(other) is None


@pytest.mark.parametrize(
    ("body", "cut"),
    [
        ('{"a": "b', True),
        ('{"a": "}', True),
        ("[1, 2", True),
        ('{"a": 1}', False),
        ('{"a": 1}{"b', False),
        ("<p", False),
    ],
)
def test_a_json_document_that_breaks_off(body: str, cut: bool) -> None:
    assert cut_json(body) is cut


# Surrogates


def mended(*parts: str) -> str:
    halves = Surrogates()
    return "".join(halves.mend(part) for part in parts) + halves.rest()


def test_halves_of_a_character_are_joined_over_deltas() -> None:
    assert mended("a\ud83d", "\ude00b") == "a😀b"
    assert mended("\ud83d", "\ude00") == "😀"
    assert mended("\ud83d\ude00") == "😀"
    assert mended("\ud83d") == "\ufffd"
    assert mended("\ud83d", "x") == "\ufffdx"
    assert mended("\udcaf") == "\ufffd"
    assert mended("\ude00\ud83d", "\ud83d", "\ude00") == "\ufffd\ufffd😀"
    assert mended("plain", "日本") == "plain日本"


surrogate_texts = st.text(st.sampled_from(["a", "あ", "😀", "\ud83d", "\ude00", "\u200d"]), min_size=1, max_size=12)


@given(surrogate_texts, st.integers(0, 12))
def test_a_text_with_halves_is_the_same_however_it_is_cut(text: str, cut: int) -> None:
    parts = [part for part in (text[:cut], text[cut:]) if part]
    assert mended(*parts) == mended(text) == text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    mended(*text).encode()


@given(st.text(max_size=200))
def test_any_data_is_survived(data: str) -> None:
    for piece in pieces(data):
        assert not isinstance(piece, Text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "delta", "content", "usage", "error", "finish_reason", "code", "type", "message"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(json_values)
def test_any_json_is_survived(value: object) -> None:
    pieces(json.dumps(value))
    pieces(json.dumps({"choices": [value], "usage": value, "error": value}))
    whole(json.dumps(value))
