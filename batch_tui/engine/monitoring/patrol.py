"""The guard on its round: after each tick it judges what may run away, and says what is to be cancelled."""

from __future__ import annotations

import math
from collections.abc import Callable

from batch_tui.domain.formatting import duration
from batch_tui.engine.events import EventLog
from batch_tui.engine.money.forecast import Forecast
from batch_tui.engine.monitoring.guard import CostOf, Countdown, Guard, Raised, cost_unknown
from batch_tui.engine.monitoring.history import History
from batch_tui.engine.monitoring.store import BatchStore, Changes

ROUND = 5.0
"""Seconds from one look at everything that hasn't ended to the next: listed pages come many times a second."""

LEFT_ALONE = "left alone: its countdown was stopped"
"""Of an alarm that would cancel its batch otherwise."""


class Patrol:
    """Drives a guard over the store. It cancels nothing itself: :meth:`take_due` tells what is to be cancelled.

    Args:
        guard: The rules and their alarms.
        store: The batches.
        history: How they move.
        forecast: Gives what they will cost, anew for each look at them.
        events: Where every decision is noted with its numbers.
        clock: Unix seconds.
    """

    def __init__(
        self,
        guard: Guard,
        store: BatchStore,
        history: History,
        forecast: Callable[[], Forecast],
        events: EventLog,
        *,
        clock: Callable[[], float],
    ) -> None:
        self.guard = guard
        self._store = store
        self._history = history
        self._forecast = forecast
        self._events = events
        self._clock = clock
        self._raised: tuple[Raised, ...] = ()
        self._rounded_at = -math.inf

    def review(self, changes: Changes, *, is_current: bool = True) -> None:
        """Judge what changed, and now and then everything that hasn't ended: standing still is no change.

        Args:
            changes: What the service has just told.
            is_current: True when it has told of everything. What was known before an outage, or by an earlier
                run, stands still only because nobody could look.
        """
        ids = {*changes.added, *changes.updated}
        if is_current and abs(self._clock() - self._rounded_at) >= ROUND:
            self._rounded_at = self._clock()
            ids |= self._store.active_ids
        known = (self._store.get(batch_id) for batch_id in ids)
        batches = [batch for batch in known if batch is not None and not self._store.is_gone(batch.id)]
        raised = self.guard.review(batches, self._now(), pace=self._history.pace, cost=self._costs())
        counting = {countdown.batch_id: countdown for countdown in self.guard.countdowns}
        for one in raised:
            countdown = counting.get(one.batch_id)
            is_acting = countdown is not None and countdown.alarm.rule is one.alarm.rule
            end = f"; {LEFT_ALONE}" if self.is_left_alone(one) else ""
            if countdown and is_acting:
                end = f"; to be cancelled in {self.time_left(countdown)}"
            self._events.record("guard", f"alarm: {one.alarm.message}{end}", batch_id=one.batch_id)
        self._raised += raised

    def is_left_alone(self, raised: Raised) -> bool:
        """True for an alarm that would cancel its batch, had nobody stopped its countdown, here or elsewhere."""
        batch = self._store.get(raised.batch_id)
        acts = batch is not None and raised.alarm.rule in self.guard.rules.of(batch).cancel_on
        return acts and self.guard.is_spared(raised.batch_id)

    def take_raised(self) -> tuple[Raised, ...]:
        """Alarms since the last call."""
        taken, self._raised = self._raised, ()
        return taken

    def take_due(self) -> tuple[Countdown, ...]:
        """Countdowns that ran out, each given once: these batches are to be cancelled now."""
        due = self.guard.take_due(self._now())
        for one in due:
            command = f"batch-tui cancel {one.batch_id}"
            text = f"cancelled by the guard: {one.alarm.message}"
            self._events.record("guard", text, batch_id=one.batch_id, command=command)
        return due

    def seconds_left(self, countdown: Countdown) -> float:
        """Seconds until a countdown runs out."""
        return max(0.0, countdown.deadline - self._now())

    def time_left(self, countdown: Countdown) -> str:
        """The same in words: by the nearest second, for a countdown of 20 s begins with 20 s."""
        return duration(round(self.seconds_left(countdown)))

    def stop(self) -> tuple[Countdown, ...]:
        """Somebody is there: stop every countdown; no guard acts on those batches again."""
        stopped = self.guard.countdowns
        how_long = "until it ends" if self.guard.spare() else "in this run only: that can't be written down"
        for one in stopped:
            text = f"countdown stopped: {one.alarm.message}; the guard leaves it alone {how_long}"
            self._events.record("guard", text, batch_id=one.batch_id)
        return stopped

    def _now(self) -> float:
        return self._clock() + self._store.server_offset

    def _costs(self) -> CostOf:
        """What batches will cost; not reckoned without a limit on it (prices take time to load)."""
        if not self.guard.rules.knows_cost:
            return cost_unknown
        return self._forecast().of
