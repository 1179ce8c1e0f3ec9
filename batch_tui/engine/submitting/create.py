"""The one paid call: a single POST per intent, and what becomes of it when the reply is lost."""

from __future__ import annotations

import asyncio
import re

from batch_tui.domain.batch import INTENT_KEY, Batch
from batch_tui.domain.errors import (
    Effect,
    ForbiddenError,
    NotFoundError,
    NotTheApiError,
    RateLimitedError,
    RefusedError,
    ServiceError,
    StateError,
    UnauthorizedError,
    UnreachableError,
)
from batch_tui.domain.operation import SubmitOperation, SubmitStage
from batch_tui.engine.kit import Kit, is_hopeless
from batch_tui.engine.submitting.reconcile import find_batch_of

CREATE_DELAYS = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
"""Seconds between POSTs, each but the last proven to have had no effect."""
SETTLE_DELAYS = (0.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0)
"""Seconds between looks at the list: together the minute in which a new batch may not be listed yet."""
GRACE = 60.0
"""Seconds after which a batch that is not listed is called not found."""
_LOOK_AGAIN = 60.0
_LONGEST_SEARCH = 1800.0
"""Seconds a search goes on while the list can't be read at all; then it's left to the next look."""
_LIMITED_AT_MOST = 30
_FILE_NOT_THERE_YET = re.compile(
    r"(cannot|can't|could not) find file|no such file|file\b.*\bnot found", re.IGNORECASE
)


class Creator:
    """Makes the batch of an intent whose file is uploaded.

    Args:
        kit: The parts shared by all actions.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._unjournaled: set[str] = set()
        self.errors: dict[str, ServiceError] = {}
        """Why creating failed, by intent."""

    def do_without_journal(self, intent: str) -> None:
        """Let one intent go on although it can't be written down: only when the user insists."""
        self._unjournaled.add(intent)

    async def note(self, operation: SubmitOperation) -> SubmitOperation:
        """Make a move durable before anything follows from it.

        Raises:
            StateError: It can't be written, so what follows must not be done.
        """
        try:
            await self._kit.journal.save(operation)
        except StateError:
            if operation.intent not in self._unjournaled:
                raise
            self._kit.journal.keep_in_memory(operation)
        return operation

    async def note_outcome(self, operation: SubmitOperation) -> SubmitOperation:
        """Note what has already happened: it stays true when it can't be written."""
        try:
            await self._kit.journal.save(operation)
        except StateError as error:
            self._kit.journal.keep_in_memory(operation)
            self._kit.events.record("error", str(error), batch_id=operation.batch_id)
        return operation

    async def create(self, operation: SubmitOperation) -> SubmitOperation:
        """Send the POST; again only after an answer that proves it had no effect.

        Raises:
            StateError: The intent can't be made durable; nothing was sent.
        """
        waits = iter(CREATE_DELAYS)
        limits = 0
        while True:
            outcome = await self._post_once(operation)
            if isinstance(outcome, SubmitOperation):
                return outcome
            operation, error = outcome
            if isinstance(error, RateLimitedError) and not is_hopeless(error) and limits < _LIMITED_AT_MOST:
                limits += 1  # the gate waits
                continue
            wait = next(waits, None) if _may_pass(error) else None
            if wait is None:
                return await self._give_up(operation, error)
            await self._kit.sleep(wait)

    async def settle(self, operation: SubmitOperation) -> SubmitOperation:
        """Find out whether the batch exists, by listing; never by another POST."""
        if operation.stage is SubmitStage.CREATING:
            reason = "the program ended while it was being sent"
            operation = await self.note_outcome(operation.create_in_doubt(reason))
        has_answered = await self._search(operation)
        if isinstance(has_answered, Batch):
            return await self.found(operation, has_answered)
        return await self.note_outcome(operation.not_found()) if has_answered else operation

    async def found(self, operation: SubmitOperation, batch: Batch) -> SubmitOperation:
        """The batch is known: note it."""
        self._kit.store.apply([batch])
        return await self.note_outcome(operation.submitted(batch.id))

    async def _post_once(
        self, operation: SubmitOperation
    ) -> SubmitOperation | tuple[SubmitOperation, ServiceError]:
        try:
            async with self._kit.gate.turn():
                # Not before the gate is open: a crash while waiting for it then leaves nothing in doubt.
                operation = await self.note(operation.create_begins())
                batch = await self._kit.service.create_batch(operation.order)
        except ServiceError as error:
            if error.effect is Effect.UNKNOWN:
                return await self.note_outcome(operation.create_in_doubt(str(error)))
            return await self.note_outcome(operation.create_had_no_effect(str(error))), error
        except asyncio.CancelledError:
            if operation.stage is SubmitStage.CREATING:
                await self.note_outcome(operation.create_in_doubt("stopped while it was being sent"))
            raise
        if _is_foreign(operation, batch):
            reason = f"{self._kit.service.host} answered with another batch"
            return await self.note_outcome(operation.create_in_doubt(reason))
        return await self.found(operation, batch)

    async def _give_up(self, operation: SubmitOperation, error: ServiceError) -> SubmitOperation:
        self.errors[operation.intent] = error
        kept = (UnauthorizedError, ForbiddenError, UnreachableError, RateLimitedError)
        if isinstance(error, kept):
            return await self.note_outcome(operation.held(str(error)))
        return await self.note_outcome(operation.refused(str(error)))

    async def _search(self, operation: SubmitOperation) -> Batch | bool:
        """The batch; True when the service listed for long enough without it; False when nobody could tell."""
        age = max(0.0, self._kit.clock() - operation.created_at)
        is_young = age < GRACE
        delays = SETTLE_DELAYS if is_young else SETTLE_DELAYS[:3]
        longest = _LONGEST_SEARCH if is_young else sum(delays)
        waited, position = 0.0, 0
        while waited < longest or position < len(delays):
            delay = delays[position] if position < len(delays) else _LOOK_AGAIN
            position += 1
            await self._kit.sleep(delay)
            waited += delay
            try:
                batch = await find_batch_of(self._kit, operation)
            except ServiceError as error:
                if is_hopeless(error):
                    return False
                continue
            if batch is not None:
                return batch
            if position >= len(delays):
                return True
        return False


def _may_pass(error: ServiceError) -> bool:
    """True when a POST that had no effect may succeed a moment later."""
    if isinstance(error, RefusedError | NotFoundError):
        return _FILE_NOT_THERE_YET.search(str(error)) is not None
    return isinstance(error, UnreachableError | NotTheApiError) and not is_hopeless(error)


def _is_foreign(operation: SubmitOperation, batch: Batch) -> bool:
    """True when a reply to the POST is about a batch that this intent can't have made."""
    nonce = batch.metadata.get(INTENT_KEY)
    if nonce is not None:
        return nonce != operation.intent
    return batch.input_file_id not in {"", operation.file_id}
