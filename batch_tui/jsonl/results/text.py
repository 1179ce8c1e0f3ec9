"""The answer inside a result line, as text for a table, a cell or a preview."""

from __future__ import annotations

import json
from collections.abc import Iterator

from msgspec import DecodeError, Raw, Struct
from msgspec.json import Decoder

from batch_tui.jsonl.results.line import is_array, is_object, parse, parsed_body


class _Message(Struct, gc=False):
    content: str


class _Choice(Struct, gc=False):
    message: _Message


class _Vector(Struct, gc=False):
    embedding: Raw


class _ChatBody(Struct, gc=False):
    choices: list[_Choice]


class _VectorBody(Struct, gc=False):
    data: list[_Vector]


class _Chat(Struct, gc=False):
    body: _ChatBody


class _Vectors(Struct, gc=False):
    body: _VectorBody


class _ChatLine(Struct, gc=False):
    response: _Chat


class _VectorLine(Struct, gc=False):
    response: _Vectors


_decode_chat = Decoder(_ChatLine).decode
_decode_vectors = Decoder(_VectorLine).decode


def answer_text(line: bytes) -> str:
    """The answer of a result line as text.

    Chat, completions and Responses give what the model wrote, a refusal, or its tool calls as JSON; embeddings
    give the vector, other endpoints their results, as JSON. Several answers are a JSON array of them. Empty
    when there is none.
    """
    try:
        texts = [choice.message.content for choice in _decode_chat(line).response.body.choices]
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return _other_text(line)
    return _joined(texts)


def _other_text(line: bytes) -> str:
    try:
        vectors = [bytes(one.embedding).decode() for one in _decode_vectors(line).response.body.data]
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return _patient_text(line)
    return vectors[0] if len(vectors) == 1 else "[" + ",".join(vectors) + "]"


def _joined(texts: list[str]) -> str:
    if len(texts) == 1:
        return texts[0]
    return json.dumps(texts, ensure_ascii=False) if texts else ""


def _patient_text(line: bytes) -> str:
    raw = parse(line)
    response = raw.get("response") if is_object(raw) else None
    body = parsed_body(response.get("body")) if is_object(response) else None
    if not is_object(body):
        return body if isinstance(body, str) else ""
    if is_array(body.get("choices")):
        return _joined([_choice_text(choice) for choice in _objects(body.get("choices"))])
    if is_array(body.get("output")):
        return _joined(list(_output_texts(body.get("output"))))
    for key in ("results", "data"):
        if body.get(key):
            return _json(body[key])
    return ""


def _choice_text(choice: dict[str, object]) -> str:
    message = choice.get("message")
    if not is_object(message):
        return _text_of(choice.get("text"))
    return _text_of(message.get("content")) or _text_of(message.get("refusal")) or _json(message.get("tool_calls"))


def _output_texts(output: object) -> Iterator[str]:
    for item in _objects(output):
        kind = item.get("type")
        if kind == "message":
            yield _text_of(item.get("content"))
        elif isinstance(kind, str) and kind.endswith("_call"):
            yield _json(item)


def _text_of(content: object) -> str:
    """Text, or the texts of its parts."""
    if isinstance(content, str):
        return content
    parts = (part.get("text") or part.get("refusal") for part in _objects(content))
    return "".join(part for part in parts if isinstance(part, str))


def _json(value: object) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _objects(value: object) -> Iterator[dict[str, object]]:
    return filter(is_object, value) if is_array(value) else iter(())
