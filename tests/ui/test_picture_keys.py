"""Keys typed on the picture of the last run: they stop what it shows, or nothing before somebody looked."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from textual.app import App, ComposeResult

from batch_tui.ui.first_frame import FirstFrame
from batch_tui.ui.picture import Picture
from batch_tui.ui.text.cells import cell
from batch_tui.ui.widgets.fitting import Column
from batch_tui.ui.widgets.table import VirtualTable


class KeepingFrame(FirstFrame):
    """Keeps in memory what would be written down; paints nothing."""

    def save(self, lines: list[str], columns: int, config: str, now: float | None = None, place: str = "") -> bool:
        self.place = place
        return True


class ListApp(App[int]):
    """A list of rows, and the picture of it."""

    def __init__(self, frame: FirstFrame, rows: Sequence[str], cursor: str) -> None:
        super().__init__()
        self.table = VirtualTable([Column("name", "name", 8)], lambda row_id: (cell(row_id),))
        self.rows, self.cursor = rows, cursor
        self.picture = Picture(frame, Path("config.toml"), self.table)

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.table.set_rows(self.rows)
        self.table.move_to(self.cursor)


@pytest.mark.parametrize(
    ("rows", "cursor", "then", "is_misled"),
    [
        ("abcd", "b", "b", False),
        ("abcd", "b", "c", False),
        ("abcd", "a", "a", True),
        ("abcd", "a", "b", False),
        ("xbyc", "b", "b", False),
        ("xbyc", "b", "y", True),
        ("acd", "b", "a", True),
    ],
    ids=[
        "the same row", "a row further in the same list", "another row", "another, and back on the painted one",
        "the same row of another list", "a row further in another list", "a row that is gone",
    ],
)  # fmt: skip
async def test_an_old_key_answers_only_where_its_row_is_what_was_painted(
    rows: str, cursor: str, then: str, *, is_misled: bool
) -> None:
    frame = KeepingFrame({})
    before = ListApp(frame, "abcd", "b")
    async with before.run_test():
        before.picture.keep(before, 0.0)
    frame.is_painted = True
    now = ListApp(frame, rows, cursor)
    async with now.run_test():
        typed_at = time.monotonic()
        now.picture.keep(now, 0.0)
        now.table.move_to(then)
        assert now.picture.misleads(typed_at) == is_misled
        assert not now.picture.misleads(time.monotonic() + 1), "who types now sees what is there"


async def test_without_a_picture_no_key_is_too_old() -> None:
    app = ListApp(KeepingFrame({}), "abcd", "a")
    async with app.run_test():
        app.picture.keep(app, 0.0)
        assert not app.picture.misleads(0.0)
