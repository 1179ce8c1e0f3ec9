"""Cancelling: the POST leaves first, and nothing is believed before the service says it.

A POST that failed is followed by a GET; the loop ends when the batch is ``cancelling`` or has ended, or when
the service refuses. A cancellation is harmless to repeat, so unlike a create it is sent as often as it takes, and
at once when a poll finds the service back.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from enum import StrEnum

from msgspec import Struct

from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import (
    ConfigurationError,
    Effect,
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
    RefusedError,
    ServiceError,
    StateError,
    UnsupportedError,
)
from batch_tui.domain.operation import CancelOperation, CancelStage
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.kit import Kit, is_hopeless

RETRY_DELAYS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)
"""Seconds between tries; the last one repeats."""
_NOT_FOUND_GRACE = 60.0
"""Seconds in which a batch that was just created may be answered with 404."""
_STRANGER_GRACE = 8.0
"""The same for an id that nobody here ever saw: likelier it was mistyped."""
_LONGEST = 1800.0
"""Seconds after which a cancellation is left to the next start."""
ABREAST = 8
"""Batches of one request to cancel that are sent at once: one is sent whatever else is under way."""
_REFUSED_AT_MOST = 3
"""Refusals of a batch that still runs before the refusal is believed."""


class CancelState(StrEnum):
    """How a cancellation stands."""

    SENT = "sent"
    """On its way; nothing is confirmed."""
    CONFIRMED = "confirmed"
    """The service says ``cancelling`` or ``cancelled``."""
    NOTHING_TO_DO = "nothing_to_do"
    """The batch had ended by itself."""
    REFUSED = "refused"
    """The service won't; the message says why."""
    UNCONFIRMED = "unconfirmed"
    """Sent, and no answer could be had; it goes on."""


class CancelOutcome(Struct, frozen=True):
    """How the cancellation of one batch stands."""

    batch_id: str
    state: CancelState
    batch: Batch | None = None
    """As the service last told it."""
    message: str = ""
    """One sentence; empty when there is nothing to add."""
    is_final: bool = True
    """False when another outcome of this batch will follow."""


class _Attempt(Struct):
    """What one cancellation has met so far."""

    operation: CancelOperation
    outcomes: asyncio.Queue[CancelOutcome | None]
    lane: asyncio.Semaphore
    """Held while a POST is under way: shared by all that were asked for together."""
    may_have_arrived: bool
    """False while every POST is proven to have changed nothing."""
    waited: float = 0.0
    tries: int = 0
    returns: int = 0
    """How often the service had come back when the last POST left."""
    refusals: int = 0
    told: str | None = None
    is_noted: bool = False
    batch: Batch | None = None

    def next_delay(self) -> float:
        delay = RETRY_DELAYS[min(self.tries, len(RETRY_DELAYS) - 1)]
        self.tries += 1
        self.waited += delay
        return delay

    def standing(self) -> str:
        """How far it got, in words."""
        return "Sent, not confirmed" if self.may_have_arrived else "Not through yet, it is tried again"

    def tell(self, state: CancelState, message: str = "", *, is_final: bool = True) -> None:
        if is_final or message != self.told:
            self.told = message
            self.outcomes.put_nowait(
                CancelOutcome(self.operation.batch_id, state, self.batch, message, is_final=is_final),
            )


_Reply = Batch | ServiceError
_Verdict = tuple[CancelState, str]
_STAGES = {
    CancelState.CONFIRMED: CancelStage.CONFIRMED,
    CancelState.NOTHING_TO_DO: CancelStage.NOTHING_TO_DO,
    CancelState.REFUSED: CancelStage.REFUSED,
}


class Canceller:
    """Cancels batches, one or many at once, and goes on with what earlier runs left unconfirmed.

    Args:
        kit: The parts shared by all actions.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def cancel(self, ids: Sequence[str]) -> AsyncGenerator[CancelOutcome, None]:
        """Cancel batches; outcomes come as they happen, for each batch one last with ``is_final``.

        Ending the iteration early stops the confirming, not what was sent; the next start goes on.

        Raises:
            ConfigurationError: The profile is read-only.
        """
        if self._kit.is_read_only:
            raise ConfigurationError("This profile is read-only: nothing is cancelled.")
        wishes = [self._wish(batch_id) for batch_id in dict.fromkeys(ids)]
        async with aclosing(self._all(wishes, may_have_arrived=False)) as outcomes:
            async for outcome in outcomes:
                yield outcome

    async def recover(self) -> AsyncGenerator[CancelOutcome, None]:
        """Go on with the cancellations that earlier runs left."""
        if self._kit.is_read_only:
            return
        for note in await self._kit.journal.load():
            self._kit.events.record("error", note)
        async with aclosing(self._all(self.pending(), may_have_arrived=True)) as outcomes:
            async for outcome in outcomes:
                yield outcome

    def pending(self) -> tuple[CancelOperation, ...]:
        """Cancellations that are not confirmed yet."""
        return tuple(o for o in self._kit.journal.cancels() if o.is_open and o.host == self._kit.service.host)

    def unconfirmed(self) -> tuple[CancelOperation, ...]:
        """Those of them whose batch isn't known to have come to rest meanwhile: what there is to tell."""
        known = [(operation, self._kit.store.get(operation.batch_id)) for operation in self.pending()]
        return tuple(operation for operation, batch in known if batch is None or _told_by(batch) is None)

    def _wish(self, batch_id: str) -> CancelOperation:
        return CancelOperation(
            intent=uuid.uuid4().hex,
            batch_id=batch_id,
            created_at=int(self._kit.clock()),
            host=self._kit.service.host,
        )

    async def _all(
        self, operations: Iterable[CancelOperation], *, may_have_arrived: bool
    ) -> AsyncGenerator[CancelOutcome, None]:
        outcomes: asyncio.Queue[CancelOutcome | None] = asyncio.Queue()
        lane = asyncio.Semaphore(ABREAST)
        running = [
            asyncio.create_task(
                self._one(_Attempt(operation, outcomes, lane, may_have_arrived)),
                name=f"cancel {operation.batch_id}",
            )
            for operation in operations
        ]
        try:
            left = len(running)
            while left:
                outcome = await outcomes.get()
                if outcome is None:
                    left -= 1
                else:
                    yield outcome
            await asyncio.gather(*running)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _one(self, attempt: _Attempt) -> None:
        # The POST is on its way before the disk is asked for anything.
        operation = attempt.operation
        first = asyncio.create_task(self._post(attempt), name=f"cancel POST {operation.batch_id}")
        attempt.tell(CancelState.SENT, is_final=False)
        command = f"batch-tui cancel {operation.batch_id}"
        self._kit.events.record("cancel", "Cancel sent.", batch_id=operation.batch_id, command=command)
        try:
            async with self._kit.journal.claim(operation.intent) as is_ours:
                if is_ours:
                    await self._note(operation)
                    attempt.is_noted = True
                    state, message = await self._until_confirmed(attempt, await first)
                    await self._end(attempt, state, message)
        except asyncio.CancelledError:
            if not attempt.is_noted:
                await self._note(operation)  # it may have been sent: the next start has to know
            raise
        finally:
            first.cancel()
            attempt.outcomes.put_nowait(None)

    async def _end(self, attempt: _Attempt, state: CancelState, message: str) -> None:
        if state in _STAGES:
            await self._note(attempt.operation.ended(_STAGES[state], message))
        text = f"Cancel {state.replace('_', ' ')}. {message}".strip()
        self._kit.events.record("cancel", text, batch_id=attempt.operation.batch_id)
        attempt.tell(state, message)

    async def _note(self, operation: CancelOperation) -> None:
        """Write it down if that can be done: stopping a runaway batch must not wait for a disk."""
        try:
            await self._kit.journal.save(operation)
        except StateError as error:
            self._kit.events.record("error", str(error), batch_id=operation.batch_id)

    async def _post(self, attempt: _Attempt) -> _Reply:
        attempt.returns = self._kit.gate.returns
        try:
            async with attempt.lane, self._kit.gate.turn("cancel"):
                batch = await self._kit.service.cancel_batch(attempt.operation.batch_id)
        except ServiceError as error:
            attempt.may_have_arrived |= error.effect is not Effect.NONE
            return error
        attempt.may_have_arrived = True
        return batch

    async def _get(self, batch_id: str) -> _Reply:
        try:
            async with self._kit.gate.turn():
                return await self._kit.service.retrieve_batch(batch_id)
        except ServiceError as error:
            return error

    async def _until_confirmed(self, attempt: _Attempt, reply: _Reply) -> _Verdict:
        batch_id = attempt.operation.batch_id
        while True:
            verdict = self._judge(attempt, reply)
            if verdict is None and not isinstance(reply, RateLimitedError):
                verdict = self._judge_look(attempt, reply, await self._get(batch_id))
            if verdict is not None:
                return verdict
            if attempt.waited >= _LONGEST:
                return CancelState.UNCONFIRMED, f"{attempt.standing()}; the next start goes on with it."
            if await self._kit.gate.nap(attempt.next_delay(), since=attempt.returns):
                attempt.tries = 0
            reply = await self._post(attempt)

    def _judge(self, attempt: _Attempt, reply: _Reply) -> _Verdict | None:
        """What the answer to the POST, or to a GET, says for good; None when it leaves the matter open."""
        if isinstance(reply, Batch):
            attempt.batch = reply
            self._kit.store.apply([reply])
            return _told_by(reply)
        if isinstance(reply, ForbiddenError | UnsupportedError):
            return CancelState.REFUSED, str(reply)
        if is_hopeless(reply) and not isinstance(reply, RefusedError | NotFoundError):
            return CancelState.UNCONFIRMED, str(reply)
        attempt.tell(CancelState.UNCONFIRMED, f"{attempt.standing()}: {reply}", is_final=False)
        return None

    def _grace(self, batch_id: str) -> float:
        is_known = self._kit.store.get(batch_id) is not None or self._kit.journal.submit_of(batch_id) is not None
        return _NOT_FOUND_GRACE if is_known else _STRANGER_GRACE

    def _judge_look(self, attempt: _Attempt, posted: _Reply, seen: _Reply) -> _Verdict | None:
        """What the batch itself says after a POST that settled nothing."""
        verdict = self._judge(attempt, seen)
        if verdict is not None:
            return verdict
        if isinstance(seen, NotFoundError) and attempt.waited >= self._grace(attempt.operation.batch_id):
            return CancelState.REFUSED, str(seen)
        if isinstance(posted, RefusedError) and isinstance(seen, Batch):
            attempt.refusals += 1
            if attempt.refusals >= _REFUSED_AT_MOST:
                return CancelState.REFUSED, str(posted)
        return None


def _told_by(batch: Batch) -> _Verdict | None:
    if batch.status in {BatchStatus.CANCELLING, BatchStatus.CANCELLED}:
        return CancelState.CONFIRMED, ""
    if batch.is_terminal:
        return CancelState.NOTHING_TO_DO, f"It had ended: {batch.status.value}."
    return None
