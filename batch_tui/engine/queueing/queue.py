"""The local queue: files wait here until the service has room for them, over restarts, each sent exactly once.

An entry chooses the intent of its submit and writes it down before anything is sent; the journal of the submits
then says what became of it. So whoever finds an entry half-way, after a crash, knows whether its batch exists.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import InputFileError, ServiceError, StateError
from batch_tui.domain.limits import OPENAI_LIMITS, Limits
from batch_tui.domain.operation import Step, SubmitOperation, SubmitStage
from batch_tui.domain.problems import Report
from batch_tui.domain.queueing import (
    FIRST_PAUSE,
    HOUR,
    QueueEntry,
    QueueStage,
    Room,
    is_refused_for_tokens,
    limit_of,
    queued_tokens,
)
from batch_tui.domain.status import BatchStatus
from batch_tui.domain.text import printable
from batch_tui.engine.kit import Kit, is_hopeless, is_nowhere
from batch_tui.engine.monitoring.listing import list_all
from batch_tui.engine.queueing.queue_store import LimitMemory, QueueStore
from batch_tui.engine.submitting.submission import Submission, SubmitOrder
from batch_tui.engine.submitting.submit import Submitter

POLLS = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
"""Seconds between looks while nothing moves; each movement starts them anew."""
_STRANGE_AT_MOST = 2
"""Looks that may come to nothing where nobody was ever met, before it is told."""
_CLAIM = "queue"
OnChange = Callable[[QueueEntry], None]


class QueueTakenError(StateError):
    """Another process is sending the queue; it sends what is added here too."""


class Checker(Protocol):
    """Who checks big files: the worker process."""

    async def check(self, path: Path, *, limits: Limits = OPENAI_LIMITS, endpoint: str | None = None) -> Report:
        """Check an input file."""
        ...


class Queue:
    """Holds files back and submits them when there is room.

    Args:
        kit: The parts shared by all actions.
        submitter: Submits.
        checker: Checks a file once more before it's sent.
        store: The entries on disk.
        memory: The limits that refusals taught.
        limits: What the service accepts.
    """

    def __init__(
        self,
        kit: Kit,
        *,
        submitter: Submitter,
        checker: Checker,
        store: QueueStore,
        memory: LimitMemory,
        limits: Limits = OPENAI_LIMITS,
    ) -> None:
        self._kit = kit
        self._submitter = submitter
        self._checker = checker
        self._store = store
        self._memory = memory
        self._limits = limits
        self._misses = 0
        self._on_change: OnChange | None = None
        self._noted: dict[str, QueueEntry] = {}

    async def add(self, orders: Iterable[SubmitOrder]) -> tuple[QueueEntry, ...]:
        """Write orders down as waiting; nothing is sent.

        Raises:
            StateError: An entry can't be written; those before it are in the queue.
        """
        entries = [self._entry(order, number) for number, order in enumerate(orders)]
        for entry in entries:
            await self._store.save(entry)
        return tuple(entries)

    async def entries(self) -> tuple[QueueEntry, ...]:
        """What this service's queue holds, oldest first."""
        entries = tuple(e for e in await self._store.entries() if e.host == self._kit.service.host)
        self._noted |= {entry.id: entry for entry in entries}
        return entries

    async def drop(self, entries: Iterable[QueueEntry]) -> tuple[QueueEntry, ...]:
        """Take entries out that were not sent; gives those that were taken out."""
        dropped = [entry for entry in entries if entry.stage in {QueueStage.WAITING, QueueStage.FAILED}]
        for entry in dropped:
            await self._store.remove(entry.id)
        return tuple(dropped)

    async def run(
        self, *, on_change: OnChange | None = None, on_start: Callable[[], None] | None = None
    ) -> tuple[QueueEntry, ...]:
        """Send what waits as there is room for it, until the service has taken all, or only the user can help.

        What other processes add meanwhile is sent too.

        Args:
            on_change: Told of every entry that moves, and once of each reason to wait.
            on_start: Called when it's certain that no other process sends.

        Returns:
            The entries as they stand; those the service has taken, and those it never will, are no longer in
            the queue.

        Raises:
            QueueTakenError: Another process is sending the queue.
            StateError: It can't be written.
            ServiceError: The service can't be asked, and waiting won't help.
        """
        async with self._kit.journal.claim(_CLAIM) as is_ours:
            if not is_ours:
                raise QueueTakenError("Another batch-tui is sending the queue; it will send these too.")
            self._on_change = on_change
            if on_start is not None:
                on_start()
            await self._submitter.recover(resume=True)
            done: dict[str, QueueEntry] = {}
            await self._forget(await self.entries())  # what a crash left after its end
            position = 0
            while True:
                entries = await self._round()
                moved = [entry for entry in entries if done.get(entry.id) != entry]
                done |= {entry.id: entry for entry in entries}
                await self._forget(entries)
                if not any(entry.is_open and not self._wants_user(entry) for entry in entries):
                    return tuple(done.values())
                position = 0 if moved else min(position + 1, len(POLLS) - 1)
                await self._kit.sleep(POLLS[position])

    async def _forget(self, entries: Iterable[QueueEntry]) -> None:
        for entry in entries:
            if not entry.is_open:
                await self._store.remove(entry.id)

    async def _round(self) -> tuple[QueueEntry, ...]:
        """Look once at every entry, and send what there is room for."""
        entries = [entry for entry in await self.entries() if entry.is_open]
        try:
            async with self._kit.gate.turn("poll"):
                batches = (await list_all(self._kit.service)).batches
        except ServiceError as error:
            self._misses += 1
            if is_hopeless(error) or (self._misses > _STRANGE_AT_MOST and is_nowhere(self._kit.gate, error)):
                raise
            return tuple(entries)
        self._kit.store.apply(batches)
        known = {batch.id: batch for batch in batches}
        settled = [await self._settled(entry, known) for entry in entries]
        return await self._send_what_fits(settled, batches)

    async def _settled(self, entry: QueueEntry, known: dict[str, Batch]) -> QueueEntry:
        """An entry as the journal and the service have it."""
        if entry.stage is QueueStage.SENDING:
            entry = await self._by_journal(entry)
        if entry.stage is not QueueStage.SENT or entry.batch_id is None:
            return entry
        batch = known.get(entry.batch_id) or self._kit.store.get(entry.batch_id)
        if batch is None or batch.status is BatchStatus.VALIDATING:
            return entry
        if is_refused_for_tokens(batch):
            limit = limit_of(batch)
            if limit is not None:
                await self._memory.learn(replace(limit, model=limit.model or entry.model))
            words = printable(batch.errors[0].message, 300)
            return await self._note(entry.refused(self._kit.clock(), words))
        if batch.status is BatchStatus.FAILED:
            reason = printable(batch.errors[0].message if batch.errors else "The service refused it.", 300)
            return await self._note(replace(entry, stage=QueueStage.FAILED, reason=reason))
        return await self._note(replace(entry, stage=QueueStage.TAKEN, reason=""))

    async def _by_journal(self, entry: QueueEntry) -> QueueEntry:
        """What became of the submit that was begun for an entry, perhaps by a process that is no more."""
        operation = await self._kit.journal.read(entry.intent or "") if entry.intent else None
        if not isinstance(operation, SubmitOperation):
            # The journal is written before anything is sent: nothing was.
            return await self._note(replace(entry, stage=QueueStage.WAITING, intent=None))
        # What the user has submitted again goes on as another intent.
        operation = next((o for o in self._kit.journal.submits() if o.replaces == operation.intent), operation)
        if operation.is_held:
            if self._kit.clock() < entry.not_before:
                return entry
            return await self._after(entry, await self._submitter.resubmit(operation.intent))
        return await self._stands(entry, operation)

    async def _send_what_fits(
        self, entries: Sequence[QueueEntry], batches: Sequence[Batch]
    ) -> tuple[QueueEntry, ...]:
        room = await self._room(entries, batches)
        queued, creations = dict(room.queued), list(room.creations)
        after: list[QueueEntry] = []
        blocked: set[str] = set()
        for entry in entries:
            if entry.stage is QueueStage.WAITING and entry.model not in blocked:
                now = self._kit.clock()
                room = replace(room, queued=queued, creations=tuple(creations))
                obstacle = room.obstacle(entry, now)
                if obstacle:
                    blocked.add(entry.model)  # a smaller one behind it would keep it waiting for ever
                    entry = await self._note(replace(entry, reason=obstacle))  # noqa: PLW2901 - the entry as it now is
                else:
                    entry = await self._send(entry)  # noqa: PLW2901 - the entry as it now is
                    queued[entry.model] = queued.get(entry.model, 0) + entry.tokens
                    creations.append(now)
            after.append(entry)
        return tuple(after)

    async def _room(self, entries: Sequence[QueueEntry], batches: Sequence[Batch]) -> Room:
        models = {batch.id: batch.model or "" for batch in batches}
        tokens_of = {
            o.batch_id: (o.model or models.get(o.batch_id, ""), o.input_tokens)
            for o in self._kit.journal.submits()
            if o.batch_id is not None
        }
        now = self._kit.clock()
        created = sorted(float(batch.times.created or 0) for batch in batches)
        return Room(
            queued=queued_tokens(batches, tokens_of),
            limits=await self._memory.for_models(frozenset(entry.model for entry in entries)),
            creations=tuple(at for at in created if at > now - HOUR),
            creations_per_hour=self._limits.creations_per_hour,
        )

    async def _send(self, entry: QueueEntry) -> QueueEntry:
        path = Path(entry.path)
        try:
            report = await self._checker.check(path, limits=self._limits, endpoint=entry.endpoint or None)
        except InputFileError as error:
            return await self._note(replace(entry, stage=QueueStage.FAILED, reason=str(error)))
        if report.sha256 != entry.sha256:
            reason = f"{printable(path.name)} has changed since it was queued; submit it again."
            return await self._note(replace(entry, stage=QueueStage.FAILED, reason=reason))
        # The intent is on disk before the journal has it: an intent the journal doesn't know was never sent.
        intent = uuid.uuid4().hex
        entry = await self._note(replace(entry, stage=QueueStage.SENDING, intent=intent, reason=""))
        return await self._after(entry, await self._submitter.submit(_order(entry, report)))

    async def _after(self, entry: QueueEntry, submission: Submission) -> QueueEntry:
        if submission.operation is None:
            return await self._note(replace(entry, stage=QueueStage.FAILED, reason=submission.message))
        return await self._stands(entry, submission.operation)

    async def _stands(self, entry: QueueEntry, operation: SubmitOperation) -> QueueEntry:
        """An entry by what its submit came to."""
        entry = replace(entry, intent=operation.intent)
        if operation.stage is SubmitStage.SUBMITTED:
            return await self._note(replace(entry, stage=QueueStage.SENT, batch_id=operation.batch_id, reason=""))
        if operation.is_held:
            later = self._kit.clock() + FIRST_PAUSE
            return await self._note(replace(entry, not_before=later, reason=operation.reason))
        if operation.next_step is Step.NONE:
            return await self._note(replace(entry, stage=QueueStage.FAILED, reason=operation.reason))
        return await self._note(replace(entry, reason=operation.reason))

    def _wants_user(self, entry: QueueEntry) -> bool:
        """True when nothing moves without the user: it may have been sent, and isn't found."""
        operation = self._kit.journal.get(entry.intent) if entry.intent else None
        return isinstance(operation, SubmitOperation) and operation.stage is SubmitStage.MAYBE

    async def _note(self, entry: QueueEntry) -> QueueEntry:
        if self._noted.get(entry.id) != entry:
            await self._store.save(entry)
            self._noted[entry.id] = entry
            if self._on_change is not None:
                self._on_change(entry)
        return entry

    def _entry(self, order: SubmitOrder, number: int) -> QueueEntry:
        return QueueEntry(
            id=uuid.uuid4().hex,
            path=str(order.path.absolute()),
            sha256=order.report.sha256,
            endpoint=order.endpoint,
            model=order.report.model or "",
            tokens=order.report.tokens_estimate,
            requests=order.report.requests,
            created_at=self._kit.clock() + number * 1e-3,
            host=self._kit.service.host,
            name=order.name,
            metadata=dict(order.metadata),
            completion_window=order.completion_window,
            expires_after=order.expires_after,
            parent=order.parent,
        )


def _order(entry: QueueEntry, report: Report) -> SubmitOrder:
    return SubmitOrder(
        path=Path(entry.path),
        report=report,
        endpoint=entry.endpoint or report.endpoint or "",
        name=entry.name,
        metadata=dict(entry.metadata),
        completion_window=entry.completion_window,
        expires_after=entry.expires_after,
        parent=entry.parent,
        intent=entry.intent,
    )
