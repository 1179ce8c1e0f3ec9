"""What a service answered, by endpoint, as lines. Pure, total: any JSON at all gives lines."""

from __future__ import annotations

import base64
import binascii
import math
import struct
from collections.abc import Callable, Iterator, Sequence

from batch_tui.domain.formatting import size
from batch_tui.ui.text.cells import Tone
from batch_tui.ui.text.json_reading import (
    JsonObject,
    as_list,
    as_object,
    as_text,
    number_text,
    objects,
    pretty_lines,
)
from batch_tui.ui.text.lines import TextLine

_SHOWN_NUMBERS = 6
_MOST_NUMBERS = 100_000
"""Dimensions up to which an embedding is measured; the largest have some thousand."""
Renderer = Callable[[JsonObject], Iterator[TextLine]]


def answer_lines(body: JsonObject) -> Iterator[TextLine]:
    """The body of an answer: by its shape, or as raw JSON when no shape fits."""
    for fits, render in _SHAPES:
        lines = render(body) if fits(body) else iter(())
        first = next(lines, None)
        if first is not None:
            yield first
            yield from lines
            return
    yield from raw_lines(body)


def raw_lines(value: object) -> Iterator[TextLine]:
    """Indented JSON."""
    for line in pretty_lines(value):
        yield TextLine(line, is_json=True)


def text_lines(text: str, *, indent: str = "") -> Iterator[TextLine]:
    """A text, one line for each of its own."""
    for line in split_lines(text):
        yield TextLine(indent + line)


def split_lines(text: str) -> Iterator[str]:
    """The lines of a text one after the other, split as they are read: nobody reads a million of them."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end].removesuffix("\r")
        start = end + 1
    yield text[start:]


def heading(text: str, tone: Tone = Tone.STRONG) -> TextLine:
    """A title over some lines."""
    return TextLine(text, tone)


def content_lines(content: object) -> Iterator[TextLine]:
    """The content of a message: a text, or parts of several kinds."""
    if isinstance(content, str):
        yield from text_lines(content)
        return
    for part in as_list(content):
        if isinstance(part, str):
            yield from text_lines(part)
        else:
            yield from _part(as_object(part))


def _part(part: JsonObject) -> Iterator[TextLine]:
    kind = as_text(part.get("type"))
    text = as_text(part.get("text")) or as_text(part.get("refusal"))
    if text:
        yield from text_lines(f"[refusal] {text}" if kind == "refusal" else text)
    elif "image" in kind:
        url = part.get("image_url")
        yield TextLine(f"[image {_source(as_text(url) or as_text(as_object(url).get('url')))}]", Tone.MUTED)
    elif part:
        yield TextLine(f"[{kind or 'part'}]", Tone.MUTED)
        yield from raw_lines(part)


def _source(url: str) -> str:
    if url.startswith("data:"):
        return f"{url.partition(';')[0]}, {size(len(url) * 3 // 4)}"
    return url or "?"


def message_lines(message: JsonObject) -> Iterator[TextLine]:
    """One chat message: its role, its content, its tool calls."""
    yield heading(as_text(message.get("role")) or "message")
    yield from content_lines(message.get("content"))
    refusal = as_text(message.get("refusal"))
    if refusal:
        yield TextLine(f"[refusal] {refusal}", Tone.WARNING)
    for call in objects(message.get("tool_calls")):
        function = as_object(call.get("function"))
        yield from _call(as_text(function.get("name")), as_text(function.get("arguments")))


def _call(name: str, arguments: str) -> Iterator[TextLine]:
    yield TextLine(f"[calls {name or '?'}]", Tone.ACCENT)
    for line in split_lines(arguments):
        yield TextLine(line, is_json=True)


def _chat(body: JsonObject) -> Iterator[TextLine]:
    choices = objects(body.get("choices"))
    for number, choice in enumerate(choices, 1):
        reason = as_text(choice.get("finish_reason"))
        if len(choices) > 1 or reason not in {"stop", ""}:
            yield heading(
                f"choice {number}, finish {reason or '-'}", Tone.WARNING if reason == "length" else Tone.MUTED
            )
        if "message" in choice:
            yield from message_lines(as_object(choice.get("message")))
        else:
            yield from text_lines(as_text(choice.get("text")))


def _responses(body: JsonObject) -> Iterator[TextLine]:
    for entry in objects(body.get("output")):
        yield from item_lines(entry)
    incomplete = as_text(as_object(body.get("incomplete_details")).get("reason"))
    if incomplete:
        yield TextLine(f"[incomplete: {incomplete}]", Tone.WARNING)


def item_lines(entry: JsonObject) -> Iterator[TextLine]:
    """One item of the Responses API, from its input or its output."""
    kind = as_text(entry.get("type"))
    if kind == "reasoning":
        yield heading("reasoning", Tone.MUTED)
        yield from content_lines(entry.get("summary"))
    elif kind == "function_call":
        yield from _call(as_text(entry.get("name")), as_text(entry.get("arguments")))
    elif kind == "function_call_output":
        yield heading("tool")
        yield from content_lines(entry.get("output"))
    elif "content" in entry:
        yield heading(as_text(entry.get("role")) or kind or "message")
        yield from content_lines(entry.get("content"))
    else:
        yield heading(kind or "item")
        yield from raw_lines(entry)


def _embeddings(body: JsonObject) -> Iterator[TextLine]:
    for number, entry in enumerate(objects(body.get("data"))):
        vector = _vector(entry.get("embedding"))
        if vector is None:
            yield TextLine(f"embedding {number}: unreadable", Tone.WARNING)
            continue
        norm = math.hypot(*vector)
        first = ", ".join(f"{value:.4f}" for value in vector[:_SHOWN_NUMBERS])
        more = ", …" if len(vector) > _SHOWN_NUMBERS else ""
        yield TextLine(f"embedding {number}: {len(vector)} dimensions, norm {norm:.4f}")
        yield TextLine(f"  [{first}{more}]", Tone.MUTED)


def _vector(value: object) -> Sequence[float] | None:
    if isinstance(value, str):
        if len(value) > _MOST_NUMBERS * 6:  # four bytes each, three bytes in four letters
            return None
        try:
            data = base64.b64decode(value, validate=True)
            return struct.unpack(f"<{len(data) // 4}f", data)
        except (binascii.Error, struct.error, ValueError):
            return None
    numbers = as_list(value)
    if len(numbers) > _MOST_NUMBERS:
        return None
    try:
        found = [float(entry) for entry in numbers if isinstance(entry, int | float)]
    except OverflowError:
        return None
    return found if numbers and len(found) == len(numbers) else None


def _moderation(body: JsonObject) -> Iterator[TextLine]:
    for number, result in enumerate(objects(body.get("results"))):
        is_flagged = result.get("flagged") is True
        yield TextLine(
            f"result {number}: {'flagged' if is_flagged else 'not flagged'}",
            Tone.WARNING if is_flagged else Tone.PLAIN,
        )
        hits = {name for name, is_hit in as_object(result.get("categories")).items() if is_hit is True}
        scores = as_object(result.get("category_scores"))
        for name in sorted({*hits, *scores}, key=lambda name: (name not in hits, -_score(scores.get(name)), name)):
            tone = Tone.WARNING if name in hits else Tone.MUTED
            yield TextLine(f"  {name}: {number_text(scores.get(name))}", tone)


def _score(value: object) -> float:
    """A number to sort by; 0 for anything else."""
    return value if isinstance(value, int | float) and value == value else 0.0  # noqa: PLR0124 - not NaN


def _images(body: JsonObject) -> Iterator[TextLine]:
    for number, image in enumerate(objects(body.get("data")), 1):
        encoded = as_text(image.get("b64_json"))
        where = f"{size(len(encoded) * 3 // 4)}, base64" if encoded else as_text(image.get("url")) or "?"
        yield TextLine(f"image {number}: {where}")
        revised = as_text(image.get("revised_prompt"))
        if revised:
            yield TextLine(f"  prompt as revised: {revised}", Tone.MUTED)


def _error(body: JsonObject) -> Iterator[TextLine]:
    yield from error_lines(body.get("error"))


def error_lines(error: object) -> Iterator[TextLine]:
    """An error of any of the shapes services use."""
    known = as_object(error)
    code = as_text(known.get("code")) or as_text(known.get("type"))
    message = as_text(known.get("message")) or as_text(error)
    if not code and not message:
        yield from raw_lines(error)
        return
    yield heading(f"error {code}".rstrip(), Tone.ERROR)
    yield from text_lines(message)


def _has_embedding(body: JsonObject) -> bool:
    return any("embedding" in entry for entry in objects(body.get("data")))


def _has_image(body: JsonObject) -> bool:
    return any("b64_json" in entry or "url" in entry for entry in objects(body.get("data")))


_SHAPES: tuple[tuple[Callable[[JsonObject], bool], Renderer], ...] = (
    (lambda body: bool(body.get("error")), _error),
    (lambda body: bool(objects(body.get("choices"))), _chat),
    (lambda body: bool(objects(body.get("output"))), _responses),
    (_has_embedding, _embeddings),
    (_has_image, _images),
    (lambda body: bool(objects(body.get("results"))), _moderation),
)
