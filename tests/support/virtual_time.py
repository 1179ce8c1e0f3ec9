"""Time that passes only when everybody waits for it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_STUCK = 1.0
"""Real seconds after which a thread counts as one that waits for somebody who sleeps."""
_AT_ONCE = 6
"""Turns of the event loop that a call of a service in memory takes, and a few more."""


class _Threads(ThreadPoolExecutor):
    """The event loop's threads, and what they are at."""

    def __init__(self) -> None:
        super().__init__()
        self._running: set[Future[object]] = set()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have a thread do something."""
        future = super().submit(fn, *args, **kwargs)
        watched: Future[object] = future  # type: ignore[assignment]  # only waited for
        self._running.add(watched)
        watched.add_done_callback(self._running.discard)
        return future

    async def were_busy(self) -> bool:
        """Whether anything was under way; it has come to its end then, or waits for somebody who sleeps."""
        running = [asyncio.wrap_future(future) for future in self._running.copy()]
        if running:
            await asyncio.wait(running, timeout=_STUCK)
        return any(future.done() for future in running)


class VirtualTime:
    """A clock with its sleep: ``run`` lets sleepers wake in order, and nobody really waits.

    Who awaits a thread isn't asleep: the clock stands until all of them are through.
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
        """For one waiter at a time: the clock jumps, unless what is waited beside comes at once."""
        for _ in range(_AT_ONCE):
            await asyncio.sleep(0)
        self.waits.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    async def run(self, work: Coroutine[None, None, T]) -> T:
        """Run to the end, waking the earliest sleeper whenever everybody sleeps."""
        main, threads = asyncio.ensure_future(work), _Threads()
        asyncio.get_running_loop().set_default_executor(threads)
        while not main.done():
            for _ in range(20):
                await asyncio.sleep(0)
            if not await threads.were_busy():
                self._wake_one()
        return await main

    def _wake_one(self) -> None:
        while self._sleepers:
            at, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                self.now = max(self.now, at)
                future.set_result(None)
                return
