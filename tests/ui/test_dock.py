from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.pilot import Pilot

from batch_tui.ui.commands.registry import Selection, hints_for
from batch_tui.ui.text.cells import cell
from batch_tui.ui.widgets.dock import Dock, Level
from batch_tui.ui.widgets.fitting import Column
from batch_tui.ui.widgets.quiet_screen import QuietScreen
from batch_tui.ui.widgets.table import VirtualTable


class DockApp(App[None]):
    """A table over a dock; x asks, / prompts, and everything that happens is written down."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "cancel"),
        Binding("X", "cancel_all"),
        Binding("slash", "filter"),
        Binding("f", "said('zoom')"),
        Binding("y", "said('yank')"),
        Binding("ctrl+r", "said('refresh')"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.dock = Dock()

    def get_default_screen(self) -> QuietScreen:
        return QuietScreen()

    def compose(self) -> ComposeResult:
        yield VirtualTable([Column("name", "name", 8)], lambda row_id: (cell(row_id),))
        yield self.dock

    def on_mount(self) -> None:
        self.query_one(VirtualTable).focus()

    def action_cancel(self) -> None:
        self.dock.confirm("one", "Cancel nightly-eval?")

    def action_cancel_all(self) -> None:
        self.dock.confirm("seven", "Cancel 7 batches?", number=7)

    def action_filter(self) -> None:
        self.dock.ask_text("filter", "/")

    def action_said(self, word: str) -> None:
        self.said.append(word)

    def on_dock_answered(self, message: Dock.Answered) -> None:
        self.said.append(f"{message.answer.value} {message.token}")

    def on_dock_prompt_changed(self, message: Dock.PromptChanged) -> None:
        self.said.append(f"typed {message.text}")

    def on_dock_prompt_accepted(self, message: Dock.PromptAccepted) -> None:
        self.said.append(f"accepted {message.text}")

    def on_dock_prompt_dismissed(self, message: Dock.PromptDismissed) -> None:
        self.said.append(f"dismissed {message.kind}")

    @property
    def line(self) -> str:
        return self.dock.render_line(0).text


@asynccontextmanager
async def _dock() -> AsyncIterator[tuple[DockApp, Pilot[None]]]:
    app = DockApp()
    async with app.run_test(size=(80, 6)) as pilot:
        await pilot.pause()
        yield app, pilot


async def test_y_confirms_and_the_focus_goes_back() -> None:
    async with _dock() as (app, pilot):
        await pilot.press("x")
        assert "Cancel nightly-eval?" in app.line
        assert "any other key no" in app.line
        await pilot.press("y")
        assert app.said == ["yes one"]
        assert isinstance(app.focused, VirtualTable)
        assert "Cancel" not in app.line


@pytest.mark.parametrize("key", ["n", "Y", "enter", "escape", "x", "space", "ctrl+d", "j", "up", "f5"])
async def test_any_other_key_declines_and_does_nothing_else(key: str) -> None:
    async with _dock() as (app, pilot):
        await pilot.press("x", key)
        assert app.said == ["no one"]


async def test_pasted_text_never_confirms() -> None:
    async with _dock() as (app, pilot):
        await pilot.press("x")
        app.post_message(events.Paste("y"))
        await pilot.pause()
        assert app.said == []
        assert app.dock.is_asking


async def test_keys_that_arrive_at_once_are_answer_and_text_not_commands() -> None:
    async with _dock() as (app, pilot):
        for key in "xy":
            app.post_message(events.Key(key, key))
        app.post_message(events.Key("slash", "/"))
        for key in "fy":
            app.post_message(events.Key(key, key))
        app.post_message(events.Key("enter", "\r"))
        await pilot.pause()
        await pilot.pause()
        assert app.said == ["yes one", "typed f", "typed fy", "accepted fy"]


async def test_several_want_their_number_typed() -> None:
    async with _dock() as (app, pilot):
        await pilot.press("X", "y")
        assert app.said == ["no seven"]
        await pilot.press("X", "8", "enter")
        await pilot.press("X", "enter")
        await pilot.press("X", "1", "backspace", "7", "enter")
        assert app.said == ["no seven", "no seven", "no seven", "yes seven"]


async def test_another_question_declines_the_open_one() -> None:
    async with _dock() as (app, pilot):
        await pilot.press("x")
        app.action_cancel_all()
        await pilot.press("7", "enter")
        assert app.said == ["no one", "yes seven"]


async def test_leaving_with_the_mouse_declines() -> None:
    async with _dock() as (app, pilot):
        await pilot.press("x")
        await pilot.click(VirtualTable)
        await pilot.pause()
        assert app.said == ["no one"]


async def test_a_question_survives_that_the_terminal_loses_the_focus_for_a_while() -> None:
    async with _dock() as (app, pilot):
        await pilot.press("x")
        app.post_message(events.AppBlur())
        await pilot.pause()
        app.post_message(events.AppFocus())
        await pilot.pause()
        await pilot.press("y")
        assert app.said == ["yes one"]


async def test_typing_tells_each_text_and_unknown_keys_go_on_to_the_app() -> None:
    async with _dock() as (app, pilot):
        await pilot.press("slash", "a", "b", "left", "f", "ctrl+r", "ctrl+u", "enter")
        assert app.said == ["typed a", "typed ab", "typed afb", "refresh", "typed b", "accepted b"]


async def test_escape_and_backspace_in_an_empty_prompt_leave_it() -> None:
    async with _dock() as (app, pilot):
        await pilot.press("slash", "escape", "slash", "backspace")
        assert app.said == ["dismissed filter", "dismissed filter"]
        assert isinstance(app.focused, VirtualTable)


async def test_pasted_text_is_typed_into_a_prompt_on_one_line() -> None:
    async with _dock() as (app, pilot):
        await pilot.press("slash")
        app.post_message(events.Paste("two\nlines\x1b"))
        await pilot.pause()
        assert app.dock.prompt_text == "two lines "


async def test_a_message_goes_at_the_first_tick_after_its_time() -> None:
    async with _dock() as (app, _pilot):
        app.dock.set_hints(hints_for(Selection()))
        app.dock.show_message("Saved \x1b[31mtwo files.", until=100.0)
        assert "Saved ␛[31mtwo files." in app.line
        app.dock.tick(99.9)
        assert app.dock.message
        app.dock.tick(100.0)
        assert app.dock.message == ""
        assert "Filter" in app.line


async def test_a_warning_waits_for_a_key_that_nobody_was_typing_already() -> None:
    async with _dock() as (app, pilot):
        app.dock.set_hints(hints_for(Selection()))
        app.dock.show_message("Mind this.", Level.WARN, until=100.0)
        app.dock.tick(500.0)
        app.dock.tick(99.9, is_key=True)
        assert "Mind this." in app.line
        await pilot.press("slash")
        app.dock.tick(500.0, is_key=True)
        await pilot.press("escape")
        assert "Mind this." in app.line
        app.dock.tick(500.0, is_key=True)
        assert "Filter" in app.line


async def test_a_question_hides_the_message_and_shows_it_again() -> None:
    async with _dock() as (app, pilot):
        app.dock.show_message("Important.")
        await pilot.press("x")
        assert "Important" not in app.line
        await pilot.press("n")
        assert "Important." in app.line


async def test_a_long_question_is_clipped_but_its_answer_is_not() -> None:
    async with _dock() as (app, _pilot):
        app.dock.confirm("long", "Cancel " + "x" * 500)
        assert app.line.rstrip().endswith("x… y yes · else no")
        assert len(app.line) == 80


async def test_the_prompt_keeps_its_cursor_in_sight_and_says_its_note() -> None:
    async with _dock() as (app, _pilot):
        app.dock.ask_text("filter", "/", "a" * 200 + "END")
        app.dock.set_prompt_note("3 of 300")
        assert "END" in app.line
        assert app.line.endswith("3 of 300")
