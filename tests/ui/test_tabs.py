"""The strip of tabs: which are in sight, and what a click on them opens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import product

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from batch_tui.ui.widgets.tabs import Tab, TabStrip

TITLES = ("Overview", "Input", "Results", "Errors", "Raw", "Events")


class TabsApp(App[None]):
    """One strip."""

    def __init__(self) -> None:
        super().__init__()
        self.strip = TabStrip([Tab(title.lower(), title, 7 if title == "Errors" else None) for title in TITLES])

    def compose(self) -> ComposeResult:
        yield self.strip

    @property
    def line(self) -> str:
        return self.strip.render_line(0).text.rstrip()


@asynccontextmanager
async def _tabs(width: int) -> AsyncIterator[tuple[TabsApp, Pilot[None]]]:
    app = TabsApp()
    async with app.run_test(size=(width, 3)) as pilot:
        await pilot.pause()
        yield app, pilot


async def test_a_wide_strip_shows_all_tabs() -> None:
    async with _tabs(47) as (app, _):
        assert app.line == "Overview  Input  Results  Errors(7)  Raw  >"
    async with _tabs(48) as (app, _):
        assert app.line == "Overview  Input  Results  Errors(7)  Raw  Events"


async def test_the_open_tab_is_in_sight_on_a_narrow_strip_too() -> None:
    async with _tabs(60) as (app, pilot):
        for width, title in product((16, 25, 34, 40, 47), TITLES):
            await pilot.resize_terminal(width, 3)
            app.strip.open(title.lower())
            await pilot.pause()
            assert title in app.line
            assert len(app.line) <= width
            assert app.line.startswith("< ") != app.line.startswith("Overview")
            assert app.line.endswith(">") != app.line.endswith("Events")


async def test_a_click_opens_the_tab_it_hits_and_the_signs_lead_to_those_out_of_sight() -> None:
    async with _tabs(40) as (app, pilot):
        assert app.line == "Overview  Input  Results  Errors(7)  >"
        await pilot.click(offset=(18, 0))
        assert app.strip.open_tab == "results"
        await pilot.click(offset=(37, 0))
        assert app.strip.open_tab == "raw"
        assert app.line == "< Input  Results  Errors(7)  Raw  Events"
        await pilot.click(offset=(0, 0))
        assert app.strip.open_tab == "overview"
        await pilot.click(offset=(39, 0))
        assert app.strip.open_tab == "raw"
