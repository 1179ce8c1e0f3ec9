"""The guard on the screen: alarmed rows on top, a sentence with the numbers, a countdown that any key stops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from batch_tui.engine.monitoring.guard import Countdown, Raised
from batch_tui.engine.monitoring.patrol import LEFT_ALONE
from batch_tui.ui.desk import Desk


class GuardAlarm:
    """Shows what the patrol found, and has cancelled what nobody stopped.

    Args:
        desk: For the docked line and the rows.
        mark: Told which batches are alarmed, after each tick.
        cancel: Cancels batches, as the user's own cancel does.
        told: Told of each new alarm.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        mark: Callable[[frozenset[str]], None],
        cancel: Callable[[tuple[str, ...]], None],
        told: Callable[[Raised], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._desk = desk
        self._patrol = desk.cockpit.patrol
        self._mark = mark
        self._cancel = cancel
        self._told = told
        self._sleep = sleep
        self._is_counting = False
        self._acted: dict[str, Countdown] = {}

    def show(self) -> None:
        """After a tick: mark the rows, say what is new, begin the countdown."""
        self._mark(self._patrol.guard.alarmed)
        raised = list(self._patrol.take_raised())
        for one in raised:
            self._told(one)
        for one in raised[:1]:
            more = f"  (and {len(raised) - 1} more)" if len(raised) > 1 else ""
            end = f"; {LEFT_ALONE}" if self._patrol.is_left_alone(one) else ""
            self._desk.warn(f"{self._name(one.batch_id)}: {one.alarm.message}{end}{more}")
        self._tell_ends()
        if self._patrol.guard.countdowns and not self._is_counting:
            self._is_counting = True
            self._desk.start(self._count_down(), name="countdown", group="countdown")

    def stopped_by_key(self) -> bool:
        """A key was pressed: True when it stopped a countdown, and so did its work."""
        stopped = self._patrol.stop()
        if stopped:
            names = ", ".join(self._name(one.batch_id) for one in stopped)
            self._desk.say(f"Stopped: the guard leaves {names} alone from now on.")
        return bool(stopped)

    def turn(self) -> bool:
        """One second of the countdown; False when nothing is counted any more."""
        due = self._patrol.take_due()
        if due:
            self._acted |= {one.batch_id: one for one in due}
            self._cancel(tuple(one.batch_id for one in due))
        waiting = self._patrol.guard.countdowns
        if waiting:
            self._desk.warn(self._sentence(waiting))
        return bool(waiting)

    def _tell_ends(self) -> None:
        """Whoever comes back finds what was cancelled meanwhile, and why, on the docked line."""
        store = self._desk.cockpit.store
        ended = [batch for batch in map(store.get, self._acted) if batch is not None and batch.is_terminal]
        for batch in ended:
            message = self._acted.pop(batch.id).alarm.message
            self._desk.warn(f"The guard cancelled {batch.name} ({batch.status.value} now): {message}.")

    async def _count_down(self) -> None:
        try:
            while self.turn():
                await self._sleep(1)
        finally:
            self._is_counting = False

    def _sentence(self, waiting: Sequence[Countdown]) -> str:
        first = waiting[0]
        left = self._patrol.time_left(first)
        more = f" (and {len(waiting) - 1} more)" if len(waiting) > 1 else ""
        return f"Cancelling {self._name(first.batch_id)}{more} in {left}: {first.alarm.message}. Any key stops it."

    def _name(self, batch_id: str) -> str:
        batch = self._desk.cockpit.store.get(batch_id)
        return batch_id if batch is None else batch.name
