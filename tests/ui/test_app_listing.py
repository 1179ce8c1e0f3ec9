"""A long list, page after page: what one costs does not grow with those before, and keys come between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from batch_tui.domain.batch import Batch, BatchPage
from batch_tui.engine.monitoring.monitor import Condition, Tick
from tests.support.batches import NOON, many
from tests.support.counted_id import CountedId
from tests.support.fake_service import FakeService
from tests.support.screen import Stage, stage

PAGE = 100
_TURNS_TO_THE_WIRE = 12
"""Turns of the event loop from a confirmed cancel to its POST, as a trace shows them."""


def counted(count: int) -> tuple[Batch, ...]:
    """Batches that tell how often they are looked for."""
    return tuple(replace(batch, id=CountedId(batch.id)) for batch in many(count))


def show_page(running: Stage, batches: tuple[Batch, ...]) -> int:
    """Show batches that were listed; how often any was looked for."""
    cockpit = running.app.cockpit
    CountedId.looks = 0
    running.app.feed.show(Tick(cockpit.store.apply(batches), Condition.LOADING, "", 0.0, float(NOON)))
    return CountedId.looks


async def test_a_key_meets_one_page_of_a_long_list_on_its_way_to_the_wire(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(tmp_path, FakeService()) as running:
        cockpit, batches, shown, third = running.app.cockpit, many(20 * PAGE), 0, asyncio.Event()

        async def pages() -> AsyncGenerator[Tick, None]:
            """Pages of a service that has each at hand the moment it is asked for."""
            nonlocal shown
            for start in range(0, len(batches), PAGE):
                shown += 1
                if shown == 3:
                    third.set()
                changes = cockpit.store.apply(batches[start : start + PAGE])
                yield Tick(changes, Condition.LOADING, "", 0.0, float(NOON))

        monkeypatch.setattr(cockpit, "ticks", pages)
        feeding = asyncio.create_task(running.app.feed.run())
        await third.wait()
        for _ in range(_TURNS_TO_THE_WIRE):
            await asyncio.sleep(0)
        assert shown <= 3 + 1
        await feeding
        assert shown == 20
        assert len(running.app.deck.batches.table.row_ids) == len(batches)


async def test_the_hundredth_page_costs_no_more_look_ups_than_the_second(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeService()) as running:
        batches = counted(100 * PAGE)
        show_page(running, batches[:PAGE])
        early = show_page(running, batches[PAGE : 2 * PAGE])
        show_page(running, batches[2 * PAGE : -PAGE])
        late = show_page(running, batches[-PAGE:])
        assert running.app.deck.batches.table.row_ids == tuple(batch.id for batch in batches)
        for batch in batches:
            running.app.cockpit.store.mark_gone(batch.id)  # no id that counts is written at the end
        assert late < 2 * early < 100 * PAGE


async def test_fault_43_44_list_view_a_list_that_breaks_off_is_called_incomplete_and_r_lists_it_anew(
    tmp_path: Path,
) -> None:
    service = FakeService(*many(3))
    service.answer_next("list_batches", BatchPage(many(2), has_more=True, last_id="b00001"))
    service.answer_next("list_batches", BatchPage((), has_more=True, last_id=None))
    async with stage(tmp_path, service) as running:
        await running.until(lambda: "· incomplete" in running.app.header.facts.condition)
        assert "The list may be incomplete: the service broke it off. r lists it anew." in running.said()
        await running.press("r")
        await running.until(lambda: "b00002" in running.app.deck.batches.table.row_ids)
        assert "incomplete" not in running.app.header.facts.condition
        assert "The list is whole now." in running.said()


async def test_a_list_that_is_incomplete_is_not_called_whole_by_a_pause(tmp_path: Path) -> None:
    service = FakeService(*many(3))
    service.answer_next("list_batches", BatchPage(many(2), has_more=True, last_id=None))
    service.answer_next("list_batches", BatchPage((), has_more=True, last_id=None))
    async with stage(tmp_path, service) as running:
        await running.until(lambda: "· incomplete" in running.app.header.facts.condition)
        await running.press("p")
        await running.until(lambda: "PAUSED" in running.app.header.facts.condition)
        assert "whole" not in running.said()
