"""Everything that takes longer than a frame, done beside the screen: the worker process as an async interface.

Cancelling the task that waits for a method ends the work at once. Calls wait for each other: there is one worker.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec

from batch_tui.domain.limits import OPENAI_LIMITS, Limits
from batch_tui.domain.money import Demand
from batch_tui.domain.problems import Cure, Report
from batch_tui.jsonl.index import LineIndex
from batch_tui.jsonl.lines import ProgressHook
from batch_tui.jsonl.rewriting.split import Part
from batch_tui.jsonl.rewriting.wrap import ID_PREFIX, Wrapped
from batch_tui.jsonl.worker.calls import (
    CheckCall,
    CureCall,
    DemandCall,
    IndexCall,
    PartAnswer,
    SplitCall,
    WrapAnswer,
    WrapCall,
    bytes_path,
    path_bytes,
)
from batch_tui.jsonl.worker.workshop_results import ResultsWorkshop


class Workshop(ResultsWorkshop):
    """Whole-file work in the worker process; every ``on_progress`` is called on the event loop.

    Every method raises what its namesake raises, and ``WorkerDiedError`` when the process was killed.

    Args:
        process: The worker; None to start one when it's first needed.
    """

    async def check(
        self,
        path: Path,
        *,
        limits: Limits = OPENAI_LIMITS,
        endpoint: str | None = None,
        on_progress: ProgressHook | None = None,
        wants_digest: bool = True,
    ) -> Report:
        """See :func:`~batch_tui.jsonl.checking.check.check_file`."""
        call = CheckCall(path_bytes(path), limits, endpoint, wants_digest)
        answered = await self._process.call("check", call, on_progress=on_progress)
        return replace(msgspec.json.decode(answered.value, type=Report), path=str(path))

    async def index(self, path: Path, *, on_progress: ProgressHook | None = None) -> LineIndex:
        """See :meth:`~batch_tui.jsonl.index.LineIndex.build`."""
        answered = await self._process.call("index", IndexCall(path_bytes(path)), on_progress=on_progress)
        return LineIndex.from_bytes(answered.columns[0])

    async def demand(
        self, path: Path, *, is_exact: bool | None = None, on_progress: ProgressHook | None = None
    ) -> tuple[Demand, ...]:
        """See :func:`~batch_tui.jsonl.demand.read_demand`."""
        call = DemandCall(path_bytes(path), is_exact)
        answered = await self._process.call("demand", call, on_progress=on_progress)
        return msgspec.json.decode(answered.value, type=tuple[Demand, ...])

    async def wrap(
        self,
        source: Path,
        destination: Path,
        *,
        endpoint: str | None = None,
        id_prefix: str = ID_PREFIX,
        on_progress: ProgressHook | None = None,
    ) -> Wrapped:
        """See :func:`~batch_tui.jsonl.rewriting.wrap.wrap_file`."""
        call = WrapCall(path_bytes(source), path_bytes(destination), endpoint, id_prefix)
        answered = await self._process.call("wrap", call, on_progress=on_progress)
        done = msgspec.json.decode(answered.value, type=WrapAnswer)
        return Wrapped(done.requests, done.endpoint, destination, done.skipped)

    async def cure(
        self,
        source: Path,
        destination: Path,
        cures: frozenset[Cure],
        *,
        on_progress: ProgressHook | None = None,
    ) -> int:
        """See :func:`~batch_tui.jsonl.rewriting.cures.cure_file`."""
        call = CureCall(path_bytes(source), path_bytes(destination), cures)
        answered = await self._process.call("cure", call, on_progress=on_progress)
        return msgspec.json.decode(answered.value, type=int)

    async def split(
        self,
        source: Path,
        directory: Path,
        *,
        max_requests: int = OPENAI_LIMITS.max_requests,
        max_bytes: int = OPENAI_LIMITS.max_bytes,
        max_tokens: int | None = None,
        on_progress: ProgressHook | None = None,
    ) -> tuple[Part, ...]:
        """See :func:`~batch_tui.jsonl.rewriting.split.split_file`."""
        call = SplitCall(path_bytes(source), path_bytes(directory), max_requests, max_bytes, max_tokens)
        answered = await self._process.call("split", call, on_progress=on_progress)
        parts = msgspec.json.decode(answered.value, type=list[PartAnswer])
        return tuple(Part(bytes_path(part.path), part.requests, part.size) for part in parts)

    async def aclose(self) -> None:
        """End the worker, in the middle of its work when need be."""
        await self._process.aclose()
