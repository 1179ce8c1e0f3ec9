"""A file over the limits as several batches: parts of one group, each an ordinary input file."""

from __future__ import annotations

import asyncio
import shutil
import time
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from msgspec import Struct, structs

from batch_tui.domain.errors import InputFileError
from batch_tui.domain.limits import OPENAI_LIMITS, Limits
from batch_tui.domain.lineage import GROUP_KEY, PART_KEY, Place
from batch_tui.domain.problems import Report
from batch_tui.domain.text import printable
from batch_tui.engine.configuration.paths import make_private
from batch_tui.engine.ports import OnProgress
from batch_tui.engine.submitting.submission import SubmitOrder
from batch_tui.jsonl.rewriting.split import Part

_KEPT_SECONDS = 60 * 86_400
"""How long parts stay on this machine: twice the life of an input file at the service."""
_BOUNDLESS = 10**15


class Cutter(Protocol):
    """Who checks and splits big files: the worker process."""

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
        """Cut a file into parts."""
        ...


class PartedOrder(Struct, frozen=True):
    """What is submitted for one file."""

    orders: tuple[SubmitOrder, ...]
    """One for each part, in order; one alone for a file that fits."""
    group: str | None
    """The group's id; None for a file that fits."""


class PartMaker:
    """Cuts files that are over the limits.

    Args:
        cutter: Checks and splits.
        folder: Where parts are kept until nobody needs them any more.
        limits: What the service accepts.
    """

    def __init__(self, cutter: Cutter, folder: Path, *, limits: Limits = OPENAI_LIMITS) -> None:
        self._cutter = cutter
        self._folder = folder
        self._limits = limits

    async def check_whole(
        self, path: Path, *, endpoint: str | None = None, on_progress: OnProgress | None = None
    ) -> Report:
        """Check a file for everything but its size: the parts will be smaller, an id they share would stay."""
        boundless = replace(
            self._limits, max_requests=_BOUNDLESS, max_bytes=_BOUNDLESS, max_embedding_inputs=_BOUNDLESS
        )
        return await self._cutter.check(path, limits=boundless, endpoint=endpoint, on_progress=on_progress)

    async def parted(
        self, order: SubmitOrder, *, max_tokens: int | None = None, on_progress: OnProgress | None = None
    ) -> PartedOrder:
        """The orders of a file's parts.

        Args:
            order: The whole file, checked by :meth:`check_whole`.
            max_tokens: Input tokens a part may have, where the service's queue takes no more; None for no bound.
            on_progress: Told how far the splitting is.

        Raises:
            InputFileError: The file can't be read, one line alone is over a limit, or it changed meanwhile.
            OutputFileError: A part can't be written.
        """
        if self.fits(order.report, max_tokens):
            return PartedOrder((order,), None)
        group = uuid.uuid4().hex
        folder = self._folder / group
        await asyncio.to_thread(self._prepare, folder)
        parts = await self._cutter.split(
            order.path,
            folder,
            max_requests=self._requests_a_part(order.report),
            max_bytes=self._limits.max_bytes,
            max_tokens=max_tokens,
            on_progress=on_progress,
        )
        if sum(part.bytes for part in parts) != order.report.bytes:
            raise InputFileError(f"{printable(order.path.name)} has changed since it was checked; try again.")
        orders = [await self._order(order, part, group, Place(n, len(parts))) for n, part in enumerate(parts, 1)]
        return PartedOrder(tuple(orders), group)

    def fits(self, report: Report, max_tokens: int | None = None) -> bool:
        """True when the file is one batch as it is."""
        limits = self._limits
        return (
            report.requests <= limits.max_requests
            and report.bytes <= limits.max_bytes
            and report.embedding_inputs <= limits.max_embedding_inputs
            and (max_tokens is None or report.tokens_estimate <= max_tokens)
        )

    def _requests_a_part(self, report: Report) -> int:
        """Fewer where each request embeds several texts, for their number is limited too."""
        inputs = max(1, -(-report.embedding_inputs // max(1, report.requests)))
        return max(1, min(self._limits.max_requests, self._limits.max_embedding_inputs // inputs))

    async def _order(self, whole: SubmitOrder, part: Part, group: str, place: Place) -> SubmitOrder:
        report = await self._cutter.check(part.path, limits=self._limits, endpoint=whole.endpoint or None)
        if not report.is_valid:
            problem = next(iter(report.problems), None)
            why = problem.message if problem is not None else "the service would refuse it"
            raise InputFileError(f"Part {place} of {printable(whole.path.name)}: {why}")
        name = None if whole.name is None else f"{whole.name} {place}"
        metadata = {**whole.metadata, GROUP_KEY: group, PART_KEY: str(place)}
        return structs.replace(whole, path=part.path, report=report, name=name, metadata=metadata)

    def _prepare(self, folder: Path) -> None:
        make_private(folder)
        for old in self._folder.iterdir():
            if old != folder and time.time() - old.stat().st_mtime > _KEPT_SECONDS:
                shutil.rmtree(old, ignore_errors=True)


def is_only_too_large(report: Report) -> bool:
    """True when nothing is wrong with a file but its size: split, it can be sent."""
    return report.is_only_too_large
