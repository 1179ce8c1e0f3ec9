from __future__ import annotations

from pathlib import Path

from batch_tui.domain.errors import Effect, UnreachableError
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.configuration.paths import Paths
from batch_tui.engine.configuration.settings import Profile, Settings
from batch_tui.engine.monitoring.monitor import Condition
from batch_tui.engine.submitting.submit import Phase
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService, unauthorized, unreachable
from tests.support.kits import an_order
from tests.support.virtual_time import VirtualTime

KEY = "sk-very-secret"


def a_cockpit(folder: Path, service: FakeService, *, read_only: bool = False) -> Cockpit:
    time = VirtualTime(float(NOON))
    settings = Settings(
        profile=Profile("default", "http://fake.invalid", KEY, read_only=read_only),
        paths=Paths(folder / "config.toml", folder / "state", folder / "cache"),
    )
    return Cockpit(settings, service, clock=time.clock, monotonic=time.clock, sleep=time.sleep_alone)


async def test_the_whole_life_of_a_submit_through_one_facade(tmp_path: Path) -> None:
    service = FakeService()
    cockpit = a_cockpit(tmp_path, service)
    assert await cockpit.start() == ()
    submission = await cockpit.submitter.submit(an_order(tmp_path))
    assert submission.batch is not None
    batch_id = submission.batch.id
    ticks = cockpit.ticks()
    await anext(ticks)
    service.finish(batch_id, output=b'{"custom_id":"a"}\n')
    while (batch := cockpit.store.get(batch_id)) is None or not batch.is_terminal:
        await anext(ticks)
    await ticks.aclose()
    collected = await cockpit.collector.collect(batch_id)
    assert collected.output is not None
    assert "validating → completed" in [event.text for event in cockpit.events.recent(batch_id)]
    await cockpit.aclose()
    assert service.is_closed


async def test_what_an_action_learned_comes_with_the_next_tick_whoever_asked(tmp_path: Path) -> None:
    service = FakeService()
    cockpit = a_cockpit(tmp_path, service)
    ticks = cockpit.ticks()
    await anext(ticks)
    submission = await cockpit.submitter.submit(an_order(tmp_path))
    assert submission.batch is not None
    tick = await anext(ticks)
    await ticks.aclose()
    assert tick.changes.added == (submission.batch.id,)
    await cockpit.aclose()


async def test_fault_61_create_a_lost_submit_is_settled_by_the_first_list_that_shows_it(tmp_path: Path) -> None:
    service = FakeService()
    cockpit = a_cockpit(tmp_path, service)
    service.lose_reply("create_batch", UnreachableError("Cut.", effect=Effect.UNKNOWN))
    service.fail_next("list_batches", unauthorized())
    submission = await cockpit.submitter.submit(an_order(tmp_path))
    assert submission.phase is Phase.UNKNOWN
    assert len(cockpit.unconfirmed()) == 1
    ticks = cockpit.ticks()
    while cockpit.submitter.pending():
        await anext(ticks)
    await ticks.aclose()
    assert cockpit.unconfirmed() == ()
    await cockpit.aclose()


async def test_fault_76_state_the_key_is_in_no_file(tmp_path: Path) -> None:
    service = FakeService(a_batch())
    cockpit = a_cockpit(tmp_path, service)
    service.fail_next("cancel_batch", UnreachableError(f"Wrong key {KEY}.", effect=Effect.UNKNOWN))
    await cockpit.submitter.submit(an_order(tmp_path))
    async for _ in cockpit.canceller.cancel(["batch_1"]):
        pass
    cockpit.events.record("error", f"the key is {KEY}")
    await cockpit.aclose()
    assert [path for path in files_of(tmp_path) if KEY.encode() in path.read_bytes()] == []
    assert any(path.name == "events.jsonl" for path in files_of(tmp_path))


async def test_a_read_only_profile_pays_for_nothing(tmp_path: Path) -> None:
    service = FakeService(a_batch())
    cockpit = a_cockpit(tmp_path, service, read_only=True)
    assert (await cockpit.submitter.submit(an_order(tmp_path))).phase is Phase.FAILED
    await cockpit.aclose()
    assert service.ledger == []


async def test_events_and_history_survive_a_restart(tmp_path: Path) -> None:
    service = FakeService(a_batch(completed=5), a_batch("batch_2"))
    cockpit = a_cockpit(tmp_path, service)
    await cockpit.start()
    ticks = cockpit.ticks()
    await anext(ticks)
    service.put(a_batch(status=BatchStatus.FINALIZING, completed=100))
    while "in_progress → finalizing" not in [event.text for event in cockpit.events.recent("batch_1")]:
        await anext(ticks)
    await ticks.aclose()
    await cockpit.aclose()
    again = a_cockpit(tmp_path, service)
    await again.start()
    assert [event.text for event in again.events.recent("batch_1")] == ["in_progress → finalizing"]
    assert again.history.samples("batch_1") == cockpit.history.samples("batch_1") != ()
    assert again.store.batches() == cockpit.store.batches()
    await again.aclose()


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_fault_35_poll_the_guard_judges_nothing_by_what_was_known_before_an_outage(tmp_path: Path) -> None:
    bad = a_batch("bad", total=1000, completed=50, failed=150)
    service = FakeService(bad)
    cockpit = a_cockpit(tmp_path, service)
    cockpit.store.apply([bad])  # as an earlier run left it
    service.fail_next("list_batches", unreachable(), unreachable())
    ticks = cockpit.ticks()
    seen = [((await anext(ticks)).condition, len(cockpit.patrol.take_raised())) for _ in range(3)]
    await ticks.aclose()
    assert seen == [(Condition.OFFLINE, 0), (Condition.OFFLINE, 0), (Condition.LIVE, 1)]
    await cockpit.aclose()
