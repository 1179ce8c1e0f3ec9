"""Sending again what did not succeed: a plan to look at first, then an ordinary submit."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from batch_tui.domain.batch import INTENT_KEY, NAME_KEY, PARENT_KEY, Batch
from batch_tui.domain.errors import InputFileError
from batch_tui.domain.limits import OPENAI_LIMITS, Limits
from batch_tui.domain.lines import Cause
from batch_tui.domain.problems import Report
from batch_tui.domain.text import printable
from batch_tui.engine.collect import Collected, Collector, safe_component
from batch_tui.engine.kit import Kit
from batch_tui.engine.ports import OnProgress
from batch_tui.engine.submission import OnStep, Phase, Submission, SubmitOrder
from batch_tui.engine.submit import Submitter
from batch_tui.jsonl.retry_set import RetrySet

_RETRY_SUFFIX = re.compile(r"\.retry-(\d{1,6})$")
_OURS = frozenset({INTENT_KEY, NAME_KEY, PARENT_KEY})


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


@dataclass(frozen=True, slots=True)
class RetryPlan:
    """What would be sent again."""

    parent: Batch
    path: Path
    """The new input file; not made when ``kept`` is 0."""
    kept: int
    """Requests in it."""
    left_out: tuple[Cause, ...]
    """Failures that would only fail again, by cause."""
    report: Report | None
    """The check of the new file; None when ``kept`` is 0."""


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

    async def plan(
        self,
        batch_id: str,
        *,
        destination: Path | None = None,
        include_permanent: bool = False,
        only: frozenset[int] | None = None,
        on_progress: OnProgress | None = None,
    ) -> RetryPlan:
        """Write the requests of an ended batch that are worth sending again into a new, checked input file.

        Args:
            batch_id: The batch.
            destination: The new file; None for ``INPUT.retry-N.jsonl`` beside the input, or in the cache.
            include_permanent: True to send again also what is expected to fail again.
            only: Row indexes in input order to choose from; None for all.
            on_progress: Told of the bytes of each step.

        Raises:
            InputFileError: The batch hasn't ended, or its input can't be read.
            ServiceError: Results or input can't be had.
            TransferStalledError: A download stands still.
            OutputFileError: The new file can't be written.
        """
        collected = await self._collected(batch_id, on_progress)
        batch = collected.batch
        if not batch.is_terminal:
            raise InputFileError(f"{printable(batch.name)} hasn't ended; wait for it, or cancel it first.")
        source = await self._collector.fetch_input(batch, on_progress=on_progress)
        cache = self._collector.folder_of(batch)
        path = destination
        if path is None:
            is_downloaded = source.is_relative_to(cache)
            stem = safe_component(batch.name) if is_downloaded else source.name.removesuffix(".jsonl")
            path = await asyncio.to_thread(_free_path, source.parent, cache, stem)
        made = await self._workbench.retry_set(
            [collected.files],
            path,
            input_path=source,
            include_permanent=include_permanent,
            only=only,
            on_progress=on_progress,
        )
        report = None
        if made.kept:
            endpoint = batch.endpoint or None
            report = await self._workbench.check(made.path, limits=self._limits, endpoint=endpoint)
        return RetryPlan(batch, made.path, made.kept, made.left_out, report)

    async def send(self, plan: RetryPlan, on_step: OnStep | None = None) -> Submission:
        """Submit a plan's file as a batch that names its parent.

        Raises:
            StateError: The intent can't be written down, so nothing was sent.
        """
        if plan.report is None:
            return Submission("", Phase.FAILED, message="There is nothing to send again.")
        own = {key: value for key, value in plan.parent.metadata.items() if key not in _OURS}
        room = self._limits.max_metadata_pairs - len(_OURS)
        order = SubmitOrder(
            path=plan.path,
            report=plan.report,
            endpoint=plan.parent.endpoint or plan.report.endpoint or "",
            name=printable(plan.path.stem, self._limits.max_metadata_value),
            metadata=dict(list(own.items())[:room]),
            completion_window=plan.parent.completion_window or "24h",
            parent=plan.parent.id,
        )
        command = f"batch-tui retry {plan.parent.id} --submit"
        self._kit.events.record("resubmit", "Sending again.", batch_id=plan.parent.id, command=command)
        return await self._submitter.submit(order, on_step=on_step)

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
