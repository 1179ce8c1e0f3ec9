from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch_tui.domain.errors import Effect, StateError, UnreachableError
from batch_tui.domain.operation import Operation, SubmitOperation, SubmitStage
from batch_tui.engine.journal import Journal
from batch_tui.engine.kit import Kit
from batch_tui.engine.submit import Phase, Submitter
from tests.support.batches import a_batch
from tests.support.fake_service import FakeService, unauthorized
from tests.support.kits import World, an_order, reached


class Killed(BaseException):
    """The process is gone: no handler of the program sees it."""


class DyingJournal(Journal):
    """A disk on a machine that dies just before or just after the n-th write."""

    def __init__(self, folder: Path, dies_at: int, *, is_written: bool) -> None:
        super().__init__(folder)
        self.left = dies_at
        self.is_written = is_written

    async def save(self, operation: Operation) -> None:
        self.left -= 1
        if self.left == 0 and not self.is_written:
            raise Killed
        await super().save(operation)
        if self.left == 0:
            raise Killed


def cut() -> UnreachableError:
    return UnreachableError("The connection broke.", effect=Effect.UNKNOWN)


def stages(kit: Kit) -> list[SubmitStage]:
    return [o.stage for o in kit.journal.submits()]


@pytest.mark.parametrize("is_written", [True, False])
@pytest.mark.parametrize("dies_at", [1, 2, 3, 4, 5])
async def test_fault_61_create_killed_around_each_write_the_next_start_makes_or_finds_at_most_one(
    tmp_path: Path,
    dies_at: int,
    is_written: bool,  # noqa: FBT001 - pytest gives it
) -> None:
    service = FakeService()
    world = World(tmp_path, service)
    kit = world.start()
    dying = DyingJournal(tmp_path / "state" / "operations", dies_at, is_written=is_written)
    doomed = Kit(
        service=service,
        store=kit.store,
        gate=kit.gate,
        journal=dying,
        events=kit.events,
        clock=kit.clock,
        sleep=kit.sleep,
    )
    with pytest.raises(Killed):
        await Submitter(doomed).submit(an_order(tmp_path))
    assert len(service.batches) <= 1
    was_made = bool(service.batches)
    again = world.start()
    await Submitter(again).recover(resume=True)
    assert len(service.batches) <= 1
    assert service.count("create_batch") <= 1
    if was_made:
        assert stages(again) == [SubmitStage.SUBMITTED]
    else:
        # Killed between the durable intent and the POST: nobody can know, so the user is asked.
        assert stages(again) in ([], [SubmitStage.SUBMITTED], [SubmitStage.MAYBE])


async def test_fault_62_upload_an_interrupted_upload_goes_on_when_asked_to_and_only_then(tmp_path: Path) -> None:
    service = FakeService()
    world = World(tmp_path, service)
    first = Submitter(world.start())
    service.hold("upload_file")
    running = asyncio.create_task(first.submit(an_order(tmp_path)))
    await reached(service, "upload_file")
    first.begin_close()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    service._holds.clear()
    (told,) = await Submitter(world.start()).recover()
    assert told.phase is Phase.FAILED
    assert "Interrupted" in told.message
    assert service.count("create_batch") == 0
    (done,) = await Submitter(world.start()).recover(resume=True)
    assert done.phase is Phase.SUBMITTED
    assert len(service.batches) == 1
    assert await Submitter(world.start()).recover(resume=True) == ()


async def test_fault_52_upload_a_file_edited_between_two_starts_makes_no_batch(tmp_path: Path) -> None:
    service = FakeService()
    world = World(tmp_path, service)
    first = Submitter(world.start())
    service.hold("upload_file")
    order = an_order(tmp_path)
    running = asyncio.create_task(first.submit(order))
    await reached(service, "upload_file")
    first.begin_close()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    service._holds.clear()
    order.path.write_bytes(b"edited")
    (told,) = await Submitter(world.start()).recover(resume=True)
    assert told.phase is Phase.FAILED
    assert "changed" in told.message
    assert service.batches == {}


async def test_submitting_the_same_file_anew_ends_what_an_earlier_run_did_not_send(tmp_path: Path) -> None:
    service = FakeService()
    world = World(tmp_path, service)
    first = Submitter(world.start())
    service.hold("upload_file")
    running = asyncio.create_task(first.submit(an_order(tmp_path)))
    await reached(service, "upload_file")
    first.begin_close()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    service._holds.clear()
    second = Submitter(world.start())
    await second.recover()
    assert (await second.submit(an_order(tmp_path))).phase is Phase.SUBMITTED
    await Submitter(world.start()).recover(resume=True)
    assert len(service.batches) == 1


async def in_doubt(world: World, folder: Path, service: FakeService) -> tuple[Submitter, SubmitOperation]:
    """A submit whose POST got lost on its way, looked for and not found."""
    service.fail_next("create_batch", cut())
    submitter = Submitter(world.start())
    submission = await submitter.submit(an_order(folder))
    (operation,) = submitter.pending()
    assert submission.phase is Phase.UNKNOWN
    assert operation.stage is SubmitStage.MAYBE
    return submitter, operation


async def test_the_same_file_is_not_submitted_while_an_earlier_submit_is_in_doubt(tmp_path: Path) -> None:
    service = FakeService()
    submitter, operation = await in_doubt(World(tmp_path, service), tmp_path, service)
    refused = await submitter.submit(an_order(tmp_path))
    assert refused.phase is Phase.FAILED
    assert "may have been taken" in refused.message
    assert service.count("create_batch") == 1
    await submitter.dismiss(operation.intent)
    assert submitter.pending() == ()
    assert (await submitter.submit(an_order(tmp_path))).phase is Phase.SUBMITTED


async def test_submitting_a_maybe_again_is_a_new_intent_with_the_uploaded_file(tmp_path: Path) -> None:
    service = FakeService()
    world = World(tmp_path, service)
    submitter, operation = await in_doubt(world, tmp_path, service)
    again = await submitter.resubmit(operation.intent)
    assert again.phase is Phase.SUBMITTED
    assert again.intent != operation.intent
    assert service.count("upload_file") == 1
    assert len(service.batches) == 1
    assert submitter.pending() == ()


async def test_a_maybe_that_turned_up_meanwhile_is_not_submitted_again(tmp_path: Path) -> None:
    service = FakeService()
    submitter, operation = await in_doubt(World(tmp_path, service), tmp_path, service)
    await service.create_batch(operation.order)
    posts = service.count("create_batch")
    found = await submitter.resubmit(operation.intent)
    assert found.phase is Phase.SUBMITTED
    assert found.intent == operation.intent
    assert service.count("create_batch") == posts


async def test_a_maybe_is_not_submitted_again_while_nobody_can_look(tmp_path: Path) -> None:
    service = FakeService()
    submitter, operation = await in_doubt(World(tmp_path, service), tmp_path, service)
    service.go_down(unauthorized())
    answer = await submitter.resubmit(operation.intent)
    assert answer.phase is Phase.UNKNOWN
    assert "Not sent again" in answer.message
    assert service.count("create_batch") == 1


async def test_killed_between_replacing_and_marking_the_next_start_marks_it(tmp_path: Path) -> None:
    service = FakeService()
    world = World(tmp_path, service)
    submitter, operation = await in_doubt(world, tmp_path, service)
    await submitter._replace(operation)
    kit = world.start()
    await kit.journal.save(operation)
    recovered = Submitter(kit)
    (done,) = await recovered.recover(resume=True)
    assert done.phase is Phase.SUBMITTED
    assert recovered.pending() == ()
    assert len(service.batches) == 1


async def test_fault_61_create_a_batch_that_any_later_listing_shows_settles_a_maybe(tmp_path: Path) -> None:
    service = FakeService()
    submitter, operation = await in_doubt(World(tmp_path, service), tmp_path, service)
    late = await service.create_batch(operation.order)
    assert await submitter.notice([a_batch("other")]) == ()
    (found,) = await submitter.notice([a_batch("other"), late])
    assert found.phase is Phase.SUBMITTED
    assert submitter.pending() == ()
    assert await submitter.notice([late]) == ()


async def test_a_first_batch_that_turns_up_after_its_replacement_is_told(tmp_path: Path) -> None:
    service = FakeService()
    submitter, operation = await in_doubt(World(tmp_path, service), tmp_path, service)
    await submitter.resubmit(operation.intent)
    late = await service.create_batch(operation.order)
    (found,) = await submitter.notice([late])
    assert "cancel one of the two" in found.message


async def test_fault_60_create_two_instances_recover_one_intent_once(tmp_path: Path) -> None:
    service = FakeService()
    world = World(tmp_path, service)
    first = Submitter(world.start())
    service.hold("upload_file")
    running = asyncio.create_task(first.submit(an_order(tmp_path)))
    await reached(service, "upload_file")
    assert await Submitter(world.start()).recover(resume=True) == ()
    first.begin_close()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    service._holds.clear()
    both = await asyncio.gather(*(Submitter(world.start()).recover(resume=True) for _ in range(3)))
    assert sum(len(submissions) for submissions in both) >= 1
    assert service.count("create_batch") == 1


async def test_what_is_being_worked_on_can_not_be_dismissed(tmp_path: Path) -> None:
    service = FakeService()
    submitter = Submitter(World(tmp_path, service).start())
    event = service.hold("create_batch")
    running = asyncio.create_task(submitter.submit(an_order(tmp_path)))
    await reached(service, "create_batch")
    (operation,) = submitter.pending()
    with pytest.raises(StateError):
        await submitter.dismiss(operation.intent)
    with pytest.raises(StateError):
        await submitter.resubmit(operation.intent)
    event.set()
    await running
    with pytest.raises(StateError):
        await submitter.dismiss(operation.intent)


async def test_fault_59_state_what_the_journal_lost_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "operations"
    folder.mkdir(parents=True)
    (folder / f"{'a' * 32}.json").write_bytes(b"")
    kit = World(tmp_path, FakeService()).start()
    assert await Submitter(kit).recover() == ()
    assert "moved to" in kit.events.recent()[0].text


async def test_intents_for_another_service_are_left_alone(tmp_path: Path) -> None:
    class Elsewhere(FakeService):
        @property
        def host(self) -> str:
            return "elsewhere.invalid"

    service = FakeService()
    await in_doubt(World(tmp_path, service), tmp_path, service)
    submitter = Submitter(World(tmp_path, Elsewhere()).start())
    assert await submitter.recover() == ()
    assert submitter.pending() == ()


async def test_fault_63_create_a_local_clock_that_jumps_makes_no_second_batch(tmp_path: Path) -> None:
    for jump in (-3 * 3600, 3 * 3600):
        service = FakeService()
        folder = tmp_path / str(jump)
        folder.mkdir()
        world = World(folder, service)
        service.lose_reply("create_batch", cut())
        service.fail_next("list_batches", unauthorized())
        await Submitter(world.start()).submit(an_order(folder))
        world.time.now += jump
        (settled,) = await Submitter(world.start()).recover(resume=True)
        assert settled.phase is Phase.SUBMITTED
        assert len(service.batches) == 1


async def test_earlier_submits_of_the_same_bytes_are_known(tmp_path: Path) -> None:
    service = FakeService()
    submitter = Submitter(World(tmp_path, service).start())
    order = an_order(tmp_path)
    assert submitter.earlier(order.report.sha256) == ()
    done = await submitter.submit(order)
    assert [o.intent for o in submitter.earlier(order.report.sha256)] == [done.intent]


async def test_an_old_doubt_does_not_hold_up_a_start_while_the_service_is_away(tmp_path: Path) -> None:
    service = FakeService()
    world = World(tmp_path, service)
    service.lose_reply("create_batch", cut())
    service.fail_next("list_batches", unauthorized())
    await Submitter(world.start()).submit(an_order(tmp_path))
    world.time.now += 3600
    service.go_down(cut())
    started = world.time.now
    (told,) = await Submitter(world.start()).recover()
    assert told.phase is Phase.UNKNOWN
    assert world.time.now - started < 10
    service.come_back()
    (settled,) = await Submitter(world.start()).recover()
    assert settled.phase is Phase.SUBMITTED


async def test_a_program_that_never_recovered_still_knows_what_is_in_doubt(tmp_path: Path) -> None:
    service = FakeService()
    world = World(tmp_path, service)
    await in_doubt(world, tmp_path, service)
    assert (await Submitter(world.start()).submit(an_order(tmp_path))).phase is Phase.FAILED
    assert service.count("create_batch") == 1


FAULTS: dict[str, Callable[[FakeService], None]] = {
    "none": lambda _: None,
    "lost upload": lambda s: s.lose_reply("upload_file", cut()),
    "lost before": lambda s: s.fail_next("create_batch", cut()),
    "lost after": lambda s: s.lose_reply("create_batch", cut()),
    "refused": lambda s: s.fail_next("create_batch", UnreachableError("Refused.", effect=Effect.NONE)),
    "list fails": lambda s: s.fail_next("list_batches", cut()),
    "key fails": lambda s: s.fail_next("list_batches", unauthorized()),
}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lives=st.lists(st.tuples(st.sampled_from(sorted(FAULTS)), st.integers(1, 8), st.booleans()), max_size=5))
def test_fault_61_create_over_random_lives_and_deaths_there_is_one_batch_at_most(
    tmp_path_factory: pytest.TempPathFactory,
    lives: list[tuple[str, int, bool]],
) -> None:
    asyncio.run(_live(tmp_path_factory.mktemp("lives"), lives))


async def _live(folder: Path, lives: list[tuple[str, int, bool]]) -> None:
    service = FakeService()
    world = World(folder, service)
    order = an_order(folder)
    is_submitted = False
    for fault, dies_at, is_written in lives:
        FAULTS[fault](service)
        kit = world.start()
        kit_with_death = Kit(
            service=service,
            store=kit.store,
            gate=kit.gate,
            journal=DyingJournal(folder / "state" / "operations", dies_at, is_written=is_written),
            events=kit.events,
            clock=kit.clock,
            sleep=kit.sleep,
        )
        submitter = Submitter(kit_with_death)
        try:
            await submitter.recover(resume=True)
            if not is_submitted:
                is_submitted = True
                await submitter.submit(order)
        except (Killed, BaseExceptionGroup):
            pass
        assert len(service.batches) <= 1
    service._failures.clear()
    service._lost.clear()
    last = Submitter(world.start())
    await last.recover(resume=True)
    assert len(service.batches) <= 1
    assert all(o.stage is SubmitStage.MAYBE or o.is_held for o in last.pending())
    if service.batches and last.pending():
        pytest.fail("a batch exists and its intent is still open")
