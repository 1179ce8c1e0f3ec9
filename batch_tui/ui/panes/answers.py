"""The first words of an answer, for one cell of a row. Pure."""

from __future__ import annotations

import msgspec

_MOST_BYTES = 256 * 1024
"""Longer lines are not looked into while drawing."""
_MOST_CHARACTERS = 200


class _Part(msgspec.Struct):
    text: str | None = None


class _Item(msgspec.Struct):
    content: list[_Part] = []


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message | None = None
    text: str | None = None


class _Body(msgspec.Struct):
    choices: list[_Choice] = []
    output: list[_Item] = []
    data: list[msgspec.Raw] = []


class _Response(msgspec.Struct):
    body: _Body | None = None


class _Line(msgspec.Struct):
    response: _Response | None = None


_DECODER = msgspec.json.Decoder(_Line)


def first_words(line: bytes | None) -> str:
    """The beginning of what a result line answers; empty when nobody can say.

    Args:
        line: The line as it stands in its file, or None without one.
    """
    if line is None or len(line) > _MOST_BYTES:
        return ""
    try:
        decoded = _DECODER.decode(line)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return ""
    body = decoded.response.body if decoded.response is not None else None
    return " ".join(_said(body).split())[:_MOST_CHARACTERS] if body is not None else ""


def _said(body: _Body) -> str:
    for choice in body.choices:
        said = choice.message.content or choice.message.refusal if choice.message is not None else choice.text
        if said:
            return said[: 2 * _MOST_CHARACTERS]
    for item in body.output:
        for part in item.content:
            if part.text:
                return part.text[: 2 * _MOST_CHARACTERS]
    return f"{len(body.data)} items" if body.data else ""
