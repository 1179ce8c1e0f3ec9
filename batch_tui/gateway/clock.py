"""Time as the gateway sees it, injected so that tests own it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """Wall time and waiting."""

    now: Callable[[], float] = time.time
    """Unix seconds."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def seconds(self) -> int:
        """Now in whole Unix seconds, as the API's timestamps are."""
        return int(self.now())

    async def wait(self, seconds: float) -> None:
        """Sleep, not at all for 0 and below (but give others their turn)."""
        await self.sleep(max(0.0, seconds))


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the phases of a batch take, divided by the speed.

    A big batch is answered faster per request, as a fleet would: 200 requests take half a minute, 5,000
    two and a half, 50,000 eight minutes.
    """

    speed: float = 1.0
    concurrency: int = 8

    def validating(self, size: int) -> float:
        """Seconds of validation for an input of ``size`` bytes."""
        return (2.0 + size / 20_000_000) / self.speed

    def finalizing(self, total: int) -> float:
        """Seconds between the last answer and the files being there."""
        return (1.5 + total / 20_000) / self.speed

    def answering(self, total: int) -> float:
        """Seconds one request of a batch of ``total`` takes on average."""
        whole = 30.0 * math.sqrt(max(1, total) / 200)
        return min(2.0, whole * self.concurrency / max(1, total)) / self.speed

    def settling(self) -> float:
        """Seconds between the word to cancel and the end, at least."""
        return 4.0 / self.speed

    def window(self) -> float:
        """The completion window of 24 hours, in seconds."""
        return 86_400 / self.speed

    def grace(self) -> float:
        """Seconds that requests in flight may still take once a batch is being cancelled."""
        return 600 / self.speed


async def first_of(*waits: Coroutine[object, object, None]) -> None:
    """Wait until one of them ends, and drop the others."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
