from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import ConfigurationError, Effect, RefusedError, ServiceError, UnreachableError
from batch_tui.domain.operation import CancelStage, Operation
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.cancel import ABREAST, Canceller, CancelOutcome, CancelState
from batch_tui.engine.gate import Kind, RateGate
from batch_tui.engine.submitting.submit import Submitter
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import (
    FakeService,
    forbidden,
    not_found,
    rate_limited,
    server_fault,
    unauthorized,
    unreachable,
)
from tests.support.kits import World, an_order, reached
from tests.support.virtual_time import VirtualTime


def cut() -> UnreachableError:
    return UnreachableError("The connection broke.", effect=Effect.UNKNOWN)


async def outcomes_of(canceller: Canceller, *ids: str) -> list[CancelOutcome]:
    return [outcome async for outcome in canceller.cancel(ids)]


async def last_of(canceller: Canceller, batch_id: str = "batch_1") -> CancelOutcome:
    outcomes = await outcomes_of(canceller, batch_id)
    assert [outcome.is_final for outcome in outcomes].count(True) == 1
    assert outcomes[0].state is CancelState.SENT
    return outcomes[-1]


async def test_a_running_batch_is_cancelled_and_confirmed_by_the_service(tmp_path: Path) -> None:
    service = FakeService(a_batch())
    kit = World(tmp_path, service).start()
    outcome = await last_of(Canceller(kit))
    assert outcome.state is CancelState.CONFIRMED
    assert outcome.batch is not None
    assert outcome.batch.status is BatchStatus.CANCELLING
    assert kit.store.get("batch_1") == outcome.batch
    assert [call.method for call in service.ledger] == ["cancel_batch"]
    assert [o.stage for o in kit.journal.cancels()] == [CancelStage.CONFIRMED]


async def test_the_post_is_at_the_service_before_the_disk_has_answered(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = FakeService(a_batch())
    kit = World(tmp_path, service).start()
    disk = asyncio.Event()

    async def slowly(_operation: Operation) -> None:
        await disk.wait()

    monkeypatch.setattr(kit.journal, "save", slowly)
    running = asyncio.create_task(last_of(Canceller(kit)))
    await reached(service, "cancel_batch")
    assert not running.done()
    disk.set()
    assert (await running).state is CancelState.CONFIRMED


FAULTS: dict[str, list[ServiceError]] = {
    "fault_01_02_03_cancel_no_connection": [unreachable(), unreachable()],
    "fault_06_10_11_cancel_cut": [cut()],
    "fault_17_cancel_503": [server_fault(503)],
    "fault_20_cancel_429": [rate_limited(30.0)],
    "fault_21_cancel_429_long": [rate_limited(400.0)],
    "fault_25_cancel_404_right_after_create": [not_found("batch_1")],
    "fault_35_cancel_outage": [cut()] * 9,
}


@pytest.mark.parametrize("errors", [pytest.param(errors, id=row) for row, errors in FAULTS.items()])
async def test_fault_06_cancel_it_goes_on_until_the_service_confirms(
    tmp_path: Path,
    errors: list[ServiceError],
) -> None:
    service = FakeService(a_batch())
    service.fail_next("cancel_batch", *errors)
    outcome = await last_of(Canceller(World(tmp_path, service).start()))
    assert outcome.state is CancelState.CONFIRMED
    assert service.count("cancel_batch") == len(errors) + 1
    assert service.batches["batch_1"].status is BatchStatus.CANCELLING


async def test_fault_20_cancel_429_waits_as_long_as_it_says(tmp_path: Path) -> None:
    service = FakeService(a_batch())
    service.fail_next("cancel_batch", rate_limited(131.0))
    world = World(tmp_path, service)
    started = world.time.now
    await last_of(Canceller(world.start()))
    assert world.time.now - started >= 131


@pytest.mark.parametrize(
    "error",
    [pytest.param(cut(), id="fault_07_08_09"), pytest.param(server_fault(504), id="fault_18")],
)
async def test_fault_07_cancel_a_lost_reply_is_settled_by_looking(tmp_path: Path, error: ServiceError) -> None:
    service = FakeService(a_batch())
    service.lose_reply("cancel_batch", error)
    outcomes = await outcomes_of(Canceller(World(tmp_path, service).start()), "batch_1")
    assert [outcome.state for outcome in outcomes] == [
        CancelState.SENT,
        CancelState.UNCONFIRMED,
        CancelState.CONFIRMED,
    ]
    assert "not confirmed" in outcomes[1].message
    assert [call.method for call in service.ledger] == ["cancel_batch", "retrieve_batch"]


async def test_fault_01_02_cancel_one_that_never_left_is_not_called_sent(tmp_path: Path) -> None:
    refused = UnreachableError("Nobody listens there.", effect=Effect.NONE)
    service = FakeService(a_batch())
    service.fail_next("cancel_batch", refused, cut())
    outcomes = await outcomes_of(Canceller(World(tmp_path, service).start()), "batch_1")
    assert [outcome.message for outcome in outcomes] == [
        "",
        "Not through yet, it is tried again: Nobody listens there.",
        "Sent, not confirmed: The connection broke.",
        "",
    ]


@pytest.mark.parametrize("status", [BatchStatus.COMPLETED, BatchStatus.FAILED, BatchStatus.EXPIRED])
async def test_fault_19_cancel_409_shows_the_end_the_service_tells(tmp_path: Path, status: BatchStatus) -> None:
    service = FakeService(a_batch(status=status))
    outcome = await last_of(Canceller(World(tmp_path, service).start()))
    assert outcome.state is CancelState.NOTHING_TO_DO
    assert status.value in outcome.message


async def test_an_already_cancelled_batch_is_confirmed(tmp_path: Path) -> None:
    service = FakeService(a_batch(status=BatchStatus.CANCELLED))
    assert (await last_of(Canceller(World(tmp_path, service).start()))).state is CancelState.CONFIRMED


async def test_fault_50_cancel_a_batch_that_completes_meanwhile_shows_completed(tmp_path: Path) -> None:
    service = FakeService(a_batch())
    service.fail_next("cancel_batch", cut())
    service.answer_next("retrieve_batch", a_batch(status=BatchStatus.COMPLETED, completed=100))
    kit = World(tmp_path, service).start()
    outcome = await last_of(Canceller(kit))
    assert outcome.state is CancelState.NOTHING_TO_DO
    batch = kit.store.get("batch_1")
    assert batch is not None
    assert batch.status is BatchStatus.COMPLETED


@pytest.mark.parametrize("error", [forbidden()])
async def test_fault_24_cancel_403_is_a_refusal(tmp_path: Path, error: ServiceError) -> None:
    service = FakeService(a_batch())
    service.fail_next("cancel_batch", error)
    kit = World(tmp_path, service).start()
    outcome = await last_of(Canceller(kit))
    assert (outcome.state, outcome.message) == (CancelState.REFUSED, str(error))
    assert service.count("cancel_batch") == 1
    assert Canceller(kit).pending() == ()


@pytest.mark.parametrize("error", [unauthorized(), unreachable(is_permanent=True)])
async def test_fault_23_cancel_a_wrong_key_stops_at_once_and_the_wish_stays(
    tmp_path: Path,
    error: ServiceError,
) -> None:
    service = FakeService(a_batch())
    service.fail_next("cancel_batch", error)
    world = World(tmp_path, service)
    outcome = await last_of(Canceller(world.start()))
    assert (outcome.state, outcome.message) == (CancelState.UNCONFIRMED, str(error))
    assert service.count("cancel_batch") == 1
    kit = world.start()
    await kit.journal.load()
    again = [o.state async for o in Canceller(kit).recover()]
    assert again == [CancelState.SENT, CancelState.CONFIRMED]


async def test_a_refusal_of_a_batch_that_still_runs_is_believed_after_a_few(tmp_path: Path) -> None:
    service = FakeService(a_batch())
    refusal = RefusedError("Not now.", effect=Effect.NONE, status=400)
    service.fail_next("cancel_batch", *[refusal] * 9)
    outcome = await last_of(Canceller(World(tmp_path, service).start()))
    assert (outcome.state, outcome.message) == (CancelState.REFUSED, "Not now.")
    assert service.count("cancel_batch") == 3


async def test_fault_26_cancel_a_batch_that_is_gone_is_refused_after_the_grace(tmp_path: Path) -> None:
    world = World(tmp_path, FakeService())
    kit = world.start()
    kit.store.apply([a_batch()])
    started = world.time.now
    outcome = await last_of(Canceller(kit))
    assert outcome.state is CancelState.REFUSED
    assert world.time.now - started >= 60


async def test_fault_25_cancel_a_batch_submitted_here_has_its_grace_after_a_restart_too(tmp_path: Path) -> None:
    service = FakeService()
    world = World(tmp_path, service)
    made = await Submitter(world.start()).submit(an_order(tmp_path))
    assert made.batch is not None
    service.fail_next("cancel_batch", *[not_found(made.batch.id)] * 6)
    service.fail_next("retrieve_batch", *[not_found(made.batch.id)] * 6)
    again = world.start()
    await again.journal.load()
    assert (await last_of(Canceller(again), made.batch.id)).state is CancelState.CONFIRMED
    assert service.count("cancel_batch") == 7


async def test_a_cancel_of_an_id_that_nobody_here_ever_saw_is_refused_within_seconds(tmp_path: Path) -> None:
    service = FakeService(a_batch("batch_other"))
    world = World(tmp_path, service)
    started = world.time.now
    outcome = await last_of(Canceller(world.start()), "batch_typo")
    assert outcome.state is CancelState.REFUSED
    assert world.time.now - started < 15
    assert service.count("cancel_batch") > 2, "it may be a moment old, on another machine"


async def test_fault_38_cancel_an_unknown_status_may_be_cancelled(tmp_path: Path) -> None:
    service = FakeService(replace(a_batch(status=BatchStatus.UNKNOWN), raw_status="paused"))
    assert (await last_of(Canceller(World(tmp_path, service).start()))).state is CancelState.CONFIRMED


async def test_fault_18_cancel_an_answer_that_still_says_running_is_not_believed(tmp_path: Path) -> None:
    service = FakeService(a_batch())
    service.answer_next("cancel_batch", a_batch())
    outcome = await last_of(Canceller(World(tmp_path, service).start()))
    assert outcome.state is CancelState.CONFIRMED
    assert [call.method for call in service.ledger] == ["cancel_batch", "retrieve_batch"]


async def test_a_service_that_never_confirms_is_left_to_the_next_start(tmp_path: Path) -> None:
    service = FakeService(a_batch())
    world = World(tmp_path, service)
    service.go_down(cut())
    started = world.time.now
    outcome = await last_of(Canceller(world.start()))
    assert outcome.state is CancelState.UNCONFIRMED
    assert world.time.now - started >= 1800
    minutes = (world.time.now - started) / 60
    assert service.count("cancel_batch") <= minutes + 8, "no storm while it is down"
    service.come_back()
    kit = world.start()
    await kit.journal.load()
    assert [o.state async for o in Canceller(kit).recover()][-1] is CancelState.CONFIRMED


async def test_fault_62_cancel_a_killed_cancel_goes_on_at_the_next_start(tmp_path: Path) -> None:
    service = FakeService(a_batch())
    world = World(tmp_path, service)
    canceller = Canceller(world.start())
    service.hold("cancel_batch")
    stream = canceller.cancel(["batch_1"])
    assert (await anext(stream)).state is CancelState.SENT
    await stream.aclose()
    service._holds.clear()
    kit = world.start()
    await kit.journal.load()
    again = Canceller(kit)
    assert [o.state async for o in again.recover()] == [CancelState.SENT, CancelState.CONFIRMED]
    assert again.pending() == ()


async def test_many_are_cancelled_eight_at_a_time_and_each_has_its_outcome(tmp_path: Path) -> None:
    ids = [f"b{n}" for n in range(50)]
    service = FakeService(*(a_batch(batch_id) for batch_id in ids))
    outcomes = await outcomes_of(Canceller(World(tmp_path, service).start()), *ids, "b0")
    final = {o.batch_id: o.state for o in outcomes if o.is_final}
    assert final == dict.fromkeys(ids, CancelState.CONFIRMED)
    assert service.most_at_once <= 8
    assert service.count("cancel_batch") == 50


async def test_one_that_hangs_does_not_hold_up_the_others(tmp_path: Path) -> None:
    class OneHangs(FakeService):
        async def cancel_batch(self, batch_id: str) -> Batch:
            if batch_id == "b0":
                await asyncio.Event().wait()
            return await super().cancel_batch(batch_id)

    service = OneHangs(*(a_batch(f"b{n}") for n in range(3)))
    stream = Canceller(World(tmp_path, service).start()).cancel(["b0", "b1", "b2"])
    confirmed: set[str] = set()
    async for outcome in stream:
        if outcome.is_final:
            confirmed.add(outcome.batch_id)
        if len(confirmed) == 2:
            break
    await stream.aclose()
    assert confirmed == {"b1", "b2"}


async def test_fault_58_cancel_a_full_disk_does_not_stop_it(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    service = FakeService(a_batch())
    kit = World(tmp_path, service).start()
    assert (await last_of(Canceller(kit))).state is CancelState.CONFIRMED
    assert any(event.kind == "error" for event in kit.events.recent())


async def test_a_read_only_profile_cancels_nothing(tmp_path: Path) -> None:
    service = FakeService(a_batch())
    canceller = Canceller(World(tmp_path, service).start(is_read_only=True))
    with pytest.raises(ConfigurationError):
        await outcomes_of(canceller, "batch_1")
    assert [o async for o in canceller.recover()] == []
    assert service.ledger == []


async def test_events_teach_the_command_line(tmp_path: Path) -> None:
    kit = World(tmp_path, FakeService(a_batch())).start()
    await last_of(Canceller(kit))
    assert kit.events.recent("batch_1")[0].command == "batch-tui cancel batch_1"


async def test_a_cancel_leaves_at_once_while_everything_else_hangs(tmp_path: Path) -> None:
    hanging = [f"h{number}" for number in range(ABREAST)]
    service = FakeService(a_batch(), *map(a_batch, hanging))
    kit = World(tmp_path, service).start()
    canceller = Canceller(kit)
    answer = service.hold("cancel_batch")
    async with AsyncExitStack() as places:
        for _ in range(8):
            await places.enter_async_context(kit.gate.turn())
        others = asyncio.create_task(outcomes_of(canceller, *hanging))
        await reached(service, "cancel_batch", ABREAST)
        one = asyncio.create_task(last_of(canceller))
        await reached(service, "cancel_batch", ABREAST + 1)
        assert service.arguments("cancel_batch")[-1] == "batch_1"
    answer.set()
    assert (await one).state is CancelState.CONFIRMED
    assert len(await others) >= ABREAST


@pytest.mark.parametrize("kind", ["poll", "action"])
async def test_fault_35_cancel_a_poll_that_comes_through_again_sends_it_at_once(
    tmp_path: Path, kind: Kind
) -> None:
    service, time = FakeService(a_batch()), VirtualTime(float(NOON))
    service._clock = time.clock
    kit = World(tmp_path, service).start()
    gate = RateGate(clock=time.clock, sleep=time.sleep)
    kit = structs.replace(kit, gate=gate, sleep=time.sleep)

    async def ask() -> None:
        with suppress(ServiceError):
            async with gate.turn(kind):
                await service.list_batches()

    async def play() -> list[float]:
        service.go_down(cut())
        cancelling = asyncio.ensure_future(last_of(Canceller(kit)))
        await time.sleep(100.0)
        await ask()
        service.come_back()
        back = time.now
        await ask()
        await cancelling
        return [call.at - back for call in service.ledger if call.method == "cancel_batch"]

    sent = await time.run(play())
    assert sent[-2] < -1.0, "its next try was far"
    assert (sent[-1] == 0.0) == (kind == "poll"), "only polls are so rare that each may bring a try"
