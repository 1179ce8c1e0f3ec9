from __future__ import annotations

import time
from pathlib import Path

import pytest

from batch_tui.engine.cockpit import Cockpit
from batch_tui.ui.app import BatchTuiApp
from tests.support.batches import NOON, a_batch, many
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


async def asked(running: Stage) -> str:
    """What is said after the user asked the service."""
    await running.pilot.press("r")
    await running.until(lambda: "Asking the service" not in running.said())
    await running.settle()
    return running.said()


async def test_the_users_question_is_always_answered_and_brings_clock_and_ages_up_to_date(tmp_path: Path) -> None:
    now = [float(NOON)]
    service = FakeService(a_batch("one", total=9, created=NOON - 5, completed=1))
    service._clock = lambda: now[0]
    cockpit = Cockpit(settings_in(tmp_path), service, clock=lambda: now[0], sleep=until_asked)
    app = BatchTuiApp(cockpit, workspace=tmp_path, clock=lambda: now[0])
    async with app.run_test(size=(120, 36)) as pilot:
        running = Stage(app, pilot, service, tmp_path)
        await running.until(lambda: bool(app.header.facts.as_of))
        now[0] += 400
        told = time.strftime("%H:%M", time.localtime(now[0]))
        assert f"Asked at {told}: nothing new." in await asked(running)
        assert app.header.facts.as_of == told
        assert " 0h06m " in running.row("one")
        service.put(a_batch("one", total=9, created=NOON - 5, completed=3))
        assert ": 1 batch changed." in await asked(running)
        service.go_down(unreachable())
        for _ in range(2):
            assert "Cannot reach fake.invalid." in await asked(running)
        service.come_back()
        assert "Live again." in await asked(running)
    await cockpit.aclose()


async def test_while_the_service_is_away_the_age_and_the_next_try_are_told_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batch_tui.ui.controllers.monitor_feed._AWAY_STEP", 0.01)
    now = [float(NOON)]
    service = FakeService(*many(3))
    cockpit = Cockpit(settings_in(tmp_path), service, clock=lambda: now[0], sleep=until_asked)
    app = BatchTuiApp(cockpit, workspace=tmp_path, clock=lambda: now[0])
    async with app.run_test(size=(120, 36)) as pilot:
        running = Stage(app, pilot, service, tmp_path)
        await running.until(lambda: app.header.facts.condition.startswith("live"))
        live, counted = app.header.facts.condition, app.header.facts
        service.go_down(unreachable())
        now[0] += 16
        assert app.header.facts is counted, f"{live} moves with a poll only"
        cockpit.monitor.refresh()
        await running.until(lambda: app.header.facts.condition == "stale 16s · offline, retry 1m00s")
        now[0] += 27
        await running.until(lambda: app.header.facts.condition == "stale 43s · offline, retry 33s")
        asked_for = service.count("list_batches")
        now[0] += 60
        await running.until(lambda: app.header.facts.condition == "stale 1m · offline, retry 1s")
        assert service.count("list_batches") == asked_for
    await cockpit.aclose()
