"""The screen over a service in memory: what the tests of the panes and the app start from."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from msgspec import structs
from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from batch_tui.domain.limits import OPENAI_LIMITS, Limits
from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.configuration.paths import Paths
from batch_tui.engine.configuration.settings import Profile, Settings
from batch_tui.ui.app import BatchTuiApp
from batch_tui.ui.controllers.background import LASTING
from batch_tui.ui.session import SessionState
from batch_tui.ui.widgets.dock import Dock
from batch_tui.ui.widgets.lines import LineWidget
from tests.support.batches import NOON
from tests.support.fake_service import FakeService

KEY = "sk-test-not-a-real-key"
PATIENCE = 30.0
"""Seconds after which nothing more is expected, on a machine that is busy."""


async def until_asked(_seconds: float) -> None:
    """A sleep that never ends by itself: nothing is polled unless a test asks for it."""
    await asyncio.Event().wait()


@dataclass
class Stage:
    """A running app with what is behind it."""

    app: BatchTuiApp
    pilot: Pilot[int]
    service: FakeService
    workspace: Path

    async def press(self, *keys: str) -> None:
        """Press keys and let everything settle."""
        await self.pilot.press(*keys)
        await self.settle()

    async def settle(self) -> None:
        """Wait until messages and finite workers are through."""
        for _ in range(3):
            await self.pilot.pause()
            workers = [w for w in self.app.workers if w.name not in LASTING and not w.is_finished]
            for worker in workers:
                with suppress(WorkerCancelled):  # a newer one took its place
                    await worker.wait()
        await self.pilot.pause()

    async def poll(self) -> None:
        """Ask the service now, and show what it says."""
        self.app.cockpit.monitor.refresh()
        await self.until(lambda: True)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Let everything settle until something holds; a busy machine has half a minute for it."""
        deadline = time.monotonic() + PATIENCE
        while True:
            await self.settle()
            if holds():
                return
            if time.monotonic() > deadline:
                raise AssertionError("it never came true")
            await self.pilot.pause(0.005)

    async def until_seen(self, holds: Callable[[], bool]) -> None:
        """The same without settling: for what holds while work that does not end yet goes on."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, "it never came true"
            await self.pilot.pause()

    def said(self) -> str:
        """The docked line as it stands on the screen."""
        return self.line_of(self.app.query_one(Dock))

    def line_of(self, widget: LineWidget, y: int = 0) -> str:
        """One drawn line, as text."""
        return widget.render_line(y).text.rstrip()

    def row(self, batch_id: str) -> str:
        """A batch's row as it would be drawn."""
        table = self.app.deck.batches.table
        return self.line_of(table, 1 + table.row_ids.index(batch_id))


def settings_in(folder: Path, *, is_read_only: bool = False) -> Settings:
    """Settings with every place under one folder."""
    profile = Profile("test", "https://fake.invalid/v1", KEY, read_only=is_read_only)
    paths = Paths(folder / "config.toml", folder / "state", folder / "cache")
    return Settings(profile, paths)


@asynccontextmanager
async def stage(
    folder: Path,
    service: FakeService,
    *,
    size: tuple[int, int] = (120, 36),
    session: SessionState | None = None,
    is_read_only: bool = False,
    is_ascii: bool = False,
    theme: str | None = None,
    keymap: Mapping[str, str] | None = None,
    columns: tuple[str, ...] = (),
    confirm_above: Decimal | None = None,
    limits: Limits = OPENAI_LIMITS,
) -> AsyncIterator[Stage]:
    """The app on a service, its first poll shown."""
    workspace = folder / "workspace"
    workspace.mkdir(exist_ok=True)
    settings = structs.replace(settings_in(folder, is_read_only=is_read_only), theme=theme, keymap=keymap or {})
    profile = replace(settings.profile, confirm_above=confirm_above, limits=limits)
    settings = structs.replace(settings, columns=columns, profile=profile)
    cockpit = Cockpit(settings, service, clock=lambda: float(NOON), sleep=until_asked)
    cockpit.memory.restore()
    app = BatchTuiApp(cockpit, workspace=workspace, session=session, is_ascii=is_ascii, clock=lambda: float(NOON))
    app.deck.rest = 0.0
    async with app.run_test(size=size) as pilot:
        running = Stage(app, pilot, service, workspace)
        await running.until(lambda: service.count("list_batches") > 0 and bool(app.header.facts.as_of))
        yield running
    await cockpit.aclose()
