from __future__ import annotations

from pathlib import Path

from batch_tui.engine.cockpit import Cockpit
from batch_tui.ui.app import BatchTuiApp
from tests.support.batches import NOON, many
from tests.support.fake_service import FakeService, unreachable
from tests.support.screen import Stage, settings_in, stage, until_asked


async def test_a_restart_shows_the_last_known_batches_with_their_age_before_anybody_was_asked(
    tmp_path: Path,
) -> None:
    service = FakeService(*many(30))
    async with stage(tmp_path, service):
        pass
    later = float(NOON) + 3 * 3600

    def clock() -> float:
        return later

    async def dark(_seconds: float) -> None:
        await until_asked(0)

    silent = FakeService(*many(30))
    silent.go_down(unreachable())
    cockpit = Cockpit(settings_in(tmp_path), silent, clock=clock, sleep=dark)
    cockpit.memory.restore()
    app = BatchTuiApp(cockpit, workspace=tmp_path, clock=clock)
    async with app.run_test(size=(120, 36)) as pilot:
        running = Stage(app, pilot, silent, tmp_path)
        assert app.deck.batches.table.row_ids[:2] == ("b00000", "b00001")
        await running.until(lambda: "offline" in app.header.facts.condition)
        assert app.header.facts.condition.startswith("stale 3h")
        assert "b00000" in running.row("b00000")
    await cockpit.aclose()
