from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from batch_tui.domain.status import BatchStatus
from batch_tui.ui.widgets.tabs import TabStrip
from batch_tui.ui.widgets.too_small import TooSmall
from tests.support.batches import NOON, a_batch, many
from tests.support.fake_service import FakeService, unauthorized, unreachable
from tests.support.screen import Stage, stage


def visible(running: Stage) -> set[str]:
    deck = running.app.deck
    return {pane.KEY for pane in (deck.files, deck.batches, deck.inspect, deck.results) if pane.region.area}


@pytest.mark.parametrize(
    ("size", "panes"),
    [
        ((60, 20), {"batches", "inspect"}),
        ((80, 24), {"batches", "inspect"}),
        ((120, 36), {"files", "batches", "inspect"}),
        ((200, 50), {"files", "batches", "inspect", "results"}),
    ],
)
async def test_each_size_has_its_layout(tmp_path: Path, size: tuple[int, int], panes: set[str]) -> None:
    async with stage(tmp_path, FakeService(*many(3)), size=size) as running:
        assert visible(running) == panes


async def test_numbers_swap_the_lower_half_of_a_narrow_screen(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeService(*many(3)), size=(80, 24)) as running:
        await running.press("1")
        assert visible(running) == {"batches", "files"}
        files, batches = running.app.deck.files.region, running.app.deck.batches.region
        assert batches.y < files.y
        await running.press("4")
        assert visible(running) == {"batches", "results"}
        assert running.app.deck.panels.current == "results"


async def test_zoom_gives_one_pane_the_screen_and_escape_gives_it_back(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeService(*many(3))) as running:
        await running.press("f")
        assert visible(running) == {"batches"}
        await running.press("escape")
        assert visible(running) == {"files", "batches", "inspect"}


async def test_a_resize_keeps_cursor_marks_and_pane(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeService(*many(30))) as running:
        await running.press("j", "j", "space", "3")
        cursor = running.app.deck.batches.table.cursor_id
        for width, height in ((60, 20), (200, 50), (80, 24)):
            await running.pilot.resize_terminal(width, height)
            await running.settle()
        assert running.app.deck.batches.table.cursor_id == cursor
        assert running.app.deck.batches.table.marks == {"b00002"}
        assert running.app.deck.panels.current == "inspect"


async def test_a_terminal_too_small_is_told_so_in_one_line(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeService(*many(3)), size=(38, 8)) as running:
        assert visible(running) == set()
        assert running.line_of(running.app.query_one(TooSmall)) == "38x8: batch-tui needs 40x10"


async def test_the_next_start_is_where_the_last_one_ended(tmp_path: Path) -> None:
    service = FakeService(*many(30))
    async with stage(tmp_path, service, size=(80, 24)) as running:
        await running.press("slash", *"b0000", "enter", "j", "space", "4")
        place = running.app.place
    async with stage(tmp_path, service, size=(80, 24), session=place) as running:
        table = running.app.deck.batches.table
        assert running.app.deck.panels.current == "results"
        assert running.app.deck.batches.filter_text == "b0000"
        assert table.marks == {"b00001"}
        assert table.cursor_id == "b00002"


async def test_the_cursor_follows_its_batch_when_a_new_one_comes(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeService(*many(5))) as running:
        await running.press("j")
        running.service.put(a_batch("fresh", created=NOON + 5))
        await running.poll()
        await running.until(lambda: "fresh" in running.app.deck.batches.table.row_ids)
        assert running.app.deck.batches.table.row_ids[0] == "fresh"
        assert running.app.deck.batches.table.cursor_id == "b00001"


async def test_an_outage_keeps_the_rows_and_says_so(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeService(*many(3))) as running:
        running.service.go_down(unreachable())
        await running.poll()
        await running.until(lambda: "offline" in running.app.header.facts.condition)
        assert "Cannot reach" in running.said()
        assert len(running.app.deck.batches.table.row_ids) == 3


async def test_a_refused_key_is_one_sentence(tmp_path: Path) -> None:
    service = FakeService(*many(3))
    async with stage(tmp_path, service) as running:
        service.fail_next("list_batches", unauthorized())
        await running.poll()
        await running.until(lambda: "key refused" in running.app.header.facts.condition)
        assert "key" in running.said()


async def test_the_filter_narrows_while_it_is_typed_and_escape_gives_all_back(tmp_path: Path) -> None:
    service = FakeService(*many(3), a_batch("bad", BatchStatus.FAILED, total=0, ended=NOON))
    async with stage(tmp_path, service) as running:
        await running.press("slash", *"status:failed")
        assert running.app.deck.batches.table.row_ids == ("bad",)
        assert "1 match" in running.said()
        await running.press("escape")
        assert len(running.app.deck.batches.table.row_ids) == 4


async def test_problems_and_active_only(tmp_path: Path) -> None:
    service = FakeService(*many(3), a_batch("bad", BatchStatus.FAILED, total=0, ended=NOON), a_batch("runs"))
    async with stage(tmp_path, service) as running:
        await running.press("exclamation_mark")
        assert running.app.deck.batches.table.row_ids == ("bad",)
        await running.press("exclamation_mark", "a")
        assert running.app.deck.batches.table.row_ids == ("runs",)
        await running.press("escape")
        assert len(running.app.deck.batches.table.row_ids) == 5


async def test_a_command_is_found_by_its_name_and_run(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeService(*many(3))) as running:
        await running.press("colon", *"zoom", "enter")
        assert not running.app.commands.is_open
        assert visible(running) == {"batches"}


async def test_ctrl_c_twice_quits_and_once_does_not(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeService(*many(1))) as running:
        await running.press("ctrl+c")
        assert running.app.return_code is None
        assert "again quits" in running.said()
        await running.pilot.press("ctrl+c")
        assert running.app.return_code == 0


async def test_hostile_text_is_shown_literally(tmp_path: Path) -> None:
    name = "\x1b]52;c;AAAA\x07[@click=app.quit()]x[/y]\u202e"
    service = FakeService(a_batch("evil", metadata={"batch_tui_name": name, "[bold": "[/x]"}))
    async with stage(tmp_path, service) as running:
        row = running.row("evil")
        assert "\x1b" not in row
        assert "␛]52;c;AAAA␇" in row
        assert all("\x1b" not in line for line in map(str, running.app.deck.inspect.facts.lines[:1]))


async def test_a_warning_that_was_read_gives_the_hints_back_with_the_next_key(tmp_path: Path) -> None:
    at = [0.0]
    async with stage(tmp_path, FakeService(*many(3))) as running:
        with patch.object(running.app.desk, "_clock", lambda: at[0]):
            running.app.desk.warn("Mind this.")
            await running.press("j")
            assert running.said() == "Mind this."
            at[0] = 5.0
            await running.poll()
            assert running.said() == "Mind this."
            await running.press("j")
            assert "Filter" in running.said()


@pytest.mark.parametrize(("is_ascii", "order"), [(True, "sort age v"), (False, "sort age↓")])
async def test_the_order_reads_as_no_other_word(tmp_path: Path, is_ascii: bool, order: str) -> None:  # noqa: FBT001
    async with stage(tmp_path, FakeService(*many(3)), is_ascii=is_ascii) as running:
        assert order in running.line_of(running.app.deck.batches.title_bar)
        assert f" {order.removeprefix('sort ')} " in running.line_of(running.app.deck.batches.table)


def test_the_screen_loads_neither_openai_nor_httpx() -> None:
    code = (
        "import sys, batch_tui.ui.app; print([m for m in ('openai', 'httpx2', 'starlette') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_first_picture_waits_for_no_module_of_what_comes_later() -> None:
    """Each class of fields takes half a millisecond to make: what few starts need is loaded when it is."""
    later = (
        "batch_tui.domain.cause_meaning",
        "batch_tui.domain.lines",
        "batch_tui.domain.operation",
        "batch_tui.engine.configuration.config_reader",
        "batch_tui.engine.submitting.submission",
        "batch_tui.jsonl",
        "batch_tui.ui.actions",
        "batch_tui.ui.panes.filter_language",
        "batch_tui.ui.panes.pending",
        "batch_tui.ui.panes.queued",
    )
    code = (
        "import sys, batch_tui.cli.main, batch_tui.cli.session, batch_tui.ui.app;"
        f"print([m for m in {later!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_a_restart_brings_back_the_cursor_among_its_neighbours_and_the_size_of_panes(tmp_path: Path) -> None:
    service = FakeService(*many(60))
    async with stage(tmp_path, service) as running:
        await running.press(*["j"] * 30, "plus")
        place = running.app.place
        height = running.app.deck.batches.size.height
    async with stage(tmp_path, service, session=place) as running:
        table = running.app.deck.batches.table
        assert table.cursor_id == place.cursor
        assert table.row_ids.index(place.cursor or "") - table.row_ids.index(table.visible_ids[0]) >= 3
        assert running.app.deck.batches.size.height == height
        await running.press("underscore")
        assert running.app.deck.batches.size.height < height


@pytest.mark.parametrize("size", [(60, 20), (120, 36), (200, 50)])
@pytest.mark.parametrize(("key", "step"), [("tab", 1), ("shift+tab", -1)])
async def test_tab_goes_round_the_panes_and_to_nothing_else(
    tmp_path: Path, size: tuple[int, int], key: str, step: int
) -> None:
    async with stage(tmp_path, FakeService(*many(3)), size=size) as running:
        panels, seen = running.app.deck.panels, []
        for _ in range(8):
            await running.press(key)
            assert panels.focused.has_focus_within
            seen.append(panels.current)
        neighbours = [panels._arranged(size[0]).neighbour(pane, step, size[0]) for pane in seen]
        assert neighbours[:-1] == seen[1:]


async def test_a_click_on_a_title_or_a_tab_chooses_its_pane_and_one_on_the_docked_line_none(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, FakeService(*many(3))) as running:
        deck = running.app.deck
        for target, pane in (
            (deck.files.title_bar, "files"),
            (running.app.dock, "files"),
            (deck.batches.title_bar, "batches"),
            (deck.inspect.query_one(TabStrip), "inspect"),
            (running.app.header, "inspect"),
        ):
            await running.pilot.click(target, offset=(3, 0))
            await running.settle()
            assert deck.panels.current == pane
            assert deck.panels.focused.has_focus_within
