"""Two batches held against each other: the files of both fetched, then compared beside the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import BatchTuiError, NotFoundError
from batch_tui.domain.groups import stands_for_group
from batch_tui.domain.text import printable
from batch_tui.engine.ports import OnProgress
from batch_tui.engine.results.collect import Collector
from batch_tui.engine.results.generations import Family
from batch_tui.jsonl.results.compared import ComparedResults

Answers = tuple[Sequence[Sequence[Path]], Path | None]
"""The result files of each generation, oldest first, and the input; None when that can't be had."""
FetchHook = Callable[[Batch], OnProgress | None]
"""Gives the hook for the downloads of one batch."""


class CompareBench(Protocol):
    """Who compares big files: the worker process."""

    async def compare(
        self, first: Answers, second: Answers, *, on_progress: OnProgress | None = None
    ) -> ComparedResults:
        """Hold two batches against each other."""
        ...


class Families(Protocol):
    """Who knows which files a group has."""

    async def family(self, name: str, *, on_progress: OnProgress | None = None) -> Family:
        """The files of all parts and retries."""
        ...


class Comparer:
    """Compares batches, or groups seen as one batch.

    Args:
        collector: Fetches files, or finds them in its cache.
        families: Knows the files of groups.
        bench: Compares.
    """

    def __init__(self, collector: Collector, families: Families, bench: CompareBench) -> None:
        self._collector = collector
        self._families = families
        self._bench = bench

    async def compare(
        self,
        first: Batch,
        second: Batch,
        *,
        on_fetch: FetchHook | None = None,
        on_progress: OnProgress | None = None,
    ) -> ComparedResults:
        """Compare two batches by custom_id.

        Args:
            first: The batch from before; of a group, all that its parts and retries came to.
            second: The batch from after.
            on_fetch: Gives the hooks for what has to be downloaded.
            on_progress: Told how far the comparison itself is.

        Raises:
            NotFoundError: A batch brought nothing back.
            ServiceError: A file can't be had.
            TransferStalledError: No byte came, for as long as it was tried.
            OutputFileError: The cache can't be written.
            InputFileError: A result file can't be read.
        """
        sides = [await self._answers(batch, on_fetch and on_fetch(batch)) for batch in (first, second)]
        return await self._bench.compare(*sides, on_progress=on_progress)

    async def _answers(self, batch: Batch, on_progress: OnProgress | None) -> Answers:
        if stands_for_group(batch):
            family = await self._families.family(batch.id, on_progress=on_progress)
            return family.results, family.input_path
        collected = await asyncio.to_thread(self._collector.local_results, batch)
        if collected is None:
            collected = await self._collector.collect(batch.id, on_progress=on_progress)
        if not collected.files:
            raise NotFoundError(f"{printable(batch.name)} brought nothing back: there is nothing to compare.")
        return [collected.files], await self._input(collected.batch, on_progress)

    async def _input(self, batch: Batch, on_progress: OnProgress | None) -> Path | None:
        """The input: it only gives the order and the requests, so a comparison does without."""
        try:
            return await self._collector.fetch_input(batch, on_progress=on_progress)
        except BatchTuiError:
            return None
