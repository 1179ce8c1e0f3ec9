"""Sending again what did not succeed: a plan to look at first, then an ordinary submit."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from msgspec import Struct

from batch_tui.domain.batch import INTENT_KEY, NAME_KEY, PARENT_KEY, Batch
from batch_tui.domain.errors import InputFileError
from batch_tui.domain.formatting import named, plural
from batch_tui.domain.limits import OPENAI_LIMITS, Limits
from batch_tui.domain.lineage import GROUP_KEY, PART_KEY, relatives_of, whole_name
from batch_tui.domain.lines import Cause
from batch_tui.domain.problems import Report
from batch_tui.domain.text import printable
from batch_tui.engine.kit import Kit
from batch_tui.engine.ports import OnProgress
from batch_tui.engine.results.collect import Collected, Collector, safe_component
from batch_tui.engine.results.generations import whole_input
from batch_tui.engine.submitting.submission import OnStep, Phase, Submission, SubmitOrder
from batch_tui.engine.submitting.submit import Submitter
from batch_tui.jsonl.results.retry_set import RetrySet
from batch_tui.jsonl.rewriting.edit import Changes, Edited

_NAMED = 2
"""Batches that a sentence names; of more it tells the number."""
_RETRY_SUFFIX = re.compile(r"\.retry-(\d{1,6})$")
_OURS = frozenset({INTENT_KEY, NAME_KEY, PARENT_KEY})
_OF_PARTS = frozenset({GROUP_KEY, PART_KEY})
_NO_CHANGES: Changes = MappingProxyType({})


class Workbench(Protocol):
    """The work on whole files that a retry needs; the workshop does it in another process."""

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
        """Write the requests that are worth sending again."""
        ...

    async def edit(
        self, source: Path, destination: Path, changes: Changes, *, on_progress: OnProgress | None = None
    ) -> Edited:
        """Write a file's requests with some fields changed."""
        ...

    async def check(
        self,
        path: Path,
        *,
        limits: Limits = OPENAI_LIMITS,
        endpoint: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> Report:
        """Check an input file."""
        ...


class RetryPlan(Struct, frozen=True):
    """What would be sent again."""

    parent: Batch
    """The batch asked for; of a group, its first part."""
    path: Path
    """The new input file; not made when ``kept`` is 0."""
    kept: int
    """Requests in it."""
    left_out: tuple[Cause, ...]
    """Failures that would only fail again, by cause."""
    report: Report | None
    """The check of the new file; None when ``kept`` is 0."""
    changed: int = 0
    """Requests that are not what they were, for fields of them were set anew."""
    others: tuple[str, ...] = ()
    """Ids of the retries whose answers were taken into account."""

    def why_nothing(self, name_of: Callable[[str], str] = str) -> str:
        """Why nothing is sent again, after a colon: ``every request has an answer, with those of in.retry-1``.

        Args:
            name_of: What to call a batch, by its id.
        """
        stay = sum(cause.count for cause in self.left_out)
        if stay:
            return f"{plural(stay, 'request')} would fail again"
        if not self.others:
            return "every request succeeded"
        names = [printable(name_of(other)) for other in self.others]
        return f"every request has an answer, with those of {named(names, _NAMED, 'other batch')}"


class Resubmitter:
    """Makes the retry set of a batch and submits it.

    Args:
        kit: The parts shared by all actions.
        collector: Fetches results and input.
        submitter: Submits.
        workbench: Joins and writes files.
        limits: What the service accepts.
    """

    def __init__(
        self,
        kit: Kit,
        *,
        collector: Collector,
        submitter: Submitter,
        workbench: Workbench,
        limits: Limits = OPENAI_LIMITS,
    ) -> None:
        self._kit = kit
        self._collector = collector
        self._submitter = submitter
        self._workbench = workbench
        self._limits = limits

    async def plan(  # noqa: PLR0913 - what of the batch, changed how, to where
        self,
        batch_id: str,
        *,
        batches: Iterable[Batch] = (),
        destination: Path | None = None,
        include_permanent: bool = False,
        only: frozenset[int] | None = None,
        changes: Changes = _NO_CHANGES,
        on_progress: OnProgress | None = None,
    ) -> RetryPlan:
        """Write the requests of an ended batch that are worth sending again into a new, checked input file.

        What a retry has answered since is not sent once more.

        Args:
            batch_id: The batch; or the id of a group, for the requests of all its parts.
            batches: The account's batches, among which retries and parts are found.
            destination: The new file; None for ``INPUT.retry-N.jsonl`` beside the input, or in the cache.
            include_permanent: True to send again also what is expected to fail again.
            only: Row indexes in the batch's input to choose from; None for all.
            changes: Fields to set anew in every request.
            on_progress: Told of the bytes of each step.

        Raises:
            InputFileError: The batch hasn't ended, or its input can't be read.
            ServiceError: Results or input can't be had.
            TransferStalledError: A download stands still.
            OutputFileError: The new file can't be written.
        """
        asked, collected = await self._everything(batch_id, batches, on_progress)
        parent = asked[0]
        source = await whole_input(self._collector, asked, on_progress=on_progress)
        path = destination or await self._free_place(parent, source)
        unchanged = path.with_name(f".{path.name}.unchanged") if changes else path
        made = await self._workbench.retry_set(
            [one.files for one in collected],
            unchanged,
            input_path=source,
            include_permanent=include_permanent,
            only=only,
            on_progress=on_progress,
        )
        changed, report = 0, None
        if made.kept:
            changed = await self._changed(unchanged, path, changes)
            endpoint = parent.endpoint or None
            report = await self._workbench.check(path, limits=self._limits, endpoint=endpoint)
        known = {batch.id for batch in asked}
        others = tuple(one.batch.id for one in collected if one.batch.id not in known)
        return RetryPlan(parent, path, made.kept, made.left_out, report, changed, others)

    async def send(self, plan: RetryPlan, on_step: OnStep | None = None) -> Submission:
        """Submit a plan's file as a batch that names its parent.

        Raises:
            StateError: The intent can't be written down, so nothing was sent.
        """
        if plan.report is None:
            return Submission("", Phase.FAILED, message="There is nothing to send again.")
        command = f"batch-tui retry {plan.parent.id} --submit"
        self._kit.events.record("resubmit", "Sending again.", batch_id=plan.parent.id, command=command)
        return await self._submitter.submit(self.order_of(plan, plan.report), on_step=on_step)

    def order_of(self, plan: RetryPlan, report: Report) -> SubmitOrder:
        """What a plan asks for: a batch that names its parent.

        Args:
            plan: The plan.
            report: The check of its file.
        """
        own = {key: value for key, value in plan.parent.metadata.items() if key not in _OURS | _OF_PARTS}
        room = self._limits.max_metadata_pairs - len(_OURS | _OF_PARTS)
        return SubmitOrder(
            path=plan.path,
            report=report,
            endpoint=plan.parent.endpoint or report.endpoint or "",
            name=printable(plan.path.stem, self._limits.max_metadata_value),
            metadata=dict(list(own.items())[:room]),
            completion_window=plan.parent.completion_window or "24h",
            parent=plan.parent.id,
        )

    async def _everything(
        self, name: str, batches: Iterable[Batch], on_progress: OnProgress | None
    ) -> tuple[list[Batch], list[Collected]]:
        """The batches asked for, and the files of all that may have answered their requests, oldest first."""
        relatives = relatives_of(name, batches)
        members = [name] if relatives is None else [batch.id for batch in relatives.all]
        asked = [name] if relatives is None else [batch.id for batch in relatives.asked]
        collected = [await self._collected(member, on_progress) for member in members]
        running = next((one.batch for one in collected if not one.batch.is_terminal), None)
        if running is not None:
            # It may still answer what would be sent again, and both would be paid.
            raise InputFileError(f"{printable(running.name)} hasn't ended; wait for it, or cancel it first.")
        fresh = {one.batch.id: one.batch for one in collected}
        return [fresh[batch_id] for batch_id in asked], collected

    async def _changed(self, unchanged: Path, path: Path, changes: Changes) -> int:
        """Put the changed requests in their place; gives how many differ from what they were."""
        if not changes:
            return 0
        try:
            return (await self._workbench.edit(unchanged, path, changes)).changed
        finally:
            await asyncio.to_thread(unchanged.unlink, missing_ok=True)

    async def _free_place(self, parent: Batch, source: Path) -> Path:
        cache = self._collector.folder_of(parent)
        is_downloaded = source.is_relative_to(cache)
        # The parts of a group are one file again, whose name has no part's place in it.
        stem = safe_component(whole_name(parent.name)) if is_downloaded else source.name.removesuffix(".jsonl")
        return await asyncio.to_thread(_free_path, source.parent, cache, stem)

    async def _collected(self, batch_id: str, on_progress: OnProgress | None) -> Collected:
        batch = self._kit.store.get(batch_id)
        kept = None
        if batch is not None and (batch.output_file_id or batch.error_file_id):
            kept = await asyncio.to_thread(self._collector.local_results, batch)
        return kept or await self._collector.collect(batch_id, on_progress=on_progress)


def _free_path(beside: Path, cache: Path, stem: str) -> Path:
    """The first ``STEM.retry-N.jsonl`` that is free, beside the input where one may write, else in the cache."""
    folder = beside if os.access(beside, os.W_OK) else cache
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    again = _RETRY_SUFFIX.search(stem)
    if again is not None:
        stem, number = stem[: again.start()], int(again[1]) + 1
    while (path := folder / f"{stem}.retry-{number}.jsonl").exists():
        number += 1
    return path
