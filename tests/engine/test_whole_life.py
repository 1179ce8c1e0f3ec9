"""The whole life of a batch under what is no fault of one request: a bad disk, two instances, time, an outage."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from batch_tui.domain.batch import Batch, NewBatch
from batch_tui.domain.errors import BatchTuiError, Effect, RateLimitedError, StateError, UnreachableError
from batch_tui.domain.operation import CancelStage, SubmitStage
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.cancel import CancelState
from batch_tui.engine.monitoring.monitor import Condition
from batch_tui.engine.submitting.submit import Phase
from tests.support.batches import NOON, a_batch, many
from tests.support.fake_service import FakeService, unreachable
from tests.support.kits import an_order, reached
from tests.support.program_run import Run, a_run
from tests.support.virtual_time import VirtualTime

OUTPUT = b'{"custom_id":"a"}\n' * 20
_lines = iter(range(1_000_000))


def cut() -> UnreachableError:
    return UnreachableError("The connection was lost.", effect=Effect.UNKNOWN)


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
    assert run.known("runs").counts.completed == 7
    target = folder / f"fetched-{next(_lines)}"
    target.mkdir()
    collected = await run.cockpit.collector.collect("ended", target)
    assert collected.output is not None
    assert collected.output.read_bytes() == OUTPUT
    assert await run.cancel("runs") == {"runs": CancelState.CONFIRMED}
    assert service.batches["runs"].status is BatchStatus.CANCELLING
    service.put(a_batch("runs"))


def files_named(folder: Path, pattern: str) -> list[Path]:
    return list(folder.glob(pattern))


async def test_fault_58_list_upload_create_poll_download_cancel_state_without_a_state_directory_only_create_stops(
    tmp_path: Path,
) -> None:
    (tmp_path / "state").write_text("a file stands where the directory should be")
    service = an_account()
    async with a_run(tmp_path, service) as run:
        await live_through(run, service, tmp_path, can_create=False)


async def test_fault_59_list_upload_create_poll_download_cancel_state_after_damage_to_every_file_all_goes_on(
    tmp_path: Path,
) -> None:
    service = an_account()
    async with a_run(tmp_path, service) as run:
        await live_through(run, service, tmp_path)
    damaged = [path for place in ("state", "cache") for path in (tmp_path / place).rglob("*.json*")]
    assert len(damaged) > 3
    for number, path in enumerate(damaged):
        path.write_bytes((b"", b"\x00" * 40, b'{"version":99}', b'{"version":1,"x":[[[', b"\xff\xfe")[number % 5])
    async with a_run(tmp_path, service) as again:
        await live_through(again, service, tmp_path)


async def test_fault_60_list_upload_create_poll_download_cancel_state_two_instances_do_each_thing_once(
    tmp_path: Path,
) -> None:
    service = an_account()
    async with a_run(tmp_path, service) as first, a_run(tmp_path, service) as second:
        for run in (first, second):
            await live_through(run, service, tmp_path)
        assert service.count("create_batch") == 2
        assert await second.cockpit.submitter.recover(resume=True) == ()
    async with a_run(tmp_path, service) as third:
        assert third.taken_up == ()
        assert len(third.cockpit.journal.submits()) == 2


@pytest.mark.parametrize("hours", [-3, 3])
async def test_fault_63_list_upload_create_poll_download_cancel_view_state_ages_go_by_the_servers_clock(
    tmp_path: Path, hours: int
) -> None:
    service = an_account()
    async with a_run(tmp_path, service, offset=hours * 3600.0) as run:
        await live_through(run, service, tmp_path)
        local = run.time.now + hours * 3600.0
        assert abs(local + run.cockpit.store.server_offset - run.time.now) < 2
    async with a_run(tmp_path, service) as again:
        assert again.taken_up == ()
        await live_through(again, service, tmp_path)


async def test_fault_66_list_upload_create_poll_download_cancel_state_after_a_suspension_all_goes_on(
    tmp_path: Path,
) -> None:
    service = an_account()
    async with a_run(tmp_path, service) as run:
        await live_through(run, service, tmp_path)
        seen = service.count("list_batches")
        run.time.now += 60.0
        tick = await anext(run.ticks)
        assert service.count("list_batches") == seen + 1, "asked at once"
        assert tick.at >= NOON + 60
        await live_through(run, service, tmp_path)


async def test_fault_35_list_upload_poll_download_cancel_view_state_ten_minutes_of_outage_cost_nothing(
    tmp_path: Path,
) -> None:
    service = an_account()
    async with a_run(tmp_path, service) as run:
        await live_through(run, service, tmp_path)
        service.go_down(unreachable())
        began, asked = run.time.now, service.count("list_batches")
        with pytest.raises(BatchTuiError):
            await run.cockpit.collector.collect("ended", tmp_path)
        order, uploads = an_order(tmp_path, b'{"n":"o"}\n'), service.count("upload_file")
        submitting = asyncio.ensure_future(run.cockpit.submitter.submit(order))
        await reached(service, "upload_file", uploads + 1)
        submitting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await submitting
        assert files_named(tmp_path, "*output*") == []
        while run.time.now < began + 600:
            tick = await anext(run.ticks)
            assert tick.condition is Condition.OFFLINE
            assert run.cockpit.store.get("ended") is not None, "what is known stays"
        minutes = (run.time.now - began) / 60
        assert service.count("list_batches") - asked <= minutes + 1, "at most once a minute"
        service.come_back()
        back = run.time.now
        assert (await anext(run.ticks)).condition in {Condition.LIVE, Condition.LOADING}
        assert run.time.now - back <= 5.0, "fresh within seconds"
        (waiting,) = run.cockpit.submitter.pending()
        assert (await run.cockpit.submitter.resubmit(waiting.intent)).phase is Phase.SUBMITTED
        assert service.count("create_batch") == 2, "one in the calm before, one for what was stopped in the outage"
        assert [path.read_bytes() for path in await fetched(run, tmp_path)] == [OUTPUT]
        await live_through(run, service, tmp_path)


async def fetched(run: Run, folder: Path) -> tuple[Path, ...]:
    return (await run.cockpit.collector.collect("ended", folder)).files


async def test_fault_66_upload_create_poll_download_cancel_what_was_under_way_when_the_lid_closed_is_done_once(
    tmp_path: Path,
) -> None:
    """An hour passes in the middle of everything, and every connection is dead afterwards."""
    time = VirtualTime(float(NOON))
    service = an_account()
    target = tmp_path / "target"
    target.mkdir()
    under_way = ("upload_file", "cancel_batch", "download_file")
    async with a_run(tmp_path, service, time=time, has_many_sleepers=True) as run:
        await run.turn()
        coming = asyncio.ensure_future(anext(run.ticks))
        held = [service.hold(method) for method in under_way]
        submitting = asyncio.ensure_future(run.cockpit.submitter.submit(an_order(tmp_path)))
        cancelling = asyncio.ensure_future(run.cancel("runs"))
        fetching = asyncio.ensure_future(fetched(run, target))
        for method in under_way:
            await reached(service, method)
        seen = service.count("list_batches")

        async def wake() -> None:
            time.now += 3600.0
            service.fail_next("download_file", cut())
            for method in ("upload_file", "create_batch", "cancel_batch"):
                service.lose_reply(method, cut())
            for gate in held:
                gate.set()
            tick = await coming
            assert tick.condition in {Condition.LIVE, Condition.LOADING}
            assert [call.at for call in service.ledger if call.method == "list_batches"][seen] <= NOON + 3605
            assert (await submitting).phase is Phase.SUBMITTED
            assert await cancelling == {"runs": CancelState.CONFIRMED}
            assert [path.read_bytes() for path in await fetching] == [OUTPUT]

        await time.run(wake())
        assert service.count("create_batch") == 1
        assert len(service.orders) == 1


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
    async with a_run(tmp_path, service, time=time) as run:
        while (await run.turn()).condition is Condition.LIMITED:
            pass
        ids = [f"run-{n}" for n in range(50)]
        polls = service.count("list_batches")
        assert await run.cancel(*ids) == dict.fromkeys(ids, CancelState.CONFIRMED)
        assert (await run.cockpit.submitter.submit(an_order(tmp_path))).phase is Phase.SUBMITTED
        collected = await run.cockpit.collector.collect("b00000", tmp_path)
        assert collected.output is not None
        await run.turn()
        assert service.count("list_batches") > polls
        assert service.refused < 0.2 * len(service.ledger)
    async with a_run(tmp_path, service, time=time) as again:
        assert {cancel.stage for cancel in again.cockpit.journal.cancels()} == {CancelStage.CONFIRMED}


async def test_fault_50_poll_cancel_state_a_batch_that_ends_meanwhile_is_completed_not_cancelled(
    tmp_path: Path,
) -> None:
    service = an_account()
    async with a_run(tmp_path, service) as run:
        await run.turn()
        service.finish("runs", BatchStatus.COMPLETED, output=OUTPUT)
        assert await run.cancel("runs") == {"runs": CancelState.NOTHING_TO_DO}
        await run.turn()
        assert run.known("runs").status is BatchStatus.COMPLETED
    async with a_run(tmp_path, service) as again:
        assert [cancel.stage for cancel in again.cockpit.journal.cancels()] == [CancelStage.NOTHING_TO_DO]


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
    async with a_run(tmp_path, service) as run:
        order = an_order(tmp_path)
        change(order.path)
        submission = await run.cockpit.submitter.submit(order)
        assert submission.phase is Phase.FAILED
        assert submission.message
        assert service.count("create_batch") == 0
    async with a_run(tmp_path, service) as again:
        assert again.taken_up == ()
        assert [submit.stage for submit in again.cockpit.journal.submits()] == [SubmitStage.REFUSED]


async def test_fault_54_55_56_57_download_upload_state_what_goes_wrong_on_the_disk_leaves_no_doubt_behind(
    tmp_path: Path,
) -> None:
    service = an_account()
    hostile = service.add_file(OUTPUT, name="../../\x1b]0;x\x07\n.jsonl")
    service.put(a_batch("evil", BatchStatus.COMPLETED, ended=NOON, output=hostile.id))
    (tmp_path / "file").write_text("no directory")
    order = an_order(tmp_path, file_name="\udcff\x1b[31m.jsonl")
    async with a_run(tmp_path, service) as run:
        with pytest.raises(BatchTuiError):
            await run.cockpit.collector.collect("ended", tmp_path / "file" / "below")
        await run.cockpit.collector.collect("ended", tmp_path)
        with pytest.raises(BatchTuiError):
            await run.cockpit.collector.collect("ended", tmp_path)
        collected = await run.cockpit.collector.collect("evil", tmp_path)
        assert collected.output is not None
        assert collected.output.parent == tmp_path
        assert (await run.cockpit.submitter.submit(order)).phase is Phase.SUBMITTED
    async with a_run(tmp_path, service) as again:
        assert again.taken_up == ()
        assert again.cockpit.unconfirmed() == ()
        assert [Path(submit.path) for submit in again.cockpit.journal.submits()] == [order.path]


async def test_fault_45_poll_cancel_state_a_stale_answer_is_no_end_of_a_cancellation(tmp_path: Path) -> None:
    service = an_account()
    async with a_run(tmp_path, service) as run:
        await run.turn()
        service.answer_next("cancel_batch", a_batch("runs"))
        service.answer_next("retrieve_batch", a_batch("runs"))
        assert await run.cancel("runs") == {"runs": CancelState.CONFIRMED}
        assert service.count("cancel_batch") + service.count("retrieve_batch") > 2, "it was asked again"
        service.finish("runs", BatchStatus.CANCELLED)
        await run.turn()
        service.put(a_batch("runs"))
        await run.turn()
        assert run.known("runs").status is BatchStatus.CANCELLED


class Pausing(FakeService):
    """Makes batches in a status nobody knows."""

    async def create_batch(self, order: NewBatch) -> Batch:
        paused = replace(await super().create_batch(order), status=BatchStatus.UNKNOWN, raw_status="paused")
        self.put(paused)
        return paused


async def test_fault_38_create_state_a_status_nobody_knows_is_a_batch_all_the_same(tmp_path: Path) -> None:
    service = Pausing()
    async with a_run(tmp_path, service) as run:
        submission = await run.cockpit.submitter.submit(an_order(tmp_path))
        assert submission.phase is Phase.SUBMITTED
        assert submission.batch is not None
        made = submission.batch.id
        assert (submission.batch.raw_status, submission.batch.is_terminal) == ("paused", False)
        await run.turn()
        assert run.known(made).raw_status == "paused"
    async with a_run(tmp_path, service) as again:
        assert service.count("create_batch") == 1
        assert [submit.stage for submit in again.cockpit.journal.submits()] == [SubmitStage.SUBMITTED]
        again.cockpit.memory.restore()
        assert again.known(made).raw_status == "paused", "verbatim, from the memory of the run before"
        assert await again.cancel(made) == {made: CancelState.CONFIRMED}
