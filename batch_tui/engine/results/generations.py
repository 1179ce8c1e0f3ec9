"""A batch and all its retries, as one: the files of every generation, and the final output over them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import NotFoundError
from batch_tui.domain.lineage import family_of, first_of, missing_parts
from batch_tui.domain.text import printable
from batch_tui.engine.ports import OnProgress
from batch_tui.engine.results.collect import Collector
from batch_tui.jsonl.results.export import ExportFormat
from batch_tui.jsonl.results.merge import Merged
from batch_tui.jsonl.rewriting.concat import concatenate


class MergeBench(Protocol):
    """Who joins big files: the worker process."""

    async def merge(
        self,
        results: list[list[Path]],
        destination: Path,
        *,
        export_format: ExportFormat = ExportFormat.JSONL,
        input_path: Path | None = None,
        overwrite: bool = False,
        on_progress: OnProgress | None = None,
    ) -> Merged:
        """One result line or row for each request, in input order, the newest success first."""
        ...


class Family(Struct, frozen=True):
    """The files of a batch and of everything that sent its requests again."""

    batches: tuple[Batch, ...]
    """The first batch or the parts, whose inputs are the whole input, then the retries, oldest first."""
    input_path: Path
    results: list[list[Path]]
    """Output and error file of each batch, as far as they exist, oldest first."""
    missing_parts: tuple[int, ...] = ()
    """Numbers of the parts of a split file that no batch is there for: their requests are not in the input."""


async def whole_input(
    collector: Collector, batches: Sequence[Batch], *, on_progress: OnProgress | None = None
) -> Path:
    """The inputs of some batches as one file: the file itself for one, else one made in the cache.

    Raises:
        NotFoundError: The service has no such file any more.
        ServiceError: An input can't be had.
        TransferStalledError: A download stands still.
        InputFileError: An input can't be read.
        OutputFileError: The cache can't be written.
    """
    sources = [await collector.fetch_input(batch, on_progress=on_progress) for batch in batches]
    if len(sources) == 1:
        return sources[0]
    digest = hashlib.sha256("\n".join(batch.id for batch in batches).encode(errors="replace")).hexdigest()
    target = collector.folder_of(batches[0]) / f"whole-{digest[:16]}.jsonl"
    await asyncio.to_thread(concatenate, sources, target)
    return target


class Generations:
    """Collects families of batches.

    Args:
        collector: Fetches files, or finds them in its cache.
        bench: Joins them.
    """

    def __init__(self, collector: Collector, bench: MergeBench) -> None:
        self._collector = collector
        self._bench = bench

    async def collect(
        self, batch_id: str, batches: Iterable[Batch], *, on_progress: OnProgress | None = None
    ) -> Family:
        """Fetch the files of a batch's whole family.

        Args:
            batch_id: Any member, or the id of a group.
            batches: All batches of the account.
            on_progress: Told of each file's bytes.

        Raises:
            NotFoundError: No such batch.
            ServiceError: A file can't be had.
            TransferStalledError: A download stands still.
            OutputFileError: The cache can't be written.
        """
        family = family_of(batch_id, batches)
        if not family:
            raise NotFoundError(f"The account has no batch {printable(batch_id)}.")
        source = await whole_input(self._collector, first_of(family), on_progress=on_progress)
        collected = [await self._collector.collect(batch.id, on_progress=on_progress) for batch in family]
        return Family(
            tuple(one.batch for one in collected),
            source,
            [list(one.files) for one in collected],
            missing_parts(family),
        )

    async def merge(
        self,
        family: Family,
        destination: Path,
        *,
        export_format: ExportFormat = ExportFormat.JSONL,
        overwrite: bool = False,
        on_progress: OnProgress | None = None,
    ) -> Merged:
        """Write the final output: one entry for each line of the input, in its order, the newest success wins.

        Raises:
            ConfigurationError: Parquet was asked for and its library isn't installed.
            InputFileError: A file can't be read.
            OutputFileError: The destination exists, or can't be written.
        """
        return await self._bench.merge(
            family.results,
            destination,
            export_format=export_format,
            input_path=family.input_path,
            overwrite=overwrite,
            on_progress=on_progress,
        )
