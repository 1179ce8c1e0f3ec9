"""Looking into JSON of unknown shape without believing any of it. Pure, total: nothing raises.

Nor does anything take long: of a list the first entries are looked at, of a value as much is written as is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeGuard

import msgspec

JsonObject = Mapping[str, object]
EMPTY: JsonObject = {}
MAX_ENTRIES = 10_000
"""Entries of a list that are looked at; an API's answer has a handful, a request some hundred."""
_LONG = 1_000_000
"""Characters from which on the faster reader goes first: it is stricter, and rounds the largest numbers."""
_WRITER = json.JSONEncoder(indent=2, ensure_ascii=False)


def parsed(text: str) -> object | None:
    """The value of a JSON text; None when it isn't JSON or goes too deep."""
    try:
        if len(text) > _LONG:
            return _read_fast(text)
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value


def _read_fast(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):  # NaN, half a surrogate
        return json.loads(text)


def pretty_lines(value: object) -> Iterator[str]:
    """Indented JSON, line by line, written as it is read."""
    rest = ""
    try:
        for piece in _WRITER.iterencode(value):
            *whole, rest = (rest + piece).split("\n")
            yield from whole
    except (TypeError, ValueError, RecursionError):
        rest += "…"
    yield rest


def as_object(value: object) -> JsonObject:
    """The value when it is an object, else an empty one."""
    return value if _is_object(value) else EMPTY


def _is_object(value: object) -> TypeGuard[JsonObject]:
    """Narrow a JSON value to an object; JSON has no keys but strings."""
    return isinstance(value, dict)


def as_list(value: object) -> Sequence[object]:
    """The value when it is a list, else an empty one."""
    return value if isinstance(value, list) else ()  # pyright: ignore[reportUnknownVariableType]


def as_text(value: object) -> str:
    """The value when it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def objects(value: object) -> list[JsonObject]:
    """The objects among the first entries of a list; what isn't one, or is empty, is left out."""
    entries = map(as_object, as_list(value)[:MAX_ENTRIES])
    return [entry for entry in entries if entry]


def number_text(value: object) -> str:
    """A number as text; ``-`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
