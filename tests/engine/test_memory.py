from __future__ import annotations

from pathlib import Path

from batch_tui.domain.status import BatchStatus
from batch_tui.engine.gate import RateGate
from batch_tui.engine.monitoring.cache import FILE_NAME, SnapshotFile
from batch_tui.engine.monitoring.history import History
from batch_tui.engine.monitoring.memory import SAVE_EVERY, Memory
from batch_tui.engine.monitoring.monitor import Condition, Monitor
from batch_tui.engine.monitoring.store import BatchStore
from tests.support.batches import NOON, a_batch, many
from tests.support.fake_service import FakeService, unreachable
from tests.support.virtual_time import VirtualTime


class Program:
    """One run of a front end over a directory."""

    def __init__(
        self, directory: Path, service: FakeService, *, now: float = float(NOON), starts: bool = True
    ) -> None:
        self.time = VirtualTime(now)
        service._clock = self.time.clock
        self.store = BatchStore()
        gate = RateGate(clock=self.time.clock, sleep=self.time.sleep_alone)
        self.monitor = Monitor(service, self.store, gate, clock=self.time.clock, sleep=self.time.sleep_alone)
        self.history = History(directory / "state")
        snapshots = SnapshotFile(directory / "cache", service="s")
        self.memory = Memory(self.store, self.monitor, self.history, snapshots, clock=self.time.clock)
        if starts:
            self.memory.restore()
        self.ticks = self.monitor.ticks()

    async def turn(self) -> Condition:
        tick = await anext(self.ticks)
        await self.memory.note(tick)
        return tick.condition


async def test_the_next_start_knows_the_batches_before_the_network_answers(tmp_path: Path) -> None:
    service = FakeService(*many(250))
    first = Program(tmp_path, service)
    assert not first.memory.restore()
    for _ in range(3):
        await first.turn()
    assert first.memory.save()
    second = Program(tmp_path, service, now=NOON + 500)
    assert second.memory.restore()
    assert second.store.batches() == many(250)
    assert second.monitor.last_good == NOON
    service.go_down(unreachable())
    assert await second.turn() is Condition.OFFLINE
    service.come_back()
    assert await second.turn() is Condition.LIVE
    assert service.count("list_batches") == 3 + 2


async def test_a_rate_goes_on_across_a_restart(tmp_path: Path) -> None:
    service = FakeService(a_batch(total=1000))
    first = Program(tmp_path, service)
    await first.turn()
    first.memory.save()
    second = Program(tmp_path, service, now=NOON + 600)
    second.memory.restore()
    service.put(a_batch(total=1000, completed=100))
    await second.turn()
    assert second.history.pace(service.batches["batch_1"], second.time.now).per_minute == 10


async def test_stillness_is_recorded_only_when_it_was_read(tmp_path: Path) -> None:
    service = FakeService(a_batch(total=1000))
    program = Program(tmp_path, service)
    await program.turn()
    service.go_down(unreachable())
    for _ in range(4):
        await program.turn()
    assert program.history.samples("batch_1")[-1].at == NOON
    service.come_back()
    await program.turn()
    assert program.history.samples("batch_1")[-1].at == program.time.now


async def test_it_writes_now_and_then_and_only_what_changed(tmp_path: Path) -> None:
    service = FakeService(a_batch(total=1000))
    program = Program(tmp_path, service)
    path = tmp_path / "cache" / FILE_NAME
    await program.turn()
    assert not path.exists()
    while program.time.now < NOON + SAVE_EVERY:
        await program.turn()
    assert path.exists()
    path.unlink()
    for _ in range(5):
        await program.turn()
    assert not path.exists()
    service.put(a_batch(total=1000, completed=1))
    await program.turn()
    assert path.exists()


async def test_reading_and_writing_go_off_the_event_loop_too(tmp_path: Path) -> None:
    first = Program(tmp_path, FakeService(*many(2)))
    assert not await first.memory.start()
    await first.turn()
    assert await first.memory.write()
    second = Program(tmp_path, FakeService())
    assert await second.memory.start()
    assert second.store.batches() == many(2)


async def test_a_disk_that_refuses_is_told_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the directory should be")
    program = Program(tmp_path, FakeService(a_batch()))
    await program.turn()
    assert not await program.memory.write()
    assert (tmp_path / "state" / "history.json").exists()


async def test_a_batch_that_is_gone_is_not_remembered(tmp_path: Path) -> None:
    service = FakeService(a_batch("a", created=NOON - 999), a_batch("b"))
    program = Program(tmp_path, service)
    await program.turn()
    service.remove("a")
    await program.turn()
    assert program.store.is_gone("a")
    program.memory.save()
    again = Program(tmp_path, service)
    again.memory.restore()
    assert [batch.id for batch in again.store.batches()] == ["b"]


async def test_a_dismissed_batch_is_forgotten(tmp_path: Path) -> None:
    program = Program(tmp_path, FakeService(a_batch()))
    await program.turn()
    program.store.mark_gone("batch_1")
    program.monitor.announce(program.store.dismiss("batch_1"))
    await program.turn()
    assert program.history.samples("batch_1") == ()


async def test_a_start_without_an_answer_keeps_the_old_snapshot(tmp_path: Path) -> None:
    first = Program(tmp_path, FakeService(*many(3, BatchStatus.COMPLETED)))
    await first.turn()
    first.memory.save()
    kept = (tmp_path / "cache" / FILE_NAME).read_bytes()
    dark = FakeService()
    dark.go_down(unreachable())
    second = Program(tmp_path, dark)
    await second.turn()
    assert second.memory.save()
    assert (tmp_path / "cache" / FILE_NAME).read_bytes() == kept


async def test_a_headless_run_leaves_what_the_screen_remembers_alone(tmp_path: Path) -> None:
    screen = Program(tmp_path, FakeService(*many(250, BatchStatus.COMPLETED), a_batch(total=9)))
    for _ in range(4):
        await screen.turn()
    screen.memory.save()
    kept = [path.read_bytes() for path in (tmp_path / "cache" / FILE_NAME, tmp_path / "state" / "history.json")]
    headless = Program(tmp_path, FakeService(a_batch("other", total=5)), starts=False)
    await headless.turn()
    await headless.memory.write()
    assert kept == [
        path.read_bytes() for path in (tmp_path / "cache" / FILE_NAME, tmp_path / "state" / "history.json")
    ]


async def test_a_run_that_follows_batches_adds_to_the_history_and_to_nothing_else(tmp_path: Path) -> None:
    screen = Program(tmp_path, FakeService(a_batch(total=9)))
    await screen.turn()
    screen.memory.save()
    watching = Program(tmp_path, FakeService(a_batch("other", total=5)), starts=False)
    await watching.memory.start_pace()
    await watching.turn()
    await watching.memory.write()
    again = Program(tmp_path, FakeService())
    assert [batch.id for batch in again.store.batches()] == ["batch_1"]
    assert again.history.samples("batch_1") != ()
    assert again.history.samples("other") != ()


async def test_a_first_picture_needs_only_the_newest_and_nothing_is_lost_when_it_stays_the_only_one(
    tmp_path: Path,
) -> None:
    service = FakeService(*many(250))
    first = Program(tmp_path, service)
    for _ in range(3):
        await first.turn()
    first.memory.save()
    quick = Program(tmp_path, service, starts=False)
    assert quick.memory.restore(limit=50)
    partial = [quick.memory.is_partial]
    assert quick.store.batches() == many(250)[:50]
    await quick.memory.write()
    assert await quick.memory.start()
    partial.append(quick.memory.is_partial)
    assert partial == [True, False]
    assert quick.store.batches() == many(250)
    assert quick.monitor.is_complete
