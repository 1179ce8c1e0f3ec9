from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from batch_tui.domain.errors import Effect, StateError, UnreachableError
from batch_tui.domain.operation import SubmitOperation, SubmitStage
from batch_tui.engine.kit import Kit
from batch_tui.engine.submitting.submit import Phase, Submitter
from tests.support.batches import a_batch
from tests.support.fake_service import FakeService, unauthorized
from tests.support.interrupted import DyingJournal, Killed, quit_while_uploading, uploading
from tests.support.kits import World, an_order, reached


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def world(tmp_path: Path, service: FakeService) -> World:
    return World(tmp_path, service)


def cut() -> UnreachableError:
    return UnreachableError("The connection broke.", effect=Effect.UNKNOWN)


def doomed(world: World, dies_at: int, *, is_written: bool) -> Kit:
    """A run of the program that dies around its n-th write to the journal."""
    dying = DyingJournal(world.folder / "state" / "operations", dies_at, is_written=is_written)
    return replace(world.start(), journal=dying)


def stages(kit: Kit) -> list[SubmitStage]:
    return [o.stage for o in kit.journal.submits()]


@pytest.mark.parametrize("is_written", [True, False])
@pytest.mark.parametrize("dies_at", [1, 2, 3, 4, 5])
async def test_fault_61_create_killed_around_each_write_the_next_start_makes_or_finds_at_most_one(
    tmp_path: Path,
    dies_at: int,
    is_written: bool,  # noqa: FBT001 - pytest gives it
    service: FakeService,
    world: World,
) -> None:
    with pytest.raises(Killed):
        await Submitter(doomed(world, dies_at, is_written=is_written)).submit(an_order(tmp_path))
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


async def test_fault_62_upload_an_interrupted_upload_goes_on_when_asked_to_and_only_then(
    tmp_path: Path, service: FakeService, world: World
) -> None:
    first = Submitter(world.start())
    await quit_while_uploading(first, service, an_order(tmp_path))
    (told,) = await Submitter(world.start()).recover()
    assert told.phase is Phase.FAILED
    assert "Interrupted" in told.message
    assert service.count("create_batch") == 0
    (done,) = await Submitter(world.start()).recover(resume=True)
    assert done.phase is Phase.SUBMITTED
    assert len(service.batches) == 1
    assert await Submitter(world.start()).recover(resume=True) == ()


async def test_fault_52_upload_a_file_edited_between_two_starts_makes_no_batch(
    tmp_path: Path, service: FakeService, world: World
) -> None:
    first = Submitter(world.start())
    order = an_order(tmp_path)
    await quit_while_uploading(first, service, order)
    order.path.write_bytes(b"edited")
    (told,) = await Submitter(world.start()).recover(resume=True)
    assert told.phase is Phase.FAILED
    assert "changed" in told.message
    assert service.batches == {}


async def test_submitting_the_same_file_anew_ends_what_an_earlier_run_did_not_send(
    tmp_path: Path, service: FakeService, world: World
) -> None:
    first = Submitter(world.start())
    await quit_while_uploading(first, service, an_order(tmp_path))
    second = Submitter(world.start())
    await second.recover()
    assert (await second.submit(an_order(tmp_path))).phase is Phase.SUBMITTED
    await Submitter(world.start()).recover(resume=True)
    assert len(service.batches) == 1


async def in_doubt(world: World, service: FakeService) -> tuple[Submitter, SubmitOperation]:
    """A submit whose POST got lost on its way, looked for and not found."""
    service.fail_next("create_batch", cut())
    submitter = Submitter(world.start())
    submission = await submitter.submit(an_order(world.folder))
    (operation,) = submitter.pending()
    assert submission.phase is Phase.UNKNOWN
    assert operation.stage is SubmitStage.MAYBE
    return submitter, operation


async def test_the_same_file_is_not_submitted_while_an_earlier_submit_is_in_doubt(
    tmp_path: Path, service: FakeService, world: World
) -> None:
    submitter, operation = await in_doubt(world, service)
    refused = await submitter.submit(an_order(tmp_path))
    assert refused.phase is Phase.FAILED
    assert "may have been taken" in refused.message
    assert service.count("create_batch") == 1
    await submitter.dismiss(operation.intent)
    assert submitter.pending() == ()
    assert (await submitter.submit(an_order(tmp_path))).phase is Phase.SUBMITTED


async def test_submitting_a_maybe_again_is_a_new_intent_with_the_uploaded_file(
    service: FakeService, world: World
) -> None:
    submitter, operation = await in_doubt(world, service)
    again = await submitter.resubmit(operation.intent)
    assert again.phase is Phase.SUBMITTED
    assert again.intent != operation.intent
    assert service.count("upload_file") == 1
    assert len(service.batches) == 1
    assert submitter.pending() == ()


async def test_a_maybe_that_turned_up_meanwhile_is_not_submitted_again(service: FakeService, world: World) -> None:
    submitter, operation = await in_doubt(world, service)
    await service.create_batch(operation.order)
    posts = service.count("create_batch")
    found = await submitter.resubmit(operation.intent)
    assert found.phase is Phase.SUBMITTED
    assert found.intent == operation.intent
    assert service.count("create_batch") == posts


async def test_a_maybe_is_not_submitted_again_while_nobody_can_look(service: FakeService, world: World) -> None:
    submitter, operation = await in_doubt(world, service)
    service.go_down(unauthorized())
    answer = await submitter.resubmit(operation.intent)
    assert answer.phase is Phase.UNKNOWN
    assert "Not sent again" in answer.message
    assert service.count("create_batch") == 1


async def test_killed_between_replacing_and_marking_the_next_start_marks_it(
    service: FakeService, world: World
) -> None:
    submitter, operation = await in_doubt(world, service)
    await submitter._replace(operation)
    kit = world.start()
    await kit.journal.save(operation)
    recovered = Submitter(kit)
    (done,) = await recovered.recover(resume=True)
    assert done.phase is Phase.SUBMITTED
    assert recovered.pending() == ()
    assert len(service.batches) == 1


async def test_fault_61_create_a_batch_that_any_later_listing_shows_settles_a_maybe(
    service: FakeService, world: World
) -> None:
    submitter, operation = await in_doubt(world, service)
    late = await service.create_batch(operation.order)
    assert await submitter.notice([a_batch("other")]) == ()
    (found,) = await submitter.notice([a_batch("other"), late])
    assert found.phase is Phase.SUBMITTED
    assert submitter.pending() == ()
    assert await submitter.notice([late]) == ()


async def test_a_first_batch_that_turns_up_after_its_replacement_is_told(
    service: FakeService, world: World
) -> None:
    submitter, operation = await in_doubt(world, service)
    await submitter.resubmit(operation.intent)
    late = await service.create_batch(operation.order)
    (found,) = await submitter.notice([late])
    assert "cancel one of the two" in found.message


async def test_fault_60_create_two_instances_recover_one_intent_once(
    tmp_path: Path, service: FakeService, world: World
) -> None:
    first = Submitter(world.start())
    async with uploading(first, service, an_order(tmp_path)):
        assert await Submitter(world.start()).recover(resume=True) == ()
    both = await asyncio.gather(*(Submitter(world.start()).recover(resume=True) for _ in range(3)))
    assert sum(len(submissions) for submissions in both) >= 1
    assert service.count("create_batch") == 1


async def test_what_is_being_worked_on_can_not_be_dismissed(
    tmp_path: Path, service: FakeService, world: World
) -> None:
    submitter = Submitter(world.start())
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
    await in_doubt(World(tmp_path, service), service)
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


async def test_earlier_submits_of_the_same_bytes_are_known(tmp_path: Path, world: World) -> None:
    submitter = Submitter(world.start())
    order = an_order(tmp_path)
    assert submitter.earlier(order.report.sha256) == ()
    done = await submitter.submit(order)
    assert [o.intent for o in submitter.earlier(order.report.sha256)] == [done.intent]


async def test_an_old_doubt_does_not_hold_up_a_start_while_the_service_is_away(
    tmp_path: Path, service: FakeService, world: World
) -> None:
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


async def test_a_program_that_never_recovered_still_knows_what_is_in_doubt(
    tmp_path: Path, service: FakeService, world: World
) -> None:
    await in_doubt(world, service)
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
        submitter = Submitter(doomed(world, dies_at, is_written=is_written))
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
