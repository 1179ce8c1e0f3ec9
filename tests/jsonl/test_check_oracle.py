"""The verdict held against a slow and simple reading of the same rules."""

from __future__ import annotations

import copy
import json
from typing import NoReturn
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_tui.domain.problems import Severity
from batch_tui.jsonl.checking import block as check_block
from batch_tui.jsonl.checking.check import check_file

URL, MODEL = "/v1/chat/completions", "gpt-4o-mini"
GOOD = '{"custom_id": "id-%d", "method": "POST", "url": "/v1/chat/completions", "body": %s}'
BODY = '{"model": "gpt-4o-mini", "messages": [{"content": "\u00fc \\u00e9 \\ud83d\\ude80 \\n"}], "seed": 1.5e3}'
PIECES = [
    b'"',
    b"{",
    b"}",
    b",",
    b":",
    b"\\",
    b"\0",
    b"\xff",
    b"\xe2\x82",
    b"\r",
    b" ",
    b"0",
    b"-",
    b"NaN",
    b"e",
    b"\\u12",
    b"}} {",
    b"\n",
    b"}\n{",
    b"[{}\n",
    b"\r\n",
    b', "body": {}',
    b', "method": "POST"',
    b'"custom_id": "id-1", ',
    b'x", "custom_id": "id-3',
    b"\\u0069d-",
    b'"}}\n{"custom_id": "id-2", "method": "POST", "url": "/v1/chat/completions", "body": {"x": "',
]
VALUES: st.SearchStrategy[object] = st.sampled_from(
    [None, True, False, 0, 7, "", "id-1", "POST", URL, MODEL, "other", [], {}, {"model": MODEL}]
)
KEYS = st.sampled_from(["custom_id", "method", "url", "body", "extra", "body.model", "body.stream", "body.seed"])


def refuse(name: str) -> NoReturn:
    raise ValueError(name)


def is_good(line: bytes, seen: set[str]) -> bool:
    """Whether the service would take the line; notes its id."""
    try:
        value = json.loads(line.decode(), parse_constant=refuse)
    except ValueError:
        return False
    if not isinstance(value, dict):
        return False
    custom_id, body = value.get("custom_id"), value.get("body")
    is_new = isinstance(custom_id, str) and custom_id not in seen
    if isinstance(custom_id, str):
        seen.add(custom_id)
    return (
        is_new
        and bool(custom_id)
        and set(value) == {"custom_id", "method", "url", "body"}
        and value["method"] == "POST"
        and value["url"] in (URL, URL.removeprefix("/v1"))
        and isinstance(body, dict)
        and body.get("model") == MODEL
        and any(body.get("stream") is fine for fine in (None, False))
    )


def repeats_a_key(line: bytes) -> bool:
    """Whether a well-formed line has a key of its outer object twice."""
    try:
        value = json.loads(line, parse_constant=refuse, object_pairs_hook=list)
    except ValueError:
        return False
    return line.strip()[:1] == b"{" and len({key for key, _ in value}) < len(value)


@st.composite
def bent(draw: st.DrawFn) -> bytes:
    """A good line with some bytes changed."""
    line = bytearray((GOOD % (draw(st.integers(0, 4)), BODY)).encode())
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(line)))
        line[at : at + draw(st.integers(0, 3))] = draw(st.sampled_from([b"", *PIECES]))
    return bytes(line)


@st.composite
def changed(draw: st.DrawFn) -> bytes:
    """A well-formed line with a field changed."""
    value: dict[str, object] = json.loads(GOOD % (draw(st.integers(5, 8)), BODY))
    for _ in range(draw(st.integers(0, 2))):
        outer, _, inner = draw(KEYS).partition(".")
        place = value.get(outer) if inner else value
        if isinstance(place, dict):
            key = inner or outer
            if draw(st.booleans()):
                place.pop(key, None)
            else:
                # A value of its own: a later change must not reach the strategy's, or close a circle.
                place[key] = copy.deepcopy(draw(VALUES))
    return json.dumps(value, ensure_ascii=draw(st.booleans())).encode()


@pytest.mark.parametrize("compared", [0, check_block.COMPARED_BYTES])
@settings(max_examples=300, deadline=None)
@given(lines=st.lists(st.one_of(bent(), changed()), max_size=12))
def test_the_verdict_is_that_of_a_simple_reading(
    tmp_path_factory: pytest.TempPathFactory, compared: int, lines: list[bytes]
) -> None:
    path = tmp_path_factory.getbasetemp() / "oracle.jsonl"
    content = b"\n".join([(GOOD % (9, BODY)).encode(), *lines]) + b"\n"
    path.write_bytes(content)
    lines = content.split(b"\n")[:-1]
    seen: set[str] = set()
    bad = [number for number, line in enumerate(lines, start=1) if not is_good(line, seen)]
    with mock.patch.object(check_block, "COMPARED_BYTES", compared):
        report = check_file(path)
    assert sorted({p.line for p in report.problems if p.severity is Severity.ERROR}) == bad
    assert report.requests == sum(bool(line.strip(b" \t\r")) for line in lines)
    told = {p.line for p in report.problems if "twice" in p.message}
    assert told >= {number for number, line in enumerate(lines, start=1) if repeats_a_key(line)}
