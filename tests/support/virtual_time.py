"""Time that passes only when everybody waits for it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


class VirtualTime:
    """A clock with its sleep: ``run`` lets sleepers wake in order, and nobody really waits.

    Threads are not seen: code that awaits one keeps the clock standing while ``run`` yields to it.
    """

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self.waits: list[float] = []
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._order), future))
        await future

    async def sleep_alone(self, seconds: float) -> None:
        """For one waiter at a time: the clock jumps."""
        self.waits.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    async def run(self, work: Coroutine[None, None, T]) -> T:
        """Run to the end, waking the earliest sleeper whenever everybody sleeps."""
        main = asyncio.ensure_future(work)
        while not main.done():
            for _ in range(20):
                await asyncio.sleep(0)
            self._wake_one()
        return await main

    def _wake_one(self) -> None:
        while self._sleepers:
            at, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                self.now = max(self.now, at)
                future.set_result(None)
                return
