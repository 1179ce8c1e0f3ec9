"""What is wrong with an input file, as values: one bad line of 50,000 is normal, not exceptional."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """The service's own validation codes (recorded from failed batches), used for our findings too."""

    INVALID_JSON_LINE = "invalid_json_line"
    MISSING_PARAMETER = "missing_required_parameter"
    DUPLICATE_CUSTOM_ID = "duplicate_custom_id"
    MISMATCHED_MODEL = "mismatched_model"
    MODEL_NOT_FOUND = "model_not_found"
    INVALID_URL = "invalid_url"
    INVALID_METHOD = "invalid_method"
    STREAMING_UNSUPPORTED = "streaming_unsupported"
    INVALID_REQUEST = "invalid_request"
    EMPTY_FILE = "empty_file"
    TOO_MANY_REQUESTS = "too_many_tasks"
    TOKEN_LIMIT = "token_limit_exceeded"  # noqa: S105 - a wire word
    FILE_TOO_LARGE = "file_too_large"


RESULT_LINE = "This line is a result of a batch, not a request."
"""What is said of a line of an output or error file."""


class Severity(StrEnum):
    """Whether the service would refuse the file for it."""

    ERROR = "error"
    """The whole batch would fail."""
    WARNING = "warning"
    """Accepted, but probably not what was meant."""


class Cure(StrEnum):
    """Mends that can be made without asking for more, each into a new file beside the old one."""

    WRAP = "wrap"
    """Bare request bodies become batch request lines."""
    STRIP_BOM = "strip_bom"
    DROP_BLANK_LINES = "drop_blank_lines"
    ADD_CUSTOM_IDS = "add_custom_ids"
    UNWRAP_PARAMS = "unwrap_params"
    """Another provider's ``params`` shape becomes ``body``."""
    DROP_DUPLICATES = "drop_duplicates"
    """Lines that repeat an earlier line to the byte go."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with one line, or with the file."""

    line: int
    """1-based line; 0 when it's about the file as a whole."""
    column: int
    """1-based column in bytes; 0 when it's about the whole line."""
    code: Code
    message: str
    """One sentence: what is wrong."""
    hint: str = ""
    """One sentence: the next step; may be empty."""
    severity: Severity = Severity.ERROR
    param: str | None = None
    """The field at fault (``custom_id``, ``body.model``), or None."""
    cure: Cure | None = None
    """The automatic mend, when there is one."""


_SIZES = frozenset({Code.TOO_MANY_REQUESTS, Code.FILE_TOO_LARGE})


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict over one input file."""

    path: str
    requests: int
    """Non-blank lines."""
    bytes: int
    """Size of the file."""
    endpoint: str | None
    """The url of the first request, or None when no line could be read."""
    model: str | None
    """The model of the first request, or None."""
    problems: tuple[Problem, ...]
    """The first 1,000, in line order."""
    counts: Mapping[str, int]
    """All problems, counted by code."""
    errors: int
    """Problems the service would refuse the file for, all counted."""
    warnings: int
    bare_bodies: int
    """Lines that are request bodies without their envelope; equal to ``requests`` when the file wants wrapping."""
    text_bytes: int
    """Bytes of the request bodies, the base of the token estimate."""
    embedding_inputs: int
    sha256: str
    """Of the bytes that were checked: what is sent must be the same."""

    @property
    def is_valid(self) -> bool:
        """True when the service would accept the file."""
        return self.errors == 0

    @property
    def is_only_too_large(self) -> bool:
        """True when nothing is wrong with the file but its size: split, it can be sent."""
        sizes = sum(count for code, count in self.counts.items() if code in _SIZES)
        return not self.is_valid and sizes >= self.errors

    @property
    def wants_wrapping(self) -> bool:
        """True when every line is a bare request body."""
        return self.requests > 0 and self.bare_bodies == self.requests

    @property
    def holds_results(self) -> bool:
        """True when every line is a result: what a batch wrote, not what one reads."""
        is_each_refused = self.errors == self.requests > 0
        return is_each_refused and all(problem.message == RESULT_LINE for problem in self.problems)

    @property
    def mends(self) -> frozenset[Cure]:
        """The cures that can be made without asking for more; bare bodies are wrapped when they are submitted."""
        return frozenset(problem.cure for problem in self.problems if problem.cure is not None)

    @property
    def tokens_estimate(self) -> int:
        """Input tokens, estimated at four bytes each."""
        return (self.text_bytes + 3) // 4
