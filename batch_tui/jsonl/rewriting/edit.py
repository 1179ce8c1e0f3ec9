"""Change fields of the requests in a file and leave every other byte as it is.

A field is named by its place, ``body.max_tokens``; the new value takes the old one's bytes, or is added at the end
of its object. Numbers like ``1.0`` or ``1e3``, escapes and the order of keys elsewhere in a line stay as written:
a model's cache, a hash and a diff see the request they knew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from batch_tui.domain.errors import ConfigurationError, InputFileError
from batch_tui.domain.text import printable
from batch_tui.jsonl.lines import ProgressHook
from batch_tui.jsonl.output import new_output
from batch_tui.jsonl.results.join import result_lines

Changes = Mapping[str, object]
"""New values by the place of their field; :data:`REMOVED` takes the field away."""
REMOVED = ...
"""The value of a field that is to go."""
_SPACE = re.compile(rb"[ \t\r\n]*")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SCALAR = re.compile(rb"[^\s,\]}]+")
_MARK = re.compile(rb'["{}\[\]]')
_MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Edited:
    """What became of an edit."""

    path: Path
    requests: int
    """Lines written."""
    changed: int
    """Those that are not what they were."""


@dataclass(frozen=True, slots=True)
class _Member:
    """One member of an object: where its key begins, and its value."""

    key: str
    start: int
    value_start: int
    value_end: int


def read_change(text: str) -> tuple[str, object]:
    """Read ``body.temperature=0.2``: the value is JSON, and what isn't JSON is a text.

    Raises:
        ConfigurationError: It names no field of the body, or no value.
    """
    place, equals, value = text.partition("=")
    check_place(place)
    if not equals:
        raise ConfigurationError(f"{printable(text, 60)} names no value; write {printable(place, 40)}=VALUE.")
    try:
        return place, json.loads(value)
    except (ValueError, RecursionError):
        return place, value


def check_place(place: str) -> None:
    """Refuse the place of a field that isn't a part of the request's body.

    Raises:
        ConfigurationError: It isn't.
    """
    keys = place.split(".")
    if len(keys) < 2 or keys[0] != "body" or not all(keys) or len(keys) > _MAX_DEPTH:
        raise ConfigurationError(f"{printable(place, 60)} is no field of a request's body; write body.FIELD.")


def edit_file(
    source: Path, destination: Path, changes: Changes, *, on_progress: ProgressHook | None = None
) -> Edited:
    """Write a file's requests with some fields changed.

    Args:
        source: The file.
        destination: The file to make; it must not exist.
        changes: What to change; objects on the way to a field are made where they are missing.
        on_progress: Told how far the reading is.

    Raises:
        InputFileError: The file can't be read, or a line is no request.
        OutputFileError: The destination can't be written.
    """
    requests = changed = 0
    with new_output(destination) as output:
        for number, (_, line) in enumerate(result_lines(source, on_progress), 1):
            if not line.strip():
                output.write(line)
                continue
            try:
                edited = edit_line(line, changes)
            except (ValueError, RecursionError) as error:
                raise InputFileError(f"Line {number} of {printable(source)} is no request ({error}).") from error
            output.write(edited)
            requests += 1
            changed += edited != line
    return Edited(destination, requests, changed)


def edit_line(line: bytes, changes: Changes) -> bytes:
    """One request line with some fields changed.

    Raises:
        ValueError: It isn't a JSON object, or a field's place is taken by something that has no fields.
    """
    if not isinstance(json.loads(line), dict):
        raise ValueError("it isn't a JSON object")  # noqa: TRY004 - one error for all that a line can be
    for place, value in changes.items():
        line = _changed(line, place.split("."), value)
    return line


def _changed(line: bytes, keys: list[str], value: object) -> bytes:
    start = _skip_space(line, 0)
    for depth, key in enumerate(keys):
        if line[start : start + 1] != b"{":
            raise ValueError(f"{'.'.join(keys[:depth])} has no fields")
        members = list(_members(line, start))
        # Of repeated keys the last one counts, for every reader.
        found = next((member for member in reversed(members) if member.key == key), None)
        if found is None:
            return line if value is REMOVED else _added(line, start, members, keys[depth:], value)
        if depth == len(keys) - 1:
            return _removed(line, start, key) if value is REMOVED else _replaced(line, found, value)
        start = found.value_start
    raise AssertionError


def _replaced(line: bytes, member: _Member, value: object) -> bytes:
    old = line[member.value_start : member.value_end]
    new = _encoded(value)
    return line if _is_same(json.loads(old), value) else _spliced(line, member.value_start, member.value_end, new)


def _is_same(old: object, new: object) -> bool:
    """Equal in JSON, where 1 is not true."""
    return json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True)


def _added(line: bytes, start: int, members: list[_Member], keys: list[str], value: object) -> bytes:
    for key in reversed(keys[1:]):
        value = {key: value}
    comma = b"," if members else b""
    # The spacing of the line's own writer.
    gap = b" " if members and line[members[0].value_start - 1 : members[0].value_start] == b" " else b""
    at = members[-1].value_end if members else start + 1
    piece = comma + (gap if members else b"") + _encoded(keys[0]) + b":" + gap + _encoded(value)
    return _spliced(line, at, at, piece)


def _removed(line: bytes, start: int, key: str) -> bytes:
    """Without a member, however often its key stands there."""
    while True:
        members = list(_members(line, start))
        place = next((n for n, member in enumerate(members) if member.key == key), None)
        if place is None:
            return line
        first, last = members[place].start, members[place].value_end
        if place:
            first = members[place - 1].value_end
        elif len(members) > 1:
            last = members[1].start
        line = _spliced(line, first, last, b"")


def _spliced(line: bytes, start: int, end: int, piece: bytes) -> bytes:
    return line[:start] + piece + line[end:]


def _encoded(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _members(line: bytes, start: int) -> Iterator[_Member]:
    """The members of the object that begins at a place; the line is known to be JSON."""
    at = _skip_space(line, start + 1)
    while line[at : at + 1] == b'"':
        key_end = _value_end(line, at)
        value_start = _skip_space(line, _skip_space(line, key_end) + 1)
        value_end = _value_end(line, value_start)
        yield _Member(str(json.loads(line[at:key_end])), at, value_start, value_end)
        at = _skip_space(line, value_end)
        if line[at : at + 1] == b",":
            at = _skip_space(line, at + 1)


def _value_end(line: bytes, at: int) -> int:
    """Where the value that begins at a place ends."""
    first = line[at : at + 1]
    if first not in {b"{", b"["}:
        match = (_STRING if first == b'"' else _SCALAR).match(line, at)
        return match.end() if match else at
    depth = 0
    while mark := _MARK.search(line, at):
        at = mark.end()
        if mark[0] == b'"':
            at = _value_end(line, mark.start())
            continue
        depth += 1 if mark[0] in {b"{", b"["} else -1
        if depth == 0:
            break
    return at


def _skip_space(line: bytes, at: int) -> int:
    match = _SPACE.match(line, at)
    return match.end() if match else at
