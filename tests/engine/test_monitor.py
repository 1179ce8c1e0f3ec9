from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from batch_tui.domain.batch import BatchPage
from batch_tui.domain.errors import Effect, NotTheApiError, ServiceError, UnsupportedError
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.gate import RateGate
from batch_tui.engine.monitoring.monitor import Condition, Monitor, Tick
from batch_tui.engine.monitoring.store import NO_CHANGES, BatchStore, Changes
from tests.support.batches import NOON, a_batch, many
from tests.support.fake_service import (
    FakeService,
    forbidden,
    rate_limited,
    server_fault,
    unauthorized,
    unreachable,
)


class Stage:
    """A monitor on a clock that jumps to whatever it sleeps for."""

    def __init__(self, service: FakeService | None = None) -> None:
        self.now = float(NOON)
        self.slept: list[float] = []
        self.service = service if service is not None else FakeService()
        self.service._clock = self.clock
        self.store = BatchStore()
        self.gate = RateGate(clock=self.clock, sleep=self.sleep)
        self.monitor = Monitor(self.service, self.store, self.gate, clock=self.clock, sleep=self.sleep)
        self.ticks: AsyncIterator[Tick] = self.monitor.ticks()

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    async def next(self) -> Tick:
        return await anext(self.ticks)

    async def take(self, count: int) -> list[Tick]:
        return [await self.next() for _ in range(count)]

    async def waits(self, count: int) -> list[float]:
        return [tick.wait for tick in await self.take(count)]

    async def while_waiting(self) -> asyncio.Future[Tick]:
        """The next tick, begun: the monitor rests and nothing wakes it by itself."""
        coming = asyncio.ensure_future(anext(self.ticks))
        for _ in range(10):
            await asyncio.sleep(0)
        return coming

    @property
    def lists(self) -> int:
        return self.service.count("list_batches")


async def test_the_first_tick_brings_the_first_page() -> None:
    stage = Stage(FakeService(*many(3)))
    tick = await stage.next()
    assert tick.changes == Changes(added=("b00000", "b00001", "b00002"))
    assert (tick.condition, tick.message, tick.at) == (Condition.LIVE, "", NOON)
    assert tick.wait == 15.0
    assert stage.monitor.is_complete


async def test_further_pages_come_one_by_one_in_the_background() -> None:
    stage = Stage(FakeService(*many(350)))
    ticks = await stage.take(4)
    assert [len(tick.changes.added) for tick in ticks] == [100, 100, 100, 50]
    assert [tick.condition for tick in ticks] == [Condition.LOADING] * 3 + [Condition.LIVE]
    assert [tick.wait for tick in ticks][:3] == [0.0, 0.0, 0.0]
    assert ticks[1].message == "Listing older batches, 200 so far."
    assert stage.slept == []
    assert stage.service.most_at_once == 1
    assert stage.monitor.is_complete


async def test_afterwards_a_refresh_is_one_list_call() -> None:
    stage = Stage(FakeService(*many(350)))
    await stage.take(4)
    before = len(stage.service.ledger)
    await stage.take(3)
    assert len(stage.service.ledger) - before == 3
    assert stage.service.arguments("list_batches")[-3:] == ["", "", ""]


async def test_a_refresh_does_not_wait_for_ten_thousand_older_batches() -> None:
    stage = Stage(FakeService(*many(1000)))
    await stage.take(3)
    stage.now += 20
    tick = await stage.next()
    assert stage.service.arguments("list_batches")[-1] == ""
    assert tick.condition is Condition.LOADING
    ticks = await stage.take(7)
    assert [len(tick.changes.added) for tick in ticks] == [100] * 7
    assert ticks[-1].condition is Condition.LIVE


async def test_with_nothing_active_the_pace_slows_to_a_minute() -> None:
    stage = Stage(FakeService(*many(3)))
    assert await stage.waits(6) == [15.0, 22.5, 33.75, 50.625, 60.0, 60.0]


async def test_active_batches_that_stand_still_are_looked_at_twice_a_minute() -> None:
    stage = Stage(FakeService(a_batch()))
    assert await stage.waits(4) == [15.0, 22.5, 30.0, 30.0]


async def test_movement_makes_it_faster_and_stillness_slower() -> None:
    stage = Stage(FakeService(a_batch()))
    await stage.next()
    stage.service.put(a_batch(completed=10))
    assert await stage.waits(2) == [5.0, 7.5]
    stage.service.put(a_batch(status=BatchStatus.FINALIZING, completed=100))
    assert (await stage.next()).wait == 2.0


async def test_a_batch_that_is_being_validated_is_watched_closely_from_the_start() -> None:
    stage = Stage(FakeService(a_batch(status=BatchStatus.VALIDATING)))
    assert (await stage.next()).wait == 5.0


async def test_an_outage_is_asked_about_once_a_minute_and_keeps_the_rows() -> None:
    stage = Stage(FakeService(*many(2)))
    await stage.next()
    stage.service.go_down(unreachable())
    ticks = await stage.take(3)
    assert [tick.wait for tick in ticks] == [60.0, 60.0, 60.0]
    assert {tick.condition for tick in ticks} == {Condition.OFFLINE}
    assert ticks[0].message == "Cannot reach fake.invalid."
    assert {tick.at for tick in ticks} == {NOON}
    assert len(stage.store) == 2
    stage.service.come_back()
    assert (await stage.next()).condition is Condition.LIVE
    stage.service.go_down(server_fault())
    assert (await stage.next()).wait == 60.0


async def test_a_long_outage_costs_one_call_a_minute() -> None:
    stage = Stage()
    stage.service.go_down(unreachable())
    while stage.now < NOON + 200:
        await stage.next()
    before, since = stage.lists, stage.now
    while stage.now < since + 599:  # the slices it sleeps in add up to a minute but for the last bit
        await stage.next()
    assert stage.lists - before == 10


async def test_asking_during_an_outage_asks_at_once() -> None:
    stage = Stage(FakeService(*many(2)))
    stage.service.go_down(unreachable())
    await stage.take(7)
    stage.service.come_back()
    at = stage.now
    stage.monitor.refresh()
    assert (await stage.next()).condition is Condition.LIVE
    assert stage.now == at


async def test_what_cannot_get_better_soon_is_tried_once_a_minute() -> None:
    stage = Stage()
    stage.service.go_down(unreachable(is_permanent=True))
    assert await stage.waits(2) == [60.0, 60.0]


@pytest.mark.parametrize(
    ("error", "condition"),
    [
        (unauthorized(), Condition.UNAUTHORIZED),
        (forbidden(), Condition.DENIED),
        (UnsupportedError("No batches here.", effect=Effect.NONE, status=404), Condition.DENIED),
    ],
)
async def test_a_refused_key_or_feature_stops_the_polling_until_asked(
    error: ServiceError,
    condition: Condition,
) -> None:
    stage = Stage(FakeService(*many(2)))
    stage.service.fail_next("list_batches", error)
    tick = await stage.next()
    assert (tick.condition, tick.message, tick.wait) == (condition, str(error), math.inf)
    coming = await stage.while_waiting()
    assert not coming.done()
    assert stage.lists == 1
    stage.monitor.refresh()
    assert (await coming).condition is Condition.LIVE


@pytest.mark.parametrize("seconds", [3.0, 130.0, 86_400.0])
async def test_a_pause_of_any_length_is_kept(seconds: float) -> None:
    stage = Stage(FakeService(*many(1)))
    stage.service.fail_next("list_batches", rate_limited(seconds))
    tick = await stage.next()
    assert (tick.condition, tick.wait) == (Condition.LIMITED, seconds)
    assert (await stage.next()).condition is Condition.LIVE
    first, second = (call.at for call in stage.service.ledger)
    assert second - first >= seconds


async def test_a_pause_somebody_else_was_told_holds_the_poll_too() -> None:
    stage = Stage(FakeService(*many(1)))
    await stage.next()
    stage.gate.note_limit(40.0)
    stage.monitor.refresh()
    tick = await stage.next()
    assert (tick.condition, tick.wait) == (Condition.LIMITED, 40.0)
    assert stage.lists == 1
    assert (await stage.next()).condition is Condition.LIVE


async def test_a_paused_monitor_asks_only_when_told() -> None:
    stage = Stage(FakeService(a_batch()))
    await stage.next()
    stage.monitor.pause()
    assert stage.monitor.is_paused
    tick = await stage.next()
    assert (tick.condition, tick.wait) == (Condition.PAUSED, math.inf)
    coming = await stage.while_waiting()
    stage.service.put(a_batch(completed=1))
    stage.monitor.refresh()
    once = await coming
    assert (once.condition, once.changes) == (Condition.PAUSED, Changes(updated=("batch_1",)))
    coming = await stage.while_waiting()
    assert not coming.done()
    stage.monitor.resume()
    assert (await coming).condition is Condition.LIVE


async def test_a_pause_before_the_list_is_whole_stops_the_older_pages_too() -> None:
    stage = Stage(FakeService(*many(300)))
    await stage.next()
    stage.monitor.pause()
    await stage.next()
    coming = await stage.while_waiting()
    assert not coming.done()
    assert stage.lists == 1
    stage.monitor.resume()
    await coming
    await stage.take(2)
    assert len(stage.store) == 300


async def test_a_jump_of_the_wall_clock_refreshes_at_once() -> None:
    stage = Stage(FakeService(*many(1)))
    await stage.waits(4)
    plain_sleep = stage.sleep

    async def suspended(seconds: float) -> None:
        await plain_sleep(seconds)
        stage.now += 3600

    stage.monitor._sleep = suspended
    stage.slept.clear()
    tick = await stage.next()
    assert stage.slept == [5.0]
    assert (tick.condition, tick.wait) == (Condition.LIVE, 7.5)


async def test_a_clock_set_back_does_not_stop_the_polling() -> None:
    stage = Stage(FakeService(*many(1)))
    await stage.next()
    stage.now -= 3 * 3600
    before = stage.now
    tick = await stage.next()
    assert stage.now - before <= 15.0
    assert tick.condition is Condition.LIVE


async def test_changes_by_an_action_are_told_at_once_without_a_call() -> None:
    stage = Stage(FakeService(*many(1)))
    await stage.next()
    stage.monitor.announce(stage.store.apply([a_batch("new")]))
    tick = await stage.next()
    assert tick.changes == Changes(added=("new",))
    assert stage.lists == 1
    stage.monitor.announce(NO_CHANGES)
    assert (await stage.next()).changes == NO_CHANGES
    assert stage.lists == 2


async def test_an_active_batch_that_left_the_first_page_is_asked_for_by_id() -> None:
    old = a_batch("old", created=NOON - 10**6)
    stage = Stage(FakeService(*many(500), old))
    await stage.take(6)
    stage.service.put(replace(old, status=BatchStatus.COMPLETED))
    tick = await stage.next()
    assert tick.changes == Changes(updated=("old",))
    assert stage.service.arguments("retrieve_batch") == ["old"]


async def test_many_active_batches_are_found_by_listing_on() -> None:
    stage = Stage(FakeService(*many(300, BatchStatus.IN_PROGRESS)))
    await stage.take(3)
    before = stage.lists
    stage.service.put(replace(stage.service.batches["b00299"], model="moved"))
    tick = await stage.next()
    assert tick.changes == Changes(updated=("b00299",))
    assert stage.lists - before == 3
    assert stage.service.count("retrieve_batch") == 0


async def test_far_active_batches_are_asked_for_in_turn() -> None:
    zombies = [a_batch(f"z{n:02d}", created=NOON - 10**7 - n) for n in range(25)]
    stage = Stage(FakeService(*many(4000), *zombies))
    while not stage.monitor.is_complete:
        await stage.next()
    for _ in range(3):
        await stage.next()
    asked = stage.service.arguments("retrieve_batch")
    assert len(asked) == 30
    assert set(asked) == {zombie.id for zombie in zombies}


async def test_an_active_batch_the_service_denies_is_gone_after_its_grace() -> None:
    stage = Stage(FakeService(a_batch("young", created=NOON - 1), a_batch("old", created=NOON - 100)))
    await stage.next()
    stage.service.remove("young")
    stage.service.remove("old")
    assert (await stage.next()).changes == Changes(updated=("old",))
    assert stage.store.is_gone("old")
    assert not stage.store.is_gone("young")
    await stage.take(7)
    assert stage.store.is_gone("young")


async def test_a_batch_that_ended_without_its_files_is_asked_once_more() -> None:
    stage = Stage(FakeService(a_batch()))
    await stage.next()
    stage.service.put(a_batch(status=BatchStatus.COMPLETED, completed=100))
    assert (await stage.next()).wait == 5.0
    assert stage.service.count("retrieve_batch") == 0
    stage.service.answer_next(
        "retrieve_batch",
        a_batch(status=BatchStatus.COMPLETED, completed=100, output="out"),
    )
    assert (await stage.next()).changes == Changes(updated=("batch_1",))
    await stage.take(3)
    assert stage.service.count("retrieve_batch") == 1
    known = stage.store.get("batch_1")
    assert known is not None
    assert known.output_file_id == "out"


async def test_old_ended_batches_without_files_are_left_alone() -> None:
    stage = Stage(FakeService(a_batch(status=BatchStatus.CANCELLED), a_batch("f", BatchStatus.FAILED)))
    await stage.take(3)
    assert stage.service.count("retrieve_batch") == 0


async def test_a_cache_of_the_whole_list_saves_listing_it_again() -> None:
    stage = Stage(FakeService(*many(1000)))
    stage.store.apply(many(1000)[1:])
    stage.monitor.start_from(at=NOON - 60, is_complete=True)
    tick = await stage.next()
    assert (tick.condition, tick.changes) == (Condition.LIVE, Changes(added=("b00000",)))
    await stage.take(2)
    assert stage.lists == 3


async def test_a_gap_between_cache_and_first_page_is_closed() -> None:
    stage = Stage(FakeService(*many(400)))
    stage.store.apply(many(400)[250:])
    stage.monitor.start_from(at=NOON - 60, is_complete=True)
    assert len((await stage.next()).changes.added) == 250
    assert stage.lists == 3


async def test_a_batch_of_our_own_does_not_hide_the_gap_behind_it() -> None:
    stage = Stage(FakeService(*many(400)))
    stage.store.apply([*many(1), *many(400)[250:]])
    stage.monitor.start_from(at=NOON - 60, is_complete=True)
    assert len((await stage.next()).changes.added) == 249


async def test_an_account_that_was_empty_is_listed_whole() -> None:
    stage = Stage(FakeService())
    await stage.next()
    stage.service.put(*many(250))
    assert len((await stage.next()).changes.added) == 250


async def test_a_gap_too_wide_for_a_refresh_starts_the_listing_over() -> None:
    stage = Stage(FakeService(*many(1500)))
    stage.store.apply(many(1500)[1400:])
    stage.monitor.start_from(at=NOON - 60, is_complete=True)
    assert (await stage.next()).condition is Condition.LOADING
    while not stage.monitor.is_complete:
        await stage.next()
    assert len(stage.store) == 1500


async def test_a_failure_among_the_older_pages_goes_on_where_it_stopped() -> None:
    stage = Stage(FakeService(*many(300)))
    await stage.next()
    stage.service.fail_next("list_batches", server_fault())
    assert (await stage.next()).condition is Condition.OFFLINE
    ticks = await stage.take(3)
    assert [tick.condition for tick in ticks] == [Condition.LOADING, Condition.LOADING, Condition.LIVE]
    assert stage.service.arguments("list_batches") == ["", "b00099", "", "b00099", "b00199"]


async def test_older_pages_that_always_fail_are_given_up_and_said_so() -> None:
    stage = Stage(FakeService(*many(300)))
    await stage.next()
    for _ in range(3):
        stage.service.fail_next("list_batches", server_fault(), None)
    ticks = await stage.take(8)
    assert ticks[-1].condition is Condition.LIVE
    assert ticks[-1].message == "The list may be incomplete: the service broke it off."
    assert not stage.monitor.is_complete


async def test_a_list_that_breaks_off_is_said_to_be_incomplete() -> None:
    stage = Stage()
    stage.service.answer_next("list_batches", BatchPage((a_batch("a"),), has_more=True, last_id="a"))
    stage.service.answer_next("list_batches", BatchPage((), has_more=True, last_id=None))
    ticks = await stage.take(2)
    assert ticks[1].message == "The list may be incomplete: the service broke it off."


async def test_a_list_that_broke_off_is_begun_anew_when_somebody_asks_and_a_whole_one_is_not() -> None:
    stage = Stage(FakeService(*many(250)))
    stage.service.answer_next("list_batches", BatchPage(many(100), has_more=True, last_id=None))
    stage.service.answer_next("list_batches", BatchPage((), has_more=True, last_id=None))
    tick = (await stage.take(2))[-1]
    assert tick.message == "The list may be incomplete: the service broke it off."
    stage.monitor.refresh()
    assert [tick.condition for tick in await stage.take(3)] == [
        Condition.LOADING,
        Condition.LOADING,
        Condition.LIVE,
    ]
    assert len(stage.store) == 250
    assert stage.monitor.is_complete
    stage.monitor.refresh()
    await stage.next()
    assert stage.service.arguments("list_batches") == ["", "b00099", "", "b00099", "b00199", ""]


async def test_what_came_before_a_failure_in_the_same_refresh_is_told() -> None:
    stage = Stage(FakeService(*many(500), a_batch("old", created=NOON - 10**6)))
    await stage.take(6)
    stage.service.put(replace(stage.service.batches["b00003"], model="moved"))
    stage.service.fail_next("retrieve_batch", server_fault())
    tick = await stage.next()
    assert (tick.condition, tick.changes) == (Condition.OFFLINE, Changes(updated=("b00003",)))


async def test_a_portals_page_is_an_outage_and_makes_no_row() -> None:
    stage = Stage()
    stage.service.fail_next("list_batches", NotTheApiError("Not the API: HTML from wifi.invalid."))
    tick = await stage.next()
    assert (tick.condition, tick.changes) == (Condition.OFFLINE, NO_CHANGES)


async def test_a_slow_consumer_finds_the_next_refresh_due_at_once() -> None:
    stage = Stage(FakeService(a_batch()))
    await stage.next()
    stage.now += 600
    await stage.next()
    assert stage.slept == []
    assert stage.lists == 2


async def test_a_cancelled_iterator_leaves_a_monitor_that_goes_on() -> None:
    stage = Stage(FakeService(*many(2)))
    held = stage.service.hold("list_batches")
    coming = await stage.while_waiting()
    coming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await coming
    held.set()
    stage.ticks = stage.monitor.ticks()
    assert len((await stage.next()).changes.added) == 2


async def test_a_cancelled_rest_leaves_no_sleeper_behind() -> None:
    stage = Stage(FakeService(*many(2)))
    await stage.next()
    stage.monitor._sleep = asyncio.sleep
    before = asyncio.all_tasks()
    coming = await stage.while_waiting()
    coming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await coming
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_a_refresh_asked_for_while_one_runs_is_not_lost() -> None:
    stage = Stage(FakeService(*many(2)))
    held = stage.service.hold("list_batches")
    coming = await stage.while_waiting()
    stage.monitor.refresh()
    held.set()
    await coming
    await stage.next()
    assert (stage.lists, stage.slept) == (2, [])


async def test_the_servers_clock_is_learned_from_the_list() -> None:
    stage = Stage(FakeService(*many(1)))
    stage.service._clock = lambda: stage.now + 3 * 3600
    await stage.next()
    assert stage.store.server_offset == 3 * 3600
