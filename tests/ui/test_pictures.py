from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.app import App
from textual.events import Key
from textual.screen import Screen

from batch_tui.ui.widgets import picture_timer
from batch_tui.ui.widgets.picture_timer import PictureTimer
from batch_tui.ui.widgets.quiet_screen import QuietScreen
from tests.support.batches import a_batch
from tests.support.fake_service import FakeService
from tests.support.screen import Stage, stage


def pictures(running: Stage) -> list[tuple[str, str, str]]:
    """For each picture from now on what was typed, the title over the rows, and the note beside what was typed."""
    seen: list[tuple[str, str, str]] = []
    app = running.app

    def note() -> None:
        title = running.line_of(app.deck.batches.title_bar)
        seen.append((app.dock.prompt_text, title.partition("·")[0], running.said()))

    app.post_display_hook = note  # type: ignore[method-assign]
    return seen


async def test_a_typed_letter_and_the_rows_it_leaves_come_in_one_picture(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeService(*(a_batch(f"run{n}") for n in range(20)))) as running:
        await running.press("slash")
        seen = pictures(running)
        await running.press("7")
        assert len(seen) == 1
        text, title, said = seen[0]
        assert text == "7"
        assert "/7 2 of 20" in title
        assert said.endswith("2 match")


async def test_a_step_of_the_cursor_and_the_hints_of_the_row_come_in_one_picture(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeService(a_batch("new"), a_batch("old"))) as running:
        seen = pictures(running)
        await running.press("space")
        assert len(seen) == 1


async def test_keys_that_come_together_have_one_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage(tmp_path, FakeService(*(a_batch(f"run{n}") for n in range(20)))) as running:
        await running.press("slash")
        monkeypatch.setattr(picture_timer, "PERIOD", 1000.0)  # or a busy machine has one drawn meanwhile
        seen = pictures(running)
        for letter in "run1":
            running.app.post_message(Key(letter, letter))
        await running.until(lambda: bool(seen))
        assert [text for text, _, _ in seen] == ["run1"]


class Screens(App[None]):
    """An app on our screen."""

    def get_default_screen(self) -> QuietScreen:
        return QuietScreen()


class Drawn:
    """A timer of pictures on a screen of its own, and how many it drew; its beat takes longer than any test."""

    def __init__(self, screen: Screen[object], is_busy: Callable[[], bool]) -> None:
        assert isinstance(screen, QuietScreen)
        self.pictures = 0
        self.timer = PictureTimer(screen, self._draw, is_busy=is_busy)
        self._is_news = asyncio.Event()
        self.timer._start()

    def _draw(self) -> None:
        self.pictures += 1
        self._is_news.set()
        self.timer.pause()

    async def until(self, pictures: int) -> None:
        while self.pictures < pictures:
            self._is_news.clear()
            await self._is_news.wait()


@pytest.fixture
def endless_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_timer, "PERIOD", 1000.0)


@pytest.mark.usefixtures("endless_beat")
async def test_a_picture_waits_for_what_is_under_way() -> None:
    left = 50

    def is_busy() -> bool:
        nonlocal left
        left = max(0, left - 1)
        return left > 0

    app = Screens()
    async with app.run_test():
        drawn = Drawn(app.screen, is_busy)
        drawn.timer.resume()
        await drawn.until(1)
        assert left == 0
        drawn.timer.stop()


@pytest.mark.usefixtures("endless_beat")
async def test_a_key_has_its_picture_without_waiting_for_the_beat() -> None:
    app = Screens()
    async with app.run_test():
        drawn = Drawn(app.screen, lambda: False)
        drawn.timer.resume()
        await drawn.until(1)
        drawn.timer.resume()
        for _ in range(50):
            await asyncio.sleep(0)
        assert drawn.pictures == 1
        drawn.timer.hurry()
        await drawn.until(2)
        drawn.timer.stop()
