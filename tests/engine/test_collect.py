from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from batch_tui.domain.batch import BatchError, RequestCounts
from batch_tui.domain.errors import (
    Effect,
    NotFoundError,
    OutputFileError,
    ServiceError,
    TransferStalledError,
    UnauthorizedError,
    UnreachableError,
    UnsupportedError,
)
from batch_tui.domain.files import Progress, RemoteFile
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.kit import Kit
from batch_tui.engine.results.collect import DOWNLOAD_DELAYS, Collector, safe_component
from batch_tui.engine.submitting.submit import Submitter
from tests.support.batches import a_batch
from tests.support.fake_service import FakeService, rate_limited, server_fault, unauthorized, unreachable
from tests.support.kits import LINES, World, an_order

OUTPUT = b'{"custom_id":"a"}\n{"custom_id":"b"}\n'
ERRORS = b'{"custom_id":"c"}\n'


def cut() -> UnreachableError:
    return UnreachableError("The connection broke.", effect=Effect.UNKNOWN)


def ended(status: BatchStatus = BatchStatus.COMPLETED) -> FakeService:
    service = FakeService(a_batch("batch_1", total=3))
    service.finish("batch_1", status, output=OUTPUT, errors=ERRORS)
    service.ledger.clear()
    return service


def a_collector(folder: Path, service: FakeService) -> tuple[Collector, Kit]:
    kit = World(folder, service).start()
    return Collector(kit, folder / "cache" / "results"), kit


class Dripping(FakeService):
    """Each try brings ``step`` more bytes of the file, then breaks; the part is kept as the real one does."""

    def __init__(self, *, step: int, error: ServiceError | TransferStalledError) -> None:
        super().__init__(a_batch("batch_1", total=3))
        self.step = step
        self.error = error
        self.got = 0

    async def download_file(
        self,
        file: RemoteFile,
        destination: Path,
        *,
        overwrite: bool = False,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Path:
        self.got += self.step
        if on_progress is not None:
            on_progress(Progress(min(self.got, len(OUTPUT)), len(OUTPUT)))
        if self.got < len(OUTPUT):
            raise self.error
        return await super().download_file(file, destination, overwrite=overwrite)


async def test_both_files_come_under_the_batchs_name(tmp_path: Path) -> None:
    service = ended()
    service.put(replace(service.batches["batch_1"], metadata={"name": "../night\x1b[1m/eval"}))
    collector, kit = a_collector(tmp_path, service)
    seen: list[Progress] = []
    collected = await collector.collect("batch_1", tmp_path / "out", on_progress=seen.append)
    assert collected.message == ""
    assert [path.name for path in collected.files] == [
        "_night_[1m_eval_output.jsonl".replace("[", "_"),
        "_night_[1m_eval_errors.jsonl".replace("[", "_"),
    ]
    assert [path.parent for path in collected.files] == [tmp_path / "out"] * 2
    assert [path.read_bytes() for path in collected.files] == [OUTPUT, ERRORS]
    assert seen[-1] == Progress(len(ERRORS), len(ERRORS))
    assert kit.events.recent("batch_1")[0].command == f"batch-tui download batch_1 -o {tmp_path / 'out'}"


async def test_into_the_cache_it_is_fetched_once(tmp_path: Path) -> None:
    service = ended()
    collector, _ = a_collector(tmp_path, service)
    first = await collector.collect("batch_1")
    again = await collector.collect("batch_1")
    assert again == first
    assert service.count("download_file") == 2
    assert service.count("retrieve_batch") == 2, "the batch itself is always asked for anew"
    assert collector.local_results(first.batch) == first


def test_local_results_are_known_only_when_all_are_there(tmp_path: Path) -> None:
    service = ended()
    collector, _ = a_collector(tmp_path, service)
    assert collector.local_results(service.batches["batch_1"]) is None
    assert collector.local_results(a_batch()) is None


@pytest.mark.parametrize("status", [BatchStatus.EXPIRED, BatchStatus.CANCELLED])
async def test_expired_and_cancelled_batches_have_output_that_was_paid_for(
    tmp_path: Path,
    status: BatchStatus,
) -> None:
    service = ended(status)
    service.put(replace(service.batches["batch_1"], counts=RequestCounts(1000, 2, 1)))
    collected = await a_collector(tmp_path, service)[0].collect("batch_1")
    assert len(collected.files) == 2
    assert collected.message == "997 of 1,000 requests never ran."


async def test_fault_46_download_completed_without_output_offers_the_error_file(tmp_path: Path) -> None:
    service = FakeService(a_batch("batch_1", total=1))
    service.finish("batch_1", errors=ERRORS)
    collected = await a_collector(tmp_path, service)[0].collect("batch_1")
    assert collected.output is None
    assert collected.errors is not None
    assert collected.message == "0 of 1 requests succeeded; the reasons are in the error file."


async def test_a_batch_that_failed_validation_says_why(tmp_path: Path) -> None:
    failed = replace(a_batch(status=BatchStatus.FAILED), errors=(BatchError(message="Line 3 is\x1b not JSON."),))
    collected = await a_collector(tmp_path, FakeService(failed))[0].collect("batch_1")
    assert collected.files == ()
    assert collected.message == "It failed before any request ran: Line 3 is␛ not JSON."


async def test_files_that_are_named_a_little_later_are_waited_for(tmp_path: Path) -> None:
    service = ended()
    early = replace(service.batches["batch_1"], output_file_id=None, error_file_id=None)
    service.answer_next("retrieve_batch", early, early)
    collected = await a_collector(tmp_path, service)[0].collect("batch_1")
    assert len(collected.files) == 2
    assert service.count("retrieve_batch") == 3


async def test_a_growing_file_of_a_running_batch_is_never_taken_for_the_whole(tmp_path: Path) -> None:
    service = FakeService(a_batch("batch_1", total=9))
    growing = service.add_file(OUTPUT)
    service.put(replace(service.batches["batch_1"], output_file_id=growing.id))
    collector, _ = a_collector(tmp_path, service)
    partial = await collector.collect("batch_1")
    assert partial.output is not None
    assert "still in_progress" in partial.message
    assert collector.local_results(partial.batch) is None
    service.contents[growing.id] = OUTPUT + ERRORS
    service.put(replace(partial.batch, status=BatchStatus.COMPLETED, counts=RequestCounts(3, 3, 0)))
    whole = await collector.collect("batch_1")
    assert whole.output is not None
    assert whole.output.read_bytes() == OUTPUT + ERRORS


FAULTS: dict[str, list[ServiceError]] = {
    "fault_01_02_03_download_no_connection": [unreachable()] * 3,
    "fault_06_07_08_09_download_cut": [cut()],
    "fault_10_11_download_hang_and_rst_in_the_body": [cut(), cut()],
    "fault_12_13_14_download_short_body": [server_fault()],
    "fault_17_18_download_503": [server_fault(503)],
    "fault_20_21_download_429": [rate_limited(200.0)],
}


@pytest.mark.parametrize("method", ["retrieve_batch", "retrieve_file", "download_file"])
@pytest.mark.parametrize("errors", [pytest.param(errors, id=row) for row, errors in FAULTS.items()])
async def test_fault_06_download_it_is_tried_again_until_the_file_is_whole(
    tmp_path: Path,
    errors: list[ServiceError],
    method: str,
) -> None:
    service = ended()
    service.fail_next(method, *errors)
    collected = await a_collector(tmp_path, service)[0].collect("batch_1")
    assert [path.read_bytes() for path in collected.files] == [OUTPUT, ERRORS]


@pytest.mark.parametrize("error", [cut(), TransferStalledError("No byte moved.")])
async def test_fault_11_download_it_goes_on_as_long_as_each_try_brings_bytes(
    tmp_path: Path,
    error: ServiceError | TransferStalledError,
) -> None:
    service = Dripping(step=1, error=error)
    service.finish("batch_1", output=OUTPUT)
    collected = await a_collector(tmp_path, service)[0].collect("batch_1")
    assert collected.output is not None
    assert collected.output.read_bytes() == OUTPUT


async def test_fault_33_download_it_gives_up_when_no_more_bytes_come_and_keeps_what_it_has(tmp_path: Path) -> None:
    service = Dripping(step=0, error=TransferStalledError("No byte moved for 20 seconds."))
    service.finish("batch_1", output=OUTPUT)
    world = World(tmp_path, service)
    with pytest.raises(TransferStalledError):
        await Collector(world.start(), tmp_path / "cache").collect("batch_1")
    assert tuple(world.time.waits) == DOWNLOAD_DELAYS


async def test_fault_23_download_a_wrong_key_stops_at_once(tmp_path: Path) -> None:
    service = ended()
    service.fail_next("download_file", unauthorized())
    with pytest.raises(UnauthorizedError):
        await a_collector(tmp_path, service)[0].collect("batch_1")
    assert service.count("download_file") == 1


async def test_fault_26_download_a_file_somebody_deleted_is_told_in_words(tmp_path: Path) -> None:
    service = ended()
    service.files.clear()
    with pytest.raises(NotFoundError, match="deleted, or expired"):
        await a_collector(tmp_path, service)[0].collect("batch_1")


async def test_a_server_that_only_serves_content_is_enough(tmp_path: Path) -> None:
    service = ended()
    unsupported = UnsupportedError("No such route.", effect=Effect.NONE, status=404)
    service.fail_next("retrieve_file", unsupported, unsupported)
    collected = await a_collector(tmp_path, service)[0].collect("batch_1")
    assert len(collected.files) == 2


async def test_fault_55_download_a_file_that_exists_is_not_overwritten_unasked(tmp_path: Path) -> None:
    service = ended()
    collector, _ = a_collector(tmp_path, service)
    place = tmp_path / "batch_1_output.jsonl"
    place.write_bytes(b"precious")
    with pytest.raises(OutputFileError):
        await collector.collect("batch_1", tmp_path)
    assert place.read_bytes() == b"precious"
    await collector.collect("batch_1", tmp_path, overwrite=True)
    assert place.read_bytes() == OUTPUT


async def test_fault_54_download_a_place_that_can_not_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputFileError, match="Can't make"):
        await a_collector(tmp_path, ended())[0].collect("batch_1", tmp_path / "file" / "out")
    with pytest.raises(OutputFileError, match=r"Can't make .*/nul␀name: its name holds a NUL\.$"):
        await a_collector(tmp_path, ended())[0].collect("batch_1", tmp_path / "nul\0name")


async def test_fault_60_download_two_instances_never_write_one_file(tmp_path: Path) -> None:
    service = ended()
    one, _ = a_collector(tmp_path, service)
    two, kit = a_collector(tmp_path, service)
    place = one._place(service.batches["batch_1"], "output", service.batches["batch_1"].output_file_id or "", None)
    from batch_tui.engine.results.collect import _lock_name  # noqa: PLC0415

    async with kit.journal.claim(_lock_name(place)):
        with pytest.raises(OutputFileError, match="being downloaded"):
            await one.collect("batch_1")
    await two.collect("batch_1")


async def test_the_input_is_the_local_file_while_it_is_the_same(tmp_path: Path) -> None:
    service = FakeService()
    world = World(tmp_path, service)
    kit = world.start()
    order = an_order(tmp_path)
    submission = await Submitter(kit).submit(order)
    assert submission.batch is not None
    collector = Collector(kit, tmp_path / "cache")
    assert collector.input_path(submission.batch) == order.path
    order.path.write_bytes(LINES.replace(b"x", b"y"))
    assert collector.input_path(submission.batch) is None
    fetched = await collector.fetch_input(submission.batch)
    assert fetched != order.path
    assert fetched.read_bytes() == LINES
    assert await collector.fetch_input(submission.batch) == fetched
    assert service.count("download_file") == 1
    order.path.unlink()
    assert collector.input_path(submission.batch) is None


async def test_the_input_of_a_batch_of_an_earlier_run_is_the_local_file(tmp_path: Path) -> None:
    service = FakeService()
    world = World(tmp_path, service)
    order = an_order(tmp_path)
    submission = await Submitter(world.start()).submit(order)
    assert submission.batch is not None
    assert await Collector(world.start(), tmp_path / "cache").fetch_input(submission.batch) == order.path
    assert service.count("download_file") == 0


async def test_the_input_of_a_strangers_batch_is_downloaded(tmp_path: Path) -> None:
    service = FakeService()
    source = service.add_file(LINES, purpose="batch")
    batch = replace(a_batch(), input_file_id=source.id)
    collector, _ = a_collector(tmp_path, service)
    assert collector.input_path(batch) is None
    assert (await collector.fetch_input(batch)).read_bytes() == LINES
    with pytest.raises(NotFoundError):
        await collector.fetch_input(replace(batch, input_file_id=""))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("night", "night"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("-rf", "rf"),
        ("", "batch"),
        ("...", "batch"),
        ("a\x00b\nc\x1b", "a_b_c_"),
        ("naïve ✓", "naïve _"),
        ("ä" * 200, "ä" * 75),
    ],
)
def test_fault_56_download_any_name_becomes_one_harmless_component(name: str, expected: str) -> None:
    assert safe_component(name) == expected
