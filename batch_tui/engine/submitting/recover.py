"""What earlier runs of the program left unfinished, taken up by this one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from msgspec.structs import replace

from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import StateError
from batch_tui.domain.operation import Step, SubmitOperation, SubmitStage
from batch_tui.engine.kit import Kit
from batch_tui.engine.submitting.create import Creator
from batch_tui.engine.submitting.submission import OnStep, Phase, Submission, standing

Drive = Callable[[SubmitOperation, OnStep | None], Awaitable[Submission]]


class Recovery:
    """Finishes or reports the open submits of a journal.

    Args:
        kit: The parts shared by all actions.
        creator: Notes and finds batches.
        drive: Drives one operation to its end; its caller holds the operation's claim.
    """

    def __init__(self, kit: Kit, creator: Creator, drive: Drive) -> None:
        self._kit = kit
        self._creator = creator
        self._drive = drive

    async def recover(self, *, resume: bool = False, on_step: OnStep | None = None) -> tuple[Submission, ...]:
        """Take up what earlier runs left: read the journal, and look for every batch whose reply was lost.

        What another instance is working on is left alone.

        Args:
            resume: True to also send what was interrupted before its create; otherwise it waits for the
                user's word.
            on_step: Told of every change.

        Returns:
            One submission for each operation that was open, oldest first.
        """
        for note in await self._kit.journal.load():
            self._kit.events.record("error", note)
        await self._mark_replaced()
        opened = [operation for operation in open_submits(self._kit) if operation.next_step is not Step.ASK]
        taken = await asyncio.gather(*(self._take_up(o.intent, on_step, resume=resume) for o in opened))
        return tuple(submission for submission in taken if submission is not None)

    async def notice(self, batches: Iterable[Batch]) -> tuple[Submission, ...]:
        """Look through batches that were listed anyway for those whose reply was lost.

        Returns:
            One submission for each that was found.
        """
        lost = [o for o in self._kit.journal.submits() if o.may_exist]
        if not lost:
            return ()
        made = [(operation, batch) for batch in batches for operation in lost if operation.made(batch)]
        found = [await self._found_late(operation, batch) for operation, batch in made]
        return tuple(submission for submission in found if submission is not None)

    async def _take_up(self, intent: str, on_step: OnStep | None, *, resume: bool) -> Submission | None:
        async with self._kit.journal.claim(intent) as is_ours:
            operation = await self._kit.journal.read(intent) if is_ours else None
            if not isinstance(operation, SubmitOperation) or operation.next_step in {Step.NONE, Step.ASK}:
                return None
            if operation.next_step is not Step.SETTLE and (not resume or self._kit.is_read_only):
                return replace(standing(operation), phase=Phase.FAILED)
            try:
                return await self._drive(operation, on_step)
            except StateError as error:
                return replace(standing(operation), message=str(error), error=error)

    async def _mark_replaced(self) -> None:
        replaced = {operation.replaces for operation in self._kit.journal.submits()}
        for operation in open_submits(self._kit):
            if operation.intent in replaced and operation.stage is SubmitStage.MAYBE:
                await self._creator.note_outcome(operation.replaced())

    async def _found_late(self, operation: SubmitOperation, batch: Batch) -> Submission | None:
        async with self._kit.journal.claim(operation.intent) as is_ours:
            now = await self._kit.journal.read(operation.intent) if is_ours else None
            if not isinstance(now, SubmitOperation) or not now.may_exist:
                return None
            if now.stage is SubmitStage.CREATING:
                now = await self._creator.note_outcome(now.create_in_doubt("the reply was lost"))
            was = now.stage
            done = await self._creator.found(now, batch)
        text = f"Found {batch.id}: it was submitted after all."
        if was is SubmitStage.REPLACED:
            text += " It was submitted again meanwhile: cancel one of the two."
        self._kit.events.record("submit", text, batch_id=batch.id)
        return replace(standing(done, batch), message=text)


def open_submits(kit: Kit) -> tuple[SubmitOperation, ...]:
    """Every submit to this service that is under way, in doubt, or waits for the user's word; oldest first."""
    return tuple(o for o in kit.journal.submits() if o.is_open and o.host == kit.service.host)
