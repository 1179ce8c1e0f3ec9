"""Looking into JSON of unknown shape without believing any of it. Pure, total: nothing raises."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

JsonObject = Mapping[str, object]
EMPTY: JsonObject = {}


def parsed(text: str) -> object | None:
    """The value of a JSON text; None when it isn't JSON or goes too deep."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value


def pretty_lines(value: object) -> list[str]:
    """Indented JSON, line by line."""
    try:
        return json.dumps(value, indent=2, ensure_ascii=False).split("\n")
    except (TypeError, ValueError, RecursionError):
        return [str(value)]


def as_object(value: object) -> JsonObject:
    """The value when it is an object, else an empty one."""
    if not isinstance(value, dict):
        return EMPTY
    return {key: entry for key, entry in value.items() if isinstance(key, str)}  # pyright: ignore[reportUnknownVariableType]


def as_list(value: object) -> Sequence[object]:
    """The value when it is a list, else an empty one."""
    return value if isinstance(value, list) else ()  # pyright: ignore[reportUnknownVariableType]


def as_text(value: object) -> str:
    """The value when it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def objects(value: object) -> list[JsonObject]:
    """The objects of a list; what isn't one, or is empty, is left out."""
    entries = map(as_object, as_list(value))
    return [entry for entry in entries if entry]


def number_text(value: object) -> str:
    """A number as text; ``-`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
