from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.errors import ConfigurationError, InputFileError
from batch_tui.jsonl.rewriting.edit import REMOVED, edit_file, edit_line, read_change

keys = st.sampled_from(["a", "b", "é", 'q"uote', "max_tokens", ""])
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3)
)
bodies = st.dictionaries(keys, values, max_size=4)
separators = st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " : ")])


def encoded(body: object, spacing: tuple[str, str], *, is_ascii: bool) -> bytes:
    line = {"custom_id": "x", "body": body, "url": "/v1"}
    return json.dumps(line, separators=spacing, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass") + b"\n"


@given(body=bodies, key=keys.filter(bool), value=values, spacing=separators, is_ascii=st.booleans())
def test_a_changed_line_says_the_new_value_and_everything_else_as_before(
    *, body: dict[str, object], key: str, value: object, spacing: tuple[str, str], is_ascii: bool
) -> None:
    line = encoded(body, spacing, is_ascii=is_ascii)
    edited = edit_line(line, {f"body.{key}": value})
    assert json.loads(edited)["body"] == {**body, key: value}
    # Undone, the line is what it was, to the byte: nothing else was touched.
    undone = edit_line(edited, {f"body.{key}": body.get(key, REMOVED)})
    assert json.loads(undone) == json.loads(line)
    if key not in body:
        assert undone == line


@given(bodies, keys.filter(bool), separators)
def test_a_removed_field_is_gone_and_the_rest_stands(
    body: dict[str, object], key: str, spacing: tuple[str, str]
) -> None:
    line = encoded(body, spacing, is_ascii=True)
    edited = edit_line(line, {f"body.{key}": REMOVED})
    assert json.loads(edited)["body"] == {name: value for name, value in body.items() if name != key}
    assert (edited == line) == (key not in body)


@pytest.mark.parametrize(
    ("line", "place", "value", "edited"),
    [
        (b'{"body":{"n":1.0}}', "body.max", 5, b'{"body":{"n":1.0,"max":5}}'),
        (b'{"body": {"n": 1e3}}', "body.max", 5, b'{"body": {"n": 1e3, "max": 5}}'),
        (b'{"body":{}}', "body.a.b", "x", b'{"body":{"a":{"b":"x"}}}'),
        (b'{"body":{"max": 1 ,"t":"\\u00e9"}}', "body.max", 2, b'{"body":{"max": 2 ,"t":"\\u00e9"}}'),
        (b'{"body":{"a":{"b":1}}}', "body.a.b", 1, b'{"body":{"a":{"b":1}}}'),
        (b'{"body":{"a":1,"a":2}}', "body.a", 3, b'{"body":{"a":1,"a":3}}'),
        (b'{"body":{"a":true}}', "body.a", 1, b'{"body":{"a":1}}'),
        (b'{"body":{"t":"}\\"{","m":"x"}}', "body.m", "y", b'{"body":{"t":"}\\"{","m":"y"}}'),
        (b'{"x":{"body":{"m":1}},"body":{"m":1}}', "body.m", 2, b'{"x":{"body":{"m":1}},"body":{"m":2}}'),
        (b'{"body":{"a":1,"a":2,"b":3}}', "body.a", REMOVED, b'{"body":{"b":3}}'),
    ],
)
def test_only_the_fields_own_bytes_change(line: bytes, place: str, value: object, edited: bytes) -> None:
    assert edit_line(line, {place: value}) == edited


@pytest.mark.parametrize("line", [b"[]", b"not json", b'{"body": 5}', b'{"body": {"a": 5}}', b"\xff"])
def test_what_has_no_such_field_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the sentence is the caller's
        edit_line(line, {"body.a.b": 1})


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("body.max_tokens=2000", ("body.max_tokens", 2000)),
        ("body.model=gpt-5", ("body.model", "gpt-5")),
        ("body.stop=[1, 2]", ("body.stop", [1, 2])),
        ("body.a.b=", ("body.a.b", "")),
        ("body.x=a=b", ("body.x", "a=b")),
    ],
)
def test_a_change_is_read_as_json_or_else_as_text(text: str, change: tuple[str, object]) -> None:
    assert read_change(text) == change


@pytest.mark.parametrize("text", ["custom_id=x", "body=1", "max_tokens=2", "body.=1", "body.model"])
def test_only_fields_of_the_body_can_be_changed(text: str) -> None:
    with pytest.raises(ConfigurationError, match="body"):
        read_change(text)


def test_a_file_is_edited_line_by_line_and_counted(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(b'{"body":{"n":1}}\n\n{"body":{"n":2}}')
    done = edit_file(source, target, {"body.n": 2})
    assert (done.requests, done.changed) == (2, 1)
    assert target.read_bytes() == b'{"body":{"n":2}}\n\n{"body":{"n":2}}'


def test_a_line_that_is_no_request_leaves_no_file(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(b'{"body":{"n":1}}\nnonsense\n')
    with pytest.raises(InputFileError, match="Line 2"):
        edit_file(source, target, {"body.n": 2})
    assert not target.exists()
