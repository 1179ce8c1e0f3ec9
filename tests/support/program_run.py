"""Runs of the program's engine, one after the other or side by side, on one folder and one account."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from batch_tui.domain.batch import Batch
from batch_tui.engine.cancel import CancelState
from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.monitoring.monitor import Tick
from batch_tui.engine.submitting.submit import Submission
from tests.support.batches import NOON
from tests.support.fake_service import FakeService
from tests.support.screen import settings_in
from tests.support.virtual_time import VirtualTime


@dataclass
class Run:
    """One run of the program."""

    cockpit: Cockpit
    time: VirtualTime
    ticks: AsyncGenerator[Tick, None]
    taken_up: tuple[Submission, ...]
    """Submits of earlier runs that the start had to settle."""

    async def turn(self) -> Tick:
        """One turn of the monitor, asked for."""
        self.cockpit.monitor.refresh()
        return await anext(self.ticks)

    def known(self, batch_id: str) -> Batch:
        """What the program shows of a batch."""
        batch = self.cockpit.store.get(batch_id)
        assert batch is not None, f"{batch_id} is not known"
        return batch

    async def cancel(self, *batch_ids: str) -> dict[str, CancelState]:
        """Cancel batches; how it went for each in the end."""
        return {outcome.batch_id: outcome.state async for outcome in self.cockpit.canceller.cancel(batch_ids)}


@asynccontextmanager
async def a_run(
    folder: Path,
    service: FakeService,
    *,
    offset: float = 0.0,
    time: VirtualTime | None = None,
    has_many_sleepers: bool = False,
) -> AsyncIterator[Run]:
    """The program from its start to its end.

    Args:
        folder: Its disk.
        service: Its account.
        offset: How far the local clock is ahead of the server's.
        time: A clock of the test's own.
        has_many_sleepers: True when several parts sleep at once: the clock then moves only in ``time.run``.
    """
    moving = time or VirtualTime(float(NOON))
    service._clock = moving.clock
    cockpit = Cockpit(
        settings_in(folder),
        service,
        clock=lambda: moving.now + offset,
        monotonic=moving.clock,
        sleep=moving.sleep if has_many_sleepers else moving.sleep_alone,
    )
    run = Run(cockpit, moving, cockpit.ticks(), await cockpit.start())
    try:
        yield run
    finally:
        await run.ticks.aclose()
        cockpit.begin_close()
        await cockpit.aclose()
