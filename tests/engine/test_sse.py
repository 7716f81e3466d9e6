"""The decoder against the web-platform-tests cases (reference, C.4) and cases of our own, in every cut of the wire."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine import sse
from tui.engine.sse import MAX_LINE, Decoder, Frame, LineTooLong

BOM = b"\xef\xbb\xbf"
WIDE = "…".encode()

CASES: dict[str, tuple[bytes, list[str]]] = {
    # The standard's, as web-platform-tests feed them.
    "bom": (BOM + b"data:1\n\n" + BOM + b"data:2\n\ndata:3\n\n", ["1", "3"]),
    "bom-2": (BOM + BOM + b"data:1\n\ndata:2\n\ndata:3\n\n", ["2", "3"]),
    "comments": (
        b"data:1\r:\0\n:\r\ndata:2\n:" + b"x" * 2048 + b"\rdata:3\n:data:fail\r:" + b"x" * 2048 + b"\ndata:4\n\n",
        ["1\n2\n3\n4"],
    ),
    "data-before-final-empty-line": (b"retry:1000\ndata:test1\n\nid:test\ndata:test2", ["test1"]),
    "field-data": (b"data:\n\ndata\ndata\n\ndata:test\n\n", ["", "\n", "test"]),
    "field-event": (b"event:test\ndata:x\n\ndata:x\n\n", ["x", "x"]),
    "field-event-empty": (b"event: \ndata:data\n\n", ["data"]),
    "field-id": (b"id: " + WIDE + b"\ndata: hello\n\ndata: hello\n\n", ["hello", "hello"]),
    "field-id-3": (b"id: 1\ndata: 1\n\ndata:2\n\nid: 2\ndata:3\n\nid:\ndata:4\n\n", ["1", "2", "3", "4"]),
    "field-id-null": (b"id: \0\0\ndata:1\n\nid: x\0\ndata:2\n\n", ["1", "2"]),
    "field-parsing": (
        (
            b"data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\r"
            b"data_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n"
        ),
        ["\0\n 2\n1\n3\n\n4"],
    ),
    "field-retry": (b"retry:03000\ndata:x\n\n", ["x"]),
    "field-retry-bogus": (b"retry:3000\nretry:1000x\ndata:x\n\n", ["x"]),
    "field-retry-empty": (b"retry\ndata:test\n\n", ["test"]),
    "field-unknown": (
        b"data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n",
        ["test\n\ntest"],
    ),
    "leading-space": (b"data:\ttest\rdata: \ndata:test\n\n", ["\ttest\n\ntest"]),
    "newlines": (b"data:test\r\ndata\ndata:test\r\n\r", ["test\n\ntest"]),
    "null-character": (b"data:\0\n\n", ["\0"]),
    "utf-8": (b"data:ok " + WIDE + b"\n\n", ["ok …"]),
    "event-data": (
        b"data:msg\ndata: msg\n\n:\nfalsefield:msg\n\nfalsefield:msg\nData:data\n\ndata\n\ndata:end\n\n",
        ["msg\nmsg", "", "end"],
    ),
    # Our own.
    "separators-of-other-standards": (
        "data: a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x1dh\x1ei\n\n".encode(),
        ["a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x1dh\x1ei"],
    ),
    "event-without-data": (b"event: ping\n\ndata: x\n\n", ["x"]),
    "comment-block-after-id": (b"id: 7\ndata: x\n\n: ping\n\n: ping\n\ndata: y\n\n", ["x", "y"]),
    "retry-alone": (b"retry: 5\n\ndata: x\n\n", ["x"]),
    "cr-only": (b"data: 1\rdata: 2\r\rdata: 3\r\r", ["1\n2", "3"]),
    "crlf": (b"data: 1\r\n\r\ndata: 2\r\n\r\n", ["1", "2"]),
    "mixed-ends": (b"data: 1\n\r\ndata: 2\r\n\ndata: 3\r\r\ndata: 4\n\r", ["1", "2", "3", "4"]),
    "end-without-empty-line": (b"data: 1\n\ndata: 2\n", ["1"]),
    "end-in-a-line": (b"data: 1\n\ndata: 2", ["1"]),
    "done-without-empty-line": (b"data: 1\n\ndata: [DONE]\n", ["1", "[DONE]"]),
    "done-without-a-line-end": (b"data: 1\n\ndata: [DONE]", ["1", "[DONE]"]),
    "half-a-done": (b"data: 1\n\ndata: [DON", ["1"]),
    "torn-utf-8": (b"data: \xe3\x81x\xff\n\n", ["\ufffdx\ufffd"]),
    "zwj-emoji": ("data: 👩‍👩‍👧‍👦🏳️‍🌈\n\n".encode(), ["👩‍👩‍👧‍👦🏳️‍🌈"]),
    "bom-in-data": (b"data: " + BOM + b"x\n\n", ["\ufeffx"]),
    "only-part-of-a-bom": (b"\xef\xbbdata: 1\n\ndata: 2\n\n", ["2"]),
    "nothing": (b"", []),
    "empty-lines": (b"\n\n\r\n\r\r\n", []),
    "colon-in-data": (b"data: a: b\ndata::c\n\n", ["a: b\n:c"]),
}


def decode(pieces: Iterable[bytes]) -> list[Frame]:
    decoder = Decoder()
    found = [frame for piece in pieces for frame in decoder.feed(piece)]
    return found + decoder.finish()


def every_way(wire: bytes) -> Iterable[Sequence[bytes]]:
    yield (wire,)
    yield tuple(wire[at : at + 1] for at in range(len(wire)))
    for cut in range(1, len(wire)):
        yield (wire[:cut], wire[cut:])


@pytest.mark.parametrize("name", CASES)
def test_a_case_whole_in_every_two_pieces_and_byte_by_byte(name: str) -> None:
    wire, expected = CASES[name]
    whole = decode([wire])
    assert [frame.data for frame in whole] == expected
    for pieces in every_way(wire):
        assert decode(pieces) == whole


def test_event_types_and_ids() -> None:
    def facts(wire: bytes) -> list[tuple[str, str]]:
        return [(frame.event, frame.last_id) for frame in decode([wire])]

    assert facts(b"event:test\ndata:x\n\ndata:x\n\n") == [("test", ""), ("", "")]
    assert facts(b"event:lost\n\ndata:x\n\n") == [("", "")]
    assert facts(CASES["field-id"][0]) == [("", "…"), ("", "…")]
    assert facts(CASES["field-id-3"][0]) == [("", "1"), ("", "1"), ("", "2"), ("", "")]
    assert facts(b"id: 1\ndata:x\n\nid\ndata:x\n\n") == [("", "1"), ("", "")]
    for value in (b"\0\0", b"x\0", b"\0x", b"x\0x", b" \0"):
        assert facts(b"id:" + value + b"\ndata:x\n\n") == [("", "")]


@pytest.mark.parametrize(
    ("wire", "retry"),
    [(b"retry:03000\n", 3000), (b"retry:3000\nretry:1000x\n", 3000), (b"retry\n", None), (b"retry:-1\n", None)],
)
def test_retry_takes_digits_alone(wire: bytes, retry: int | None) -> None:
    decoder = Decoder()
    decoder.feed(wire)
    assert decoder.retry == retry


def test_comments_are_counted_for_they_are_signs_of_life() -> None:
    decoder = Decoder()
    assert decoder.feed(b": ping\n\n:\n\n: OPENROUTER PROCESSING\n\ndata: x\n\n")[0].data == "x"
    assert decoder.comments == 3


def test_an_offset_is_where_a_stream_can_go_on() -> None:
    """What is behind the end of a frame, decoded alone, is the rest of the frames."""
    wire = BOM + b": ping\n\ndata: 1\r\n\r\ndata: 2\n\nid: x\ndata: 3\r\rdata: " + WIDE + b"\n\n"
    frames = decode([wire])
    assert [frame.data for frame in frames] == ["1", "2", "3", "…"]
    for at, frame in enumerate(frames):
        assert [later.data for later in decode([wire[frame.end :]])] == [later.data for later in frames[at + 1 :]]
    assert frames[-1].end == len(wire)


@pytest.mark.parametrize(
    "wire",
    [
        b'\x00\xffdata: {"choices": []}\n\n',
        b'\x00~\n\nta: {"choices": []}\n\n',
        b'data~\n\n: {"choices": []}\n\n',
        b'ata: {"choices": []}\n\n',
        b'{"choices": []}\n\n',
    ],
)
def test_a_data_line_that_lost_its_beginning_is_told(wire: bytes) -> None:
    assert any(frame.damaged for frame in decode([wire]))
    for pieces in every_way(wire):
        assert decode(pieces) == decode([wire])


def test_damage_beside_whole_data_is_told_with_it() -> None:
    (frame,) = decode([b'data: x\n~{"choices": []}\n\n'])
    assert (frame.data, frame.damaged) == ("x", True)
    assert not any(frame.damaged for frame in decode([b": OPENROUTER {PROCESSING}\n\nfoo: bar\nevent: {\ndata: x\n\n"]))


def fed_until_too_long(piece: bytes) -> int:
    """Bytes taken before the decoder gives up."""
    decoder = Decoder()
    for times in range(3 * sse.MAX_LINE):
        try:
            decoder.feed(piece)
        except LineTooLong:
            return times * len(piece)
    raise AssertionError("it never gave up")


def test_a_line_of_four_megabytes_is_read_and_one_without_end_is_not() -> None:
    line = b"x" * (4 * 1024 * 1024)
    decoder = Decoder()
    frames = [frame for at in range(0, len(line), 65536) for frame in decoder.feed(line[at : at + 65536])]
    assert frames == []
    assert decode([b"data: " + line + b"\n\n"])[0].data == line.decode()
    assert fed_until_too_long(b"x" * 65536) <= MAX_LINE + 65536
    with pytest.raises(LineTooLong):
        decode([b"data: " + b"x" * MAX_LINE + b"\n\n"])


@pytest.mark.parametrize("line", [b"data: " + b"x" * 100 + b"\n", b"data:\n", b"data\n"])
def test_data_without_end_in_short_lines_is_not_kept_either(line: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_LINE", 10_000)
    fed_until_too_long(line)


lines = st.one_of(
    st.binary(max_size=12).map(lambda value: b"data: " + value),
    st.sampled_from([b"", b"", b"data", b": ping", b"event: x", b"id: 1", b"retry: 1", BOM, b"da{ta: 1", WIDE, b"\0"]),
)
wires = st.lists(st.tuples(lines, st.sampled_from([b"\n", b"\r", b"\r\n", b"\n\n", b""])), max_size=12).map(
    lambda parts: b"".join(line + end for line, end in parts)
)


@given(wires, st.lists(st.integers(0, 200), max_size=6))
def test_any_split_gives_the_same_frames(wire: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(wire), *(min(cut, len(wire)) for cut in cuts)})
    pieces = [wire[start:end] for start, end in itertools.pairwise(places)]
    assert decode(pieces) == decode([wire])


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(wire: bytes) -> None:
    for frame in decode([wire]):
        frame.data.encode()
