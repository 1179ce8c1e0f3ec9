"""Decoded JSON, narrowed to what it is."""

from __future__ import annotations

import msgspec


def as_object(value: object) -> dict[str, object] | None:
    """The value when it's a JSON object."""
    return msgspec.convert(value, dict[str, object]) if isinstance(value, dict) else None


def as_list(value: object) -> list[object] | None:
    """The value when it's a JSON array."""
    return msgspec.convert(value, list[object]) if isinstance(value, list) else None
