"""The first page of results, before the whole files are here."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from batch_tui.api.client import OpenAIService
from batch_tui.api.connection import Connection
from batch_tui.domain.batch import RequestCounts
from batch_tui.domain.errors import NotFoundError, ServerFaultError
from batch_tui.domain.lines import Outcome
from batch_tui.domain.normalise import batch_from_wire
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.ports import BatchService
from batch_tui.engine.results.collect import Collector
from tests.support.batches import a_batch
from tests.support.command_line import echo_line
from tests.support.fake_service import FakeService, server_fault
from tests.support.gateway import in_process_gateway
from tests.support.kits import World
from tests.support.result_files import answer_line, failure_line

ANSWERS = b"".join(answer_line(f"r-{n}", text=f"answer {n}") + b"\n" for n in range(50))
FAILURES = b"".join(failure_line(f"f-{n}") + b"\n" for n in range(3))


def a_collector(folder: Path, service: BatchService) -> Collector:
    return Collector(World(folder, service).start(), folder / "cache" / "results")


def ended(*, output: bytes | None = ANSWERS, errors: bytes | None = FAILURES) -> FakeService:
    service = FakeService(a_batch("b", total=60))
    service.finish("b", BatchStatus.COMPLETED, output=output, errors=errors)
    service.ledger.clear()
    return service


async def test_the_first_answers_are_rows_at_once(tmp_path: Path) -> None:
    service = ended()
    first = await a_collector(tmp_path, service).first_results(service.batches["b"], 10)
    assert [row.custom_id for row in map(first.joined.row, range(len(first.joined)))] == [
        f"r-{n}" for n in range(10)
    ]
    assert b"answer 9" in (first.joined.result_line(9) or b"")
    assert first.is_whole is False
    assert [call.method for call in service.ledger] == ["read_start"]


async def test_what_is_small_is_whole_with_its_errors(tmp_path: Path) -> None:
    service = ended()
    first = await a_collector(tmp_path, service).first_results(service.batches["b"], 100)
    outcomes = [first.joined.row(n).outcome for n in range(len(first.joined))]
    assert outcomes == [Outcome.SUCCEEDED] * 50 + [Outcome.FAILED] * 3
    assert first.is_whole


@pytest.mark.parametrize(("count", "is_whole"), [(50, False), (52, False), (53, True)])
async def test_errors_that_do_not_fit_are_still_to_come(tmp_path: Path, count: int, *, is_whole: bool) -> None:
    service = ended()
    first = await a_collector(tmp_path, service).first_results(service.batches["b"], count)
    assert (len(first.joined), first.is_whole) == (count, is_whole)


async def test_a_batch_without_a_success_begins_with_its_errors(tmp_path: Path) -> None:
    service = ended(output=None)
    first = await a_collector(tmp_path, service).first_results(service.batches["b"], 2)
    assert [first.joined.row(n).custom_id for n in range(2)] == ["f-0", "f-1"]


async def test_what_still_grows_is_never_whole(tmp_path: Path) -> None:
    file_id = (service := ended()).add_file(ANSWERS).id
    growing = a_batch("g", BatchStatus.IN_PROGRESS, output=file_id)
    assert (await a_collector(tmp_path, service).first_results(growing, 500)).is_whole is False


async def test_it_is_tried_once_more_and_then_left_to_the_download(tmp_path: Path) -> None:
    service = ended()
    service.fail_next("read_start", server_fault())
    assert len((await a_collector(tmp_path, service).first_results(service.batches["b"], 5)).joined) == 5
    service.fail_next("read_start", server_fault(), server_fault())
    with pytest.raises(ServerFaultError):
        await a_collector(tmp_path, service).first_results(service.batches["b"], 5)


async def test_a_batch_without_files_has_none(tmp_path: Path) -> None:
    service = FakeService()
    with pytest.raises(NotFoundError, match="no results"):
        await a_collector(tmp_path, service).first_results(a_batch("b"), 5)


async def test_the_gateway_sends_the_first_page_as_a_range(tmp_path: Path) -> None:
    lines = "".join(echo_line(f"r-{n}", max_tokens=400) for n in range(3_000))
    async with in_process_gateway(tmp_path / "gateway") as running:
        client = running.client()
        file = await client.files.create(file=("in.jsonl", lines.encode()), purpose="batch")
        made = await client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        await running.until(made.id, "completed")
        batch = batch_from_wire((await client.batches.retrieve(made.id)).model_dump())
        assert batch is not None
        assert batch.counts == RequestCounts(3_000, 3_000, 0)
        http, statuses = running.http_client(), list[int]()

        async def note(response: httpx2.Response) -> None:
            statuses.append(response.status_code)

        http.event_hooks["response"].append(note)
        connection = Connection(running.base_url, running.api_key, insecure_http=True)
        service = OpenAIService(connection, http_client=http)
        collector = a_collector(tmp_path, service)
        first = await collector.first_results(batch, 40)
        assert len(first.joined) == 40
        assert first.is_whole is False
        assert first.joined.summary.succeeded == 40
        assert statuses == [206]
        whole = await collector.collect(batch.id)
        assert whole.output is not None
        assert whole.output.read_bytes().startswith(first.joined.files[0].read_bytes())
        await service.aclose()
