"""The queue on the screen: sent while the screen is open, shown as rows, its refusals told."""

from __future__ import annotations

from batch_tui.domain.queueing import QueueStage
from batch_tui.engine.queueing.queue_runner import QueueEvent, RunnerState
from batch_tui.ui.desk import Desk

_BAD = frozenset({RunnerState.HELD, RunnerState.ELSEWHERE})


class QueueFeed:
    """Follows the queue's runner; what other processes and earlier runs left waiting is sent too.

    Args:
        desk: For the engine, the docked line and whoever shows what waits.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def begin(self) -> None:
        """Send the queue from now on."""
        self._desk.start(self.run(), name="queue", group="queue")

    async def run(self) -> None:
        """Send and show the queue until the screen closes."""
        runner = self._desk.cockpit.queue_runner
        self._desk.on_queue(await runner.look())
        async for event in runner.events():
            self._desk.on_queue(runner.entries)
            self._tell(event)

    def _tell(self, event: QueueEvent) -> None:
        if not event.message:
            return
        if event.entry is not None and event.entry.stage is QueueStage.FAILED:
            self._desk.fail(event.message)
        elif event.state in _BAD:
            self._desk.warn(event.message)
        elif event.entry is not None and event.entry.stage is QueueStage.SENT:
            self._desk.say(event.message)
