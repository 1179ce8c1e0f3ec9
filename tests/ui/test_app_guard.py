from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from batch_tui.domain.guard import GuardRules, Rule
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.cockpit import Cockpit
from batch_tui.ui.app import BatchTuiApp
from batch_tui.ui.panes.facts import FactsView
from batch_tui.ui.text.cells import cell_text
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService
from tests.support.screen import Stage, settings_in, until_asked

ACTING = GuardRules(cancel_on=frozenset({Rule.FAILURES}), countdown_seconds=60.0)


@asynccontextmanager
async def guarded(
    folder: Path, service: FakeService, rules: GuardRules
) -> AsyncIterator[tuple[Stage, list[float]]]:
    """The app with these rules, on a clock that the test moves."""
    clock = [float(NOON)]
    settings = replace(settings_in(folder), guard=rules)
    cockpit = Cockpit(settings, service, clock=lambda: clock[0], sleep=until_asked)
    app = BatchTuiApp(cockpit, workspace=folder, clock=lambda: clock[0])
    app.attention.guard_alarm._sleep = until_asked
    async with app.run_test(size=(120, 36)) as pilot:
        running = Stage(app, pilot, service, folder)
        app.cockpit.monitor.refresh()
        await running.until_seen(lambda: bool(app.header.facts.as_of))
        yield running, clock
    await cockpit.aclose()


def an_account() -> FakeService:
    return FakeService(
        a_batch("bad", total=1000, completed=50, failed=150, created=NOON - 900),
        a_batch("newest", total=1000, completed=500, created=NOON - 10),
    )


def overview_alarm(running: Stage) -> str:
    """What Inspect says about the guard's rules."""
    lines = map(cell_text, running.app.deck.inspect.query_one(FactsView).lines)
    return next((text.removeprefix("alarm").strip() for text in lines if text.startswith("alarm")), "")


async def test_a_runaway_batch_stands_marked_on_top_with_its_numbers_and_nothing_is_cancelled(
    tmp_path: Path,
) -> None:
    service = an_account()
    async with guarded(tmp_path, service, GuardRules()) as (running, _):
        assert running.app.deck.batches.table.row_ids == ("bad", "newest")
        assert "!! bad" in running.row("bad")
        assert "!!" not in running.row("newest")
        assert "150 of 200 requests failed (75%, limit 20%)" in running.said()
        assert [event.kind for event in running.app.cockpit.events.recent("bad")] == ["guard"]
        await running.pilot.press("g")
        await running.until_seen(lambda: overview_alarm(running) == "150 of 200 requests failed (75%, limit 20%)")
    assert service.count("cancel_batch") == 0


async def test_a_countdown_that_nobody_stops_cancels_the_batch_and_says_why(tmp_path: Path) -> None:
    service = an_account()
    async with guarded(tmp_path, service, ACTING) as (running, clock):
        assert "Cancelling bad in 1m" in running.said()
        assert "Any key stops it." in running.said()
        assert service.count("cancel_batch") == 0
        clock[0] += 61
        assert not running.app.attention.guard_alarm.turn()
        await running.until_seen(lambda: service.count("cancel_batch") > 0)
        assert service.count("cancel_batch") == 1
        said = [event.text for event in running.app.cockpit.events.recent("bad") if event.kind == "guard"]
        assert "; to be cancelled in " in said[0]
        assert said[-1].startswith("cancelled by the guard: 150 of 200")
        service.finish("bad", BatchStatus.CANCELLED)
        running.app.cockpit.monitor.refresh()
        await running.until_seen(
            lambda: "The guard cancelled bad (cancelled now): 150 of 200" in running.said()
        )  # settling would wait for the confirmation


async def test_any_key_stops_the_countdown_and_does_nothing_else(tmp_path: Path) -> None:
    service = an_account()
    async with guarded(tmp_path, service, ACTING) as (running, clock):
        cursor = running.app.deck.batches.table.cursor_id
        await running.pilot.press("k")
        assert running.app.deck.batches.table.cursor_id == cursor
        assert "Stopped: the guard leaves bad alone" in running.said()
        clock[0] += 61
        assert not running.app.attention.guard_alarm.turn()
        await running.pilot.press("k")
        assert running.app.deck.batches.table.cursor_id != cursor
    assert service.count("cancel_batch") == 0


async def test_a_batch_that_is_left_alone_is_left_alone_after_a_restart_too(tmp_path: Path) -> None:
    service = an_account()
    async with guarded(tmp_path, service, ACTING) as (running, _):
        await running.pilot.press("k")
        assert "Stopped: the guard leaves bad alone" in running.said()
    async with guarded(tmp_path, service, ACTING) as (running, _):
        assert "!! bad" in running.row("bad")
        assert "limit 20%); left alone: its countdown was stopped" in running.said()
        assert running.app.cockpit.patrol.guard.countdowns == ()


async def test_an_alarm_that_is_over_gives_the_row_its_place_back(tmp_path: Path) -> None:
    service = an_account()
    async with guarded(tmp_path, service, GuardRules()) as (running, _):
        service.put(
            a_batch("bad", status=BatchStatus.CANCELLED, total=1000, completed=50, failed=150, created=NOON - 900)
        )
        running.app.cockpit.monitor.refresh()
        await running.until_seen(lambda: running.app.deck.batches.table.row_ids[0] == "newest")
        assert running.app.deck.batches.table.row_ids == ("newest", "bad")
        assert overview_alarm(running) == ""


async def test_an_alarm_that_comes_without_a_change_is_shown_in_inspect_too(tmp_path: Path) -> None:
    service = FakeService(a_batch("still", total=1000, completed=500, created=NOON - 10))
    async with guarded(tmp_path, service, GuardRules()) as (running, clock):
        service._clock = lambda: clock[0]
        assert overview_alarm(running) == ""
        clock[0] += 1900
        running.app.cockpit.monitor.refresh()
        await running.until_seen(lambda: overview_alarm(running).startswith("not moving for 31m"))


def overview_rate(running: Stage) -> str:
    """What Inspect says about how the batch moves."""
    lines = map(cell_text, running.app.deck.inspect.query_one(FactsView).lines)
    return next(text.removeprefix("rate").strip() for text in lines if text.startswith("rate"))


async def polled(running: Stage, clock: list[float], seconds: float) -> None:
    """So much later the service is asked, and has said what it knew."""
    clock[0] += seconds
    asked = running.service.count("list_batches")
    running.app.cockpit.monitor.refresh()
    await running.until_seen(lambda: running.service.count("list_batches") > asked)
    await running.settle()


async def test_a_batch_that_stops_moving_is_told_so_in_inspect_and_no_end_is_promised_beside_the_alarm(
    tmp_path: Path,
) -> None:
    service = FakeService(a_batch("odd", total=10, created=NOON - 10))
    async with guarded(tmp_path, service, GuardRules(no_progress_seconds=30.0)) as (running, clock):
        service._clock = lambda: clock[0]
        service.put(a_batch("odd", total=10, completed=8, created=NOON - 10))
        await polled(running, clock, 5)
        assert "eta ~1s" in overview_rate(running)
        await polled(running, clock, 15)
        assert "24/min" in overview_rate(running), "8 in 20 s: the longer it stands, the slower it is"
        assert "eta ~5s" in overview_rate(running)
        await polled(running, clock, 15)
        assert overview_alarm(running).startswith("not moving for 30s at 8 of 10")
        assert overview_rate(running).startswith("0.0/min")
        assert overview_rate(running).endswith("not moving for 30s")
        assert "45s" in running.row("odd"), "its age comes along"
        await polled(running, clock, 60)
        assert overview_alarm(running).startswith("not moving for 1m30s")
        assert overview_rate(running).endswith("not moving for 1m30s")
        assert " 0h01m " in running.row("odd")


async def test_a_batch_that_never_moved_is_told_so_once(tmp_path: Path) -> None:
    service = FakeService(a_batch("still", total=10, created=NOON - 10))
    async with guarded(tmp_path, service, GuardRules(no_progress_seconds=None)) as (running, clock):
        service._clock = lambda: clock[0]
        await polled(running, clock, 110)
        assert "not moving" not in overview_rate(running)
        await polled(running, clock, 15)
        told = overview_rate(running)
        assert "not moving since " in told
        drawn = running.app.deck.inspect.query_one(FactsView).lines
        for _ in range(4):
            await polled(running, clock, 60)
        assert running.app.deck.inspect.query_one(FactsView).lines is drawn


def has_ended(running: Stage, batch_id: str) -> bool:
    batch = running.app.deck.batch_of(batch_id)
    return batch is not None and batch.is_terminal


async def test_the_bell_rings_when_no_key_came_for_a_minute_where_the_terminal_tells_no_focus(
    tmp_path: Path,
) -> None:
    service = an_account()
    async with guarded(tmp_path, service, GuardRules(failure_percent=None)) as (running, clock):
        written: list[str] = []
        running.app.attention._notifier._write = written.append
        for batch_id, seconds, rings in (("bad", 30.0, 0), ("newest", 61.0, 1)):
            clock[0] += seconds
            service.finish(batch_id)
            running.app.cockpit.monitor.refresh()
            await running.until_seen(partial(has_ended, running, batch_id))
            await running.settle()
            assert written.count("\x07") == rings


async def test_the_bell_rings_for_a_batch_that_came_and_ended_between_two_looks(tmp_path: Path) -> None:
    async with guarded(tmp_path, an_account(), GuardRules(failure_percent=None)) as (running, clock):
        written: list[str] = []
        running.app.attention._notifier._write = written.append
        began = int(clock[0])
        clock[0] += 61
        late = a_batch("old", BatchStatus.COMPLETED, completed=9, created=began - 600, ended=began - 1)
        quick = a_batch("quick", BatchStatus.COMPLETED, completed=9, created=began + 1, ended=began + 9)
        for batch, rings in ((late, 0), (quick, 1), (quick, 1)):
            running.service.put(batch)
            running.app.cockpit.monitor.refresh()
            await running.until_seen(partial(has_ended, running, batch.id))
            await running.settle()
            assert written.count("\x07") == rings
