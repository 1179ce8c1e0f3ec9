"""The part of the workshop that deals with results: the same methods as the functions, done in the worker."""

from __future__ import annotations

import os
from array import array
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path

import msgspec

from batch_tui.jsonl.lines import ProgressHook
from batch_tui.jsonl.results.compare import Comparison
from batch_tui.jsonl.results.compared import ComparedResults
from batch_tui.jsonl.results.export import Exported, ExportFormat
from batch_tui.jsonl.results.joined import JoinedResults
from batch_tui.jsonl.results.merge import Merged
from batch_tui.jsonl.results.retry_set import RetrySet
from batch_tui.jsonl.rewriting.edit import REMOVED, Changes, Edited
from batch_tui.jsonl.search import Hit, check_needle
from batch_tui.jsonl.worker.calls_results import (
    CompareCall,
    EditCall,
    ExportCall,
    JoinCall,
    MergeAnswer,
    MergeCall,
    RetryAnswer,
    RetryCall,
)
from batch_tui.jsonl.worker.calls_search import SearchCall
from batch_tui.jsonl.worker.process import WorkerProcess


class ResultsWorkshop:
    """Whole-file work on results in the worker process; every ``on_progress`` is called on the event loop.

    Every method raises what its namesake raises, and ``WorkerDiedError`` when the process was killed.

    Args:
        process: The worker; None to start one when it's first needed.
    """

    def __init__(self, process: WorkerProcess | None = None) -> None:
        self._process = process or WorkerProcess()

    async def join(
        self,
        results: Sequence[Sequence[Path]],
        *,
        input_path: Path | None = None,
        on_progress: ProgressHook | None = None,
    ) -> JoinedResults:
        """See :func:`~batch_tui.jsonl.results.join.join_results`."""
        answered = await self._process.call("join", JoinCall.of(results, input_path), on_progress=on_progress)
        return JoinedResults.from_columns(answered.columns[0])

    async def compare(
        self,
        first: tuple[Sequence[Sequence[Path]], Path | None],
        second: tuple[Sequence[Sequence[Path]], Path | None],
        *,
        on_progress: ProgressHook | None = None,
    ) -> ComparedResults:
        """See :func:`~batch_tui.jsonl.results.compared.compare_results`; a side is its results and its input."""
        call = CompareCall(JoinCall.of(*first), JoinCall.of(*second))
        answered = await self._process.call("compare", call, on_progress=on_progress)
        before, after, first_rows, second_rows, turns = answered.columns
        return ComparedResults(
            JoinedResults.from_columns(before),
            JoinedResults.from_columns(after),
            first_rows=array("I", first_rows),
            second_rows=array("I", second_rows),
            turns=array("B", turns),
            comparison=msgspec.json.decode(answered.value, type=Comparison),
        )

    async def retry_set(
        self,
        results: Sequence[Sequence[Path]],
        destination: Path,
        *,
        input_path: Path | None,
        include_permanent: bool = False,
        only: frozenset[int] | None = None,
        on_progress: ProgressHook | None = None,
    ) -> RetrySet:
        """See :func:`~batch_tui.jsonl.results.retry_set.write_retry_set`; the rows of ``only`` are the join's."""
        call = RetryCall(
            JoinCall.of(results, input_path),
            os.fsencode(destination),
            include_permanent,
            None if only is None else sorted(only),
        )
        answered = await self._process.call("retry_set", call, on_progress=on_progress)
        done = msgspec.json.decode(answered.value, type=RetryAnswer)
        return RetrySet(destination, done.kept, done.left_out)

    async def merge(
        self,
        results: Sequence[Sequence[Path]],
        destination: Path,
        *,
        export_format: ExportFormat = ExportFormat.JSONL,
        input_path: Path | None = None,
        overwrite: bool = False,
        on_progress: ProgressHook | None = None,
    ) -> Merged:
        """See :func:`~batch_tui.jsonl.results.merge_table.merge_as`."""
        call = MergeCall(
            JoinCall.of(results, input_path), os.fsencode(destination), export_format.value, overwrite
        )
        answered = await self._process.call("merge", call, on_progress=on_progress)
        done = msgspec.json.decode(answered.value, type=MergeAnswer)
        unfinished = array("Q", answered.columns[0])
        return Merged(destination, done.requests, done.succeeded, unfinished, done.causes)

    async def export(  # noqa: PLR0913 - what is joined, and how it's written
        self,
        results: Sequence[Sequence[Path]],
        destination: Path,
        export_format: ExportFormat,
        *,
        input_path: Path | None = None,
        rows: Sequence[int] | None = None,
        overwrite: bool = False,
        on_progress: ProgressHook | None = None,
    ) -> Exported:
        """See :func:`~batch_tui.jsonl.results.export.export_results`; ``rows`` are the join's."""
        call = ExportCall(
            JoinCall.of(results, input_path),
            os.fsencode(destination),
            export_format.value,
            None if rows is None else list(rows),
            overwrite,
        )
        answered = await self._process.call("export", call, on_progress=on_progress)
        return Exported(destination, msgspec.json.decode(answered.value, type=int))

    async def edit(
        self, source: Path, destination: Path, changes: Changes, *, on_progress: ProgressHook | None = None
    ) -> Edited:
        """See :func:`~batch_tui.jsonl.rewriting.edit.edit_file`."""
        call = EditCall(
            os.fsencode(source),
            os.fsencode(destination),
            {p: msgspec.Raw(msgspec.json.encode(v)) for p, v in changes.items() if v is not REMOVED},
            [place for place, value in changes.items() if value is REMOVED],
        )
        answered = await self._process.call("edit", call, on_progress=on_progress)
        return Edited(destination, *msgspec.json.decode(answered.value, type=tuple[int, int]))

    async def search(
        self,
        path: Path,
        needle: str,
        *,
        ignore_case: bool = False,
        regex: bool = False,
        on_progress: ProgressHook | None = None,
    ) -> AsyncGenerator[Hit, None]:
        """See :func:`~batch_tui.jsonl.search.search_file`; closing the generator stops the search."""
        check_needle(needle, ignore_case=ignore_case, regex=regex)
        call = SearchCall(os.fsencode(path), needle.encode(errors="surrogatepass"), ignore_case, regex)
        async with aclosing(self._process.stream("search", call, on_progress=on_progress)) as hits:
            async for raw in hits:
                yield Hit(*msgspec.json.decode(raw, type=tuple[int, int, int, int]))
