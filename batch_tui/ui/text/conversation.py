"""One request beside its answer, readable: who said what, instead of JSON. Pure, total.

Whatever the two lines hold, there are lines to show; what fits no shape is shown as indented JSON, and what
isn't JSON as it stands. Every line has passed the sanitiser. A line of many megabytes is read as far as anybody
reads, and the last line says that there is more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from batch_tui.domain.formatting import grouped
from batch_tui.domain.text import printable, printable_body
from batch_tui.ui.text.answers import (
    answer_lines,
    content_lines,
    error_lines,
    heading,
    item_lines,
    message_lines,
    raw_lines,
)
from batch_tui.ui.text.cells import Tone
from batch_tui.ui.text.folding import FoldedJson
from batch_tui.ui.text.json_reading import JsonObject, as_list, as_object, as_text, objects, parsed
from batch_tui.ui.text.lines import Lines, LineSource, TextLine

_CONTENT = frozenset({"model", "messages", "input", "instructions", "prompt"})
_MOST_LINES = 10_000
_MOST_CHARACTERS = 1_000_000
"""How much of a line of a file is laid out: a long request has half of it."""
_FOREIGN_COST = 5
"""Characters that take as long as one which isn't ASCII: each of these is looked at."""
_USAGE = (
    ("prompt_tokens", "in"),
    ("input_tokens", "in"),
    ("completion_tokens", "out"),
    ("output_tokens", "out"),
)


def conversation(request: str | None, result: str | None) -> tuple[TextLine, ...]:
    """The request and its answer, as lines for a viewer.

    Args:
        request: The line of the input file, or None when it isn't known.
        result: The line of the output or error file, or None when there is none.
    """
    return (*asked(request), TextLine(""), *answered(result))


def asked(request: str | None, title: str = "Request") -> tuple[TextLine, ...]:
    """The request alone, under a title; None when it isn't known."""
    return tuple(_safe(_request(request, title), request))


def answered(result: str | None, title: str = "Answer") -> tuple[TextLine, ...]:
    """The answer alone, under a title; None when there is none."""
    return tuple(_safe(_result(result, title), result))


def raw(line: str | None) -> LineSource:
    """One line of a file as JSON that folds, or as it stands: what isn't JSON, or longer than is shown of it."""
    if line is None:
        return Lines((TextLine("Not known.", Tone.MUTED),))
    value = parsed(line) if len(line) <= _MOST_CHARACTERS else None
    return Lines(_safe([TextLine(line)], line)) if value is None else FoldedJson(value)


def _request(line: str | None, title: str) -> Iterator[TextLine]:
    if line is None:
        yield heading(f"{title}: not known (its input file isn't here)", Tone.MUTED)
        return
    value = as_object(parsed(line))
    if not value:
        yield heading(title, Tone.ACCENT)
        yield TextLine(line)
        return
    body = as_object(value.get("body")) or value
    facts = (as_text(value.get("custom_id")), as_text(value.get("url")), as_text(body.get("model")))
    yield heading("  ".join((title, *filter(None, facts))), Tone.ACCENT)
    yield from _request_body(body)


def _request_body(body: JsonObject) -> Iterator[TextLine]:
    instructions = as_text(body.get("instructions"))
    if instructions:
        yield heading("instructions")
        yield from content_lines(instructions)
    for message in objects(body.get("messages")):
        yield from message_lines(message)
    yield from _input(body.get("input"))
    if "prompt" in body:
        yield heading("prompt")
        yield from content_lines(body.get("prompt"))
    rest = {key: value for key, value in body.items() if key not in _CONTENT}
    if rest:
        yield heading("options", Tone.MUTED)
        yield from raw_lines(rest)


def _input(value: object) -> Iterator[TextLine]:
    if isinstance(value, str):
        yield heading("input")
        yield from content_lines(value)
        return
    for number, entry in enumerate(as_list(value)):
        if isinstance(entry, dict):
            yield from item_lines(as_object(entry))  # pyright: ignore[reportUnknownArgumentType]
        else:
            yield heading(f"input {number}")
            yield from content_lines(entry if isinstance(entry, str) else str(entry))


def _result(line: str | None, title: str) -> Iterator[TextLine]:
    if line is None:
        yield heading(f"{title}: none", Tone.MUTED)
        return
    value = as_object(parsed(line))
    if not value:
        yield heading(f"{title}: not JSON", Tone.WARNING)
        yield TextLine(line)
        return
    response = as_object(value.get("response"))
    body = as_object(response.get("body"))
    status = response.get("status_code")
    yield heading("  ".join((title, *_facts(status, body))), _tone(status, value))
    if value.get("error"):
        yield from error_lines(value.get("error"))
    if body:
        yield from answer_lines(body)
    elif not value.get("error"):
        yield from raw_lines(value)


def _facts(status: object, body: JsonObject) -> Iterator[str]:
    if isinstance(status, int):
        yield str(status)[:12]
    model = as_text(body.get("model"))
    if model:
        yield model
    usage = as_object(body.get("usage"))
    for name, word in (
        ("prompt_tokens", "in"),
        ("input_tokens", "in"),
        ("completion_tokens", "out"),
        ("output_tokens", "out"),
    ):
        count = usage.get(name)
        if isinstance(count, int) and abs(count) < 10**12:
            yield f"{grouped(count)} tokens {word}"


def _tone(status: object, value: JsonObject) -> Tone:
    if value.get("error") or not isinstance(status, int):
        return Tone.ERROR
    return Tone.SUCCESS if 200 <= status < 300 else Tone.ERROR


def _safe(lines: Iterable[TextLine], source: str | None) -> Iterator[TextLine]:
    """Every line sanitised, as many as are read; a text with line breaks of its own becomes several."""
    room = _MOST_CHARACTERS
    for count, line in enumerate(lines):
        cost = 1 if line.text.isascii() else _FOREIGN_COST
        text = line.text[: room // cost]
        if count < _MOST_LINES and text == line.text:
            room -= (len(text) + 1) * cost
            yield from _harmless(line)
            continue
        if count < _MOST_LINES:
            yield from _harmless(TextLine(text, line.tone, line.is_json))
        yield TextLine(
            f"(the rest isn't shown here: the line has {grouped(len(source or ''))} characters)", Tone.MUTED
        )
        return


def _harmless(line: TextLine) -> Iterator[TextLine]:
    if line.text.isascii() and line.text.isprintable() and line.tone is Tone.PLAIN:
        yield line
    elif line.tone is not Tone.PLAIN:
        yield TextLine(printable(line.text), line.tone, line.is_json)
    else:
        for part in printable_body(line.text).split("\n"):
            yield TextLine(part, line.tone, line.is_json)
