from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace
from textual import events
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.strip import Strip

from batch_tui.ui.commands.registry import command
from batch_tui.ui.text.cells import Cell, Tone, cell
from batch_tui.ui.widgets.fitting import Column
from batch_tui.ui.widgets.table import VirtualTable

COLUMNS = (
    Column("name", "name", 8, is_flexible=True, is_pinned=True),
    Column("count", "count", 5, "right", priority=1),
    Column("model", "model", 24, priority=2),
)


class TableApp(App[None]):
    """One table over made-up rows; remembers what it says and which rows it asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[Message] = []
        self.asked: list[str] = []
        self.texts: dict[str, str] = {}
        self.table = VirtualTable(COLUMNS, self._cells, empty="No batches yet.")

    def _cells(self, row_id: str) -> tuple[Cell, ...]:
        self.asked.append(row_id)
        return (cell(self.texts.get(row_id, f"row {row_id}")), cell(row_id, Tone.ERROR), cell("gpt"))

    def compose(self) -> ComposeResult:
        yield self.table

    async def action_command(self, command_id: str) -> None:
        await self.run_action(command(command_id).action, default_namespace=self.table)

    def on_virtual_table_cursor_moved(self, message: VirtualTable.CursorMoved) -> None:
        self.said.append(message)

    def on_virtual_table_row_opened(self, message: VirtualTable.RowOpened) -> None:
        self.said.append(message)

    def on_virtual_table_title_clicked(self, message: VirtualTable.TitleClicked) -> None:
        self.said.append(message)

    def on_virtual_table_marks_changed(self, message: VirtualTable.MarksChanged) -> None:
        self.said.append(message)


@asynccontextmanager
async def _table(
    rows: int = 1000, size: tuple[int, int] = (40, 11)
) -> AsyncIterator[tuple[TableApp, Pilot[None]]]:
    app = TableApp()
    async with app.run_test(size=(40, 11)) as pilot:
        app.table.set_rows([str(number) for number in range(rows)])
        app.table.focus()
        await pilot.pause()
        app.said.clear()
        yield app, pilot


def _screen(app: TableApp) -> list[str]:
    width, height = app.table.size
    return [app.table.render_line(y).text for y in range(height) if width]


async def test_only_rows_in_sight_are_ever_asked_for() -> None:
    async with _table(10_000) as (app, pilot):
        await pilot.press("G")
        assert app.table.cursor_id == "9999"
        assert set(app.asked) <= {str(n) for n in (*range(10), *range(9990, 10_000))}


async def test_keys_move_the_cursor_and_tell() -> None:
    async with _table() as (app, pilot):
        for key, row in (
            ("j", "1"),
            ("down", "2"),
            ("k", "1"),
            ("ctrl+d", "6"),
            ("ctrl+u", "1"),
            ("G", "999"),
            ("g", "0"),
        ):
            await pilot.press(key)
            assert app.table.cursor_id == row
        assert [message.row_id for message in app.said if isinstance(message, VirtualTable.CursorMoved)][:2] == [
            "1",
            "2",
        ]


async def test_enter_opens_the_row_under_the_cursor() -> None:
    async with _table() as (app, pilot):
        await pilot.press("j", "enter")
        opened = [message.row_id for message in app.said if isinstance(message, VirtualTable.RowOpened)]
        assert opened == ["1"]


async def test_marks_ranges_and_all_are_told_as_a_set_of_ids() -> None:
    async with _table(5) as (app, pilot):
        await pilot.press("space", "j", "v", "j", "j", "v")
        assert app.table.marks == {"0", "2", "3", "4"}
        await pilot.press("*")
        assert app.table.marks == {"0", "1", "2", "3", "4"}
        assert app.table.clear_marks()
        assert not app.table.clear_marks()
        await pilot.pause()
        told = [message.marks for message in app.said if isinstance(message, VirtualTable.MarksChanged)]
        assert told[-1] == frozenset()


async def test_a_resize_keeps_cursor_marks_and_the_first_row_in_sight() -> None:
    async with _table() as (app, pilot):
        await pilot.press("ctrl+d", "ctrl+d", "space")
        before = (app.table.cursor_id, app.table.marks)
        await pilot.resize_terminal(30, 6)
        assert (app.table.cursor_id, app.table.marks) == before
        assert app.table.cursor_id in app.table.visible_ids
        await pilot.resize_terminal(100, 30)
        assert (app.table.cursor_id, app.table.marks) == before


async def test_a_click_moves_the_cursor_and_a_second_one_opens() -> None:
    async with _table() as (app, pilot):
        await pilot.click(offset=(3, 4))
        assert app.table.cursor_id == "3"
        await pilot.click(offset=(3, 4))
        opened = [message.row_id for message in app.said if isinstance(message, VirtualTable.RowOpened)]
        assert opened == ["3"]


async def test_a_click_on_a_title_tells_its_column_and_moves_no_cursor() -> None:
    async with _table() as (app, pilot):
        for x in (0, 1, 2, 9, 39):
            await pilot.click(offset=(x, 0))
        told = [message.column.id for message in app.said if isinstance(message, VirtualTable.TitleClicked)]
        assert told == ["name", "name", "count"]
        assert app.table.cursor_id == "0"


async def test_the_wheel_moves_the_rows_without_animation() -> None:
    async with _table() as (app, pilot):
        app.table.post_message(
            events.MouseScrollDown(
                app.table, x=1, y=1, delta_x=0, delta_y=1, button=0, shift=False, meta=False, ctrl=False
            )
        )
        await pilot.pause()
        assert app.table.visible_ids[0] == "3"
        assert app.table.cursor_id == "3"


async def test_an_updated_row_is_bold_until_the_next_refresh() -> None:
    async with _table(3) as (app, pilot):
        app.texts["2"] = "changed"
        app.table.update_rows(["2"])
        app.table.emphasize(["2"])
        await pilot.pause()
        line = app.table.render_line(3)
        assert "changed" in line.text
        assert all(segment.style is not None and segment.style.bold for segment in line)
        app.table.emphasize(())
        assert not any(segment.style is not None and segment.style.bold for segment in app.table.render_line(3))


async def test_a_hidden_row_that_changes_is_not_even_asked_for() -> None:
    async with _table() as (app, pilot):
        app.asked.clear()
        app.table.update_rows(["900"])
        await pilot.pause()
        assert app.asked == []


async def test_outside_text_cannot_reach_the_terminal_unchanged() -> None:
    async with _table(2) as (app, pilot):
        app.texts["1"] = "\x1b]52;c;eA==\x07[@click=app.quit()]x[/]\u202e"
        app.table.update_rows()
        await pilot.pause()
        text = app.table.render_line(2).text
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "[@click" in text


async def test_wide_characters_and_a_million_combining_marks_keep_the_columns_straight() -> None:
    async with _table(3) as (app, pilot):
        app.texts.update({"0": "日本語" * 20, "1": "e" + "\u0301" * 1_000_000, "2": "👩‍👩‍👧" * 9})
        app.table.update_rows()
        await pilot.pause()
        assert {app.table.render_line(y).cell_length for y in range(4)} == {40}
        for y in range(1, 4):
            assert app.table.render_line(y).crop(39, 40).text == str(y - 1)


async def test_the_cursor_row_of_a_table_without_focus_looks_different() -> None:
    async with _table(3) as (app, pilot):
        focused = app.table.render_line(1)
        app.set_focus(None)
        await pilot.pause()
        assert app.table.render_line(1) != focused


async def test_another_theme_repaints_every_row() -> None:
    async with _table(3) as (app, pilot):
        before = app.table.render_line(2)
        app.theme = "textual-light"
        await pilot.pause()
        assert app.table.render_line(2) != before


async def test_an_empty_table_says_so() -> None:
    async with _table(0) as (app, pilot):
        await pilot.press("j", "enter", "space")
        assert app.said == []
        assert "No batches yet." in _screen(app)[1]


async def test_the_header_shows_the_sorted_column() -> None:
    async with _table() as (app, _pilot):
        app.table.set_sort("count", is_descending=True)
        assert "coun↓" in app.table.render_line(0).text  # at the edge the title gives way
        app.table.set_columns((replace(COLUMNS[1], id="first"), *COLUMNS))
        app.table.set_sort("first", is_descending=True)
        assert "count↓" in app.table.render_line(0).text


async def test_columns_that_do_not_fit_come_in_when_others_are_moved_out() -> None:
    async with _table() as (app, pilot):
        assert "model" not in app.table.render_line(0).text
        await pilot.press("L")
        assert "model" in app.table.render_line(0).text
        await pilot.press("H")
        assert "model" not in app.table.render_line(0).text


async def test_one_cell_and_a_thousand_cells_are_drawn_without_complaint() -> None:
    async with _table() as (app, pilot):
        for size in ((1, 1), (300, 100), (2, 2), (120, 36)):
            await pilot.resize_terminal(*size)
            while app.table.size.width != size[0]:
                await pilot.pause()
            assert {app.table.render_line(y).cell_length for y in range(app.table.size.height)} <= {size[0]}


async def test_an_arrow_and_a_note_that_stay_as_they_are_compare_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    async with _table(3) as (app, _):
        drawn: list[int] = []
        draw = VirtualTable.draw

        def noted(self: VirtualTable, y: int, width: int) -> Strip:
            drawn.append(y)
            return draw(self, y, width)

        monkeypatch.setattr(VirtualTable, "draw", noted)
        app.table.set_sort("name", is_descending=True)
        app.table.set_empty("None matches.")
        assert drawn
        drawn.clear()
        app.table.set_sort("name", is_descending=True)
        app.table.set_empty("None matches.")
        assert drawn == []
        app.table.set_sort("name", is_descending=False)
        assert drawn
