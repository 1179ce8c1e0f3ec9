from __future__ import annotations

from pathlib import Path
from random import Random

from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region

from batch_tui.ui.terminal.shown import ShownScreen
from batch_tui.ui.widgets.sparing_compositor import SparingCompositor, seen_in
from tests.support.batches import many
from tests.support.fake_service import FakeService
from tests.support.screen import Stage, stage

SIZES = [(200, 50), (120, 36), (80, 24), (30, 8)]


def compositor(running: Stage) -> SparingCompositor:
    found = running.app.screen._compositor
    assert isinstance(found, SparingCompositor)
    return found


def sent(update: ChopsUpdate | None, running: Stage) -> str:
    return "" if update is None else ShownScreen().sequences(update, running.app.console)


async def test_what_is_sent_of_any_regions_is_what_all_widgets_together_would_give(tmp_path: Path) -> None:
    random = Random(7)
    for size in SIZES:
        async with stage(tmp_path, FakeService(*many(60)), size=size) as running:
            for keys in ([], ["question_mark"], ["escape", "x"]):
                await running.press(*keys)
                ours = compositor(running)
                for _ in range(40):
                    corners = [random.randrange(n) for n in size for _ in range(2)]
                    left, right, top, bottom = *sorted(corners[:2]), *sorted(corners[2:])
                    lines = {Region(left, y, right - left + 1, 1) for y in range(top, bottom + 1)}
                    ours._dirty_regions = set(lines)
                    found = sent(ours.render_partial_update(), running)
                    ours._dirty_regions = set(lines)
                    assert found == sent(Compositor.render_partial_update(ours), running)
                    assert found


async def test_a_row_is_drawn_by_the_table_alone(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeService(*many(60))) as running:
        ours, table = compositor(running), running.app.deck.batches.table
        row = Region(table.region.x, table.region.y + 3, 20, 1)
        assert [*seen_in([row], ours.visible_widgets)] == [table]
        before = ours.visible_widgets
        ours._dirty_regions = {row}
        ours.render_partial_update()
        assert ours.visible_widgets is before
        over = Region(table.region.x - 5, table.region.y + 3, 20, 1)
        assert table in seen_in([row, over], before)
        assert len(seen_in([row, over], before)) > 1
