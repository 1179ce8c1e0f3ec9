"""The worker's jobs done on the spot, for engine tests that are not about the worker."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from batch_tui.domain.limits import OPENAI_LIMITS, Limits
from batch_tui.domain.problems import Report
from batch_tui.engine.ports import OnProgress
from batch_tui.jsonl.checking.check import check_file
from batch_tui.jsonl.results.join import join_results
from batch_tui.jsonl.results.retry_set import RetrySet, write_retry_set
from batch_tui.jsonl.rewriting.edit import Changes, Edited, edit_file
from batch_tui.jsonl.rewriting.split import Part, split_file


class Workbench:
    """Checks, splits and edits in the test's own process; progress is told to nobody."""

    async def check(
        self,
        path: Path,
        *,
        limits: Limits = OPENAI_LIMITS,
        endpoint: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> Report:
        return check_file(path, limits=limits, endpoint=endpoint)

    async def split(
        self,
        source: Path,
        directory: Path,
        *,
        max_requests: int,
        max_bytes: int,
        max_tokens: int | None = None,
        on_progress: OnProgress | None = None,
    ) -> tuple[Part, ...]:
        return split_file(source, directory, max_requests=max_requests, max_bytes=max_bytes, max_tokens=max_tokens)

    async def edit(
        self, source: Path, destination: Path, changes: Changes, *, on_progress: OnProgress | None = None
    ) -> Edited:
        return edit_file(source, destination, changes)

    async def retry_set(
        self,
        results: Sequence[Sequence[Path]],
        destination: Path,
        *,
        input_path: Path,
        include_permanent: bool = False,
        only: frozenset[int] | None = None,
        on_progress: OnProgress | None = None,
    ) -> RetrySet:
        joined = join_results(results, input_path=input_path)
        return write_retry_set(joined, destination, include_permanent=include_permanent, only=only)
