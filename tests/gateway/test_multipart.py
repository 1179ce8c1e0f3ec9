from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.gateway.multipart import (
    Event,
    MultipartError,
    MultipartParser,
    PartBegin,
    PartData,
    PartEnd,
    boundary_of,
)

BOUNDARY = b"----x9"


def body_of(parts: list[tuple[str, bytes]], *, tail: bytes = b"--\r\n") -> bytes:
    made = b""
    for name, content in parts:
        made += b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="' + name.encode() + b'"\r\n\r\n'
        made += content + b"\r\n"
    return made + b"--" + BOUNDARY + tail


def events_of(body: bytes, cuts: list[int]) -> list[Event]:
    parser = MultipartParser(BOUNDARY)
    places = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    events = [e for a, b in pairwise(places) for e in parser.feed(body[a:b])]
    parser.close()
    return events


def parts_of(events: list[Event]) -> list[tuple[str, bytes]]:
    parts: list[tuple[str, bytes]] = []
    for event in events:
        match event:
            case PartBegin(name):
                parts.append((name, b""))
            case PartData(chunk):
                assert chunk
                parts[-1] = (parts[-1][0], parts[-1][1] + chunk)
            case PartEnd():
                pass
    return parts


NEARLY_BOUNDARIES = st.sampled_from(
    [b"\r", b"\n", b"\r\n", b"\r\n-", b"\r\n--", b"\r\n------x", b"--", b"a", b"\0\xff"]
)
CONTENTS = st.lists(NEARLY_BOUNDARIES, max_size=12).map(b"".join).filter(lambda c: BOUNDARY not in c)


@given(
    st.lists(st.tuples(st.sampled_from(["file", "purpose", "a"]), CONTENTS), min_size=1, max_size=4),
    st.lists(st.integers(0, 10_000), max_size=20),
)
def test_any_way_of_cutting_a_body_gives_the_same_parts(parts: list[tuple[str, bytes]], cuts: list[int]) -> None:
    assert parts_of(events_of(body_of(parts), cuts)) == parts


@given(st.lists(st.tuples(st.just("a"), CONTENTS), min_size=1, max_size=3), st.integers(1, 60))
def test_a_body_cut_short_is_refused(parts: list[tuple[str, bytes]], missing: int) -> None:
    body = body_of(parts, tail=b"--")
    with pytest.raises(MultipartError):
        events_of(body[: -min(missing, len(body))], [])


def test_byte_by_byte_a_large_part_is_never_held() -> None:
    parser = MultipartParser(BOUNDARY)
    body = body_of([("file", b"\r\n--" * 5_000)])
    held = 0
    for place in range(len(body)):
        list(parser.feed(body[place : place + 1]))
        held = max(held, parser.held)
    parser.close()
    assert held < 100


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('form-data; name="file"; filename="a.jsonl"', PartBegin("file", "a.jsonl")),
        ("form-data; name=file; filename=a.jsonl", PartBegin("file", "a.jsonl")),
        ('form-data; name="file"; filename="a\\"b.jsonl"', PartBegin("file", 'a"b.jsonl')),
        ('form-data; name="file"; filename="a%22b.jsonl"', PartBegin("file", 'a"b.jsonl')),
        ('form-data; name="file"; filename="naïve ☕.jsonl"', PartBegin("file", "naïve ☕.jsonl")),
        ("form-data; name=\"file\"; filename*=UTF-8''na%C3%AFve.jsonl", PartBegin("file", "naïve.jsonl")),
        ('form-data; name="expires_after[seconds]"', PartBegin("expires_after[seconds]", None)),
        ('form-data; name="file"; filename=""', PartBegin("file", "")),
    ],
)
def test_names_are_read_as_clients_write_them(header: str, expected: PartBegin) -> None:
    body = (
        b"--" + BOUNDARY + b"\r\nContent-Disposition: " + header.encode() + b"\r\n\r\nx\r\n--" + BOUNDARY + b"--"
    )
    assert events_of(body, [])[0] == expected


@pytest.mark.parametrize(
    "body",
    [
        b"--" + BOUNDARY + b"garbage",
        b"--" + BOUNDARY + b"\r\nX: " + b"y" * 20_000,
        b"--" + BOUNDARY + b"\r\nContent-Type: text/plain\r\n\r\nx\r\n--" + BOUNDARY + b"--",
        b"",
    ],
)
def test_a_broken_body_is_refused(body: bytes) -> None:
    with pytest.raises(MultipartError):
        events_of(body, [])


def test_a_preamble_and_an_epilogue_are_passed_over() -> None:
    body = b"hello\r\n" + body_of([("a", b"1")]) + b"bye\r\n--" + BOUNDARY
    assert parts_of(events_of(body, [3, 9])) == [("a", b"1")]


@pytest.mark.parametrize(
    "content_type", ["application/json", "multipart/form-data", "", "multipart/mixed;boundary=a"]
)
def test_what_is_no_form_has_no_boundary(content_type: str) -> None:
    with pytest.raises(MultipartError):
        boundary_of(content_type)


def test_a_quoted_boundary_is_unquoted() -> None:
    assert boundary_of('multipart/form-data; charset=utf-8; boundary="a b"') == b"a b"
