"""Keeps a run for each batch that hasn't ended."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from batch_tui.gateway.account import Account
from batch_tui.gateway.answers import Model
from batch_tui.gateway.clock import Clock, Pace
from batch_tui.gateway.records import ErrorEntry, ErrorList
from batch_tui.gateway.run import BatchRun, Validator

_LOG = logging.getLogger(__name__)


class Scheduler:
    """Starts, stops and supervises the runs.

    Args:
        account: Whose batches.
        model: Who answers requests.
        validate: Who judges inputs.
        clock: Time.
        pace: How long each phase takes.
    """

    def __init__(self, account: Account, model: Model, validate: Validator, clock: Clock, pace: Pace) -> None:
        self._account = account
        self._model = model
        self._validate = validate
        self._clock = clock
        self._pace = pace
        self._runs: dict[str, BatchRun] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start_all(self) -> None:
        """Go on with every batch that an earlier start left unfinished."""
        for batch_id, stored in self._account.batches.items():
            if not stored.batch.is_ended:
                self.start(batch_id)

    def start(self, batch_id: str) -> None:
        """Run a batch."""
        run = BatchRun(
            batch_id,
            account=self._account,
            model=self._model,
            validate=self._validate,
            clock=self._clock,
            pace=self._pace,
        )
        self._runs[batch_id] = run
        task = asyncio.get_running_loop().create_task(self._supervise(batch_id, run), name=f"run {batch_id}")
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def stop(self, batch_id: str) -> None:
        """Let a batch start no further request."""
        if batch_id in self._runs:
            self._runs[batch_id].stop()

    async def aclose(self) -> None:
        """Drop all runs where they are; their state is on disk."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._model.aclose()

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOG.critical("%s ended by a bug", task.get_name(), exc_info=error)

    async def _supervise(self, batch_id: str, run: BatchRun) -> None:
        try:
            await run.drive()
        except* OSError as group:
            _LOG.error("Batch %s can't go on: %s", batch_id, group.exceptions[0])
            errors = ErrorList(
                (ErrorEntry("server_error", "The server had an error while processing this batch."),)
            )
            batch = self._account.batch(batch_id)
            self._account.show_batch(
                replace(batch, status="failed", failed_at=self._clock.seconds(), errors=errors),
            )
        finally:
            self._runs.pop(batch_id, None)
