"""Between two starts: the live screen takes over from the first frame, and keeps the next one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.strip import Strip

from batch_tui.ui.first_frame import FirstFrame, digest
from batch_tui.ui.widgets.row_keys import RowKeys

if TYPE_CHECKING:
    from textual.app import App

KEEP_EVERY = 60.0
"""Seconds between two pictures while the screen is open."""
_UNSEEN = 0.5
"""Seconds in which a key was still aimed at the picture, after the lists were filled behind it."""
_AROUND = 30
"""Rows over and under the cursor that count as those a few keys can move to."""


class Picture:
    """The pictures of one profile's screen.

    Args:
        first: What was painted before; None keeps no pictures at all.
        config: The configuration file.
        table: The list whose rows commands act on.
    """

    def __init__(self, first: FirstFrame | None, config: Path, table: RowKeys) -> None:
        self._first = first
        self._config = config
        self._table = table
        self._painted = first.place if first is not None and first.is_painted else ""
        self._is_followed = not self._painted
        self._live_at = float("inf") if self._painted else 0.0
        self._kept_at = float("-inf")

    def misleads(self, typed_at: float) -> bool:
        """True for a key that was typed on the picture while a command would act on something else than it shows.

        Args:
            typed_at: By the monotonic clock.
        """
        if typed_at >= self._live_at or self._is_followed:
            return False
        return self._place.partition(" ")[0] != self._painted.partition(" ")[0]

    @property
    def _place(self) -> str:
        """A word for what a command acts on, and one for the rows around it, to which keys may move."""
        table = self._table
        start = max(0, table.cursor_row - _AROUND)
        rows = table.row_ids[start : table.cursor_row + _AROUND]
        meant = (table.cursor_id or "", *sorted(table.marks))
        return f"{digest(meant)} {digest((*meant, *rows))}"

    def _compare(self) -> None:
        """The list holds what the last run knew for the first time: it is the painted one, or another."""
        if self._live_at == float("inf"):
            self._is_followed = self._place == self._painted
            self._live_at = time.monotonic() + _UNSEEN

    def take_over(self, driver: Driver | None) -> None:
        """The live screen has the terminal now, and gives it back as the first frame found it."""
        first = self._first
        if first is None or not first.is_painted:
            return
        first.is_painted = False
        if isinstance(driver, LinuxDriver) and first.attributes is not None:
            driver.attrs_before = first.attributes

    def keep(self, app: App[int], now: float, *, is_last: bool = False) -> None:
        """Keep what the screen shows, now and then, and at the end. The docked line isn't part of it.

        A screen that ends before it was kept once never came to show anything.
        """
        self._compare()
        due_at = float("-inf") if is_last else self._kept_at + KEEP_EVERY
        if self._first is None or now < due_at or (is_last and self._kept_at == float("-inf")):
            return
        size = app.size
        if len(app.screen_stack) != 1 or size.height < 3:
            return
        self._kept_at = now
        lines = screen_lines(app)[:-1]
        self._first.save([*lines, ""], size.width, str(self._config), place=self._place)


def screen_lines(app: App[int]) -> list[str]:
    """The screen's lines as they are sent to the terminal."""
    strips: list[Strip] = app.screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage] # noqa: SLF001 - drawing without a side effect
    return [strip.render(app.console) for strip in strips]
