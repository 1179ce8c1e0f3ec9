"""The whole life of a batch under what is no fault of one request: a bad disk, two instances, time, an outage."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from batch_tui.domain.errors import BatchTuiError, RateLimitedError, StateError
from batch_tui.domain.operation import CancelStage, SubmitStage
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.cancel import CancelState
from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.monitor import Condition, Tick
from batch_tui.engine.submit import Phase
from tests.support.batches import NOON, a_batch, many
from tests.support.fake_service import FakeService, unreachable
from tests.support.kits import an_order
from tests.support.screen import settings_in
from tests.support.virtual_time import VirtualTime

OUTPUT = b'{"custom_id":"a"}\n' * 20
_lines = iter(range(1_000_000))


@dataclass
class Run:
    """One run of the program."""

    cockpit: Cockpit
    time: VirtualTime
    ticks: AsyncGenerator[Tick, None]

    async def turn(self) -> Tick:
        """One turn of the monitor, asked for."""
        self.cockpit.monitor.refresh()
        return await anext(self.ticks)


def a_run(folder: Path, service: FakeService, *, offset: float = 0.0, time: VirtualTime | None = None) -> Run:
    moving = time or VirtualTime(float(NOON))
    service._clock = moving.clock
    cockpit = Cockpit(
        settings_in(folder),
        service,
        clock=lambda: moving.now + offset,
        monotonic=moving.clock,
        sleep=moving.sleep_alone,
    )
    return Run(cockpit, moving, cockpit.ticks())


def an_account() -> FakeService:
    service = FakeService(a_batch("runs"), a_batch("ended", total=20))
    service.finish("ended", BatchStatus.COMPLETED, output=OUTPUT)
    return service


async def live_through(run: Run, service: FakeService, folder: Path, *, can_create: bool = True) -> None:
    """List, upload, create, poll, download and cancel, each with its outcome."""
    assert (await run.turn()).condition in {Condition.LIVE, Condition.LOADING}
    assert run.cockpit.store.get("runs") is not None
    made = service.count("create_batch")
    order = an_order(folder, f'{{"n":{next(_lines)}}}\n'.encode())
    if can_create:
        assert (await run.cockpit.submitter.submit(order)).phase is Phase.SUBMITTED
        assert service.count("create_batch") == made + 1
    else:
        with pytest.raises(StateError):
            await run.cockpit.submitter.submit(order)
        assert service.count("create_batch") == made
    service.put(a_batch("runs", completed=7))
    await run.turn()
    known = run.cockpit.store.get("runs")
    assert known is not None
    assert known.counts.completed == 7
    target = folder / f"fetched-{next(_lines)}"
    target.mkdir()
    collected = await run.cockpit.collector.collect("ended", target)
    assert collected.output is not None
    assert collected.output.read_bytes() == OUTPUT
    outcomes = [outcome async for outcome in run.cockpit.canceller.cancel(["runs"])]
    assert outcomes[-1].state is CancelState.CONFIRMED
    assert service.batches["runs"].status is BatchStatus.CANCELLING
    service.put(a_batch("runs"))


def files_named(folder: Path, pattern: str) -> list[Path]:
    return list(folder.glob(pattern))


async def end(run: Run) -> None:
    await run.ticks.aclose()
    run.cockpit.begin_close()
    await run.cockpit.aclose()


async def test_fault_58_list_upload_create_poll_download_cancel_state_without_a_state_directory_only_create_stops(
    tmp_path: Path,
) -> None:
    (tmp_path / "state").write_text("a file stands where the directory should be")
    service = an_account()
    run = a_run(tmp_path, service)
    await run.cockpit.start()
    await live_through(run, service, tmp_path, can_create=False)
    await end(run)


async def test_fault_59_list_upload_create_poll_download_cancel_state_after_damage_to_every_file_all_goes_on(
    tmp_path: Path,
) -> None:
    service = an_account()
    first = a_run(tmp_path, service)
    await first.cockpit.start()
    await live_through(first, service, tmp_path)
    await end(first)
    damaged = [path for place in ("state", "cache") for path in (tmp_path / place).rglob("*.json*")]
    assert len(damaged) > 3
    for number, path in enumerate(damaged):
        path.write_bytes((b"", b"\x00" * 40, b'{"version":99}', b'{"version":1,"x":[[[', b"\xff\xfe")[number % 5])
    second = a_run(tmp_path, service)
    await second.cockpit.start()
    await live_through(second, service, tmp_path)
    await end(second)


async def test_fault_60_list_upload_create_poll_download_cancel_state_two_instances_do_each_thing_once(
    tmp_path: Path,
) -> None:
    service = an_account()
    first, second = a_run(tmp_path, service), a_run(tmp_path, service)
    for run in (first, second):
        await run.cockpit.start()
    for run in (first, second):
        await live_through(run, service, tmp_path)
    assert service.count("create_batch") == 2
    assert await second.cockpit.submitter.recover(resume=True) == ()
    for run in (first, second):
        await end(run)
    third = a_run(tmp_path, service)
    assert await third.cockpit.start() == ()
    assert len(third.cockpit.journal.submits()) == 2
    await end(third)


@pytest.mark.parametrize("hours", [-3, 3])
async def test_fault_63_list_upload_create_poll_download_cancel_view_state_ages_go_by_the_servers_clock(
    tmp_path: Path, hours: int
) -> None:
    service = an_account()
    run = a_run(tmp_path, service, offset=hours * 3600.0)
    await run.cockpit.start()
    await live_through(run, service, tmp_path)
    local = run.time.now + hours * 3600.0
    assert abs(local + run.cockpit.store.server_offset - run.time.now) < 2
    await end(run)
    again = a_run(tmp_path, service)
    assert await again.cockpit.start() == ()
    await live_through(again, service, tmp_path)
    await end(again)


async def test_fault_66_list_upload_create_poll_download_cancel_state_after_a_suspension_all_goes_on(
    tmp_path: Path,
) -> None:
    service = an_account()
    run = a_run(tmp_path, service)
    await run.cockpit.start()
    await live_through(run, service, tmp_path)
    seen = service.count("list_batches")
    run.time.now += 60.0
    tick = await anext(run.ticks)
    assert service.count("list_batches") == seen + 1, "asked at once"
    assert tick.at >= NOON + 60
    await live_through(run, service, tmp_path)
    await end(run)


async def test_fault_35_list_upload_poll_download_cancel_view_state_ten_minutes_of_outage_cost_nothing(
    tmp_path: Path,
) -> None:
    service = an_account()
    run = a_run(tmp_path, service)
    await run.cockpit.start()
    await live_through(run, service, tmp_path)
    service.go_down(unreachable())
    began, asked = run.time.now, service.count("list_batches")
    with pytest.raises(BatchTuiError):
        await run.cockpit.collector.collect("ended", tmp_path)
    assert (await run.cockpit.submitter.submit(an_order(tmp_path, b'{"n":"o"}\n'))).phase is Phase.FAILED
    assert files_named(tmp_path, "*output*") == []
    while run.time.now < began + 600:
        tick = await anext(run.ticks)
        assert tick.condition is Condition.OFFLINE
        assert run.cockpit.store.get("ended") is not None, "what is known stays"
    minutes = (run.time.now - began) / 60
    assert service.count("list_batches") - asked <= minutes + 7, "at most once a minute, after the first one"
    service.come_back()
    assert (await anext(run.ticks)).condition in {Condition.LIVE, Condition.LOADING}
    await live_through(run, service, tmp_path)
    await end(run)


class Narrow(FakeService):
    """Takes five requests a second."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(*(a_batch(f"run-{n}", created=NOON - n) for n in range(50)), *many(2))
        self.time_of: Callable[[], float] = clock
        self.taken: deque[float] = deque()
        self.refused = 0

    async def _enter(self, method: str, argument: str) -> None:
        await super()._enter(method, argument)
        now = self.time_of()
        while self.taken and self.taken[0] <= now - 1:
            self.taken.popleft()
        if len(self.taken) >= 5:
            self.refused += 1
            raise RateLimitedError("Too many requests.", retry_after=1.0)
        self.taken.append(now)


async def test_fault_22_list_upload_create_poll_download_cancel_view_state_fifty_actions_share_five_a_second(
    tmp_path: Path,
) -> None:
    time = VirtualTime(float(NOON))
    service = Narrow(time.clock)
    service.finish("b00000", BatchStatus.COMPLETED, output=OUTPUT)
    run = a_run(tmp_path, service, time=time)
    await run.cockpit.start()
    while (await run.turn()).condition is Condition.LIMITED:
        pass
    ids = [f"run-{n}" for n in range(50)]
    polls = service.count("list_batches")
    outcomes = {outcome.batch_id: outcome async for outcome in run.cockpit.canceller.cancel(ids)}
    assert {outcome.state for outcome in outcomes.values()} == {CancelState.CONFIRMED}
    assert (await run.cockpit.submitter.submit(an_order(tmp_path))).phase is Phase.SUBMITTED
    collected = await run.cockpit.collector.collect("b00000", tmp_path)
    assert collected.output is not None
    await run.turn()
    assert service.count("list_batches") > polls
    assert service.refused < 0.2 * len(service.ledger)
    await end(run)
    again = a_run(tmp_path, service, time=time)
    await again.cockpit.start()
    assert {cancel.stage for cancel in again.cockpit.journal.cancels()} == {CancelStage.CONFIRMED}
    await end(again)


async def test_fault_50_poll_cancel_state_a_batch_that_ends_meanwhile_is_completed_not_cancelled(
    tmp_path: Path,
) -> None:
    service = an_account()
    run = a_run(tmp_path, service)
    await run.cockpit.start()
    await run.turn()
    service.finish("runs", BatchStatus.COMPLETED, output=OUTPUT)
    outcomes = [outcome async for outcome in run.cockpit.canceller.cancel(["runs"])]
    assert outcomes[-1].state is CancelState.NOTHING_TO_DO
    await run.turn()
    known = run.cockpit.store.get("runs")
    assert known is not None
    assert known.status is BatchStatus.COMPLETED
    await end(run)
    again = a_run(tmp_path, service)
    await again.cockpit.start()
    assert [cancel.stage for cancel in again.cockpit.journal.cancels()] == [CancelStage.NOTHING_TO_DO]
    await end(again)


CHANGES: dict[str, Callable[[Path], object]] = {
    "fault_51_upload_create_state_grown": lambda path: path.write_bytes(path.read_bytes() * 2),
    "fault_51_upload_create_state_shrunk": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "fault_52_upload_create_state_edited": lambda path: path.write_bytes(path.read_bytes().swapcase()),
    "fault_53_upload_create_state_vanished": lambda path: path.unlink(),
}


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in CHANGES.items()])
async def test_an_input_that_is_not_what_was_checked_makes_no_batch(
    tmp_path: Path, change: Callable[[Path], object]
) -> None:
    service = an_account()
    run = a_run(tmp_path, service)
    order = an_order(tmp_path)
    change(order.path)
    submission = await run.cockpit.submitter.submit(order)
    assert submission.phase is Phase.FAILED
    assert submission.message
    assert service.count("create_batch") == 0
    await end(run)
    again = a_run(tmp_path, service)
    assert await again.cockpit.start() == ()
    assert [submit.stage for submit in again.cockpit.journal.submits()] == [SubmitStage.REFUSED]
    await end(again)


async def test_fault_54_55_56_57_download_upload_state_what_goes_wrong_on_the_disk_leaves_no_doubt_behind(
    tmp_path: Path,
) -> None:
    service = an_account()
    hostile = service.add_file(OUTPUT, name="../../\x1b]0;x\x07\n.jsonl")
    service.put(a_batch("evil", BatchStatus.COMPLETED, ended=NOON, output=hostile.id))
    run = a_run(tmp_path, service)
    (tmp_path / "file").write_text("no directory")
    with pytest.raises(BatchTuiError):
        await run.cockpit.collector.collect("ended", tmp_path / "file" / "below")
    await run.cockpit.collector.collect("ended", tmp_path)
    with pytest.raises(BatchTuiError):
        await run.cockpit.collector.collect("ended", tmp_path)
    collected = await run.cockpit.collector.collect("evil", tmp_path)
    assert collected.output is not None
    assert collected.output.parent == tmp_path
    order = an_order(tmp_path, file_name="\udcff\x1b[31m.jsonl")
    assert (await run.cockpit.submitter.submit(order)).phase is Phase.SUBMITTED
    await end(run)
    again = a_run(tmp_path, service)
    assert await again.cockpit.start() == ()
    assert again.cockpit.unconfirmed() == ()
    assert [Path(submit.path) for submit in again.cockpit.journal.submits()] == [order.path]
    await end(again)


async def test_fault_45_poll_cancel_state_a_stale_answer_is_no_end_of_a_cancellation(tmp_path: Path) -> None:
    service = an_account()
    run = a_run(tmp_path, service)
    await run.cockpit.start()
    await run.turn()
    service.answer_next("cancel_batch", a_batch("runs"))
    service.answer_next("retrieve_batch", a_batch("runs"))
    outcomes = [outcome async for outcome in run.cockpit.canceller.cancel(["runs"])]
    assert outcomes[-1].state is CancelState.CONFIRMED
    assert service.count("cancel_batch") + service.count("retrieve_batch") > 2, "it was asked again"
    service.finish("runs", BatchStatus.CANCELLED)
    await run.turn()
    service.put(a_batch("runs"))
    await run.turn()
    known = run.cockpit.store.get("runs")
    assert known is not None
    assert known.status is BatchStatus.CANCELLED
    await end(run)


async def test_fault_38_create_state_a_status_nobody_knows_is_a_batch_all_the_same(tmp_path: Path) -> None:
    service = an_account()
    run = a_run(tmp_path, service)
    paused = replace(a_batch("odd"), status=BatchStatus.UNKNOWN, raw_status="paused")
    order = an_order(tmp_path)
    service.answer_next("create_batch", paused)
    submission = await run.cockpit.submitter.submit(order)
    assert submission.phase in {Phase.SUBMITTED, Phase.UNKNOWN}
    assert service.count("create_batch") == 1
    assert not (submission.batch is not None and submission.batch.is_terminal)
    await end(run)
    again = a_run(tmp_path, service)
    await again.cockpit.start()
    assert service.count("create_batch") == 1
    assert [submit.stage for submit in again.cockpit.journal.submits()] == [SubmitStage.SUBMITTED]
    await end(again)
