"""One gate per host for everything that is sent: bounded width, one pause for all, actions before polls."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Literal

from batch_tui.domain.errors import (
    Effect,
    NotTheApiError,
    RateLimitedError,
    ServerFaultError,
    ServiceError,
    UnreachableError,
)

Kind = Literal["action", "poll", "cancel"]
"""Whether a user waits for it, or a clock, or money is being spent until it is sent."""

_OVERTAKEN_AT_MOST = 8
"""Actions that may pass a waiting poll: fifty cancels in a row must not blind the screen."""
_TRANSFERS = 4
"""Files on their way at once."""
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
"""Seconds to pause after a 429 that names no time; doubles with each further one."""
_FIRST_SPACING, _WIDEST_SPACING, _EASING = 0.1, 2.0, 0.97
"""Seconds between two starts after a 429, and how they shrink with each success."""
_AWAY = (UnreachableError, ServerFaultError, NotTheApiError)
"""What a poll ends with while the service is away."""


class RateGate:
    """Lets requests through, ``width`` at a time; closed for all while the service asks for a pause.

    After a 429 it also spaces its starts, wider with each further one and closer with each success, so that
    a service with a low limit is not run into again and again.

    Args:
        clock: Monotonic seconds.
        sleep: Waits for seconds.
        width: Requests under way at once.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        width: int = 8,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._free = width
        self._transfers = asyncio.Semaphore(_TRANSFERS)
        self._waiting: dict[Kind, deque[asyncio.Future[None]]] = {"action": deque(), "poll": deque()}
        self._overtaken = 0
        self._open_at = 0.0
        self._limits_in_a_row = 0
        self._spacing = 0.0
        self._next_start = 0.0
        self._is_away = False
        self._back = asyncio.Event()
        self.was_reached = False
        """True once the service took a request, whatever it then answered."""
        self.returns = 0
        """How often a poll came through after one that the service was away for."""

    def closed_for(self) -> float:
        """Seconds until anything may be sent again; 0.0 when the gate is open."""
        return max(0.0, self._open_at - self._clock())

    def note_limit(self, retry_after: float | None) -> None:
        """The service answered 429: close for what it asked, or for a growing pause when it named no time."""
        if self.closed_for() == 0.0:
            # Answers to one burst count once, or eight requests under way would mean eight doublings.
            self._limits_in_a_row += 1
            self._spacing = min(_WIDEST_SPACING, max(_FIRST_SPACING, self._spacing * 2))
        pause = retry_after
        if pause is None or pause != pause or pause < 0:  # noqa: PLR0124 - NaN
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(10, self._limits_in_a_row - 1))
        self._open_at = max(self._open_at, self._clock() + pause)

    def note_success(self) -> None:
        """A request came through: the service takes more."""
        self.was_reached = True
        self._limits_in_a_row = 0
        self._spacing *= _EASING
        if self._spacing < _FIRST_SPACING / 4:
            self._spacing = 0.0

    async def nap(self, seconds: float, *, since: int) -> bool:
        """Wait before a try again, no longer than until the service is back.

        Only polls tell of a return: they are asked for seldom while it is away, so that this brings no more
        tries than there were outages, even where a service answers its list and fails at all else.

        Args:
            seconds: The longest wait.
            since: ``returns`` before the try that failed; a return since then is one already.

        Returns:
            True when it came back.
        """
        if self.returns != since:
            return True
        returning = asyncio.ensure_future(self._back.wait())
        sleeping = asyncio.ensure_future(self._sleep(seconds))
        try:
            await asyncio.wait((returning, sleeping), return_when=asyncio.FIRST_COMPLETED)
            return returning.done()
        finally:
            returning.cancel()
            sleeping.cancel()

    @asynccontextmanager
    async def turn(self, kind: Kind = "action") -> AsyncGenerator[None, None]:
        """Wait for a place and an open gate; hold the place while the block runs. A 429 closes the gate.

        Args:
            kind: ``poll`` steps back behind waiting actions (not for ever), ``action`` goes first, ``cancel``
                needs no place: only a pause the service asked for holds it.
        """
        if kind != "cancel":
            await self._enter(kind)
        try:
            await self._wait_until_open()
            yield
            self.note_success()
            if kind == "poll":
                self._note_return()
        except ServiceError as error:
            self._note_error(error)
            self._is_away |= kind == "poll" and isinstance(error, _AWAY)
            raise
        finally:
            if kind != "cancel":
                self._leave()

    @asynccontextmanager
    async def transfer(self) -> AsyncGenerator[None, None]:
        """A turn for a file on its way: it waits like any, but long transfers leave the places to short calls."""
        async with self._transfers:
            await self._enter("action")
            try:
                await self._wait_until_open()
            finally:
                self._leave()
            try:
                yield
                self.note_success()
            except ServiceError as error:
                self._note_error(error)
                raise

    def _note_return(self) -> None:
        if self._is_away:
            self._is_away = False
            self.returns += 1
            self._back.set()
            self._back = asyncio.Event()

    def _note_error(self, error: ServiceError) -> None:
        """Close for whatever asks for a pause: every 429, and a 503 that names a time."""
        if error.status is not None or error.effect is Effect.UNKNOWN:
            self.was_reached = True
        if isinstance(error, RateLimitedError) or (
            isinstance(error, ServerFaultError) and error.retry_after is not None
        ):
            self.note_limit(error.retry_after)

    async def _enter(self, kind: Kind) -> None:
        if self._free > 0:
            self._free -= 1
            return
        place = asyncio.get_running_loop().create_future()
        self._waiting[kind].append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._leave()  # it was given a place in the very moment it gave up
            raise

    def _leave(self) -> None:
        while (queue := self._next_queue()) is not None:
            place = queue.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._free += 1

    def _next_queue(self) -> deque[asyncio.Future[None]] | None:
        actions, polls = self._waiting["action"], self._waiting["poll"]
        if polls and (not actions or self._overtaken >= _OVERTAKEN_AT_MOST):
            self._overtaken = 0
            return polls
        if actions:
            self._overtaken += bool(polls)
            return actions
        return None

    async def _wait_until_open(self) -> None:
        while (wait := max(self.closed_for(), self._next_start - self._clock())) > 0:
            await self._sleep(wait)
        if self._spacing:
            self._next_start = self._clock() + self._spacing
