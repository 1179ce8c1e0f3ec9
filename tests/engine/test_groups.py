"""A split file as one: what is done with all of its parts together."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from batch_tui.domain.batch import NAME_KEY, PARENT_KEY
from batch_tui.domain.errors import ForbiddenError, NotFoundError, OutputFileError
from batch_tui.domain.lineage import GROUP_KEY, PART_KEY, Place
from batch_tui.domain.lines import Outcome
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.cancel import CancelState
from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.submitting.submit import Phase
from batch_tui.jsonl.results.export import ExportFormat
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService, forbidden
from tests.support.kits import an_order
from tests.support.program_run import a_run
from tests.support.result_files import answer_line, failure_line, request_line


def lines(*made: bytes) -> bytes:
    return b"".join(line + b"\n" for line in made)


def put_part(service: FakeService, number: int, *ids: str, **metadata: str) -> str:
    """A part that runs, with its input at the service."""
    own = {GROUP_KEY: "g", PART_KEY: f"{number}/3", NAME_KEY: f"big {number}/3"}
    batch = a_batch(f"b{number}", total=len(ids), metadata=metadata or own, created=NOON + number)
    file = service.add_file(lines(*map(request_line, ids)), purpose="batch")
    service.put(replace(batch, input_file_id=file.id))
    return batch.id


@pytest.fixture
def service() -> FakeService:
    """Parts one and two have ended, with two failures; three runs."""
    service = FakeService(a_batch("other"))
    service.finish(
        put_part(service, 1, "a", "b", "c"),
        output=lines(answer_line("c"), answer_line("a", text="from the first")),
        errors=lines(failure_line("b")),
    )
    service.finish(
        put_part(service, 2, "d", "e"),
        output=lines(answer_line("e")).rstrip(),
        errors=lines(failure_line("d", 400, "context_length_exceeded")),
    )
    put_part(service, 3, "f")
    return service


@pytest.fixture
async def cockpit(service: FakeService, tmp_path: Path) -> AsyncIterator[Cockpit]:
    async with a_run(tmp_path, service) as run:
        await run.turn()
        yield run.cockpit


async def test_a_group_is_found_by_its_id_and_by_each_of_its_batches(cockpit: Cockpit) -> None:
    (group,) = cockpit.groups.all()
    assert (group.id, group.name, group.size) == ("g", "big", 3)
    assert cockpit.groups.get("b2") == cockpit.groups.get("g") == group
    assert cockpit.groups.get("other") is None
    with pytest.raises(NotFoundError, match="no group other"):
        cockpit.groups.require("other")


async def test_to_cancel_a_group_drops_what_waits_and_stops_what_runs(
    cockpit: Cockpit, service: FakeService, tmp_path: Path
) -> None:
    order = an_order(tmp_path, metadata={GROUP_KEY: "g", PART_KEY: "4/4"})
    await cockpit.queue_runner.add([order])
    group = cockpit.groups.require("g")
    assert [entry.requests for entry in group.waiting] == [3]
    outcomes = [outcome async for outcome in cockpit.groups.cancel(group)]
    assert [(one.batch_id, one.state) for one in outcomes if one.is_final] == [("b3", CancelState.CONFIRMED)]
    assert service.batches["other"].status is BatchStatus.IN_PROGRESS
    assert await cockpit.queue.entries() == ()


async def test_the_outputs_of_the_parts_become_one_file_in_their_order(cockpit: Cockpit, tmp_path: Path) -> None:
    places: list[Place] = []
    target = tmp_path / "here"
    target.mkdir()
    files = await cockpit.groups.download("g", target, progress_of=places.append)
    assert files.output == target / "big_output.jsonl"
    assert files.errors is not None
    output = files.output.read_bytes()
    assert [json.loads(line)["custom_id"] for line in output.splitlines()] == ["c", "a", "e"]
    errors = files.errors.read_bytes().splitlines()
    assert [json.loads(line)["custom_id"] for line in errors] == ["b", "d"]
    assert [str(place) for place in places] == ["1/3", "2/3", "3/3"]
    assert any("big 3/3: It is still in_progress" in message for message in files.messages)
    with pytest.raises(OutputFileError):
        await cockpit.groups.download("g", target)
    assert (await cockpit.groups.download("b1", target, overwrite=True)).output == files.output


async def test_a_download_that_broke_goes_on_with_what_is_missing(
    cockpit: Cockpit, service: FakeService, tmp_path: Path
) -> None:
    target = tmp_path / "here"
    service.fail_next("download_file", None, None, forbidden())
    with pytest.raises(ForbiddenError):
        await cockpit.groups.download("g", target)
    assert not target.exists()
    fetched = service.arguments("download_file")
    files = await cockpit.groups.download("g", target)
    assert files.output is not None
    assert len(files.output.read_bytes().splitlines()) == 3
    assert service.arguments("download_file")[len(fetched) :] == [
        service.batches["b2"].output_file_id,
        service.batches["b2"].error_file_id,
    ]


async def test_what_a_group_lacks_is_said(service: FakeService, tmp_path: Path) -> None:
    service.remove("b2")
    service.put(a_batch("again", BatchStatus.COMPLETED, metadata={PARENT_KEY: "b1"}, output="file-x"))
    async with a_run(tmp_path, service) as run:
        await run.turn()
        messages = " ".join((await run.cockpit.groups.download("g", tmp_path)).messages)
        assert "For part 2 of 3 there is no batch." in messages
        assert "sent again (in 1 batch) is not in it" in messages


async def end_all(cockpit: Cockpit, service: FakeService) -> None:
    service.finish("b3", output=lines(answer_line("f")))
    put_part(service, 9, "b", **{PARENT_KEY: "b1"})
    service.finish("b9", output=lines(answer_line("b", text="at last")))
    await cockpit.collector.collect("b9")
    await cockpit.collector.collect("b3")


async def test_all_parts_and_retries_are_joined_and_merged_in_the_order_of_the_file(
    cockpit: Cockpit, service: FakeService, tmp_path: Path
) -> None:
    await end_all(cockpit, service)
    with await cockpit.groups.join("g") as joined:
        assert [joined.columns.custom_id(row) for row in range(len(joined))] == list("abcdef")
        assert (joined.summary.succeeded, joined.summary.failed) == (5, 1)
    table = tmp_path / "all.csv"
    merged = await cockpit.groups.merge("g", table, export_format=ExportFormat.CSV)
    assert (merged.requests, merged.succeeded, list(merged.unfinished)) == (6, 5, [3])
    with table.open(newline="", encoding="utf-8") as source:
        rows = list(csv.DictReader(source))
    assert [row["custom_id"] for row in rows] == list("abcdef")
    assert [rows[n]["answer"] for n in (0, 1)] == ["from the first", "at last"]
    assert rows[3]["code"] == "context_length_exceeded"


async def test_the_first_rows_come_from_the_first_part_alone_and_from_the_disk_once_all_is_there(
    cockpit: Cockpit, service: FakeService
) -> None:
    service.finish("b3", output=lines(answer_line("f")))
    cockpit.store.apply(service.batches.values())
    service.ledger.clear()
    first = await cockpit.groups.first_results("g", 2)
    assert first is not None
    assert [first.joined.row(n).custom_id for n in range(len(first.joined))] == ["c", "a"]
    assert first.is_whole is False
    assert [call.method for call in service.ledger] == ["read_start"], "one short download"
    some = await cockpit.groups.first_results("g", 4)
    assert some is not None
    assert [some.joined.row(n).custom_id for n in range(len(some.joined))] == ["c", "a", "b", "e"]
    every = await cockpit.groups.first_results("g", 100)
    assert every is not None
    assert (len(every.joined), every.is_whole) == (6, True)
    await cockpit.groups.join("g")
    assert await cockpit.groups.first_results("g", 2) is None
    with pytest.raises(NotFoundError, match="no group other"):
        await cockpit.groups.first_results("other")


async def test_in_the_first_rows_the_answer_of_a_retry_counts(cockpit: Cockpit, service: FakeService) -> None:
    put_part(service, 4, "b", **{PARENT_KEY: "b1"})
    service.finish("b4", output=lines(answer_line("b", text="the second time")))
    cockpit.store.apply(service.batches.values())
    first = await cockpit.groups.first_results("g", 100)
    assert first is not None
    rows = {first.joined.row(n).custom_id: first.joined.row(n) for n in range(len(first.joined))}
    assert rows["b"].outcome is Outcome.SUCCEEDED
    assert rows["d"].outcome is Outcome.FAILED
    assert first.is_whole is False, "part three still runs"


async def test_what_can_pass_of_all_parts_is_sent_as_one(cockpit: Cockpit, service: FakeService) -> None:
    service.finish("b3", output=lines(answer_line("f")))
    await cockpit.collector.collect("b3")
    plan = await cockpit.groups.plan_retry("g")
    assert (plan.kept, sum(cause.count for cause in plan.left_out)) == (1, 1)
    (sent,) = await cockpit.groups.send_retry(plan)
    assert sent.phase is Phase.SUBMITTED
    assert sent.batch is not None
    assert sent.batch.metadata[PARENT_KEY] == "b1"
    assert cockpit.groups.require("g").retries == (sent.batch,)


async def test_when_nothing_is_left_nothing_is_sent(cockpit: Cockpit, service: FakeService) -> None:
    await end_all(cockpit, service)
    plan = await cockpit.groups.plan_retry("g")
    made = len(service.orders)
    assert plan.kept == 0
    assert await cockpit.groups.send_retry(plan) == ()
    assert len(service.orders) == made
