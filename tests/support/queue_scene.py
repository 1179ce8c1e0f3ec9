"""A queue on one machine, and a service that takes only so many tokens at a time."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

from batch_tui.domain.batch import Batch, BatchError, BatchPage, NewBatch
from batch_tui.domain.limits import OPENAI_LIMITS, Limits
from batch_tui.domain.problems import Report
from batch_tui.domain.queueing import QueueEntry
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.kit import Kit
from batch_tui.engine.queueing.queue import Queue
from batch_tui.engine.queueing.queue_store import LimitMemory, QueueStore
from batch_tui.engine.submitting.submit import SubmitOrder, Submitter
from batch_tui.jsonl.checking.check import check_file
from tests.support.fake_service import FakeService
from tests.support.kits import World

RUNS_FOR = 600


class CrashError(BaseException):
    """The machine loses its power."""


class CrampedService(FakeService):
    """Takes so many queued tokens per model; refuses the rest in its own words. A batch runs for ten minutes."""

    def __init__(self, world_clock: list[World], limit: int = 10**9) -> None:
        def clock() -> float:
            return world_clock[0].time.clock()

        super().__init__(clock=clock)
        self.limit = limit
        self.crash_in: int | None = None

    def tokens(self, batch: Batch) -> int:
        return sum(len(json.dumps(json.loads(line)["body"])) for line in self.lines(batch)) // 4

    def lines(self, batch: Batch) -> list[bytes]:
        return self.contents[batch.input_file_id].splitlines()

    async def list_batches(self, *, after: str | None = None, limit: int = 100) -> BatchPage:
        for batch in list(self.batches.values()):
            self._move(batch)
        self._maybe_crash()
        return await super().list_batches(after=after, limit=limit)

    async def create_batch(self, order: NewBatch) -> Batch:
        self._maybe_crash()
        made = await super().create_batch(order)
        self._maybe_crash()
        return made

    def _maybe_crash(self) -> None:
        if self.crash_in is None:
            return
        self.crash_in -= 1
        if self.crash_in < 0:
            self.crash_in = None
            raise CrashError

    def _move(self, batch: Batch) -> None:
        if batch.status is BatchStatus.IN_PROGRESS and self._clock() - (batch.times.created or 0) >= RUNS_FOR:
            self.finish(batch.id)
        if batch.status is not BatchStatus.VALIDATING:
            return
        running = [b for b in self.batches.values() if b.status is BatchStatus.IN_PROGRESS]
        if sum(map(self.tokens, running)) + self.tokens(batch) > self.limit:
            message = (
                f"Enqueued token limit reached for m in organization org-1. Limit: {self.limit:,} enqueued "
                "tokens. Please try again once some in_progress batches have been completed."
            )
            errors = (BatchError("token_limit_exceeded", message),)
            self.put(replace(self.finish(batch.id, BatchStatus.FAILED), errors=errors))
        else:
            self.put(replace(batch, status=BatchStatus.IN_PROGRESS, raw_status="in_progress", model="m"))


class Checker:
    async def check(self, path: Path, *, limits: Limits = OPENAI_LIMITS, endpoint: str | None = None) -> Report:
        return check_file(path, limits=limits, endpoint=endpoint)


class Scene:
    """One machine and one service."""

    def __init__(self, folder: Path, *, limit: int = 10**9, limits: Limits = OPENAI_LIMITS) -> None:
        self.folder = folder
        worlds: list[World] = []
        self.service = CrampedService(worlds, limit)
        self.world = World(folder, self.service)
        worlds.append(self.world)
        self.limits = limits
        self.told: list[QueueEntry] = []

    def start(self) -> Queue:
        """A new run of the program."""
        kit: Kit = self.world.start()
        return Queue(
            kit,
            submitter=Submitter(kit, limits=self.limits),
            checker=Checker(),
            store=QueueStore(self.folder / "queue"),
            memory=LimitMemory(self.folder / "limits.json", self.limits.enqueued_tokens),
            limits=self.limits,
        )

    def order(self, name: str, size: int = 400, model: str = "m") -> SubmitOrder:
        body = {"model": model, "input": "x" * size}
        line = {"custom_id": name, "method": "POST", "url": "/v1/responses", "body": body}
        path = self.folder / f"{name}.jsonl"
        path.write_text(json.dumps(line) + "\n", encoding="utf-8")
        return SubmitOrder(path=path, report=check_file(path), endpoint="/v1/responses", name=name)

    async def run(self, queue: Queue | None = None) -> tuple[QueueEntry, ...]:
        async with asyncio.timeout(60):
            return await (queue or self.start()).run(on_change=self.told.append)

    def taken(self) -> list[str]:
        """Names of the batches that the service took, in the order in which they were made."""
        made = [batch for batch in self.service.batches.values() if batch.status is not BatchStatus.FAILED]
        return [batch.name for batch in made]
