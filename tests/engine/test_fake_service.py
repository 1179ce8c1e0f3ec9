from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from batch_tui.domain.batch import NewBatch
from batch_tui.domain.errors import NotFoundError, RefusedError, ServerFaultError, UnreachableError
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.ports import BatchService
from tests.support.batches import a_batch, many
from tests.support.fake_service import FakeService, server_fault, unreachable


async def test_it_stands_in_for_the_port_and_pages_newest_first() -> None:
    service: BatchService = FakeService(*many(5), page_limit=2)
    first = await service.list_batches()
    second = await service.list_batches(after=first.last_id)
    last = await service.list_batches(after=second.last_id)
    assert [b.id for p in (first, second, last) for b in p.batches] == [f"b{n:05d}" for n in range(5)]
    assert (first.has_more, second.has_more, last.has_more) == (True, True, False)


async def test_a_failure_comes_before_the_effect_and_a_lost_reply_after_it() -> None:
    service = FakeService()
    order = NewBatch("file-1", "/v1/responses", metadata={"k": "v"})
    service.fail_next("create_batch", unreachable())
    service.lose_reply("create_batch", server_fault())
    with pytest.raises(UnreachableError):
        await service.create_batch(order)
    assert not service.batches
    with pytest.raises(ServerFaultError):
        await service.create_batch(order)
    assert len(service.batches) == 1
    assert (await service.create_batch(order)).metadata == {"k": "v"}
    assert service.count("create_batch") == 3


async def test_a_cancel_follows_the_states_of_the_service() -> None:
    service = FakeService(a_batch("running"), a_batch("done", BatchStatus.COMPLETED))
    assert (await service.cancel_batch("running")).status is BatchStatus.CANCELLING
    with pytest.raises(RefusedError, match="Cannot cancel a batch with status 'completed'"):
        await service.cancel_batch("done")
    with pytest.raises(NotFoundError):
        await service.cancel_batch("nobody")


async def test_a_held_call_waits_until_it_is_let_go() -> None:
    service = FakeService(a_batch())
    gate = service.hold("retrieve_batch")
    calls = [asyncio.ensure_future(service.retrieve_batch("batch_1")) for _ in range(3)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert service.most_at_once == 3
    assert not any(call.done() for call in calls)
    gate.set()
    assert len(await asyncio.gather(*calls)) == 3


async def test_files_travel_both_ways(tmp_path: Path) -> None:
    service = FakeService(a_batch())
    source = tmp_path / "in.jsonl"
    source.write_bytes(b"{}\n")
    sent = await service.upload_file(source, name="in.jsonl")
    ended = service.finish("batch_1", output=b"{}\n{}\n", errors=b"{}\n")
    assert (ended.counts.completed, ended.counts.failed) == (2, 1)
    assert service.contents[sent.id] == b"{}\n"
    assert ended.output_file_id is not None
    file = await service.retrieve_file(ended.output_file_id)
    saved = await service.download_file(file, tmp_path / "out.jsonl")
    assert saved.read_bytes() == b"{}\n{}\n"


async def test_an_outage_ends_when_told() -> None:
    service = FakeService()
    service.go_down(unreachable())
    with pytest.raises(UnreachableError):
        await service.list_batches()
    service.come_back()
    assert (await service.list_batches()).batches == ()
