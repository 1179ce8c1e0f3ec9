"""The running loop's clock, which a test can let run ahead: a limit of two minutes is over in a moment.

The product's own time limits are tested with it, instead of short ones that a busy machine breaks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_STEP = 1.0
_QUIET = 0.001
"""Real seconds the loop turns before each step, for what has come but is not read yet."""


class LoopTime:
    """Takes over the clock of the loop it is made in, until that loop ends.

    Time stands while a thread works for the loop: what could still go on is not cut off.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ahead = 0.0
        self._threads = 0
        self._real_time = self._loop.time
        self._in_thread = self._loop.run_in_executor
        setattr(self._loop, "time", self._time)  # noqa: B010 - one loop's own clock, not the class's
        setattr(self._loop, "run_in_executor", self._counted)  # noqa: B010

    async def run_ahead(self, seconds: float) -> None:
        """Let so many seconds pass at once, whenever nothing but time is waited for."""
        while seconds > 0:
            await asyncio.sleep(_QUIET)
            if self._threads == 0:
                step = min(seconds, _STEP)
                self._ahead += step
                seconds -= step

    async def run_ahead_until(self, work: Coroutine[None, None, None], *, at_most: int) -> None:
        """Let time pass, so many seconds at the most, until work is done; then wait for it as long as it takes."""
        doing = asyncio.ensure_future(work)
        try:
            for _ in range(at_most):
                if not doing.done():
                    await self.run_ahead(_STEP)
            await doing
        finally:
            doing.cancel()

    def _time(self) -> float:
        return self._real_time() + self._ahead

    def _counted(
        self, executor: Executor | None, function: Callable[[Unpack[Ts]], T], *arguments: *Ts
    ) -> asyncio.Future[T]:
        future = self._in_thread(executor, function, *arguments)
        self._threads += 1
        future.add_done_callback(self._one_less)
        return future

    def _one_less(self, _future: object) -> None:
        self._threads -= 1
