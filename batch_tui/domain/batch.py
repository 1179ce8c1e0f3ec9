"""A batch as the service reports it, immutable, every field already made safe to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from batch_tui.domain.status import BatchStatus

NO_METADATA: Mapping[str, str] = MappingProxyType({})

INTENT_KEY = "batch_tui_intent"
"""Metadata key of the nonce that ties a batch to the one intent that made it."""
PARENT_KEY = "batch_tui_parent"
"""Metadata key of the batch whose failed requests this batch sends again."""
NAME_LIMIT = 512
"""Characters of a name: the most a value of metadata may have (the API's reference of batches)."""
NAME_KEY = "batch_tui_name"
"""Metadata key of the name the user gave."""
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """How many requests of a batch are where.

    Cancelled and expired requests count as neither completed nor failed, so ``unfinished`` is what remains
    while a batch runs and what never ran once it ended. Servers send nonsense (negative, done > total):
    the raw numbers stay, the properties are clamped.
    """

    total: int = 0
    completed: int = 0
    failed: int = 0

    @property
    def done(self) -> int:
        """Requests that came to an end, failed ones included, at least 0."""
        return max(0, self.completed) + max(0, self.failed)

    @property
    def unfinished(self) -> int:
        """Requests with no result: remaining while active, never run when ended; at least 0."""
        return max(0, self.total - self.done)

    @property
    def fraction(self) -> float:
        """Share of the requests that came to an end, 0.0 to 1.0; 0.0 when the total isn't known yet."""
        return min(1.0, self.done / self.total) if self.total > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens a batch has used, summed by the service (batches created after 2025-09-07 have it)."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    total_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        """Tokens add up."""
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            self.total_tokens + other.total_tokens,
        )

    def __sub__(self, other: Usage) -> Usage:
        """What is left when a part is taken out."""
        return Usage(
            self.input_tokens - other.input_tokens,
            self.cached_tokens - other.cached_tokens,
            self.output_tokens - other.output_tokens,
            self.reasoning_tokens - other.reasoning_tokens,
            self.total_tokens - other.total_tokens,
        )


@dataclass(frozen=True, slots=True)
class BatchError:
    """One entry of a batch's ``errors``: why validation refused it."""

    code: str = ""
    message: str = ""
    param: str | None = None
    line: int | None = None
    """1-based line of the input file, or None when the service named none."""


@dataclass(frozen=True, slots=True)
class Timestamps:
    """When a batch entered each state: Unix seconds, None when it hasn't (or the server doesn't say)."""

    created: int | None = None
    in_progress: int | None = None
    finalizing: int | None = None
    completed: int | None = None
    failed: int | None = None
    expires: int | None = None
    expired: int | None = None
    cancelling: int | None = None
    cancelled: int | None = None

    @property
    def ended(self) -> int | None:
        """When the batch reached its last state, or None."""
        return next(
            (t for t in (self.completed, self.failed, self.expired, self.cancelled) if t is not None),
            None,
        )

    def notice(self, seconds: float) -> float:
        """How long before its end a window is about to close, in seconds.

        Args:
            seconds: The same for a window of a day, or longer; of a shorter one it is as much less.
        """
        if self.created is None or self.expires is None or self.expires <= self.created:
            return seconds
        return seconds * min(1.0, (self.expires - self.created) / _DAY)


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch, as last read from the service."""

    id: str
    status: BatchStatus = BatchStatus.UNKNOWN
    raw_status: str = ""
    """The status word as the server sent it."""
    endpoint: str = ""
    input_file_id: str = ""
    output_file_id: str | None = None
    """None until the end, and when no request succeeded."""
    error_file_id: str | None = None
    completion_window: str = ""
    """Free text: ``24h`` at OpenAI, ``7d`` or ``336h`` elsewhere."""
    counts: RequestCounts = RequestCounts()
    times: Timestamps = Timestamps()
    errors: tuple[BatchError, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=lambda: NO_METADATA)
    model: str | None = None
    usage: Usage | None = None
    raw: str = field(default="", compare=False, repr=False)
    """The server's JSON text, for the Raw tab; empty when not kept."""

    @property
    def name(self) -> str:
        """What to call it on screen: the user's name for it, a usual metadata key, or the id; never long."""
        for key in (NAME_KEY, "name", "job_name", "description"):
            value = self.metadata.get(key)
            if value:
                return value[:NAME_LIMIT]
        return self.id[:NAME_LIMIT]

    @property
    def is_terminal(self) -> bool:
        """True when the service will never change it again."""
        return self.status.is_terminal

    @property
    def has_failures(self) -> bool:
        """True when the batch failed, or ended with a request that has no successful answer."""
        if self.status in {BatchStatus.FAILED, BatchStatus.EXPIRED}:
            return True
        return self.counts.failed > 0

    @property
    def is_total_loss(self) -> bool:
        """True when it completed although not one request succeeded."""
        return (
            self.status is BatchStatus.COMPLETED
            and self.counts.total > 0
            and self.counts.completed <= 0
            and self.counts.failed > 0
        )


@dataclass(frozen=True, slots=True)
class BatchPage:
    """One page of the list of batches."""

    batches: tuple[Batch, ...]
    has_more: bool
    """As the server says; True with no usable cursor ends the listing as incomplete."""
    last_id: str | None
    """Cursor for the next page, or None."""
    server_time: int | None = None
    """The reply's Date header in Unix seconds: ages are counted by the server's clock."""


@dataclass(frozen=True, slots=True)
class NewBatch:
    """What is asked for when a batch is created."""

    input_file_id: str
    endpoint: str
    completion_window: str = "24h"
    metadata: Mapping[str, str] = field(default_factory=lambda: NO_METADATA)
    output_expires_after: int | None = None
    """Seconds the output file is kept, 3,600 to 2,592,000, or None for the service's default."""
