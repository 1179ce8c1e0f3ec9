"""Between two starts: the live screen takes over from the first frame, and keeps the next one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.strip import Strip

from batch_tui.ui.first_frame import FirstFrame

if TYPE_CHECKING:
    from textual.app import App

KEEP_EVERY = 60.0
"""Seconds between two pictures while the screen is open."""


class Picture:
    """The pictures of one profile's screen.

    Args:
        first: What was painted before; None keeps no pictures at all.
        config: The configuration file.
    """

    def __init__(self, first: FirstFrame | None, config: Path) -> None:
        self._first = first
        self._config = config
        self._kept_at = float("-inf")

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
        due_at = float("-inf") if is_last else self._kept_at + KEEP_EVERY
        if self._first is None or now < due_at or (is_last and self._kept_at == float("-inf")):
            return
        size = app.size
        if len(app.screen_stack) != 1 or size.height < 3:
            return
        self._kept_at = now
        lines = screen_lines(app)[:-1]
        self._first.save([*lines, ""], size.width, str(self._config))


def screen_lines(app: App[int]) -> list[str]:
    """The screen's lines as they are sent to the terminal."""
    strips: list[Strip] = app.screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage] # noqa: SLF001 - drawing without a side effect
    return [strip.render(app.console) for strip in strips]
