from __future__ import annotations

import asyncio
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from batch_tui.domain.batch import BatchPage
from batch_tui.domain.errors import ServiceError
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.gate import RateGate
from batch_tui.engine.monitoring.monitor import Condition, Monitor
from batch_tui.engine.monitoring.store import BatchStore
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService, rate_limited, server_fault, unauthorized, unreachable
from tests.support.virtual_time import VirtualTime

ERRORS: list[ServiceError] = [unreachable(), server_fault(), rate_limited(5.0), rate_limited(), unauthorized()]
LIFE = [BatchStatus.VALIDATING, BatchStatus.IN_PROGRESS, BatchStatus.FINALIZING, BatchStatus.COMPLETED]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("new"), st.integers(1, 4)),
        st.tuples(st.just("move"), st.integers(0, 40)),
        st.tuples(st.just("fail list"), st.integers(0, len(ERRORS) - 1)),
        st.tuples(st.just("fail one"), st.integers(0, len(ERRORS) - 1)),
        st.tuples(st.just("odd page"), st.integers(0, 3)),
        st.tuples(st.just("ask"), st.just(0)),
        st.tuples(st.just("tick"), st.integers(1, 3)),
    ),
    max_size=25,
)


class World:
    """A service with pages of three, and a monitor of it, in time that jumps."""

    def __init__(self) -> None:
        self.time = VirtualTime(float(NOON))
        self.made = 0
        self.service = FakeService(clock=self.time.clock, page_limit=3)
        self.store = BatchStore()
        gate = RateGate(clock=self.time.clock, sleep=self.time.sleep_alone)
        self.monitor = Monitor(self.service, self.store, gate, clock=self.time.clock, sleep=self.time.sleep_alone)
        self.ticks = self.monitor.ticks()

    def create(self, count: int) -> None:
        for _ in range(count):
            self.made += 1
            self.service.put(
                a_batch(f"b{self.made:03d}", LIFE[0], total=0, created=int(self.time.now) + self.made),
            )

    def move(self, which: int) -> None:
        batches = [batch for batch in self.service.batches.values() if not batch.is_terminal]
        if batches:
            batch = batches[which % len(batches)]
            status = LIFE[LIFE.index(batch.status) + 1]
            output = "out" if status.is_terminal else None
            self.service.put(replace(batch, status=status, raw_status=status.value, output_file_id=output))

    async def step(self, action: str, value: int) -> None:
        match action:
            case "new":
                self.create(value)
            case "move":
                self.move(value)
            case "fail list":
                self.service.fail_next("list_batches", ERRORS[value])
            case "fail one":
                self.service.fail_next("retrieve_batch", ERRORS[value])
            case "odd page":
                some = tuple(self.service.batches.values())[:value]
                self.service.answer_next("list_batches", BatchPage(some, has_more=True, last_id=None))
            case "ask":
                self.monitor.refresh()
            case _:
                for _ in range(value):
                    self.monitor.refresh()
                    await anext(self.ticks)

    async def heal(self) -> None:
        """Let scripted failures run out, then let the monitor have its way."""
        self.service._failures.clear()
        self.service._answers.clear()
        self.monitor.refresh()
        for _ in range(200):
            tick = await anext(self.ticks)
            if tick.condition is Condition.LIVE and tick.wait >= 15:
                return


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_whatever_failed_the_store_becomes_what_the_service_has(steps: list[tuple[str, int]]) -> None:
    async def play() -> None:
        world = World()
        for action, value in steps:
            await world.step(action, value)
        await world.heal()
        assert {batch.id: batch for batch in world.store.batches()} == world.service.batches
        await world.ticks.aclose()

    asyncio.run(play())
