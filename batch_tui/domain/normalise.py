"""From whatever JSON a server sends to our values: total functions, no input makes them raise.

Servers that speak the Batch API differ in every detail that a schema would pin: times as ISO text or
milliseconds, ``""`` for absent, counts that are null, ``errors`` as a bare list, lists as a bare array. Each
reading here has one answer for each JSON value, and "cannot be read" is None, empty or zero, never an exception.

Nor is any of it too long: what is kept of a value is bounded here, once (``domain.bounds``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TypeGuard

from batch_tui.domain.batch import NO_METADATA, Batch, BatchError, RequestCounts, Timestamps, Usage
from batch_tui.domain.bounds import (
    MAX_ERRORS,
    SUM_LIMIT,
    TEXT_LIMIT,
    VALUE_LIMIT,
    WORD_LIMIT,
    bounded,
    few_errors,
    few_pairs,
)
from batch_tui.domain.files import RemoteFile
from batch_tui.domain.status import BatchStatus, StatusWord

_MAX_COUNT = 10**15
_MAX_SECONDS = 253_402_300_799  # the last second of the year 9999
_UNITS = ((10**11, 1), (10**14, 1_000), (10**17, 1_000_000), (10**20, 1_000_000_000))
_LIST_KEYS = ("data", "value")


def batch_from_wire(raw: object, *, text: str = "") -> Batch | None:
    """Read a batch.

    Args:
        raw: Any decoded JSON value.
        text: The JSON text it came from, kept as ``Batch.raw``.

    Returns:
        The batch, or None when the value isn't one: no object, no usable id, or another kind of object.
    """
    if not _is_object(raw) or not _is_kind(raw, "batch"):
        return None
    batch_id = _id(raw.get("id"))
    if not batch_id:
        return None
    said = raw.get("status")
    word = StatusWord.parse(_text(said, WORD_LIMIT) if isinstance(said, str) else None)
    return Batch(
        id=batch_id,
        status=word.status,
        raw_status=word.raw,
        endpoint=_text(raw.get("endpoint")),
        input_file_id=_text(raw.get("input_file_id")),
        output_file_id=_text(raw.get("output_file_id")) or None,
        error_file_id=_text(raw.get("error_file_id")) or None,
        completion_window=_text(raw.get("completion_window")),
        counts=_counts(raw.get("request_counts")),
        times=_times(raw),
        errors=_errors(raw.get("errors")),
        metadata=_metadata(raw.get("metadata")),
        model=_text(raw.get("model")) or None,
        usage=_usage(raw.get("usage")),
        raw=bounded(text, SUM_LIMIT),
    )


def batch_to_wire(batch: Batch) -> dict[str, object]:
    """The batch under the API's field names; ``batch_from_wire`` gives the same batch back, but for ``raw``."""
    times = batch.times
    unknown = batch.status is BatchStatus.UNKNOWN
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": batch.endpoint,
        "model": batch.model,
        "errors": _errors_to_wire(batch.errors),
        "input_file_id": batch.input_file_id,
        "completion_window": batch.completion_window,
        "status": batch.raw_status or (None if unknown else batch.status.value),
        "output_file_id": batch.output_file_id,
        "error_file_id": batch.error_file_id,
        "created_at": times.created,
        "in_progress_at": times.in_progress,
        "expires_at": times.expires,
        "finalizing_at": times.finalizing,
        "completed_at": times.completed,
        "failed_at": times.failed,
        "expired_at": times.expired,
        "cancelling_at": times.cancelling,
        "cancelled_at": times.cancelled,
        "request_counts": {
            "total": batch.counts.total,
            "completed": batch.counts.completed,
            "failed": batch.counts.failed,
        },
        "usage": _usage_to_wire(batch.usage),
        "metadata": dict(batch.metadata) or None,
    }


def file_from_wire(raw: object, *, text: str = "") -> RemoteFile | None:
    """Read a file's facts; None when the value isn't a file (see :func:`batch_from_wire`)."""
    if not _is_object(raw) or not _is_kind(raw, "file"):
        return None
    file_id = _id(raw.get("id"))
    if not file_id:
        return None
    size = _number(raw.get("bytes"))
    return RemoteFile(
        id=file_id,
        filename=_text(raw.get("filename")),
        bytes=size if size is not None and size >= 0 else None,
        purpose=_text(raw.get("purpose")),
        created_at=timestamp(raw.get("created_at")),
        expires_at=timestamp(raw.get("expires_at")),
        status=_text(raw.get("status")),
        raw=bounded(text, SUM_LIMIT),
    )


def is_page(raw: object) -> bool:
    """True when the value can be a page of a list: an array, or an object that holds one (or says it would)."""
    if isinstance(raw, list):
        return True
    if not _is_object(raw):
        return False
    if raw.get("object") == "list":
        return True
    return any(key in raw and (raw[key] is None or isinstance(raw[key], list)) for key in _LIST_KEYS)


def page_of(raw: object, *, limit: int | None = None) -> tuple[list[object], bool, str | None]:
    """Read a page of a list: a bare array, ``{data}`` or ``{value}``.

    Args:
        raw: Any decoded JSON value.
        limit: Entries that were asked for: a full page from a server that doesn't say ``has_more`` has more.

    Returns:
        The entries, whether there are more, and the cursor for the next page (``last_id``, else the id of the
        last entry that has one; None without).
    """
    if _is_list(raw):
        return raw, _is_full(raw, limit), _last_id(raw)
    if not _is_object(raw):
        return [], False, None
    nothing: list[object] = []
    entries = next((value for key in _LIST_KEYS if _is_list(value := raw.get(key))), nothing)
    more = raw.get("has_more")
    has_more = more if isinstance(more, bool) else _is_full(entries, limit)
    return entries, has_more, _id(raw.get("last_id")) or _last_id(entries)


def timestamp(raw: object) -> int | None:
    """Read a time as Unix seconds: a number in s, ms, µs or ns, digits as text, or ISO 8601.

    A time that names no zone is UTC.

    Returns:
        None for everything else, and for zero, negative and endless times, which servers send for "never".
    """
    if raw is None or (type(raw) is int and 0 < raw < _UNITS[0][0]):
        return raw  # nearly all there ever is
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return _seconds(raw)
    if not isinstance(raw, str) or len(raw) > 64:
        return None
    word = raw.strip()
    try:
        return _seconds(float(word))
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(word)
        zoned = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return _seconds(zoned.timestamp())
    except (ValueError, OverflowError):
        return None


def _seconds(value: float) -> int | None:
    """A positive time in whichever unit its size tells, as whole seconds."""
    if not 0 < value < _UNITS[-1][0]:  # NaN and the infinities fail here too
        return None
    divisor = next(divisor for below, divisor in _UNITS if value < below)
    seconds = int(value / divisor) if divisor > 1 else int(value)
    return seconds if 0 < seconds <= _MAX_SECONDS else None


def _is_object(value: object) -> TypeGuard[Mapping[str, object]]:
    """Narrow a JSON value to an object; JSON has no keys but strings."""
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    """Narrow a JSON value to an array."""
    return isinstance(value, list)


def _is_kind(raw: Mapping[str, object], kind: str) -> bool:
    """Whether ``object`` allows this kind: absent or unreadable does, the name of another kind doesn't."""
    said = raw.get("object")
    return not isinstance(said, str) or not said or kind in said.lower()


def _is_full(entries: list[object], limit: int | None) -> bool:
    return limit is not None and len(entries) >= limit


def _last_id(entries: list[object]) -> str | None:
    """The id of the last entry that has one."""
    for entry in reversed(entries):
        if _is_object(entry) and (found := _id(entry.get("id"))):
            return found
    return None


def _id(value: object) -> str:
    """An id as it stands; empty for what is none, and for one that no URL could hold: the begin names another."""
    return "" if isinstance(value, str) and len(value) > TEXT_LIMIT else _text(value)


def _text(value: object, limit: int = TEXT_LIMIT) -> str:
    """Text, or a number's; else empty. Lone surrogates, which no file or socket takes, are replaced."""
    if isinstance(value, str):
        if len(value) > limit:
            value = bounded(value, limit)
        if value.isascii():
            return value
        return value.encode("utf-8", "replace").decode("utf-8")
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**40 else ""
    return str(value) if isinstance(value, float) and math.isfinite(value) else ""


def _number(value: object) -> int | None:
    """A whole number from a number or its digits, within ±10^15; None for everything else."""
    if value is None or (type(value) is int and -_MAX_COUNT <= value <= _MAX_COUNT):
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value) if len(value) <= 40 else None
        except ValueError:
            return None
    if isinstance(value, int):
        return max(-_MAX_COUNT, min(_MAX_COUNT, value))
    if isinstance(value, float) and math.isfinite(value):
        return int(max(-_MAX_COUNT, min(_MAX_COUNT, value)))
    return None


def _counts(raw: object) -> RequestCounts:
    """The counts as sent, nonsense included; 0 for each that is missing."""
    if not _is_object(raw):
        return RequestCounts()
    return RequestCounts(
        _number(raw.get("total")) or 0,
        _number(raw.get("completed")) or 0,
        _number(raw.get("failed")) or 0,
    )


def _times(raw: Mapping[str, object]) -> Timestamps:
    return Timestamps(
        created=timestamp(raw.get("created_at")),
        in_progress=timestamp(raw.get("in_progress_at")),
        finalizing=timestamp(raw.get("finalizing_at")),
        completed=timestamp(raw.get("completed_at")),
        failed=timestamp(raw.get("failed_at")),
        expires=timestamp(raw.get("expires_at")),
        expired=timestamp(raw.get("expired_at")),
        cancelling=timestamp(raw.get("cancelling_at")),
        cancelled=timestamp(raw.get("cancelled_at")),
    )


def _errors(raw: object) -> tuple[BatchError, ...]:
    """Entries of ``errors``: a list, ``{data: [...]}``, one error alone, or a plain sentence."""
    if not raw:
        return ()
    if _is_object(raw):
        inner = raw.get("data")
        if inner is None and ("message" in raw or "code" in raw):
            inner = [raw]
        raw = inner
    elif isinstance(raw, str):
        raw = [raw]
    if not _is_list(raw):
        return ()
    found = [error for entry in raw[:MAX_ERRORS] if (error := _error(entry)) is not None]
    return few_errors(found, len(raw))


def _error(raw: object) -> BatchError | None:
    if isinstance(raw, str):
        return BatchError(message=_text(raw)) if raw else None
    if not _is_object(raw):
        return None
    line = _number(raw.get("line"))
    return BatchError(
        code=_text(raw.get("code"), WORD_LIMIT),
        message=_text(raw.get("message")),
        param=_text(raw.get("param"), WORD_LIMIT) or None,
        line=line if line is not None and line > 0 else None,
    )


def _errors_to_wire(errors: tuple[BatchError, ...]) -> dict[str, object] | None:
    if not errors:
        return None
    entries = [{"code": e.code, "message": e.message, "param": e.param, "line": e.line} for e in errors]
    return {"object": "list", "data": entries}


def _metadata(raw: object) -> Mapping[str, str]:
    """Pairs with a readable value, as text; immutable."""
    if not raw or not _is_object(raw):
        return NO_METADATA
    kept = few_pairs(raw).items()
    pairs = {_text(key, WORD_LIMIT): _text(value, VALUE_LIMIT) for key, value in kept if _is_scalar(value)}
    return MappingProxyType(pairs) if pairs else NO_METADATA


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | int | float)


def _usage(raw: object) -> Usage | None:
    """Tokens, under the names of either of the API's two generations; None when there is no usage."""
    if not raw or not _is_object(raw):
        return None
    reading = _details(raw, "input_tokens_details", "prompt_tokens_details")
    writing = _details(raw, "output_tokens_details", "completion_tokens_details")
    return Usage(
        input_tokens=_tokens(raw, "input_tokens", "prompt_tokens"),
        cached_tokens=_tokens(reading, "cached_tokens"),
        output_tokens=_tokens(raw, "output_tokens", "completion_tokens"),
        reasoning_tokens=_tokens(writing, "reasoning_tokens"),
        total_tokens=_tokens(raw, "total_tokens"),
    )


def _details(raw: Mapping[str, object], *names: str) -> Mapping[str, object]:
    for name in names:
        value = raw.get(name)
        if _is_object(value):
            return value
    return {}


def _tokens(raw: Mapping[str, object], *names: str) -> int:
    """The first of the named counts that can be read; at least 0."""
    for name in names:
        count = _number(raw.get(name))
        if count is not None:
            return max(0, count)
    return 0


def _usage_to_wire(usage: Usage | None) -> dict[str, object] | None:
    if usage is None:
        return None
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.total_tokens,
    }
