"""What deserves attention after a tick: alarms on the screen, and a call when nobody looks."""

from __future__ import annotations

from collections.abc import Callable

from batch_tui.domain.batch import Batch
from batch_tui.engine.monitoring.guard import Raised
from batch_tui.engine.monitoring.store import Changes
from batch_tui.ui.controllers.guard_alarm import GuardAlarm
from batch_tui.ui.desk import Desk
from batch_tui.ui.terminal.notifier import Notice, Notifier, ended_notice


class Attention:
    """Shows alarms, and calls for attention about alarms and ends.

    Args:
        desk: For the store, the docked line and the workers.
        notifier: Who calls.
        mark: Told which batches are alarmed, after each tick.
        began: When the screen was opened, in Unix seconds by this machine.
    """

    def __init__(
        self, desk: Desk, notifier: Notifier, *, mark: Callable[[frozenset[str]], None], began: float
    ) -> None:
        self._desk = desk
        self._notifier = notifier
        self._active = desk.cockpit.store.active_ids
        self._began = began
        self._alarms: list[Notice] = []
        self.guard_alarm = GuardAlarm(desk, mark=mark, cancel=self._cancel, told=self._alarmed)

    def after(self, changes: Changes) -> None:
        """A tick was shown: mark what runs away, and call if something in it deserves it."""
        self.guard_alarm.show()
        store = self._desk.cockpit.store
        notices, self._alarms = self._alarms, []
        was_active = [store.get(batch_id) for batch_id in changes.updated if batch_id in self._active]
        is_new = [batch for batch in map(store.get, changes.added) if batch is not None and self._is_new(batch)]
        told = [ended_notice(batch) for batch in (*was_active, *is_new) if batch is not None]
        notices += [notice for notice in told if notice is not None]
        self._active = store.active_ids
        if any(map(self._notifier.wants, notices)):
            self._desk.start(self._notifier.tell(notices), name="notify", group="")

    def stopped_by_key(self) -> bool:
        """A key was pressed: True when it stopped a countdown, and so did its work."""
        return self.guard_alarm.stopped_by_key()

    def _is_new(self, batch: Batch) -> bool:
        """True for a batch of this session; one that came and ended between two looks never was seen active."""
        created = batch.times.created
        return created is not None and created >= int(self._began + self._desk.cockpit.store.server_offset)

    def _cancel(self, ids: tuple[str, ...]) -> None:
        from batch_tui.ui.actions.cancel import CancelAction  # noqa: PLC0415 - hardly ever needed

        CancelAction(self._desk).go(ids)

    def _alarmed(self, raised: Raised) -> None:
        batch = self._desk.cockpit.store.get(raised.batch_id)
        if batch is not None:
            self._alarms.append(Notice("runaway", batch.id, batch.name, raised.alarm.message, batch.status.value))
