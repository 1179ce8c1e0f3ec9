"""What rows are filtered and ordered by: a text, a number or a few kinds of each, by the name of a field. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntFlag
from functools import lru_cache
from types import MappingProxyType

from batch_tui.domain.batch import Batch
from batch_tui.domain.status import BatchStatus
from batch_tui.ui.panes.columns import BatchFacts

WORDS = "words"
"""The field that a bare word of a filter is looked for in."""


class Kind(IntFlag):
    """What a batch is, beside its status."""

    ACTIVE = 1
    ENDED = 2
    PROBLEM = 4
    """Requests failed, or the service says a word that nobody knows."""
    FAILURES = 8
    """Requests failed."""
    ALARMED = 16
    GONE = 32


def kinds_of(facts: BatchFacts) -> int:
    """All that a batch is, as the sum of its kinds."""
    batch = facts.batch
    found = Kind.ENDED.value if batch.is_terminal else Kind.ACTIVE.value
    if batch.has_failures:
        found += Kind.PROBLEM.value + Kind.FAILURES.value
    elif batch.status is BatchStatus.UNKNOWN:
        found += Kind.PROBLEM.value
    return found + Kind.ALARMED.value * facts.is_alarmed + Kind.GONE.value * facts.is_gone


def _words(batch: Batch) -> str:
    texts = (batch.name, batch.id, batch.model or "", batch.status.value, *batch.metadata.values())
    return "\n".join(texts).casefold()


@lru_cache(maxsize=1024)
def _folded(text: str) -> str:
    """In lower case; one for all batches that have the same, as they have of models and states."""
    return text.casefold()


_URGENCY: Mapping[BatchStatus, int] = MappingProxyType(
    {
        BatchStatus.COMPLETED: 0,
        # With failures: 1.
        BatchStatus.CANCELLED: 2,
        BatchStatus.EXPIRED: 3,
        BatchStatus.FAILED: 4,
        BatchStatus.UNKNOWN: 5,
        BatchStatus.VALIDATING: 6,
        BatchStatus.IN_PROGRESS: 7,
        BatchStatus.FINALIZING: 8,
        BatchStatus.CANCELLING: 9,
    }
)


def _urgency(batch: Batch) -> int:
    """How far up it stands by its status: what still moves, then what ended badly, then what ended well."""
    return _URGENCY[batch.status] + (batch.status is BatchStatus.COMPLETED and batch.counts.failed > 0)


def _share(part: int, whole: int) -> float | None:
    """In percent; None of nothing."""
    return 100 * part / whole if whole > 0 else None


TEXTS: Mapping[str, Callable[[Batch], str]] = MappingProxyType(
    {
        WORDS: _words,
        "status": lambda batch: _folded(f"{batch.status.value} {batch.raw_status}"),
        "model": lambda batch: _folded(batch.model or ""),
        "name": lambda batch: batch.name.casefold(),
        "id": lambda batch: batch.id.casefold(),
        "endpoint": lambda batch: _folded(batch.endpoint),
    }
)
"""Texts in lower case."""

NUMBERS: Mapping[str, Callable[[Batch], float | None]] = MappingProxyType(
    {
        "status": _urgency,
        "progress": lambda batch: batch.counts.fraction,
        "percent": lambda batch: batch.counts.fraction,
        "total": lambda batch: batch.counts.total,
        "done": lambda batch: batch.counts.done,
        "done_percent": lambda batch: _share(batch.counts.done, batch.counts.total) or 0.0,
        "fail": lambda batch: batch.counts.failed,
        "fail_percent": lambda batch: _share(batch.counts.failed, batch.counts.done),
        "age": lambda batch: None if batch.times.created is None else -batch.times.created,
        "left": lambda batch: None if batch.is_terminal else batch.times.expires,
    }
)
"""Numbers that the service tells. ``age`` grows with the time since creation, ``left`` with that to the end."""

KNOWN_NUMBERS: Mapping[str, Callable[[BatchFacts], float | None]] = MappingProxyType(
    {
        "cost": lambda facts: None if facts.cost is None else float(facts.cost),
        "rate": lambda facts: facts.pace.per_minute,
    }
)
"""Numbers that are known beyond the service's words."""

VOLATILE = frozenset({"rate"})
"""Fields that say something else of a running batch as time goes by."""
