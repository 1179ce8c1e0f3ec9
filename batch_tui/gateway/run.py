"""The life of one batch: validating → in_progress → finalizing → completed, and every way out of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Protocol

from batch_tui.gateway import disk
from batch_tui.gateway.account import Account
from batch_tui.gateway.answers import CANCELLED, EXPIRED, Lost, Model, NotRun
from batch_tui.gateway.clock import Clock, Pace, first_of
from batch_tui.gateway.feed import RequestFeed
from batch_tui.gateway.journal import ResultJournal, shuffle_lines
from batch_tui.gateway.records import (
    BatchObject,
    CountsObject,
    ErrorEntry,
    ErrorList,
    FileObject,
    new_id,
)
from batch_tui.gateway.validator import Findings

_EXPIRED = NotRun(EXPIRED, "This request could not be executed before the completion window expired.")
_CANCELLED = NotRun(CANCELLED, "This request was not executed because the batch was cancelled.")


class Validator(Protocol):
    """Who decides whether an input file may run."""

    async def __call__(self, batch: BatchObject) -> Findings:
        """Look at a batch's input file."""
        ...


class BatchRun:
    """Drives one batch from where its record says it is to its end.

    Args:
        batch_id: A batch of the account.
        account: Where it stands.
        model: Who answers its requests.
        validate: Who judges its input.
        clock: Time.
        pace: How long each phase takes.
    """

    def __init__(
        self,
        batch_id: str,
        *,
        account: Account,
        model: Model,
        validate: Validator,
        clock: Clock,
        pace: Pace,
    ) -> None:
        self._id = batch_id
        self._account = account
        self._model = model
        self._validate = validate
        self._clock = clock
        self._pace = pace
        self._journal = ResultJournal(account.layout.batches / batch_id)
        self._stop = asyncio.Event()
        if self._batch.status == "cancelling":
            self._stop.set()

    def stop(self) -> None:
        """Start no further request: the batch is being cancelled."""
        self._stop.set()

    async def drive(self) -> None:
        """Take the batch to its end."""
        if self._batch.in_progress_at is None and not await self._validated():
            return
        try:
            await asyncio.to_thread(self._journal.recover)
            await asyncio.to_thread(self._journal.hold_input, self._account.content(self._batch.input_file_id))
            is_complete = await self._execute()
        except FileNotFoundError:
            await self._fail((ErrorEntry("invalid_request", "The input file of this batch was deleted."),))
            return
        await self._finish(is_complete=is_complete)

    @property
    def _batch(self) -> BatchObject:
        return self._account.batch(self._id)

    async def _validated(self) -> bool:
        """Judge the input; False when the batch has ended by it, or before it."""
        batch = self._batch
        if not self._stop.is_set():
            try:
                findings = await self._validate(batch)
            except FileNotFoundError:
                gone = ErrorEntry("invalid_request", f"The input file {batch.input_file_id} was deleted.")
                findings = Findings(0, None, 0, (gone,))
            size = findings.tokens * 4
            rest = batch.created_at + self._pace.validating(size) - self._clock.now()
            await first_of(self._clock.wait(rest), self._stopped())
            if not self._stop.is_set():
                return await self._judge(findings)
        await self._end("cancelled", cancelled_at=self._clock.seconds())
        return False

    async def _judge(self, findings: Findings) -> bool:
        if findings.errors:
            await self._fail(findings.errors)
            return False
        running = replace(
            self._batch,
            status="in_progress",
            in_progress_at=self._clock.seconds(),
            request_counts=CountsObject(findings.requests),
            model=findings.model,
        )
        await self._account.save_batch(running)
        return True

    async def _execute(self) -> bool:
        """Run the requests that have no result; False when the completion window closed before the end."""
        self._show_counts()
        batch = self._batch
        if batch.finalizing_at is not None:
            return True
        remaining = (batch.expires_at or batch.created_at) - self._clock.now()
        async with RequestFeed(self._journal.input, self._journal.done) as feed:
            work = asyncio.ensure_future(self._work_all(feed))
            try:
                await first_of(self._finished(work), self._time_is_up(remaining))
            finally:
                is_complete = work.done()
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
            if not is_complete:
                self._show_counts()  # of what was written while it was stopped
        if is_complete:
            work.result()
        return is_complete or self._stop.is_set()

    async def _work_all(self, feed: RequestFeed) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(self._pace.concurrency):
                group.create_task(self._work(feed))

    async def _work(self, feed: RequestFeed) -> None:
        total = self._batch.request_counts.total
        while not self._stop.is_set():
            request = await feed.next()
            if request is None or self._stop.is_set():
                return
            answer = await self._model.answer(request, total)
            if isinstance(answer, Lost):
                self._journal.done.add(request.custom_id)
                continue
            await self._journal.add(request.custom_id, answer)
            self._show_counts()

    def _show_counts(self) -> None:
        tally = self._journal.tally
        counts = CountsObject(self._batch.request_counts.total, tally.completed, tally.failed)
        self._account.show_batch(replace(self._batch, request_counts=counts, usage=tally.usage))

    async def _time_is_up(self, remaining: float) -> None:
        """Return when the completion window closes, or when a cancelled batch has used its grace."""
        await first_of(self._clock.wait(remaining), self._stopped())
        if self._stop.is_set():
            await self._clock.wait(self._pace.grace())

    async def _stopped(self) -> None:
        await self._stop.wait()

    async def _finished(self, work: asyncio.Future[None]) -> None:
        await asyncio.wait({work})

    async def _finish(self, *, is_complete: bool) -> None:
        """Write the files and name the end."""
        if not is_complete:
            await self._write_unrun(_EXPIRED)
            await self._end("expired", expired_at=self._clock.seconds())
            return
        if not self._stop.is_set():
            at = self._batch.finalizing_at or self._clock.seconds()
            await self._account.save_batch(replace(self._batch, status="finalizing", finalizing_at=at))
            rest = self._pace.finalizing(self._batch.request_counts.total)
            await first_of(self._clock.wait(rest), self._stopped())
        if self._stop.is_set():
            since = self._batch.cancelling_at or self._clock.seconds()
            await self._clock.wait(since + self._pace.settling() - self._clock.now())
            await self._write_unrun(_CANCELLED)
            await self._end("cancelled", cancelled_at=self._clock.seconds())
        else:
            await self._end("completed", completed_at=self._clock.seconds())

    async def _write_unrun(self, reason: NotRun) -> None:
        await asyncio.to_thread(self._journal.write_unrun, reason)

    async def _fail(self, errors: tuple[ErrorEntry, ...]) -> None:
        at = self._clock.seconds()
        failed = replace(self._batch, status="failed", failed_at=at, errors=ErrorList(errors))
        await self._account.save_batch(failed)
        await asyncio.to_thread(disk.remove, self._journal.directory)

    async def _end(
        self,
        status: str,
        *,
        completed_at: int | None = None,
        expired_at: int | None = None,
        cancelled_at: int | None = None,
    ) -> None:
        output = await self._publish("output")
        errors = await self._publish("error")
        if status != "cancelled" and self._stop.is_set():
            # Cancelled while the files were being made: the cancellation was confirmed, so it stands.
            status, completed_at, expired_at, cancelled_at = "cancelled", None, None, self._clock.seconds()
        ended = replace(
            self._batch,
            status=status,
            output_file_id=output,
            error_file_id=errors,
            completed_at=completed_at,
            expired_at=expired_at,
            cancelled_at=cancelled_at,
        )
        await self._account.save_batch(ended)
        await asyncio.to_thread(disk.remove, self._journal.directory)

    async def _publish(self, kind: str) -> str | None:
        """Make a file object of one part, its lines in another order; None when there is nothing in it."""
        part = self._journal.output if kind == "output" else self._journal.errors
        if not await asyncio.to_thread(part.exists):
            return None
        file_id = new_id("file-")
        made = self._account.layout.incoming / file_id
        size = await asyncio.to_thread(shuffle_lines, part, made, self._id)
        if not size:
            return None
        now, kept = self._clock.seconds(), self._account.batches[self._id].output_expires_after
        name = f"{self._id}_{kind}.jsonl"
        until = None if kept is None else now + kept
        file = FileObject(file_id, size, now, name, "batch_output", expires_at=until)
        await self._account.adopt_file(file, made)
        return file_id
