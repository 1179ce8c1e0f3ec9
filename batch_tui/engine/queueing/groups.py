"""A split file handled as one: its parts and retries listed, cancelled, fetched, joined, sent again together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from msgspec import Struct

from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import NotFoundError
from batch_tui.domain.formatting import plural
from batch_tui.domain.groups import Group, groups_of
from batch_tui.domain.lineage import Place
from batch_tui.domain.queueing import QueueEntry
from batch_tui.domain.text import printable
from batch_tui.engine.cancel import Canceller, CancelOutcome
from batch_tui.engine.ports import OnProgress
from batch_tui.engine.queueing.parts import PartMaker, is_only_too_large
from batch_tui.engine.queueing.queue_runner import QueueRunner
from batch_tui.engine.results.collect import Collected, Collector, safe_component
from batch_tui.engine.results.first_results import FirstResults
from batch_tui.engine.results.generations import Family, Generations
from batch_tui.engine.results.resubmit import Resubmitter, RetryPlan
from batch_tui.engine.submitting.submission import OnStep, Submission, SubmitOrder
from batch_tui.engine.submitting.submit import Submitter
from batch_tui.jsonl.atomic import refuse_destination
from batch_tui.jsonl.results.export import ExportFormat
from batch_tui.jsonl.results.joined import JoinedResults
from batch_tui.jsonl.results.merge import Merged
from batch_tui.jsonl.rewriting.concat import concatenate
from batch_tui.jsonl.rewriting.edit import Changes

_NO_CHANGES: Changes = MappingProxyType({})
ProgressOf = Callable[[Place], OnProgress | None]
"""Gives the hook for the download of one part."""


class Batches(Protocol):
    """The store, as far as groups need it."""

    def batches(self) -> Sequence[Batch]:
        """All batches that are known."""
        ...


class JoinBench(Protocol):
    """Who joins big files: the worker process."""

    async def join(
        self,
        results: Sequence[Sequence[Path]],
        *,
        input_path: Path | None = None,
        on_progress: OnProgress | None = None,
    ) -> JoinedResults:
        """Join result files with their input."""
        ...


class GroupFiles(Struct, frozen=True):
    """What the parts of a group brought back, as one."""

    group: Group
    output: Path | None
    """The parts' outputs one after the other, in the order of the file; None when no request succeeded (yet)."""
    errors: Path | None
    """Likewise; None when no request failed."""
    messages: tuple[str, ...] = ()
    """One sentence for each thing there is less of than one would expect."""


class Groups:
    """The groups of one profile.

    Args:
        store: The batches.
        runner: The queue.
        canceller: Cancels.
        collector: Fetches files.
        generations: Collects and merges families.
        bench: Joins.
        resubmitter: Plans retries.
        submitter: Sends them.
        parts: Cuts those that are too large.
    """

    def __init__(  # noqa: PLR0913 - a facade over what there is
        self,
        store: Batches,
        *,
        runner: QueueRunner,
        canceller: Canceller,
        collector: Collector,
        generations: Generations,
        bench: JoinBench,
        resubmitter: Resubmitter,
        submitter: Submitter,
        parts: PartMaker,
    ) -> None:
        self._store = store
        self._runner = runner
        self._canceller = canceller
        self._collector = collector
        self._generations = generations
        self._bench = bench
        self._resubmitter = resubmitter
        self._submitter = submitter
        self._parts = parts

    def all(self) -> tuple[Group, ...]:
        """All groups, newest first: from the batches that are known, and from the queue as last seen."""
        return groups_of(self._store.batches(), self._runner.entries)

    def get(self, name: str) -> Group | None:
        """The group of this id, or the one this batch belongs to; None without one."""
        return next((g for g in self.all() if name == g.id or any(name == batch.id for batch in g.batches)), None)

    def require(self, name: str) -> Group:
        """Like :meth:`get`.

        Raises:
            NotFoundError: There is no such group.
        """
        group = self.get(name)
        if group is None:
            raise NotFoundError(f"There is no group {printable(name, 60)}.")
        return group

    async def drop(self, group: Group) -> tuple[QueueEntry, ...]:
        """Take out of the queue what waits there of a group; gives what was taken out."""
        return await self._runner.drop(group.waiting)

    async def cancel(self, group: Group) -> AsyncGenerator[CancelOutcome, None]:
        """Drop what waits, then cancel what runs; outcomes come as they happen.

        Raises:
            StateError: The intent can't be written down.
        """
        await self.drop(group)
        ids = [batch.id for batch in group.active]
        async with aclosing(self._canceller.cancel(ids)) as outcomes:
            async for outcome in outcomes:
                yield outcome

    async def download(
        self, name: str, directory: Path, *, overwrite: bool = False, progress_of: ProgressOf | None = None
    ) -> GroupFiles:
        """Fetch the parts' outputs, and their error files, as one file each.

        The parts come into the cache first, where a broken download is picked up; the whole appears at the end.

        Args:
            name: The group's id, or that of a batch in it.
            directory: Where to, as ``NAME_output.jsonl`` and ``NAME_errors.jsonl``.
            overwrite: True to replace files of these names.
            progress_of: Gives the hook for each part's download.

        Raises:
            NotFoundError: There is no such group.
            ServiceError: A file can't be had.
            TransferStalledError: No byte came, for as long as it was tried.
            OutputFileError: A file can't be written, or exists.
        """
        group = self.require(name)
        stem = safe_component(group.name)
        output, errors = directory / f"{stem}_output.jsonl", directory / f"{stem}_errors.jsonl"
        for path in (output, errors):
            await asyncio.to_thread(refuse_destination, path, overwrite=overwrite)
        collected: list[Collected] = []
        for member in group.members:
            if member.batch is not None and not member.is_waiting:
                hook = None if progress_of is None else progress_of(member.place)
                collected.append(await self._collector.collect(member.batch.id, on_progress=hook))
        return GroupFiles(
            group,
            await _as_one([one.output for one in collected], output, overwrite=overwrite),
            await _as_one([one.errors for one in collected], errors, overwrite=overwrite),
            (*_lacks(group), *(f"{one.batch.name}: {one.message}" for one in collected if one.message)),
        )

    async def family(self, name: str, *, on_progress: OnProgress | None = None) -> Family:
        """The files of all parts and retries, fetched into the cache as far as they aren't there.

        Raises:
            NotFoundError: Nothing has this name.
            ServiceError: A file can't be had.
            TransferStalledError: No byte came, for as long as it was tried.
            OutputFileError: The cache can't be written.
        """
        return await self._generations.collect(name, self._store.batches(), on_progress=on_progress)

    async def first_results(self, name: str, count: int = 100) -> FirstResults | None:
        """The first rows of what a group brought back; None when all of it is on this machine already.

        Raises:
            NotFoundError: There is no such group, or it has no results yet.
            ServiceError: A file can't be had.
            TransferStalledError: No byte came.
            OutputFileError: The cache can't be written.
        """
        batches = self.require(name).batches
        here = await asyncio.to_thread(lambda: [self._collector.local_results(batch) for batch in batches])
        return None if all(here) else await self._collector.first_of(batches, count)

    async def join(self, name: str, *, on_progress: OnProgress | None = None) -> JoinedResults:
        """Every request of the file with its outcome, over all parts and retries, in the order of the file.

        Raises:
            NotFoundError: Nothing has this name.
            ServiceError: A file can't be had.
            TransferStalledError: No byte came, for as long as it was tried.
            InputFileError: A file can't be read.
            OutputFileError: The cache can't be written.
        """
        family = await self.family(name, on_progress=on_progress)
        return await self._bench.join(family.results, input_path=family.input_path, on_progress=on_progress)

    async def merge(
        self,
        name: str,
        destination: Path,
        *,
        export_format: ExportFormat = ExportFormat.JSONL,
        overwrite: bool = False,
        on_progress: OnProgress | None = None,
    ) -> Merged:
        """Write the final output over all parts and retries: one entry for each request, the newest success first.

        Raises:
            NotFoundError: Nothing has this name.
            ServiceError: A file can't be had.
            TransferStalledError: No byte came, for as long as it was tried.
            ConfigurationError: Parquet was asked for and its library isn't installed.
            InputFileError: A file can't be read.
            OutputFileError: The destination exists, or can't be written.
        """
        await asyncio.to_thread(refuse_destination, destination, overwrite=overwrite)
        family = await self.family(name, on_progress=on_progress)
        return await self._generations.merge(
            family, destination, export_format=export_format, overwrite=overwrite, on_progress=on_progress
        )

    async def plan_retry(
        self,
        name: str,
        *,
        only: frozenset[int] | None = None,
        include_permanent: bool = False,
        changes: Changes = _NO_CHANGES,
        on_progress: OnProgress | None = None,
    ) -> RetryPlan:
        """What of all parts is worth sending again; as ``Resubmitter.plan`` says it."""
        return await self._resubmitter.plan(
            name,
            batches=self._store.batches(),
            only=only,
            include_permanent=include_permanent,
            changes=changes,
            on_progress=on_progress,
        )

    async def retry_orders(self, plan: RetryPlan) -> Sequence[SubmitOrder]:
        """What a plan sends: one batch, or the parts of one that would be too large; none when nothing is left.

        Raises:
            InputFileError: The plan's file would be refused for more than its size.
            OutputFileError: A part can't be written.
        """
        if plan.report is None:
            return ()
        if not is_only_too_large(plan.report):
            return (self._resubmitter.order_of(plan, plan.report),)
        report = await self._parts.check_whole(plan.path, endpoint=plan.parent.endpoint or None)
        return (await self._parts.parted(self._resubmitter.order_of(plan, report))).orders

    async def send_retry(self, plan: RetryPlan, *, on_step: OnStep | None = None) -> tuple[Submission, ...]:
        """Send a plan, in parts when it's too large for one batch.

        Raises:
            StateError: An intent can't be written down.
            InputFileError: The plan's file would be refused for more than its size.
            OutputFileError: A part can't be written.
        """
        if plan.report is not None and not is_only_too_large(plan.report):
            return (await self._resubmitter.send(plan, on_step),)
        orders = await self.retry_orders(plan)
        return tuple([await self._submitter.submit(order, on_step=on_step) for order in orders])


def _lacks(group: Group) -> Iterable[str]:
    """Sentences on what of a group can't be in its files."""
    if group.waiting:
        yield f"{plural(len(group.waiting), 'part')} of {group.size} still wait in the queue."
    numbers = [str(m.place.number) for m in group.members if m.batch is None and not m.is_waiting]
    if numbers or group.missing:
        yield f"For part {', '.join([*numbers, *map(str, group.missing)])} of {group.size} there is no batch."
    answered = [batch for batch in group.retries if batch.output_file_id]
    if answered:
        yield f"What was sent again (in {plural(len(answered), 'batch')}) is not in it; a merge has it all."


async def _as_one(parts: Iterable[Path | None], destination: Path, *, overwrite: bool) -> Path | None:
    found = [path for path in parts if path is not None]
    if not found:
        return None
    await asyncio.to_thread(concatenate, found, destination, overwrite=overwrite)
    return destination
