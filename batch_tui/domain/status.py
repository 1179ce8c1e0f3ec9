"""The states of a batch, in the API's words, and what other servers call them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_ALIASES = {
    "canceled": "cancelled",
    "canceling": "cancelling",
    "progress": "in_progress",
    "inprogress": "in_progress",
    "running": "in_progress",
    "processing": "in_progress",
    "queued": "validating",
    "pending": "validating",
    "created": "validating",
    "complete": "completed",
    "succeeded": "completed",
    "success": "completed",
    "error": "failed",
}


class BatchStatus(StrEnum):
    """The states of the Batch API, and one for every word this program doesn't know."""

    VALIDATING = "validating"
    IN_PROGRESS = "in_progress"
    FINALIZING = "finalizing"
    COMPLETED = "completed"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def is_terminal(self) -> bool:
        """True when the service will never change the batch again. Unknown words count as not ended."""
        return self in _TERMINAL

    @property
    def is_active(self) -> bool:
        """True while the batch may still change, cost money, or be worth watching."""
        return self not in _TERMINAL


_TERMINAL = frozenset(
    {BatchStatus.COMPLETED, BatchStatus.FAILED, BatchStatus.EXPIRED, BatchStatus.CANCELLED},
)


@dataclass(frozen=True, slots=True)
class StatusWord:
    """A status together with the word the server sent for it."""

    status: BatchStatus
    """What the word means; ``UNKNOWN`` when nobody knows."""
    raw: str
    """The word as it came, kept verbatim for the screen."""

    @classmethod
    def parse(cls, word: object) -> StatusWord:
        """Read a server's status: any case, known aliases; anything else becomes ``UNKNOWN``."""
        raw = word if isinstance(word, str) else ""
        key = raw.strip().lower().replace("-", "_").replace(" ", "_")
        key = _ALIASES.get(key, key)
        try:
            status = BatchStatus(key)
        except ValueError:
            status = BatchStatus.UNKNOWN
        return cls(status, raw)
