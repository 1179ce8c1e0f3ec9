"""The 24 hours: one async iterator that keeps the store up to date, for the screen and ``watch`` alike.

How often it asks: every 2 to 5 seconds while something moves, 15 at first, slower and slower up to 30 while
active batches stand still and up to 60 when none is active. While the service can't be reached, or answers
with nothing but errors, that is one list call a minute; the moment it is back is noticed within 4 seconds by a
:class:`~.lookout.Lookout` in between. A pause the service asked for holds every call, of whatever length it is. A
rejected key stops the polling until ``refresh()``. A jump of the wall clock (a suspended laptop) refreshes at
once.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from enum import StrEnum

from msgspec import Struct

from batch_tui.domain.errors import (
    ForbiddenError,
    RateLimitedError,
    ServiceError,
    UnauthorizedError,
    UnreachableError,
    UnsupportedError,
)
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.gate import RateGate
from batch_tui.engine.monitoring.lookout import Lookout
from batch_tui.engine.monitoring.poller import Poller
from batch_tui.engine.monitoring.store import BatchStore, Changes
from batch_tui.engine.ports import Polled

UNTIL_ASKED = math.inf
"""The wait of a monitor that asks again only after ``refresh()`` or ``resume()``."""
_FIRST_INTERVAL, _FAST, _BRISK = 15.0, 2.0, 5.0
_SLOWEST_ACTIVE, _SLOWEST = 30.0, 60.0
_OUTAGE = 60.0
_LIMITED = 1.0
"""The shortest pause."""
_JUMP = 5.0
"""Seconds the wall clock may be off after a sleep before it counts as a jump."""
_TURNING = frozenset({BatchStatus.VALIDATING, BatchStatus.FINALIZING, BatchStatus.CANCELLING})


class Condition(StrEnum):
    """How the monitor stands with the service."""

    LOADING = "loading"
    """Answers come; older pages are still being listed."""
    LIVE = "live"
    OFFLINE = "offline"
    """No usable answer; it tries again."""
    LIMITED = "limited"
    """The service asked for a pause."""
    UNAUTHORIZED = "unauthorized"
    DENIED = "denied"
    """This key, or this server, has no batches."""
    PAUSED = "paused"


class Tick(Struct, frozen=True):
    """One turn of the monitor."""

    changes: Changes
    """What changed in the store since the last tick."""
    condition: Condition
    message: str
    """One sentence, or empty."""
    wait: float
    """Seconds until the next call; 0.0 when it follows at once, infinite until somebody asks."""
    at: float
    """``clock()`` of the last good answer; 0.0 before any."""


class Monitor:
    """Polls for one consumer at a time.

    Args:
        service: Who is asked.
        store: Where the answers go.
        gate: Asked before each request; its pause is everybody's.
        clock: Unix seconds.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        service: Polled,
        store: BatchStore,
        gate: RateGate,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._store = store
        self._gate = gate
        self._clock = clock
        self._sleep = sleep
        self._poller = Poller(service, store, gate)
        self._lookout = Lookout(service, gate)
        self._wake = asyncio.Event()
        self._last_good = 0.0
        self._condition = Condition.LOADING
        self._message = ""
        self._interval: float | None = None
        self._due = -math.inf
        self._planned = 0.0
        self._is_asked = True
        self._is_paused = False

    @property
    def is_paused(self) -> bool:
        """True after ``pause()``."""
        return self._is_paused

    @property
    def is_refused(self) -> bool:
        """True while the service doesn't accept the key."""
        return self._condition is Condition.UNAUTHORIZED

    @property
    def is_complete(self) -> bool:
        """True when the store holds everything the service has."""
        return self._poller.is_complete

    @property
    def last_good(self) -> float:
        """``clock()`` of the last good answer; 0.0 before any."""
        return self._last_good

    def start_from(self, *, at: float, is_complete: bool) -> None:
        """Begin with a store that was filled from a cache: older pages it holds aren't listed again.

        Args:
            at: ``clock()`` of the answer the cache came from.
            is_complete: True when it held everything the service had.
        """
        self._last_good = at
        self._poller.is_complete = is_complete

    def refresh(self) -> None:
        """Ask now, whatever the wait; also while paused (once) and after a rejected key.

        A list that the service broke off is begun anew.
        """
        self._poller.start_over()
        self._is_asked = True
        self._interval = min(self._interval or _FIRST_INTERVAL, _BRISK)
        self._wake.set()

    def pause(self) -> None:
        """Ask no more until ``resume()``."""
        self._is_paused = True
        self._wake.set()

    def resume(self) -> None:
        """Go on, with a refresh."""
        self._is_paused = False
        self.refresh()

    def announce(self, changes: Changes) -> None:
        """Have changes an action made to the store told with the next tick, which comes at once."""
        if changes:
            self._poller.note(changes)
            self._wake.set()

    async def ticks(self) -> AsyncGenerator[Tick, None]:
        """A tick after each turn, for ever; the first one after the first page.

        Closing or cancelling the iterator is safe at any point; a new one goes on where it stopped.
        """
        while True:
            self._wake.clear()
            await self._turn()
            yield self._tick()
            await self._rest()

    async def _turn(self) -> None:
        """Do what is due: a refresh, one older page, or nothing."""
        closed = self._gate.closed_for()
        if closed > 0 and not self._is_paused:
            self._limited(closed)
            return
        is_asked, self._is_asked = self._is_asked, False
        is_due = self._clock() >= self._due and not self._is_paused
        try:
            if is_asked or is_due:
                moved = await self._poller.refresh(self._clock())
                self._note_good(self._next_interval(moved=moved))
            elif self._is_loading() and not self._is_paused:
                await self._poller.load_history(self._clock())
                self._note_good(None)
        except ServiceError as error:
            self._note_failure(error)

    def _is_loading(self) -> bool:
        """True while older pages may be listed at once."""
        return self._poller.has_more_history and self._condition in {Condition.LOADING, Condition.LIVE}

    def _note_good(self, interval: float | None) -> None:
        """An answer came; an older page (None) says nothing about when to ask for the newest again."""
        self._last_good = self._clock()
        self._lookout.end()
        self._condition, self._message = Condition.LIVE, ""
        if self._poller.has_more_history:
            self._condition = Condition.LOADING
            self._message = f"Listing older batches, {len(self._store):,} so far."
        elif not self._poller.is_complete:
            self._message = "The list may be incomplete: the service broke it off."
        if interval is not None:
            self._interval = interval
            self._schedule(interval)

    def _next_interval(self, *, moved: bool) -> float:
        """Seconds until the next refresh: by what moved, and by what is about to."""
        active = [self._store.get(batch_id) for batch_id in self._store.active_ids]
        is_turning = any(batch is not None and batch.status in _TURNING for batch in active)
        if self._interval is None:
            return _BRISK if is_turning else _FIRST_INTERVAL
        if moved or self._poller.has_unsettled:
            return _FAST if is_turning else _BRISK
        return min(self._interval * 1.5, _SLOWEST_ACTIVE if active else _SLOWEST)

    def _note_failure(self, error: ServiceError) -> None:
        match error:
            case RateLimitedError():
                self._limited(self._gate.closed_for())
                return
            case UnauthorizedError():
                self._condition, wait = Condition.UNAUTHORIZED, UNTIL_ASKED
            case ForbiddenError() | UnsupportedError():
                self._condition, wait = Condition.DENIED, UNTIL_ASKED
            case _:
                self._condition, wait = Condition.OFFLINE, _OUTAGE
        is_permanent = isinstance(error, UnreachableError) and error.is_permanent
        if self._condition is Condition.OFFLINE and not is_permanent:
            self._lookout.begin()
        else:
            self._lookout.end()
        self._message = str(error)
        self._schedule(wait)

    def _limited(self, closed_for: float) -> None:
        self._lookout.end()
        self._condition = Condition.LIMITED
        self._message = "The service asked for a pause."
        self._schedule(max(closed_for, _LIMITED))

    def _schedule(self, wait: float) -> None:
        self._due, self._planned = self._clock() + wait, wait

    def _tick(self) -> Tick:
        changes = self._poller.take_changes()
        if self._is_paused:
            return Tick(changes, Condition.PAUSED, "", UNTIL_ASKED, self._last_good)
        return Tick(changes, self._condition, self._message, self._wait(), self._last_good)

    def _wait(self) -> float:
        """Seconds to the next call; never more than was planned, wherever the wall clock went meanwhile."""
        if self._is_paused:
            return UNTIL_ASKED
        if self._is_loading():
            return 0.0
        return min(self._planned, max(0.0, self._due - self._clock()))

    async def _rest(self) -> None:
        """Sleep until the next call is due, somebody asks, or the wall clock has jumped."""
        left = self._wait()
        if left == UNTIL_ASKED:
            await self._wake.wait()
            return
        if self._is_loading():
            return
        is_back = False
        while left > 0 and not is_back and not self._wake.is_set():
            piece = self._lookout.next_slice()
            nap = min(left, piece.seconds)
            before = self._clock()
            is_back = await self._nap(nap, has_look=piece.has_look)
            left -= nap
            if abs(self._clock() - before - nap) > _JUMP and not is_back and not self._wake.is_set():
                self.refresh()
        if not self._wake.is_set():
            self._due = -math.inf

    async def _nap(self, seconds: float, *, has_look: bool) -> bool:
        """Sleep, or less when somebody asks or the service is seen again: True for the latter."""
        seeing = asyncio.ensure_future(self._lookout.seen_again()) if has_look else None
        sleeping = asyncio.ensure_future(self._sleep(seconds))
        waking = asyncio.ensure_future(self._wake.wait())
        waits = [wait for wait in (seeing, sleeping, waking) if wait is not None]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return seeing is not None and seeing.done()
        finally:
            for wait in waits:
                wait.cancel()
