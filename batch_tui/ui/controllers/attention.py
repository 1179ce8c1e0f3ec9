"""What deserves attention after a tick: alarms on the screen, and a call when nobody looks."""

from __future__ import annotations

from collections.abc import Callable

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
    """

    def __init__(self, desk: Desk, notifier: Notifier, *, mark: Callable[[frozenset[str]], None]) -> None:
        self._desk = desk
        self._notifier = notifier
        self._active = desk.cockpit.store.active_ids
        self._alarms: list[Notice] = []
        self.guard_alarm = GuardAlarm(desk, mark=mark, cancel=self._cancel, told=self._alarmed)

    def after(self, changes: Changes) -> None:
        """A tick was shown: mark what runs away, and call if something in it deserves it."""
        self.guard_alarm.show()
        store = self._desk.cockpit.store
        notices, self._alarms = self._alarms, []
        for batch_id in changes.updated:
            batch = store.get(batch_id)
            notice = ended_notice(batch) if batch is not None and batch_id in self._active else None
            if notice is not None:
                notices.append(notice)
        self._active = store.active_ids
        if any(map(self._notifier.wants, notices)):
            self._desk.start(self._notifier.tell(notices), name="notify", group="")

    def stopped_by_key(self) -> bool:
        """A key was pressed: True when it stopped a countdown, and so did its work."""
        return self.guard_alarm.stopped_by_key()

    def _cancel(self, ids: tuple[str, ...]) -> None:
        from batch_tui.ui.actions.cancel import CancelAction  # noqa: PLC0415 - hardly ever needed

        CancelAction(self._desk).go(ids)

    def _alarmed(self, raised: Raised) -> None:
        batch = self._desk.cockpit.store.get(raised.batch_id)
        if batch is not None:
            self._alarms.append(Notice("runaway", batch.id, batch.name, raised.alarm.message, batch.status.value))
