"""A long list as it comes, page after page: what a page costs does not grow with what came before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from batch_tui.domain.batch import Batch
from batch_tui.engine.monitoring.monitor import Condition, Tick
from tests.support.batches import NOON, many
from tests.support.counted_id import CountedId
from tests.support.fake_service import FakeService
from tests.support.screen import Stage, stage

PAGE = 100


def counted(count: int) -> tuple[Batch, ...]:
    """Batches that tell how often they are looked for."""
    return tuple(replace(batch, id=CountedId(batch.id)) for batch in many(count))


def show_page(running: Stage, batches: tuple[Batch, ...]) -> int:
    """Show batches that were listed; how often any was looked for."""
    cockpit = running.app.cockpit
    CountedId.looks = 0
    running.app.feed.show(Tick(cockpit.store.apply(batches), Condition.LOADING, "", 0.0, float(NOON)))
    return CountedId.looks


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
