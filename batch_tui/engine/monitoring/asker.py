"""Asks what the monitor wants to know, and once more when nobody answers though the service is there.

A request under way when the service went, or the network changed, hangs until its time-out, long after all is well
again. So a call that takes longer than such calls do is watched: the service is looked for beside it, and as soon
as it is seen, the same is asked anew, and the first answer counts. While the service is away nothing is seen, and
nothing asked. A second call that brought nothing either was a waste on a service that struggles: until an answer
has come, no other follows.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Generic, TypeVar

from msgspec import Struct

from batch_tui.domain.batch import Batch, BatchPage
from batch_tui.engine.gate import RateGate
from batch_tui.engine.looking import is_seen, until_next_look
from batch_tui.engine.ports import Polled

T = TypeVar("T")

_PATIENCE = 2.0
"""How often longer than the last call one may take before anybody looks: a slow service is not a silent one."""


class _Call(Struct, Generic[T], frozen=True):
    """A question under way."""

    at: float
    """When it was asked, monotonic seconds."""
    reply: asyncio.Future[T]


class Asker:
    """What a monitor needs of a service, each question answered as soon as the service can.

    Args:
        service: Who is asked.
        gate: While it is closed nobody looks, and nothing is asked anew.
        clock: Monotonic seconds.
        sleep: Waits for seconds.
        jitter: Between 0 and 1, anew with each call.
    """

    def __init__(
        self,
        service: Polled,
        gate: RateGate,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._service = service
        self._gate = gate
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._usual = 0.0
        self._is_trusting = True

    async def is_reachable(self) -> bool:
        """Whether the service is there at all."""
        return await self._service.is_reachable()

    async def list_batches(self, *, after: str | None = None, limit: int = 100) -> BatchPage:
        """One page of batches."""
        return await self._answer(lambda: self._service.list_batches(after=after, limit=limit))

    async def retrieve_batch(self, batch_id: str) -> Batch:
        """One batch."""
        return await self._answer(lambda: self._service.retrieve_batch(batch_id))

    async def _answer(self, ask: Callable[[], Coroutine[None, None, T]]) -> T:
        """The answer to a question, or its error."""
        calls = [self._begin(ask)]
        watching = asyncio.ensure_future(self._seen_meanwhile())
        try:
            await asyncio.wait((calls[0].reply, watching), return_when=asyncio.FIRST_COMPLETED)
            if not calls[0].reply.done():
                self._is_trusting = False
                calls.append(self._begin(ask))
            answered = await _first(calls)
            answer = answered.reply.result()
        finally:
            watching.cancel()
            for call in calls:
                call.reply.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await asyncio.gather(*(call.reply for call in calls), return_exceptions=True)
        self._usual, self._is_trusting = self._clock() - answered.at, True
        return answer

    def _begin(self, ask: Callable[[], Coroutine[None, None, T]]) -> _Call[T]:
        return _Call(self._clock(), asyncio.ensure_future(ask()))

    async def _seen_meanwhile(self) -> None:
        """Return when the service is seen although it owes an answer for too long; else never."""
        if not self._is_trusting:
            await asyncio.Event().wait()
        await self._sleep(max(until_next_look(self._jitter), _PATIENCE * self._usual))
        while True:
            pause = self._gate.closed_for()
            if pause > 0:
                await self._sleep(pause)
            elif await self._is_seen():
                return

    async def _is_seen(self) -> bool:
        return await is_seen(self._service, until_next_look(self._jitter), self._sleep)


async def _first(calls: Sequence[_Call[T]]) -> _Call[T]:
    """The call that says something first; the error of the one that hung says nothing while another runs."""
    done, _ = await asyncio.wait([call.reply for call in calls], return_when=asyncio.FIRST_COMPLETED)
    hung, last = calls[0], calls[-1]
    if hung.reply in done and hung.reply.exception() is None:
        return hung
    await asyncio.wait([last.reply])
    return last
