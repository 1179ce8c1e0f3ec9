"""What uploads and downloads share: time limits, the stall rule, and progress at a bearable rate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeVar

from msgspec import Struct

from batch_tui.domain.errors import TransferStalledError
from batch_tui.domain.files import Progress

T = TypeVar("T")
OnProgress = Callable[[Progress], None]
PROGRESS_EVERY = 0.1
"""Seconds between two reports of progress, at least."""


class Timeouts(Struct, frozen=True):
    """How long each kind of request may take, in seconds."""

    connect: float = 5.0
    read: float = 15.0
    """For lists and single objects."""
    create: float = 60.0
    cancel: float = 10.0
    upload_reply: float = 120.0
    """From the last byte sent to the answer."""
    upload_write: float = 30.0
    stall: float = 20.0
    """A transfer that moves less than ``stall_bytes`` in this time has stalled."""
    stall_bytes: int = 20_000
    """A drip below 1 kB/s never trips a read timeout, so it is measured in bytes."""


class StallGuard:
    """Ends the enclosed transfer when too few bytes moved for too long.

    Args:
        what: What is being moved, for the message.
        seconds: The stall time.
        minimum: Bytes that must move within it.
    """

    def __init__(self, what: str, seconds: float, minimum: int = 1) -> None:
        self._what = what
        self._seconds = seconds
        self._minimum = minimum
        self._moved = 0
        self._timeout = asyncio.timeout(seconds)

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError as stalled:
            if not self._timeout.expired():
                raise
            message = f"The transfer of {self._what} stalled: next to nothing moved for {self._seconds:g} s."
            raise TransferStalledError(message) from stalled

    def moved(self, count: int) -> None:
        """Count bytes; enough of them start the stall time anew."""
        self._moved += count
        if self._moved >= self._minimum and not self._timeout.expired():
            self._moved = 0
            self._timeout.reschedule(asyncio.get_running_loop().time() + self._seconds)

    def release(self) -> None:
        """All bytes have moved: what follows is no transfer any more."""
        if not self._timeout.expired():
            self._timeout.reschedule(None)


class Meter:
    """Reports progress at most ten times a second, and once at the end."""

    def __init__(
        self,
        on_progress: OnProgress | None,
        total: int | None,
        *,
        done: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_progress = on_progress
        self._clock = clock
        self._last: float | None = None
        self.total = total
        self.done = done

    def moved(self, count: int) -> None:
        """Count bytes, and report them when the last report is old enough."""
        self.done += count
        if self._on_progress is None:
            return
        now = self._clock()
        if self._last is None or now - self._last >= PROGRESS_EVERY:
            self._last = now
            self._on_progress(Progress(self.done, self.total))

    def end(self) -> None:
        """Report the final count."""
        if self._on_progress is not None:
            self._on_progress(Progress(self.done, self.total))


async def finished(work: Awaitable[T]) -> T:
    """Await work in a thread to its end even when cancelled, so that it never runs on behind its owner's back."""
    future = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        if not future.cancelled():
            future.exception()  # seen: the cancellation is what goes on
        raise
