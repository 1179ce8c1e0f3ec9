"""The real screen on a service in memory, in a real terminal: performs events by name, marks each one's end."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import structs
from textual.binding import Binding

from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.monitoring.store import Changes
from batch_tui.ui.app import BatchTuiApp
from batch_tui.ui.controllers.background import LASTING
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService, unreachable
from tests.support.screen import settings_in, until_asked
from tests.support.terminal import ROOT, mark_of

POLLS = {
    "still-minute": (4, 15),
    "one-row": (1, 2),
    "row-and-clock": (1, 61),
    "thirty-rows": (1, 2),
    "new-batch": (1, 2),
    "outage": (1, 2),
    "offline-hour": (60, 60),
}
"""Events that polls bring: how many of them, and the seconds before each."""


class ByteCockpit(BatchTuiApp):
    """The product's screen, driven by F9: each press performs the next event of the command line."""

    CSS_PATH = str(ROOT / "batch_tui" / "ui" / "cockpit.tcss")
    BINDINGS = [Binding("f9", "next_event", priority=True)]  # noqa: RUF012 - Textual's own form

    def __init__(self, cockpit: Cockpit, service: FakeService, folder: Path, now: list[float]) -> None:
        super().__init__(cockpit, workspace=folder, clock=lambda: now[0])
        self._fake, self._now = service, now
        self._events = sys.argv[2:]
        self._was_shown = asyncio.Event()

    def _begin(self) -> None:
        super()._begin()
        self.run_worker(self._settled("ready"), name="ready", exit_on_error=False)

    def action_next_event(self) -> None:
        """Perform the next event."""
        event = self._events.pop(0)
        self.run_worker(self._perform(event), name="event", exit_on_error=False)

    async def _perform(self, event: str) -> None:
        if event in POLLS:
            self._move(event)
            times, seconds = POLLS[event]
            for _ in range(times):
                await self._poll(seconds)
        elif event == "rest":
            await asyncio.sleep(0.2)
        elif event != "nothing":
            await self.action_command(event)
        await self._settled(event)

    def _move(self, event: str) -> None:
        """What happens at the service."""
        if event == "new-batch":
            self._fake.put(a_batch("fresh", total=10, created=int(self._now[0])))
        elif event == "outage":
            self._fake.go_down(unreachable())
        elif event == "thirty-rows":
            self._advance(*self.deck.batches.table.visible_ids[:30])
        elif event in {"one-row", "row-and-clock"}:
            self._advance("b00003")

    def _advance(self, *ids: str) -> None:
        for batch_id in ids:
            batch = self._fake.batches[batch_id]
            counts = replace(batch.counts, completed=batch.counts.completed + 700)
            self._fake.put(replace(batch, counts=counts))

    async def _poll(self, seconds: float) -> None:
        self._now[0] += seconds
        self._was_shown.clear()
        self.cockpit.monitor.refresh()
        await self._was_shown.wait()

    def _ticked(self, changes: Changes) -> None:
        super()._ticked(changes)
        self._was_shown.set()

    @property
    def _is_starting(self) -> bool:
        """True until the list came and what the start began is done: prices that come later redraw every row."""
        going_on = {worker.name for worker in self.workers if not worker.is_finished}
        return bool(going_on - LASTING - {"ready"}) or not self.header.facts.condition.startswith("live")

    async def _settled(self, word: str) -> None:
        """Mark an event's end behind everything it makes the screen send."""
        if word == "ready":
            while self._is_starting:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        for _ in range(3):
            done = asyncio.Event()
            self.call_after_refresh(done.set)
            await done.wait()
        self.write_raw(mark_of(word))


def main() -> None:
    """Run it over as many batches as the first word says, all of them active."""
    now = [float(NOON)]
    batches = [
        a_batch(f"b{n:05d}", total=50_000, completed=9_000 + n, created=NOON - 36_000 - 60 * n)
        for n in range(int(sys.argv[1]))
    ]
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "workspace").mkdir()
        service = FakeService(*batches)
        service._clock = lambda: now[0]
        settings = settings_in(folder)
        guard = replace(settings.guard, no_progress_seconds=None, expires_within_seconds=None)
        cockpit = Cockpit(structs.replace(settings, guard=guard), service, clock=lambda: now[0], sleep=until_asked)
        app = ByteCockpit(cockpit, service, folder / "workspace", now)
        app.run()
        if app.bug is not None:
            raise app.bug


if __name__ == "__main__":
    main()
