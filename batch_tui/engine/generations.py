"""A batch and all its retries, as one: the files of every generation, and the final output over them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import NotFoundError
from batch_tui.domain.lineage import family_of
from batch_tui.domain.text import printable
from batch_tui.engine.collect import Collector
from batch_tui.engine.ports import OnProgress
from batch_tui.jsonl.merge import Merged


class MergeBench(Protocol):
    """Who joins big files: the worker process."""

    async def merge(
        self,
        results: list[list[Path]],
        destination: Path,
        *,
        input_path: Path | None = None,
        overwrite: bool = False,
        on_progress: OnProgress | None = None,
    ) -> Merged:
        """One result line for each request, in input order, the newest success first."""
        ...


@dataclass(frozen=True, slots=True)
class Family:
    """The files of a batch and of everything that sent its requests again."""

    batches: tuple[Batch, ...]
    """Oldest first; the first one's input is the whole input."""
    input_path: Path
    results: list[list[Path]]
    """Output and error file of each batch, as far as they exist, oldest first."""


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
            batch_id: Any member.
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
        source = await self._collector.fetch_input(family[0], on_progress=on_progress)
        collected = [await self._collector.collect(batch.id, on_progress=on_progress) for batch in family]
        return Family(tuple(one.batch for one in collected), source, [list(one.files) for one in collected])

    async def merge(
        self,
        family: Family,
        destination: Path,
        *,
        overwrite: bool = False,
        on_progress: OnProgress | None = None,
    ) -> Merged:
        """Write the final output: one line for each line of the input, in its order, the newest success wins.

        Raises:
            InputFileError: A file can't be read.
            OutputFileError: The destination exists, or can't be written.
        """
        return await self._bench.merge(
            family.results,
            destination,
            input_path=family.input_path,
            overwrite=overwrite,
            on_progress=on_progress,
        )
