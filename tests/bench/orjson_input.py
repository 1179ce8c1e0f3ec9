"""What a good user writes with orjson for input files: bytes, one pass, no more kept than needed."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

import orjson

_KEYS = {"custom_id", "method", "url", "body"}
_PART = 7000
_MAX_BYTES = 200_000_000


class _Body(TypedDict, total=False):
    model: str
    messages: list[object]
    stream: bool


class _Request(TypedDict):
    custom_id: object
    method: str
    url: str
    body: _Body


def check(path: str) -> None:
    """The required fields, one url, one model, no id twice."""
    seen = set[str]()
    expected: tuple[str, str, str] | None = None
    with Path(path).open("rb") as file:
        for line in file:
            request: _Request = orjson.loads(line)
            custom_id, body = request["custom_id"], request["body"]
            if not isinstance(custom_id, str) or not custom_id or custom_id in seen:
                raise ValueError(line)
            seen.add(custom_id)
            agreed = (request["method"], request["url"], body["model"])
            if expected is None:
                expected = agreed
            if agreed != expected or agreed[0] != "POST" or request.keys() != _KEYS:
                raise ValueError(line)
            if body.get("stream") or "messages" not in body:
                raise ValueError(line)


def wrap(path: str) -> None:
    """Each body checked, and put into its envelope as it stands."""
    with Path(path).open("rb") as file, Path(path).with_suffix(".orjson").open("wb") as out:
        for n, line in enumerate(file, 1):
            body: object = orjson.loads(line)
            if not isinstance(body, dict):
                raise TypeError(line)
            envelope = {"custom_id": f"request-{n}", "method": "POST", "url": "/v1/chat/completions"}
            fragment = orjson.Fragment(line.rstrip(b"\n"))
            out.write(orjson.dumps(envelope | {"body": fragment}, option=orjson.OPT_APPEND_NEWLINE))


def split(path: str) -> None:
    """Parts under a number of requests and of bytes, each line checked for JSON."""
    _split(path, is_checked=True)


def split_unchecked(path: str) -> None:
    """The same, taking the lines for what they are."""
    _split(path, is_checked=False)


def _split(path: str, *, is_checked: bool) -> None:
    number, count, size = 0, 0, 0
    folder = Path(path).parent
    out = (folder / "orjson-part-0").open("wb")
    with Path(path).open("rb") as file:
        for line in file:
            if is_checked:
                orjson.loads(line)
            if count == _PART or size + len(line) > _MAX_BYTES:
                out.close()
                number, count, size = number + 1, 0, 0
                out = (folder / f"orjson-part-{number}").open("wb")
            out.write(line)
            count, size = count + 1, size + len(line)
    out.close()
