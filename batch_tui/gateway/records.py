"""The account's objects in the API's own shape (encoded as they are), and what is kept beside them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from batch_tui.domain.status import BatchStatus

ENDED = frozenset({"completed", "failed", "expired", "cancelled"})


@dataclass(frozen=True, slots=True)
class FileObject:
    """A file as ``GET /v1/files/{id}`` gives it."""

    id: str
    bytes: int
    created_at: int
    filename: str
    purpose: str
    object: str = "file"
    expires_at: int | None = None
    status: str = "processed"
    status_details: str | None = None


@dataclass(frozen=True, slots=True)
class CountsObject:
    """``request_counts``."""

    total: int = 0
    completed: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class InputDetails:
    """``usage.input_tokens_details``."""

    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class OutputDetails:
    """``usage.output_tokens_details``."""

    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True)
class UsageObject:
    """``usage`` of a batch."""

    input_tokens: int = 0
    input_tokens_details: InputDetails = InputDetails()
    output_tokens: int = 0
    output_tokens_details: OutputDetails = OutputDetails()
    total_tokens: int = 0

    def __add__(self, other: UsageObject) -> UsageObject:
        return UsageObject(
            self.input_tokens + other.input_tokens,
            InputDetails(self.input_tokens_details.cached_tokens + other.input_tokens_details.cached_tokens),
            self.output_tokens + other.output_tokens,
            OutputDetails(
                self.output_tokens_details.reasoning_tokens + other.output_tokens_details.reasoning_tokens,
            ),
            self.total_tokens + other.total_tokens,
        )


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """One entry of a batch's ``errors.data``."""

    code: str
    message: str
    param: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class ErrorList:
    """``errors`` of a batch that failed."""

    data: tuple[ErrorEntry, ...]
    object: str = "list"


@dataclass(frozen=True, slots=True)
class BatchObject:
    """A batch as ``GET /v1/batches/{id}`` gives it."""

    id: str
    endpoint: str
    input_file_id: str
    created_at: int
    expires_at: int | None = None
    object: str = "batch"
    errors: ErrorList | None = None
    completion_window: str = "24h"
    status: str = BatchStatus.VALIDATING
    output_file_id: str | None = None
    error_file_id: str | None = None
    in_progress_at: int | None = None
    finalizing_at: int | None = None
    completed_at: int | None = None
    failed_at: int | None = None
    expired_at: int | None = None
    cancelling_at: int | None = None
    cancelled_at: int | None = None
    request_counts: CountsObject = CountsObject()
    metadata: Mapping[str, str] | None = None
    model: str | None = None
    usage: UsageObject = UsageObject()

    @property
    def is_ended(self) -> bool:
        """True when nothing will change it any more."""
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file's record on disk."""

    sequence: int
    """Place in the order of creation: timestamps have whole seconds only."""
    file: FileObject


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch's record on disk."""

    sequence: int
    batch: BatchObject
    output_expires_after: int | None = None
    """Seconds the output and error files are kept, or None for ever."""
    tokens: int = 0
    """Input tokens, estimated: what the batch takes of the queue while it is active."""
    queue: str | None = None
    """The model in whose queue they are."""


@dataclass(frozen=True, slots=True)
class UploadObject:
    """An upload in parts as ``POST /v1/uploads`` gives it."""

    id: str
    bytes: int
    created_at: int
    expires_at: int
    filename: str
    purpose: str
    mime_type: str
    object: str = "upload"
    status: str = "pending"
    file: FileObject | None = None


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """An upload's record on disk."""

    upload: UploadObject
    parts: tuple[str, ...] = field(default=())
    """Ids of the parts received so far."""
    expires_after: int | None = None
    """Seconds the file will be kept."""


def new_id(prefix: str) -> str:
    """An id nobody can guess: ``prefix`` and 32 hexadecimal digits."""
    return prefix + secrets.token_hex(16)
