from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from batch_tui.domain.batch import INTENT_KEY, NAME_KEY, Batch, BatchPage, NewBatch
from batch_tui.domain.errors import (
    ConfigurationError,
    Effect,
    InputFileError,
    NotFoundError,
    NotTheApiError,
    RateLimitedError,
    RefusedError,
    ServerFaultError,
    ServiceError,
    StateError,
    TransferStalledError,
    UnreachableError,
)
from batch_tui.domain.operation import SubmitOperation, SubmitStage
from batch_tui.engine.kit import Kit
from batch_tui.engine.submitting.submit import Phase, Submission, Submitter
from batch_tui.engine.submitting.upload import UPLOAD_DELAYS, remote_name
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import (
    FakeService,
    forbidden,
    rate_limited,
    server_fault,
    unauthorized,
    unreachable,
)
from tests.support.kits import World, a_report, an_order, met, reached
from tests.support.virtual_time import VirtualTime


def refused(message: str, status: int = 400) -> RefusedError:
    return RefusedError(message, effect=Effect.NONE, status=status)


def cut() -> UnreachableError:
    return UnreachableError("The connection broke.", effect=Effect.UNKNOWN)


def not_the_api() -> NotTheApiError:
    return NotTheApiError("Not the API (HTML from fake.invalid).")


def a_stage(kit: Kit, intent: str) -> SubmitStage:
    operation = kit.journal.get(intent)
    assert isinstance(operation, SubmitOperation)
    return operation.stage


async def test_a_checked_file_becomes_one_batch_with_its_nonce(tmp_path: Path) -> None:
    service = FakeService()
    kit = World(tmp_path, service).start()
    steps: list[Submission] = []
    submission = await Submitter(kit).submit(an_order(tmp_path, name="night"), on_step=steps.append)
    assert submission.phase is Phase.SUBMITTED
    assert submission.batch is not None
    assert submission.message == ""
    assert dict(submission.batch.metadata) == {INTENT_KEY: submission.intent, NAME_KEY: "night"}
    assert kit.store.get(submission.batch.id) == submission.batch
    phases = list(dict.fromkeys(step.phase for step in steps))
    assert phases == [Phase.UPLOADING, Phase.CREATING, Phase.SUBMITTED]
    assert any(step.progress is not None for step in steps)
    assert [call.method for call in service.ledger] == ["upload_file", "create_batch"]


async def test_the_intent_is_durable_before_the_post(tmp_path: Path) -> None:
    service = FakeService()
    world = World(tmp_path, service)
    kit = world.start()
    gate = service.hold("create_batch")
    running = asyncio.create_task(Submitter(kit).submit(an_order(tmp_path)))
    await reached(service, "create_batch")
    other = world.start()
    await other.journal.load()
    assert [o.stage for o in other.journal.submits()] == [SubmitStage.CREATING]
    gate.set()
    assert (await running).phase is Phase.SUBMITTED


AMBIGUOUS = {
    "06_create_rst_before_processing": cut(),
    "10_create_hang_in_the_body": cut(),
    "16_create_captive_portal": not_the_api(),
    "17_create_503_before_processing": server_fault(503),
    "19_create_409": RefusedError("Conflict.", effect=Effect.UNKNOWN, status=409),
}


@pytest.mark.parametrize("error", [pytest.param(error, id=f"fault_{row}") for row, error in AMBIGUOUS.items()])
async def test_fault_06_create_an_ambiguous_failure_that_had_no_effect_is_never_sent_again(
    tmp_path: Path,
    error: ServiceError,
) -> None:
    service = FakeService()
    service.fail_next("create_batch", error)
    kit = World(tmp_path, service).start()
    submission = await Submitter(kit).submit(an_order(tmp_path))
    assert submission.phase is Phase.UNKNOWN
    assert a_stage(kit, submission.intent) is SubmitStage.MAYBE
    assert "submit it again, or dismiss" in submission.message
    assert service.count("create_batch") == 1
    assert service.batches == {}


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(cut(), id="fault_07_08_09_rst_fin_silence"),
        pytest.param(server_fault(504), id="fault_18_504_after_processing"),
        pytest.param(ServerFaultError("The reply was cut."), id="fault_12_13_14_15_cut_reply"),
        pytest.param(not_the_api(), id="fault_30_garbage"),
    ],
)
async def test_fault_07_create_a_lost_reply_is_settled_by_listing(tmp_path: Path, error: ServiceError) -> None:
    service = FakeService()
    service.lose_reply("create_batch", error)
    kit = World(tmp_path, service).start()
    submission = await Submitter(kit).submit(an_order(tmp_path))
    assert submission.phase is Phase.SUBMITTED
    assert submission.batch is not None
    assert list(service.batches) == [submission.batch.id]
    assert service.count("create_batch") == 1


async def test_fault_25_create_a_batch_that_is_listed_late_is_found_within_the_grace(tmp_path: Path) -> None:
    service = FakeService()
    service.lose_reply("create_batch", cut())
    service.answer_next("list_batches", *[BatchPage((), has_more=False, last_id=None)] * 4)
    kit = World(tmp_path, service).start()
    submission = await Submitter(kit).submit(an_order(tmp_path))
    assert submission.phase is Phase.SUBMITTED
    assert service.count("list_batches") == 5


async def test_fault_42_create_other_batches_with_other_nonces_are_never_taken_for_it(tmp_path: Path) -> None:
    service = FakeService(*(a_batch(f"b{n}", metadata={INTENT_KEY: f"other-{n}"}) for n in range(300)))
    service.fail_next("create_batch", cut())
    kit = World(tmp_path, service).start()
    submission = await Submitter(kit).submit(an_order(tmp_path))
    assert submission.phase is Phase.UNKNOWN
    assert submission.batch is None


async def test_fault_43_create_a_cursor_loop_ends_the_search(tmp_path: Path) -> None:
    service = FakeService()
    service.fail_next("create_batch", cut())
    page = BatchPage((a_batch(),), has_more=True, last_id="batch_1")
    service.answer_next("list_batches", *[page] * 100)
    kit = World(tmp_path, service).start()
    submission = await Submitter(kit).submit(an_order(tmp_path))
    assert submission.phase is Phase.UNKNOWN
    assert service.count("list_batches") <= 14


async def test_fault_44_create_has_more_with_no_cursor_ends_the_search(tmp_path: Path) -> None:
    service = FakeService()
    service.fail_next("create_batch", cut())
    service.answer_next("list_batches", *[BatchPage((), has_more=True, last_id=None)] * 20)
    kit = World(tmp_path, service).start()
    assert (await Submitter(kit).submit(an_order(tmp_path))).phase is Phase.UNKNOWN


class ForgetfulService(FakeService):
    """Takes metadata and keeps none."""

    async def create_batch(self, order: NewBatch) -> Batch:
        return await super().create_batch(replace(order, metadata={}))


async def test_fault_39_create_a_server_that_drops_metadata_is_settled_by_the_input_file(tmp_path: Path) -> None:
    service = ForgetfulService()
    service.lose_reply("create_batch", cut())
    kit = World(tmp_path, service).start()
    assert (await Submitter(kit).submit(an_order(tmp_path))).phase is Phase.SUBMITTED
    assert service.count("create_batch") == 1


async def test_fault_16_create_a_reply_about_another_batch_is_not_believed(tmp_path: Path) -> None:
    service = FakeService()
    service.answer_next("create_batch", a_batch("stranger", metadata={INTENT_KEY: "other"}))
    kit = World(tmp_path, service).start()
    submission = await Submitter(kit).submit(an_order(tmp_path))
    assert submission.phase is Phase.SUBMITTED
    assert submission.batch is not None
    assert submission.batch.id != "stranger"


async def test_fault_35_create_an_outage_of_ten_minutes_is_sat_out_and_settled(tmp_path: Path) -> None:
    service = FakeService()
    world = World(tmp_path, service)
    kit = world.start()
    service.lose_reply("create_batch", cut())
    service.fail_next("list_batches", *[cut()] * 16)
    started = world.time.now
    submission = await Submitter(kit).submit(an_order(tmp_path))
    assert submission.phase is Phase.SUBMITTED
    assert world.time.now - started > 600
    late_waits = [wait for wait in world.time.waits if wait > 0][6:]
    assert min(late_waits) >= 60, "at most one look a minute while the service is down"


async def test_fault_23_create_a_key_that_dies_while_settling_leaves_the_intent_in_doubt(tmp_path: Path) -> None:
    service = FakeService()
    service.lose_reply("create_batch", cut())
    service.fail_next("list_batches", unauthorized())
    world = World(tmp_path, service)
    kit = world.start()
    submission = await Submitter(kit).submit(an_order(tmp_path))
    assert submission.phase is Phase.UNKNOWN
    assert a_stage(kit, submission.intent) is SubmitStage.AMBIGUOUS
    again = Submitter(world.start())
    (settled,) = await again.recover()
    assert settled.phase is Phase.SUBMITTED
    assert service.count("create_batch") == 1


async def test_fault_02_create_a_refused_connection_is_sent_again(tmp_path: Path) -> None:
    service = FakeService()
    service.fail_next("create_batch", unreachable(), unreachable())
    world = World(tmp_path, service)
    submission = await Submitter(world.start()).submit(an_order(tmp_path))
    assert submission.phase is Phase.SUBMITTED
    assert service.count("create_batch") == 3
    assert len(service.batches) == 1
    assert world.time.waits == [1.0, 2.0]


async def test_fault_01_create_no_name_for_the_host_gives_up_and_keeps_the_intent(tmp_path: Path) -> None:
    service = FakeService()
    service.fail_next("create_batch", *[unreachable()] * 50)
    world = World(tmp_path, service)
    kit = world.start()
    submission = await Submitter(kit).submit(an_order(tmp_path))
    assert submission.phase is Phase.FAILED
    assert isinstance(submission.error, UnreachableError)
    assert service.count("create_batch") == 7
    (kept,) = Submitter(kit).pending()
    assert kept.is_held
    service.fail_next("create_batch")
    service._failures["create_batch"].clear()
    again = await Submitter(kit).resubmit(kept.intent)
    assert again.phase is Phase.SUBMITTED
    assert again.intent == submission.intent
    assert service.count("upload_file") == 1


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(unauthorized(), id="fault_23_401"),
        pytest.param(forbidden(), id="fault_24_403"),
        pytest.param(unreachable(is_permanent=True), id="fault_04_05_36_tls_scheme_proxy"),
        pytest.param(RateLimitedError("Quota.", code="insufficient_quota"), id="no_money"),
    ],
)
async def test_fault_23_create_what_waiting_can_not_mend_stops_at_once_and_stays(
    tmp_path: Path,
    error: ServiceError,
) -> None:
    service = FakeService()
    service.fail_next("create_batch", error)
    world = World(tmp_path, service)
    kit = world.start()
    submission = await Submitter(kit).submit(an_order(tmp_path))
    assert submission.phase is Phase.FAILED
    assert submission.error is error
    assert submission.message == str(error)
    assert service.count("create_batch") == 1
    assert [o.is_held for o in Submitter(kit).pending()] == [True]
    assert await Submitter(world.start()).recover(resume=True) == ()
    assert service.count("create_batch") == 1


@pytest.mark.parametrize("wait", [1.0, 60.0, 131.0, 7200.0])
async def test_fault_20_create_429_waits_as_long_as_it_says_and_then_makes_one_batch(
    tmp_path: Path,
    wait: float,
) -> None:
    service = FakeService()
    service.fail_next("create_batch", rate_limited(wait), rate_limited(wait))
    world = World(tmp_path, service)
    started = world.time.now
    submission = await Submitter(world.start()).submit(an_order(tmp_path))
    assert submission.phase is Phase.SUBMITTED
    assert world.time.now - started >= 2 * wait
    assert service.count("create_batch") == 3
    assert len(service.batches) == 1


async def test_fault_21_upload_429_waits_as_long_as_it_says(tmp_path: Path) -> None:
    service = FakeService()
    service.fail_next("upload_file", rate_limited(200.0))
    world = World(tmp_path, service)
    started = world.time.now
    assert (await Submitter(world.start()).submit(an_order(tmp_path))).phase is Phase.SUBMITTED
    assert world.time.now - started >= 200


async def test_fault_25_create_cannot_find_file_right_after_the_upload_is_tried_again(tmp_path: Path) -> None:
    service = FakeService()
    service.fail_next("create_batch", refused("Cannot find file file-0001, or organization x has no access."))
    service.fail_next("create_batch", NotFoundError("No such File object: x", effect=Effect.NONE, status=404))
    submission = await Submitter(World(tmp_path, service).start()).submit(an_order(tmp_path))
    assert submission.phase is Phase.SUBMITTED
    assert service.count("create_batch") == 3


@pytest.mark.parametrize("status", [400, 413, 415, 422])
async def test_fault_28_create_a_refusal_is_shown_and_over(tmp_path: Path, status: int) -> None:
    service = FakeService()
    service.fail_next("create_batch", refused("Invalid endpoint.", status))
    kit = World(tmp_path, service).start()
    submission = await Submitter(kit).submit(an_order(tmp_path))
    assert submission.phase is Phase.FAILED
    assert submission.message == "Invalid endpoint."
    assert a_stage(kit, submission.intent) is SubmitStage.REFUSED
    assert Submitter(kit).pending() == ()


@pytest.mark.parametrize(
    "errors",
    [
        pytest.param([unreachable()] * 3, id="fault_02_03"),
        pytest.param([cut(), server_fault(503)], id="fault_06_17"),
        pytest.param([not_the_api()], id="fault_16"),
    ],
)
async def test_fault_06_upload_a_broken_upload_is_made_again(tmp_path: Path, errors: list[ServiceError]) -> None:
    service = FakeService()
    service.fail_next("upload_file", *errors)
    submission = await Submitter(World(tmp_path, service).start()).submit(an_order(tmp_path))
    assert submission.phase is Phase.SUBMITTED
    assert service.count("upload_file") == len(errors) + 1
    assert len(service.batches) == 1


async def test_fault_07_upload_a_lost_reply_costs_a_second_file_and_no_second_batch(tmp_path: Path) -> None:
    service = FakeService()
    service.lose_reply("upload_file", cut())
    submission = await Submitter(World(tmp_path, service).start()).submit(an_order(tmp_path))
    assert submission.phase is Phase.SUBMITTED
    assert len(service.batches) == 1
    assert len(service.files) == 2


async def test_fault_33_upload_a_stalled_upload_is_made_again(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = FakeService()
    real = service.upload_file
    stalls = [TransferStalledError("No byte moved for 20 seconds.")]

    async def stalling(path: Path, **kwargs: object) -> object:
        if stalls:
            raise stalls.pop()
        return await real(path, name="x.jsonl")

    monkeypatch.setattr(service, "upload_file", stalling)
    assert (await Submitter(World(tmp_path, service).start()).submit(an_order(tmp_path))).phase is Phase.SUBMITTED


async def test_fault_01_upload_a_service_that_stays_away_is_told_after_half_an_hour(tmp_path: Path) -> None:
    service = FakeService()
    world = World(tmp_path, service)
    kit = world.start()
    await met(kit)
    service.go_down(unreachable())
    began = world.time.now
    submission = await Submitter(kit).submit(an_order(tmp_path))
    assert submission.phase is Phase.FAILED
    assert submission.message == "Cannot reach fake.invalid."
    assert 1800 <= world.time.now - began <= 1900
    assert service.count("upload_file") <= 30 + len(UPLOAD_DELAYS) + 1, "a try a minute, and then the usual ones"
    assert service.count("create_batch") == 0


async def test_fault_01_02_upload_where_nobody_was_ever_met_is_told_within_seconds(tmp_path: Path) -> None:
    service = FakeService()
    service.go_down(unreachable())
    world = World(tmp_path, service)
    kit = world.start()
    steps: list[str] = []
    submission = await Submitter(kit).submit(
        an_order(tmp_path), on_step=lambda step: steps.append(step.message) if step.message else None
    )
    assert submission.phase is Phase.FAILED
    assert steps == ["Cannot reach fake.invalid."], "no promise that it goes on by itself"
    assert world.time.waits == [1.0, 2.0, 5.0]
    assert service.count("create_batch") == 0
    service.come_back()
    (kept,) = Submitter(kit).pending()
    assert kept.is_held
    assert (await Submitter(kit).resubmit(kept.intent)).phase is Phase.SUBMITTED


async def test_fault_17_35_upload_an_error_that_is_an_answer_is_sat_out(tmp_path: Path) -> None:
    service = FakeService()
    service.fail_next("upload_file", server_fault(503), *[unreachable()] * 9)
    service.is_hidden = True
    submission = await Submitter(World(tmp_path, service).start()).submit(an_order(tmp_path))
    assert submission.phase is Phase.SUBMITTED
    assert service.count("upload_file") == 11


async def test_fault_35_upload_goes_on_by_itself_within_seconds_of_the_services_return(tmp_path: Path) -> None:
    time = VirtualTime(float(NOON))
    service = FakeService(clock=time.clock)
    kit = structs.replace(World(tmp_path, service, time).start(), sleep=time.sleep)
    steps: list[Submission] = []
    ends: list[float] = []

    async def play() -> Submission:
        await met(kit)
        service.go_down(unreachable())
        submitting = asyncio.ensure_future(Submitter(kit).submit(an_order(tmp_path), on_step=steps.append))
        await reached(service, "upload_file")
        await time.sleep(601.7)
        assert [step.message for step in steps][-1] == (
            "Cannot reach fake.invalid. The upload goes on by itself when the service is back."
        )
        service.come_back()
        ends.append(time.now - NOON)
        return await submitting

    assert (await time.run(play())).phase is Phase.SUBMITTED
    tries = [call.at - NOON for call in service.ledger if call.method == "upload_file"]
    assert all(later - earlier >= 60 for earlier, later in itertools.pairwise(tries[:-1])), (
        "one a minute meanwhile"
    )
    assert 0 <= tries[-1] - ends[0] <= 5.0
    assert service.count("create_batch") == 1


async def test_fault_35_upload_a_service_that_says_nothing_to_a_look_is_away_too(tmp_path: Path) -> None:
    service = FakeService()
    service.fail_next("upload_file", cut(), cut())

    async def silent() -> bool:
        await asyncio.Event().wait()
        return True

    service.is_reachable = silent  # type: ignore[method-assign]
    world = World(tmp_path, service)
    began = world.time.now
    assert (await Submitter(world.start()).submit(an_order(tmp_path))).phase is Phase.SUBMITTED
    assert 120 <= world.time.now - began <= 130, "it is tried each minute, unseen"


async def test_fault_35_upload_that_waits_for_the_service_is_stopped_at_once(tmp_path: Path) -> None:
    service = FakeService()
    time = VirtualTime(float(NOON))
    kit = structs.replace(World(tmp_path, service, time).start(), sleep=time.sleep)
    await met(kit)
    service.go_down(unreachable())
    waits = asyncio.Event()

    def told(step: Submission) -> None:
        if step.message:
            waits.set()

    submitting = asyncio.ensure_future(Submitter(kit).submit(an_order(tmp_path), on_step=told))
    await waits.wait()
    submitting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await submitting
    assert [operation.is_held for operation in Submitter(kit).pending()] == [True]


async def test_fault_28_upload_a_refused_file_is_told_in_the_services_words(tmp_path: Path) -> None:
    service = FakeService()
    service.fail_next("upload_file", refused("File is too large.", 413))
    kit = World(tmp_path, service).start()
    submission = await Submitter(kit).submit(an_order(tmp_path))
    assert (submission.phase, submission.message) == (Phase.FAILED, "File is too large.")
    assert service.count("upload_file") == 1
    assert a_stage(kit, submission.intent) is SubmitStage.REFUSED


async def test_fault_52_upload_a_file_that_changed_after_its_check_makes_no_batch(tmp_path: Path) -> None:
    service = FakeService()
    order = an_order(tmp_path)
    order.path.write_bytes(b"other")
    submission = await Submitter(World(tmp_path, service).start()).submit(order)
    assert submission.phase is Phase.FAILED
    assert "changed" in submission.message
    assert service.count("create_batch") == 0


async def test_fault_53_upload_a_file_that_vanished_is_one_sentence(tmp_path: Path) -> None:
    service = FakeService()
    order = an_order(tmp_path)
    order.path.unlink()
    submission = await Submitter(World(tmp_path, service).start()).submit(order)
    assert submission.phase is Phase.FAILED
    assert isinstance(submission.error, InputFileError)
    assert service.count("create_batch") == 0


async def test_fault_58_create_without_a_durable_intent_nothing_is_sent(tmp_path: Path) -> None:
    service = FakeService()
    (tmp_path / "state").write_text("in the way")
    with pytest.raises(StateError):
        await Submitter(World(tmp_path, service).start()).submit(an_order(tmp_path))
    assert service.ledger == []


async def test_fault_58_create_a_disk_that_fills_up_after_the_upload_stops_the_post(tmp_path: Path) -> None:
    service = FakeService()
    kit = World(tmp_path, service).start()
    gate = service.hold("upload_file")
    running = asyncio.create_task(Submitter(kit).submit(an_order(tmp_path)))
    await reached(service, "upload_file")
    operations = tmp_path / "state" / "operations"
    operations.rename(tmp_path / "moved")
    operations.write_text("in the way")
    gate.set()
    with pytest.raises(StateError):
        await running
    assert service.count("create_batch") == 0


async def test_fault_58_state_the_user_may_insist_on_going_without(tmp_path: Path) -> None:
    service = FakeService()
    (tmp_path / "state").write_text("in the way")
    submission = await Submitter(World(tmp_path, service).start()).submit(an_order(tmp_path, needs_journal=False))
    assert submission.phase is Phase.SUBMITTED


async def test_too_much_metadata_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    service = FakeService()
    order = an_order(tmp_path, name="n", metadata={str(n): "v" for n in range(15)})
    submission = await Submitter(World(tmp_path, service).start()).submit(order)
    assert submission.phase is Phase.FAILED
    assert isinstance(submission.error, ConfigurationError)
    assert "17 pairs" in submission.message
    assert service.ledger == []


async def test_an_invalid_file_and_a_read_only_profile_send_nothing(tmp_path: Path) -> None:
    service = FakeService()
    world = World(tmp_path, service)
    order = an_order(tmp_path)
    invalid = structs.replace(order, report=a_report(order.path, errors=1))
    assert (await Submitter(world.start()).submit(invalid)).phase is Phase.FAILED
    assert (await Submitter(world.start()).submit(structs.replace(order, endpoint=""))).phase is Phase.FAILED
    assert (await Submitter(world.start(is_read_only=True)).submit(order)).phase is Phase.FAILED
    assert service.ledger == []


async def test_stopping_an_upload_keeps_it_for_the_users_word(tmp_path: Path) -> None:
    service = FakeService()
    world = World(tmp_path, service)
    kit = world.start()
    service.hold("upload_file")
    running = asyncio.create_task(Submitter(kit).submit(an_order(tmp_path)))
    await reached(service, "upload_file")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [o.is_held for o in Submitter(kit).pending()] == [True]
    assert await Submitter(world.start()).recover(resume=True) == ()
    assert service.count("create_batch") == 0


async def test_fault_65_create_stopping_during_the_post_leaves_it_in_doubt_and_the_next_start_finds_it(
    tmp_path: Path,
) -> None:
    service = FakeService()
    world = World(tmp_path, service)
    kit = world.start()
    gate = service.hold("create_batch")
    running = asyncio.create_task(Submitter(kit).submit(an_order(tmp_path)))
    await reached(service, "create_batch")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    (operation,) = Submitter(kit).pending()
    assert operation.stage is SubmitStage.AMBIGUOUS
    gate.set()
    await service.create_batch(operation.order)  # the POST had reached the service
    (settled,) = await Submitter(world.start()).recover()
    assert settled.phase is Phase.SUBMITTED
    assert len(service.batches) == 1


async def test_fault_57_upload_a_name_that_is_no_utf8_is_sent_and_remembered(tmp_path: Path) -> None:
    service = FakeService()
    world = World(tmp_path, service)
    order = an_order(tmp_path, file_name="in\udcff\x1b.jsonl", name="in\udcff", metadata={"k": "v\udcff"})
    submission = await Submitter(world.start()).submit(order)
    assert submission.phase is Phase.SUBMITTED
    assert service.orders[0].metadata[NAME_KEY] == "in?"
    again = world.start()
    await again.journal.load()
    assert [o.path for o in again.journal.submits()] == [str(order.path)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("in.jsonl", "in.jsonl"),
        ("plain.txt", "plain.txt.jsonl"),
        ("\x1b[31mred\n.jsonl", "_31mred_.jsonl"),
        ("näm.jsonl", "n_m.jsonl"),
        ("\udcff.jsonl", "_.jsonl"),
        ("...jsonl", "input.jsonl"),
        ("x" * 300 + ".jsonl", "x" * 120 + ".jsonl"),
    ],
)
def test_fault_57_upload_any_local_name_becomes_a_safe_one(name: str, expected: str) -> None:
    assert remote_name(Path(name)) == expected
