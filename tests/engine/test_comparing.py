"""Two batches compared from what the service has of them: their files fetched, groups seen as one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from batch_tui.domain.batch import NAME_KEY, NO_METADATA, Batch
from batch_tui.domain.errors import NotFoundError
from batch_tui.domain.files import Progress
from batch_tui.domain.lineage import GROUP_KEY, PART_KEY
from batch_tui.engine.cockpit import Cockpit
from batch_tui.jsonl.results.turns import Turn
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService
from tests.support.program_run import a_run
from tests.support.result_files import answer_line, failure_line, request_line


def lines(*made: bytes) -> bytes:
    return b"".join(line + b"\n" for line in made)


def put(service: FakeService, batch_id: str, *ids: str, metadata: Mapping[str, str] = NO_METADATA) -> None:
    batch = a_batch(batch_id, total=len(ids), metadata=metadata, created=NOON)
    file = service.add_file(lines(*map(request_line, ids)), purpose="batch")
    service.put(replace(batch, input_file_id=file.id))


@pytest.fixture
def service() -> FakeService:
    """A batch with a failure, one that ran all of it again, and a group of two parts."""
    service = FakeService()
    put(service, "before", "b", "a", "c", "d")
    service.finish("before", output=lines(answer_line("a"), answer_line("b")), errors=lines(failure_line("c")))
    put(service, "after", "a", "b", "c", "d")
    service.finish("after", output=lines(answer_line("c"), answer_line("a"), answer_line("b", text="other")))
    for number, ids in ((1, "ab"), (2, "cd")):
        own = {GROUP_KEY: "g", PART_KEY: f"{number}/2", NAME_KEY: f"big {number}/2"}
        put(service, f"part-{number}", *ids, metadata=own)
        service.finish(f"part-{number}", output=lines(*map(answer_line, ids)))
    return service


@pytest.fixture
async def cockpit(service: FakeService, tmp_path: Path) -> AsyncIterator[Cockpit]:
    async with a_run(tmp_path, service) as run:
        await run.turn()
        yield run.cockpit


def of(cockpit: Cockpit, batch_id: str) -> Batch:
    batch = cockpit.store.get(batch_id)
    assert batch is not None
    return batch


async def test_two_batches_are_fetched_and_compared_in_input_order(cockpit: Cockpit) -> None:
    fetched: list[str] = []
    heard: list[Progress] = []

    def fetching(batch: Batch) -> None:
        fetched.append(batch.id)

    compared = await cockpit.comparer.compare(
        of(cockpit, "before"), of(cockpit, "after"), on_fetch=fetching, on_progress=heard.append
    )
    turns = {compared.custom_id(place): compared.turn(place) for place in range(len(compared))}
    assert list(turns.items()) == [("b", Turn.ANSWER), ("a", Turn.SAME), ("c", Turn.GAINED)]
    assert compared.second.request_line(2) == request_line("c")
    assert fetched == ["before", "after"]
    assert heard[-1].done == heard[-1].total


async def test_what_is_here_already_is_not_asked_for_again(cockpit: Cockpit, service: FakeService) -> None:
    before, after = of(cockpit, "before"), of(cockpit, "after")
    await cockpit.comparer.compare(before, after)
    service.ledger.clear()
    again = await cockpit.comparer.compare(before, after)
    assert (service.ledger, again.counts[Turn.GAINED]) == ([], 1)


async def test_a_group_is_one_side_with_all_its_parts(cockpit: Cockpit) -> None:
    compared = await cockpit.comparer.compare(cockpit.groups.require("g").batch, of(cockpit, "after"))
    assert [compared.turn(place) for place in range(4)] == [Turn.SAME, Turn.ANSWER, Turn.SAME, Turn.ONLY_FIRST]


async def test_an_input_that_is_gone_takes_nothing_but_the_requests_away(
    cockpit: Cockpit, service: FakeService
) -> None:
    before = of(cockpit, "before")
    await service.delete_file(before.input_file_id)
    compared = await cockpit.comparer.compare(before, of(cockpit, "after"))
    assert (compared.first.input_path, compared.first.request_line(0)) == (None, None)
    assert (len(compared), compared.counts[Turn.GAINED]) == (3, 1)


async def test_a_batch_that_brought_nothing_back_is_named(cockpit: Cockpit, service: FakeService) -> None:
    put(service, "empty", "a")
    service.finish("empty", output=None)
    with pytest.raises(NotFoundError, match="empty brought nothing back"):
        await cockpit.comparer.compare(of(cockpit, "before"), service.batches["empty"])
