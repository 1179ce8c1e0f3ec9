from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from batch_tui.ui.commands.registry import command
from batch_tui.ui.text.lines import Lines, TextLine
from batch_tui.ui.widgets.viewer import Viewer


class ViewerApp(App[None]):
    """One viewer, and what it says."""

    def __init__(self) -> None:
        super().__init__()
        self.viewer = Viewer()
        self.reached: list[int] = []
        self.opened: list[int] = []

    def compose(self) -> ComposeResult:
        yield self.viewer

    def on_viewer_line_reached(self, message: Viewer.LineReached) -> None:
        self.reached.append(message.line)

    def on_viewer_line_opened(self, message: Viewer.LineOpened) -> None:
        self.opened.append(message.line)

    async def action_command(self, command_id: str) -> None:
        await self.run_action(command(command_id).action, default_namespace=self.viewer)

    @property
    def lines(self) -> list[str]:
        return [self.viewer.render_line(y).text.rstrip() for y in range(self.viewer.size.height)]


class Endless:
    """A million lines that remembers which were asked for."""

    count = 1_000_000

    def __init__(self) -> None:
        self.asked: set[int] = set()

    def line(self, number: int) -> TextLine:
        self.asked.add(number)
        return TextLine(f"line {number}")


@asynccontextmanager
async def _viewer(text: str = "", *, is_json: bool = False) -> AsyncIterator[tuple[ViewerApp, Pilot[None]]]:
    app = ViewerApp()
    async with app.run_test(size=(40, 10)) as pilot:
        app.viewer.show(Lines.of(text, is_json=is_json))
        app.viewer.focus()
        await pilot.pause()
        yield app, pilot


async def test_of_a_million_lines_only_those_in_sight_are_asked_for() -> None:
    async with _viewer() as (app, pilot):
        source = Endless()
        app.viewer.show(source)
        await pilot.press("G")
        assert app.lines[-1] == "line 999999"
        await pilot.press("g", "ctrl+d")
        assert app.viewer.cursor_line == 5
        assert len(source.asked) < 100
        assert app.reached == [999_999, 0, 5]


async def test_json_is_told_apart_and_keeps_its_characters() -> None:
    text = json.dumps({"id": "batch_1", "n": [1, -2.5e3, True, None]}, indent=1)
    async with _viewer(text, is_json=True) as (app, _pilot):
        assert [line for line in app.lines if line] == text.split("\n")
        styles = {segment.style.color for segment in app.viewer.render_line(1) if segment.style}
        assert len(styles) >= 3


async def test_a_line_of_a_megabyte_and_a_million_combining_marks_are_only_looked_at_where_they_show() -> None:
    async with _viewer() as (app, pilot):
        app.viewer.show(Lines([TextLine("x" * 1_000_000 + "END"), TextLine("e" + "\u0301" * 1_000_000)]))
        await pilot.pause()
        assert app.viewer.render_line(0).cell_length == app.viewer.render_line(1).cell_length == 40
        await pilot.press("w")
        assert app.lines[0] == "x" * 40
        await pilot.press("L")
        assert app.lines[0] == "x" * 40


async def test_moving_sideways_shows_the_rest_of_long_lines() -> None:
    async with _viewer("0123456789" * 10) as (app, pilot):
        await pilot.press("L")
        assert app.lines[0].startswith("89012")
        await pilot.press("H", "H")
        assert app.lines[0].startswith("01234")


async def test_wrapping_shows_every_character_once() -> None:
    text = "".join(chr(0x4E00 + n) for n in range(95))
    async with _viewer(text + "\nend") as (app, pilot):
        await pilot.press("w")
        assert "".join(app.lines) == text + "end"
        await pilot.press("w")
        assert app.lines[1] == "end"


async def test_a_search_goes_to_the_first_match_and_n_goes_round() -> None:
    async with _viewer("\n".join(f"line {n} {'Needle' if n % 30 == 7 else ''}" for n in range(100))) as (
        app,
        pilot,
    ):
        assert app.viewer.search("needle").lines == (7, 37, 67, 97)
        reached = [app.viewer.cursor_line]
        for key in ("n", "n", "n", "n", "N"):
            await pilot.press(key)
            reached.append(app.viewer.cursor_line)
        assert reached == [7, 37, 67, 97, 7, 97]
        assert app.viewer.search("NEEDLE").lines == ()
        assert app.viewer.search("").lines == ()


async def test_a_match_far_to_the_right_is_brought_in_sight() -> None:
    async with _viewer("x" * 5000 + "needle") as (app, _pilot):
        app.viewer.search("needle")
        assert "needle" in app.lines[0]


async def test_a_match_is_told_apart_across_the_pieces_of_json_even_on_the_cursor_line() -> None:
    async with _viewer('{"key": 12}', is_json=True) as (app, _):
        app.viewer.search('": 1')
        hit = app.viewer.look("hit").bgcolor
        found = [
            segment.text for segment in app.viewer.render_line(0) if segment.style and segment.style.bgcolor == hit
        ]
        assert "".join(found) == '": 1'


async def test_enter_opens_the_line_and_a_newer_text_keeps_the_place() -> None:
    async with _viewer("\n".join(map(str, range(50)))) as (app, pilot):
        await pilot.press("ctrl+d", "enter")
        assert app.opened == [5]
        app.viewer.show(Lines.of("\n".join(map(str, range(60)))), keep_place=True)
        assert app.viewer.cursor_line == 5
        app.viewer.show(Lines.of("short"), keep_place=True)
        assert app.viewer.cursor_line == 0


async def test_an_empty_text_bears_every_key() -> None:
    async with _viewer() as (app, pilot):
        app.viewer.show(Lines())
        await pilot.press("j", "k", "g", "G", "ctrl+d", "ctrl+u", "w", "L", "enter", "n")
        assert app.opened == []
        assert app.viewer.cursor_text == ""


async def test_outside_text_is_harmless_whatever_the_source_gives() -> None:
    async with _viewer() as (app, pilot):
        app.viewer.show(Lines([TextLine("\x1b[2J\ttab\u202e \ud800")]))
        await pilot.pause()
        text = app.viewer.render_line(0).text
        assert "␛[2J    tab" in text
        assert text.rstrip().isprintable()
