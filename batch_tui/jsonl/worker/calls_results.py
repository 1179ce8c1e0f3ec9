"""What the program asks of the worker about results, as it goes over the pipe."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from batch_tui.domain.lines import Cause


class JoinCall(msgspec.Struct, frozen=True):
    """Asks for ``join_results``."""

    results: tuple[tuple[bytes, ...], ...]
    input: bytes | None

    @classmethod
    def of(cls, results: Sequence[Sequence[Path]], input_path: Path | None) -> JoinCall:
        """The call for these files."""
        generations = tuple(tuple(os.fsencode(path) for path in generation) for generation in results)
        return cls(generations, None if input_path is None else os.fsencode(input_path))


class CompareCall(msgspec.Struct):
    """Asks for ``compare_results``."""

    first: JoinCall
    second: JoinCall


class RetryCall(msgspec.Struct):
    """Asks for ``write_retry_set``."""

    join: JoinCall
    destination: bytes
    include_permanent: bool
    only: list[int] | None


class RetryAnswer(msgspec.Struct):
    """A ``RetrySet`` without its path, which the caller knows."""

    kept: int
    left_out: tuple[Cause, ...]


class EditCall(msgspec.Struct):
    """Asks for ``edit_file``."""

    source: bytes
    destination: bytes
    changes: dict[str, msgspec.Raw]
    """New values as JSON text."""
    removed: list[str]
    """Fields that are to go."""


class MergeCall(msgspec.Struct):
    """Asks for ``merge_as``."""

    join: JoinCall
    destination: bytes
    format: str
    """An ``ExportFormat``."""
    overwrite: bool


class MergeAnswer(msgspec.Struct):
    """A ``Merged`` without its path; its rows come beside it."""

    requests: int
    succeeded: int
    causes: tuple[Cause, ...]


class ExportCall(msgspec.Struct):
    """Asks for ``export_results``."""

    join: JoinCall
    destination: bytes
    format: str
    """An ``ExportFormat``."""
    rows: list[int] | None
    overwrite: bool
