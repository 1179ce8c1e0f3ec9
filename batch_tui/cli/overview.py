"""A batch as lines of text."""

from __future__ import annotations

from datetime import UTC, datetime

from batch_tui.domain.batch import Batch
from batch_tui.domain.formatting import UNKNOWN, amount, duration, grouped, percent

HEADER = ("ID", "STATUS", "DONE", "FAILED", "AGE", "NAME")


def row(batch: Batch, now: float) -> tuple[str, ...]:
    """One batch as a row under :data:`HEADER`."""
    counts = batch.counts
    done = f"{amount(counts.done)}/{amount(counts.total)}" if counts.total > 0 else UNKNOWN
    age = duration(now - batch.times.created) if batch.times.created is not None else UNKNOWN
    return (batch.id, batch.raw_status or batch.status, done, str(counts.failed), age, batch.name)


def line(batch: Batch) -> str:
    """One batch in one line, for watching."""
    counts = batch.counts
    return (
        f"{batch.id}  {batch.raw_status or batch.status}  {counts.done}/{counts.total} "
        f"({percent(counts.fraction)})  {counts.failed} failed  {batch.name}"
    )


def describe(batch: Batch) -> list[tuple[str, str]]:
    """One batch in full, as pairs of a word and its value."""
    pairs = [
        ("id", batch.id),
        ("name", batch.name),
        ("status", batch.raw_status or batch.status),
        ("endpoint", batch.endpoint),
        ("model", batch.model or UNKNOWN),
        ("requests", _requests(batch)),
        ("input file", batch.input_file_id or UNKNOWN),
        ("output file", batch.output_file_id or UNKNOWN),
        ("error file", batch.error_file_id or UNKNOWN),
        ("window", batch.completion_window or UNKNOWN),
    ]
    pairs += _timeline(batch)
    pairs += [(f"metadata {key}", value) for key, value in batch.metadata.items()]
    for error in batch.errors:
        where = f"line {error.line}: " if error.line is not None else ""
        pairs.append(("error", f"{where}{error.code}: {error.message}"))
    return pairs


def _requests(batch: Batch) -> str:
    counts = batch.counts
    rest = "never run" if batch.is_terminal else "remaining"
    parts = (
        (counts.completed, "completed"),
        (counts.failed, "failed"),
        (counts.unfinished, rest),
        (counts.total, "in all"),
    )
    return ", ".join(f"{grouped(count)} {word}" for count, word in parts)


def _timeline(batch: Batch) -> list[tuple[str, str]]:
    times = batch.times
    named = (
        ("created", times.created),
        ("in progress", times.in_progress),
        ("finalizing", times.finalizing),
        ("completed", times.completed),
        ("failed", times.failed),
        ("cancelling", times.cancelling),
        ("cancelled", times.cancelled),
        ("expired", times.expired),
        ("expires", times.expires),
    )
    return [(name, _moment(at)) for name, at in named if at is not None]


def _moment(at: int) -> str:
    try:
        return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, OSError, ValueError):
        return str(at)
