"""Request lines and result lines, and how one request came out."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from batch_tui.domain.batch import Usage


class Outcome(StrEnum):
    """How one request of a batch came out."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """It ran and the answer is an error."""
    NOT_RUN = "not_run"
    """The service says that it never ran: expired, cancelled, timed out."""
    MISSING = "missing"
    """It is in neither file."""


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One line of an input file."""

    custom_id: str
    method: str
    url: str
    body: str
    """The body's JSON text, to the byte as it stands in the file."""
    model: str | None = None


@dataclass(frozen=True, slots=True)
class ResultLine:
    """One line of an output or error file, read without believing it."""

    custom_id: str | None
    outcome: Outcome
    status_code: int | None = None
    """HTTP status of the request, None when it never ran; 0 has been seen in the wild."""
    code: str = ""
    """The error's code (``rate_limit_exceeded``, ``batch_expired``); empty on success."""
    message: str = ""
    """The error's message; empty on success."""
    finish_reason: str = ""
    """``stop``, ``length``, ``content_filter``, ``incomplete``, ``refusal``; empty when not told."""
    model: str = ""
    service_tier: str = ""
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Where a line stands in a file: byte offset and length without its newline."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One request with its outcome, as the results pane shows it."""

    index: int
    """0-based position in input order."""
    custom_id: str
    outcome: Outcome
    status_code: int | None
    code: str
    message: str
    """The error's message, clipped; empty on success."""
    finish_reason: str
    usage: Usage | None
    request: Span | None
    """Where the request stands in the input file; None without the input."""
    result: Span | None
    """Where the answer stands; None when there is none."""
    file: int
    """Which of the joined result files holds the answer (index in the order given); -1 without one."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason for failures, with how often it came."""

    outcome: Outcome
    status_code: int | None
    code: str
    message: str
    """The message with its numbers and ids taken out, so that like failures group."""
    count: int
    can_pass: bool
    """True when sending the same request again may succeed."""
    examples: tuple[str, ...] = ()
    """Up to three custom_ids."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What came back: every request accounted for."""

    requests: int
    """Requests known: the input's lines, or without the input, the ids seen in the results."""
    succeeded: int
    failed: int
    not_run: int
    missing: int
    """In neither file; 0 when the input isn't known."""
    foreign: int = 0
    """Result lines whose custom_id the input doesn't have."""
    duplicate: int = 0
    """Result lines beyond the first for their custom_id in one generation."""
    unreadable: int = 0
    """Result lines that are not JSON objects."""
    truncated: int = 0
    """Successes cut short (``finish_reason`` ``length``, status ``incomplete``)."""
    usage: Usage = field(default_factory=Usage)
    causes: tuple[Cause, ...] = ()
    """Most frequent first."""
