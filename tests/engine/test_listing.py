from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from batch_tui.domain.batch import Batch, BatchPage
from batch_tui.domain.errors import UnreachableError
from batch_tui.engine.monitoring.listing import Pager, list_all
from tests.support.batches import a_batch, many
from tests.support.fake_service import FakeService, unreachable


def page(*ids: str, has_more: bool = True, last_id: str | None = None) -> BatchPage:
    return BatchPage(tuple(a_batch(i) for i in ids), has_more, last_id)


def scripted(*pages: BatchPage) -> FakeService:
    service = FakeService()
    service.answer_next("list_batches", *pages)
    return service


def ids(batches: tuple[Batch, ...]) -> list[str]:
    return [batch.id for batch in batches]


async def test_all_pages_come_in_order_each_told_once() -> None:
    told: list[int] = []
    listing = await list_all(FakeService(*many(250)), on_page=lambda batches: told.append(len(batches)))
    assert ids(listing.batches) == [f"b{n:05d}" for n in range(250)]
    assert listing.is_complete
    assert told == [100, 100, 50]


async def test_duplicates_across_and_within_pages_count_once() -> None:
    service = scripted(page("a", "a", "b", last_id="b"), page("b", "c", has_more=False))
    listing = await list_all(service)
    assert ids(listing.batches) == ["a", "b", "c"]
    assert listing.is_complete


async def test_a_cursor_that_repeats_ends_the_list_as_incomplete() -> None:
    service = scripted(page("a", last_id="x"), page("b", last_id="x"), page("c", last_id="x"))
    listing = await list_all(service)
    assert ids(listing.batches) == ["a", "b"]
    assert not listing.is_complete
    assert service.count("list_batches") == 2


async def test_a_page_that_repeats_ends_the_list_as_incomplete() -> None:
    service = scripted(page("a", last_id="x"), page("a", last_id="y"), page("a", last_id="z"))
    listing = await list_all(service)
    assert not listing.is_complete
    assert service.count("list_batches") == 2


async def test_more_announced_with_nothing_on_the_page_is_incomplete() -> None:
    listing = await list_all(scripted(page("a", last_id="a"), page()))
    assert (ids(listing.batches), listing.is_complete) == (["a"], False)


async def test_without_a_cursor_the_last_batch_is_the_cursor() -> None:
    service = scripted(page("a", "b"), page("c", has_more=False))
    assert (await list_all(service)).is_complete
    assert service.arguments("list_batches") == ["", "b"]


async def test_a_list_without_end_is_cut() -> None:
    service = FakeService(*many(50), page_limit=1)
    listing = await list_all(service, max_pages=7)
    assert (len(listing.batches), listing.is_complete) == (7, False)


async def test_an_empty_account_is_complete() -> None:
    listing = await list_all(FakeService())
    assert (listing.batches, listing.is_complete) == ((), True)


async def test_a_page_that_failed_is_asked_for_again() -> None:
    service = FakeService(*many(3), page_limit=2)
    pager = Pager(service)
    await pager.next()
    service.fail_next("list_batches", unreachable())
    with pytest.raises(UnreachableError):
        await pager.next()
    assert ids(await pager.next()) == ["b00002"]
    assert pager.is_complete
    assert await pager.next() == ()
    assert service.arguments("list_batches") == ["", "b00001", "b00001"]


async def test_every_request_has_its_turn() -> None:
    turns: list[str] = []

    @asynccontextmanager
    async def turn() -> AsyncIterator[None]:
        turns.append("in")
        yield
        turns.append("out")

    await list_all(FakeService(*many(150)), turn=turn)
    assert turns == ["in", "out"] * 2
