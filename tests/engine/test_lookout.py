"""The end of an outage is noticed within seconds, and the list asked for no more than once a minute till then."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass

import pytest

from batch_tui.domain.errors import Effect, NotTheApiError, ServiceError, UnreachableError
from batch_tui.engine.gate import RateGate
from batch_tui.engine.monitoring.monitor import Condition, Monitor, Tick
from batch_tui.engine.monitoring.store import BatchStore
from tests.support.batches import NOON, many
from tests.support.fake_service import FakeService, rate_limited, server_fault, unreachable
from tests.support.virtual_time import VirtualTime

OUTAGES: dict[str, ServiceError] = {
    "connection_refused": UnreachableError("fake.invalid:443 refused the connection.", effect=Effect.NONE),
    "no_name": UnreachableError("Cannot resolve fake.invalid.", effect=Effect.NONE),
    "black_hole": UnreachableError("No connection to fake.invalid within 5 s.", effect=Effect.NONE),
    "503": server_fault(503),
    "portal": NotTheApiError("Not the API: HTML from wifi.invalid."),
}


@dataclass
class Outage:
    """A monitor that lives through an outage in virtual time."""

    service: FakeService
    time: VirtualTime
    ticks: list[Tick]

    @property
    def asked(self) -> list[float]:
        return [call.at - NOON for call in self.service.ledger if call.method == "list_batches"]

    @property
    def looked(self) -> list[float]:
        return [at - NOON for at in self.service.looks]


async def live_through(
    error: ServiceError, *, seconds: float, then: float = 0.0, service: FakeService | None = None
) -> Outage:
    """Start in an outage that lasts so long; watch for so many seconds more."""
    time = VirtualTime(float(NOON))
    service = service if service is not None else FakeService(*many(2))
    service._clock = time.clock
    gate = RateGate(clock=time.clock, sleep=time.sleep)
    monitor = Monitor(service, BatchStore(), gate, clock=time.clock, sleep=time.sleep)
    outage = Outage(service, time, [])

    async def watch() -> None:
        async for tick in monitor.ticks():
            outage.ticks.append(tick)

    async def play() -> None:
        service.go_down(error)
        watching = asyncio.ensure_future(watch())
        await time.sleep(seconds)
        service.come_back()
        await time.sleep(then)
        watching.cancel()

    await time.run(play())
    return outage


@pytest.mark.parametrize("error", [pytest.param(error, id=name) for name, error in OUTAGES.items()])
async def test_fault_35_list_ten_minutes_cost_a_list_a_minute_and_the_end_is_noticed_in_seconds(
    error: ServiceError,
) -> None:
    outage = await live_through(error, seconds=601.7, then=5.0)
    during = [at for at in outage.asked if at < 601.7]
    assert len(during) <= 11
    assert all(later - earlier >= 59.9 for earlier, later in itertools.pairwise(during))
    assert outage.ticks[-1].condition is Condition.LIVE
    assert len(outage.ticks[-1].changes.added) == 2
    assert outage.asked[-1] - 601.7 <= 4.0


async def test_fault_35_poll_looks_are_seconds_apart_and_out_of_step() -> None:
    outage = await live_through(unreachable(), seconds=600)
    gaps = [later - earlier for earlier, later in itertools.pairwise(outage.looked)]
    assert sum(gaps) / len(gaps) >= 3.0
    assert min(gaps) >= 1.0, "a list comes between two that are closer than three seconds"
    assert len({round(gap, 3) for gap in gaps}) > 20


async def test_a_blip_is_over_after_a_second() -> None:
    service = FakeService(*many(2))
    service.fail_next("list_batches", server_fault())
    outage = await live_through(unreachable(), seconds=0.0, then=10.0, service=service)
    assert outage.asked == [0.0, 1.0]


async def test_a_server_whose_edge_answers_while_its_list_fails_is_not_looked_for_in_vain() -> None:
    service = FakeService()
    service.fail_next("list_batches", *[server_fault(503)] * 20)
    outage = await live_through(unreachable(), seconds=0.0, then=600.0, service=service)
    assert len(outage.asked) <= 11
    assert len(outage.looked) <= 11, "one look for each list that failed: it can't tell"


async def test_an_edge_that_comes_and_goes_is_believed_less_and_less() -> None:
    service = FakeService()
    service.fail_next("list_batches", *[server_fault(503)] * 50)
    flips = iter([True, False] * 500)

    async def flickering() -> bool:
        service.looks.append(service._clock())
        return next(flips)

    service.is_reachable = flickering  # type: ignore[method-assign]
    outage = await live_through(unreachable(), seconds=0.0, then=600.0, service=service)
    assert len(outage.asked) <= 14


async def test_nobody_looks_while_the_service_asks_for_a_pause() -> None:
    pause = server_fault(503)
    pause.retry_after = 40.0
    outage = await live_through(pause, seconds=20.0, then=60.0)
    assert outage.asked[:1] == [0.0]
    assert [at for at in outage.looked if at < 40] == []
    assert 40.0 <= outage.asked[1] <= 45.0


async def test_a_limit_is_waited_out_without_a_look() -> None:
    outage = await live_through(rate_limited(30.0), seconds=10.0, then=25.0)
    assert outage.looked == []
    assert outage.asked == [0.0, 30.0]


async def test_what_waiting_does_not_mend_is_not_looked_for() -> None:
    outage = await live_through(unreachable(is_permanent=True), seconds=299.0)
    assert outage.looked == []
    assert len(outage.asked) == 5


async def test_a_look_that_hangs_ends_with_its_slice_and_the_next_one_sees() -> None:
    service = FakeService(*many(1))
    held: list[float] = []

    async def hanging() -> bool:
        if service._down is not None:
            held.append(service._clock())
            await asyncio.Event().wait()
        return True

    service.is_reachable = hanging  # type: ignore[method-assign]
    outage = await live_through(unreachable(), seconds=30.0, then=5.0, service=service)
    assert len(held) >= 7
    assert outage.asked[-1] - 30.0 <= 4.0
    assert outage.ticks[-1].condition is Condition.LIVE
