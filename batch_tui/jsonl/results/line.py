"""One line of an output or error file, read without believing it.

Servers send a failure with status 200 in mind and 0 in fact, a body as a JSON string, an error as text, a null
``custom_id``, a failure without a response: every JSON object has a reading here, and what is no JSON object has
none. A request succeeded when its line has no error and a status of 200 to 299, in whichever file it stands.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import TypeGuard

from batch_tui.domain.batch import Usage
from batch_tui.domain.lines import Outcome, ResultLine
from batch_tui.jsonl.results.wire import MAX_TOKENS, Facts, TokenCounts, fast_facts, finish_word

BOM = b"\xef\xbb\xbf"
"""A byte order mark: some tools put one before the first line."""
MISSING_CODE = "missing_from_results"
"""The error code of a line of our own that stands for a request with no answer at all."""
NEVER_RAN = frozenset({"batch_expired", "batch_cancelled", "request_timeout", MISSING_CODE})
"""Codes of a line without a response that say the request never ran; so does a line that gives no code."""
_MAX_STATUS = 2**31 - 1
_NOTHING: dict[str, object] = {}


def read_result_line(line: bytes) -> ResultLine | None:
    """Read one result line.

    Args:
        line: The line's bytes, with or without its newline.

    Returns:
        What it says, or None when it isn't a JSON object in UTF-8.
    """
    facts = read_facts(line)
    if facts is None:
        return None
    return ResultLine(
        custom_id=facts.custom_id,
        outcome=facts.outcome,
        status_code=facts.status,
        code=facts.code,
        message=facts.message,
        finish_reason=facts.finish,
        model=facts.model,
        service_tier=facts.tier,
        usage=None if facts.tokens is None else usage_of(facts.tokens),
    )


def read_facts(line: bytes) -> Facts | None:
    """Read one result line into the compact form the join uses; None when it isn't a JSON object."""
    return fast_facts(line) or patient_facts(line)


def usage_of(tokens: Sequence[int]) -> Usage:
    """Token counts, in the order of :data:`wire.TokenCounts`, as the domain's value."""
    read, cached, written, reasoning, total = tokens
    return Usage(
        input_tokens=read,
        cached_tokens=cached,
        output_tokens=written,
        reasoning_tokens=reasoning,
        total_tokens=total,
    )


def patient_facts(line: bytes) -> Facts | None:
    """Read any JSON object: the authority on odd shapes, some twenty times slower than the fast way."""
    raw = parse(line)
    if not is_object(raw):
        return None
    response = raw.get("response")
    custom_id = raw.get("custom_id")
    error = raw.get("error") or None
    facts = Facts(custom_id if isinstance(custom_id, str) else None, Outcome.NOT_RUN)
    if not is_object(response):
        facts.code, facts.message = _error_words(error)
        if facts.code and facts.code not in NEVER_RAN:
            facts.outcome = Outcome.FAILED  # some servers tell every failure without a response
        return facts
    facts.status = _status(response.get("status_code"))
    body = parsed_body(response.get("body"))
    if is_object(body):
        _add_answer(facts, body)
    if error is None and facts.status is not None and 200 <= facts.status < 300:
        facts.outcome = Outcome.SUCCEEDED
    else:
        facts.outcome = Outcome.FAILED
        facts.code, facts.message = _error_words(error if error is not None else _body_error(body))
    return facts


def parse(line: bytes) -> object:
    """The JSON value of a line, leniently (NaN and lone surrogates pass); None when it has none."""
    try:
        value: object = json.loads(line.removeprefix(BOM).decode())
    except (ValueError, RecursionError):
        return None
    return value


def parsed_body(body: object) -> object:
    """A response's body; some servers send its JSON text as a string."""
    if isinstance(body, str) and body.lstrip()[:1] == "{":
        value = parse(body.encode(errors="surrogatepass"))
        return body if value is None else value
    return body


def is_object(value: object) -> TypeGuard[dict[str, object]]:
    """True for a JSON object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[object]]:
    """True for a JSON array."""
    return isinstance(value, list)


def _status(value: object) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        return int(value)
    number = _integer(value)
    return None if number is None else max(-1, min(number, _MAX_STATUS))


def _body_error(body: object) -> object:
    """Where a failed request's body tells the reason."""
    if not is_object(body):
        return body
    for key in ("error", "detail", "message", "errors"):
        if value := body.get(key):
            return body if key == "message" else value
    return None


def _error_words(error: object) -> tuple[str, str]:
    """Code and message of an error in any shape; the error's type stands in for a code that is null."""
    if is_array(error):
        error = error[0] if error else None
    if isinstance(error, str):
        return "", error
    if not is_object(error):
        return "", ""
    message = error.get("message") or error.get("detail") or error.get("msg")
    code = _word(error.get("code")) or _word(error.get("type"))
    return code, message if isinstance(message, str) else "" if message is None else json.dumps(message)


def _word(value: object) -> str:
    """A code as text: some servers send numbers."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _add_answer(facts: Facts, body: dict[str, object]) -> None:
    choices = list(_objects(body.get("choices")))
    facts.model = _text(body.get("model"))
    facts.tier = _text(body.get("service_tier"))
    facts.finish = finish_word(
        [reason for choice in choices if (reason := _text(choice.get("finish_reason")))],
        is_refused=any(map(_is_refusal, choices)) or any(_refused_parts(body.get("output"))),
        status=_text(body.get("status")),
    )
    facts.tokens = _tokens(body.get("usage"))


def _objects(value: object) -> Iterator[dict[str, object]]:
    return filter(is_object, value) if is_array(value) else iter(())


def _is_refusal(choice: dict[str, object]) -> bool:
    message = choice.get("message")
    return is_object(message) and bool(message.get("refusal"))


def _refused_parts(output: object) -> Iterator[bool]:
    for item in _objects(output):
        for part in _objects(item.get("content")):
            yield part.get("type") == "refusal"


def _tokens(usage: object) -> TokenCounts | None:
    if not is_object(usage):
        return None
    read = _count(usage.get("prompt_tokens")) or _count(usage.get("input_tokens"))
    written = _count(usage.get("completion_tokens")) or _count(usage.get("output_tokens"))
    before = _first_object(usage.get("prompt_tokens_details"), usage.get("input_tokens_details"))
    after = _first_object(usage.get("completion_tokens_details"), usage.get("output_tokens_details"))
    return (
        read,
        _count(before.get("cached_tokens")),
        written,
        _count(after.get("reasoning_tokens")),
        _count(usage.get("total_tokens")) or min(read + written, MAX_TOKENS),
    )


def _first_object(*values: object) -> dict[str, object]:
    return next(filter(is_object, values), _NOTHING)


def _count(value: object) -> int:
    return max(0, min(_integer(value) or 0, MAX_TOKENS))


def _integer(value: object) -> int | None:
    if isinstance(value, float):
        return int(value) if math.isfinite(value) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
