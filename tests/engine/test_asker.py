"""A call that nobody answers any more is not waited for: the same is asked anew once the service is seen."""

from __future__ import annotations

import asyncio
import gc
import itertools
from collections.abc import Callable

import pytest

from batch_tui.domain.batch import Batch, BatchPage
from batch_tui.domain.errors import NotFoundError, ServiceError
from batch_tui.engine.gate import RateGate
from batch_tui.engine.monitoring.asker import Asker
from batch_tui.engine.monitoring.monitor import Condition, Monitor, Tick
from batch_tui.engine.monitoring.store import BatchStore
from tests.support.batches import NOON, many
from tests.support.fake_service import FakeService, not_found, rate_limited, server_fault, unreachable
from tests.support.virtual_time import VirtualTime

TIME_OUT = 15.0
"""Seconds after which the client gives a list call up."""


class Mute(FakeService):
    """Takes requests and may leave them without an answer, as one that is behind a cut network."""

    def __init__(self, time: VirtualTime, *batches: Batch) -> None:
        super().__init__(*batches, clock=time.clock)
        self._time = time
        self.seconds: Callable[[], float | None] = lambda: 0.0
        """How long the next answer takes; None: it never comes."""

    async def list_batches(self, *, after: str | None = None, limit: int = 100) -> BatchPage:
        seconds = self.seconds()
        page = asyncio.ensure_future(super().list_batches(after=after, limit=limit))
        try:
            await asyncio.wait([page])
            await self._time.sleep(TIME_OUT if seconds is None else seconds)
            if seconds is None:
                raise unreachable()
            return page.result()
        finally:
            page.cancel()


class World:
    """A monitor that asks through an asker, in virtual time."""

    def __init__(self, *batches: Batch) -> None:
        self.time = VirtualTime(float(NOON))
        self.service = Mute(self.time, *(batches or many(2)))
        self.gate = RateGate(clock=self.time.clock, sleep=self.time.sleep)
        self.asker = Asker(self.service, self.gate, clock=self.time.clock, sleep=self.time.sleep)
        self.monitor = Monitor(self.asker, BatchStore(), self.gate, clock=self.time.clock, sleep=self.time.sleep)
        self.ticks: list[tuple[float, Tick]] = []

    @property
    def asked(self) -> list[float]:
        return [call.at - NOON for call in self.service.ledger if call.method == "list_batches"]

    def good_after(self, at: float) -> float:
        """When the first good answer after a moment was shown."""
        return next(when for when, tick in self.ticks if when >= at and tick.condition is Condition.LIVE)

    def run(self, *steps: tuple[float, Callable[[], None]], seconds: float) -> None:
        """Watch for so long; each step is taken at its time."""

        async def watch() -> None:
            async for tick in self.monitor.ticks():
                self.ticks.append((self.time.now - NOON, tick))

        async def play() -> None:
            watching = asyncio.ensure_future(watch())
            for at, step in steps:
                await self.time.sleep(at - (self.time.now - NOON))
                step()
            await self.time.sleep(seconds - (self.time.now - NOON))
            watching.cancel()

        asyncio.run(self.time.run(play()))

    def go_mute(self) -> None:
        """Nothing is answered any more, and nobody is seen."""
        self.service.seconds, self.service.is_hidden = (lambda: None), True

    def come_back(self) -> None:
        """All is well for whoever asks now."""
        self.service.seconds, self.service.is_hidden = (lambda: 0.1), False


@pytest.mark.parametrize("back", [float(second) for second in range(600, 676, 5)])
def test_fault_35_list_poll_a_call_under_way_when_the_service_returns_is_not_waited_for(back: float) -> None:
    world = World()
    world.run((1.0, world.go_mute), (back, world.come_back), seconds=back + 10)
    assert world.good_after(back) - back <= 5.0
    during = [at for at in world.asked if 1.0 < at < back]
    assert len(during) <= 11
    assert all(later - earlier >= 59.9 for earlier, later in itertools.pairwise(during))


@pytest.mark.parametrize("begins", [14.0, 10.0, 3.0])
def test_fault_09_list_poll_an_answer_that_got_lost_is_asked_for_anew_within_seconds(begins: float) -> None:
    world = World()
    answers = iter([0.1, None])
    world.service.seconds = lambda: next(answers, 0.1)
    world.run((begins, world.monitor.refresh), seconds=begins + 10)
    assert world.asked == [0.0, begins, pytest.approx(begins + 3.5, abs=0.51)]
    assert world.good_after(begins) - begins <= 5.0
    assert all(tick.condition is Condition.LIVE for _, tick in world.ticks), "and nobody was told of an outage"


def test_a_slow_service_is_asked_no_more_than_a_quick_one_once_it_is_known_to_be_slow() -> None:
    world = World()
    world.service.seconds = lambda: 8.0
    world.run(seconds=300.0)
    assert world.asked[0] == 0.0
    assert 3.0 <= world.asked[1] <= 4.0, "nobody knew it yet"
    assert all(later - earlier >= 15 for earlier, later in itertools.pairwise(world.asked[1:]))
    assert len(world.service.looks) == 1


def test_a_service_whose_edge_answers_while_its_lists_hang_is_asked_once_more_and_then_no_more() -> None:
    world = World()
    world.service.seconds = lambda: None
    world.run(seconds=601.0)
    assert len(world.asked) <= 12
    assert 3.0 <= world.asked[1] <= 4.0
    assert 15.0 <= world.asked[2] - world.asked[1] <= 25.0, "the lookout is misled once too"
    assert all(later - earlier >= 60 for earlier, later in itertools.pairwise(world.asked[2:]))


def test_an_answer_makes_the_asker_trust_its_looks_again() -> None:
    world = World()
    answers = iter([None, None, 0.1, None, 0.1])
    world.service.seconds = lambda: next(answers, 0.1)
    world.run(seconds=100.0)
    first, second, third, fourth, fifth = world.asked[:5]
    assert second - first <= 4.0
    assert third - second >= 10.0
    assert fifth - fourth <= 4.0


def test_fault_20_list_poll_nothing_is_asked_anew_while_the_service_wants_a_pause() -> None:
    world = World()
    world.service.seconds = lambda: None
    world.run((1.0, lambda: world.gate.note_limit(12.0)), seconds=14.9)
    assert world.service.looks[0] - NOON >= 13.0
    assert all(at == 0.0 or at >= 13.0 for at in world.asked)


async def _ask(world: World, batch_id: str = "b00000") -> Batch | ServiceError:
    try:
        return await world.asker.retrieve_batch(batch_id)
    except ServiceError as error:
        return error


async def test_a_batch_that_is_asked_for_by_its_id_is_asked_for_anew_too() -> None:
    world = World()
    lost = world.service.hold("retrieve_batch")

    async def play() -> Batch | ServiceError:
        asking = asyncio.ensure_future(_ask(world))
        await world.time.sleep(1.0)
        del world.service._holds["retrieve_batch"]
        return await asking

    assert await world.time.run(play()) == a_batch_of(world)
    assert not lost.is_set()
    assert world.service.count("retrieve_batch") == 2
    assert world.service.running == 0, "the one that hung is called off"


def a_batch_of(world: World) -> Batch:
    return world.service.batches["b00000"]


async def test_an_error_is_an_answer_and_comes_at_once() -> None:
    world = World()
    assert isinstance(await _ask(world, "nobody"), NotFoundError)
    world.service.fail_next("retrieve_batch", server_fault())
    assert isinstance(await _ask(world), ServiceError)
    assert world.service.count("retrieve_batch") == 2
    assert world.service.looks == []


@pytest.mark.parametrize("error", [not_found("b00000"), rate_limited(30.0)], ids=["not_found", "rate_limited"])
async def test_what_the_second_call_is_told_counts_though_the_first_still_hangs(error: ServiceError) -> None:
    world = World()
    world.service.hold("retrieve_batch")

    async def play() -> Batch | ServiceError:
        asking = asyncio.ensure_future(_ask(world))
        await world.time.sleep(1.0)
        world.service.fail_next("retrieve_batch", error)
        del world.service._holds["retrieve_batch"]
        return await asking

    assert await world.time.run(play()) is error


async def test_the_answer_that_comes_after_all_counts_while_the_second_is_under_way() -> None:
    world = World()
    first = world.service.hold("retrieve_batch")

    async def play() -> Batch | ServiceError:
        asking = asyncio.ensure_future(_ask(world))
        await world.time.sleep(1.0)
        world.service.hold("retrieve_batch")
        await world.time.sleep(5.0)
        assert world.service.running == 2
        first.set()
        return await asking

    assert await world.time.run(play()) == a_batch_of(world)
    assert world.service.running == 0


async def test_the_error_of_the_call_that_hung_says_nothing_while_the_second_is_under_way() -> None:
    world = World()
    first = world.service.hold("retrieve_batch")

    async def play() -> Batch | ServiceError:
        asking = asyncio.ensure_future(_ask(world))
        await world.time.sleep(1.0)
        second = world.service.hold("retrieve_batch")
        await world.time.sleep(5.0)
        world.service.fail_next("retrieve_batch", unreachable())
        first.set()
        await world.time.sleep(1.0)
        second.set()
        return await asking

    assert await world.time.run(play()) == a_batch_of(world)


async def test_giving_up_the_question_leaves_nothing_behind() -> None:
    world = World()
    world.service.hold("retrieve_batch")

    async def play() -> None:
        asking = asyncio.ensure_future(_ask(world))
        await world.time.sleep(1.0)
        asking.cancel()
        await asyncio.wait([asking])

    await world.time.run(play())
    assert world.service.running == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_an_error_that_a_call_ends_with_when_it_is_called_off_is_nobodys_news() -> None:
    world, told = World(), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    async def sore(batch_id: str) -> Batch:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise unreachable() from None
        raise AssertionError(batch_id)

    async def play() -> Batch | ServiceError:
        world.service.retrieve_batch = sore  # type: ignore[method-assign]
        asking = asyncio.ensure_future(_ask(world))
        await world.time.sleep(1.0)
        del world.service.retrieve_batch
        return await asking

    assert await world.time.run(play()) == a_batch_of(world)
    gc.collect()
    assert told == []
