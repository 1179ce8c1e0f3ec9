"""The fast way through a result line: a plain success is decoded without keeping its answer.

msgspec checks a whole line and builds only the fields named here, so 180 MB of answers cost a fifth of a
second. Whatever isn't a plain success in the usual shape is refused here and read the patient way by
:mod:`batch_tui.jsonl.results.line`, which is the authority: both must give the same facts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import DecodeError, Meta, Struct
from msgspec.json import Decoder

from batch_tui.domain.lines import Outcome

MAX_TOKENS = 2**32 - 1
"""Most tokens of one kind that a line can tell; larger numbers are garbage and read as this."""

TokenCounts = tuple[int, int, int, int, int]
"""Input, cached, output, reasoning, total."""
_Tokens = Annotated[int, Meta(ge=0, le=MAX_TOKENS)] | None


class Facts(Struct, gc=False):
    """What one result line says, before it's a domain value (made 50,000 times in a join)."""

    custom_id: str | None
    outcome: Outcome
    status: int | None = None
    code: str = ""
    message: str = ""
    finish: str = ""
    model: str = ""
    tier: str = ""
    tokens: TokenCounts | None = None
    """None when the line has no usage."""


class _Details(Struct, gc=False):
    cached_tokens: _Tokens = None
    reasoning_tokens: _Tokens = None


class _Usage(Struct, gc=False):
    prompt_tokens: _Tokens = None
    completion_tokens: _Tokens = None
    input_tokens: _Tokens = None
    output_tokens: _Tokens = None
    total_tokens: _Tokens = None
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None
    input_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None


class _Message(Struct, gc=False):
    refusal: str | None = None


class _Choice(Struct, gc=False):
    finish_reason: str | None = None
    message: _Message | None = None


class _Part(Struct, gc=False):
    type: str | None = None


class _Item(Struct, gc=False):
    content: list[_Part] | None = None


class _Body(Struct, gc=False):
    model: str | None = None
    service_tier: str | None = None
    status: str | None = None
    choices: list[_Choice] | None = None
    output: list[_Item] | None = None
    usage: _Usage | None = None


class _Response(Struct, gc=False):
    status_code: Annotated[int, Meta(ge=200, le=299)]
    body: _Body


class _Success(Struct, gc=False):
    custom_id: str
    response: _Response
    error: None = None


_decode = Decoder(_Success).decode


def fast_facts(line: bytes) -> Facts | None:
    """Facts of a plain success, or None for any other line: ask :func:`results.read_facts` then."""
    try:
        success = _decode(line)
        # msgspec doesn't look at the encoding of what it skips.
        if not line.isascii():
            line.decode()
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return None
    response = success.response
    body = response.body
    return Facts(
        success.custom_id,
        Outcome.SUCCEEDED,
        response.status_code,
        "",
        "",
        _finish(body),
        body.model or "",
        body.service_tier or "",
        _tokens(body.usage),
    )


def finish_word(reasons: Sequence[str], *, is_refused: bool, status: str) -> str:
    """One word for how an answer ended.

    Args:
        reasons: ``finish_reason`` of each choice, empty ones left out.
        is_refused: True when the model declined to answer.
        status: The body's own ``status`` (Responses), or empty.
    """
    told = next((reason for reason in reasons if reason != "stop"), "stop") if reasons else status
    if is_refused and told in {"", "stop", "completed"}:
        return "refusal"
    return told


def _finish(body: _Body) -> str:
    choices = body.choices
    status = body.status or ""
    if choices is not None and len(choices) == 1 and not body.output:
        (choice,) = choices
        if choice.finish_reason == "stop" and (choice.message is None or not choice.message.refusal):
            return "stop"
    elif not choices and not body.output:
        return status
    choices = choices or []
    return finish_word(
        [choice.finish_reason for choice in choices if choice.finish_reason],
        is_refused=any(choice.message is not None and choice.message.refusal for choice in choices)
        or any(part.type == "refusal" for item in body.output or () for part in item.content or ()),
        status=status,
    )


def _tokens(usage: _Usage | None) -> TokenCounts | None:
    if usage is None:
        return None
    read = usage.prompt_tokens or usage.input_tokens or 0
    written = usage.completion_tokens or usage.output_tokens or 0
    before = usage.prompt_tokens_details or usage.input_tokens_details
    after = usage.completion_tokens_details or usage.output_tokens_details
    return (
        read,
        (before.cached_tokens or 0) if before is not None else 0,
        written,
        (after.reasoning_tokens or 0) if after is not None else 0,
        usage.total_tokens or min(read + written, MAX_TOKENS),
    )
