"""When a picture is drawn: after all that a key set off has gone its way, and then at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from textual.screen import Screen
from textual.timer import Timer

PERIOD = 1 / 60
"""Seconds between two pictures that no key asked for, and those that one may be kept for what is under way."""
_TURNS = 6
"""Turns of the event loop from a widget's wish to be drawn to the screen's knowing of it, and a few more."""


class PictureTimer(Timer):
    """Takes the place of Textual's timer of pictures.

    Textual draws what the first message of a key changed, and makes the rest wait for its beat, 16 to 33 ms: a
    letter typed in a filter stood there at once, and the list that it is about two beats later. Here one picture
    shows both, as soon as both are known, and a beat is kept only where no key asks.

    Args:
        screen: What is drawn.
        draw: Draws it.
        is_busy: Whether messages are still under way that may change what is to be drawn.
    """

    def __init__(self, screen: Screen[None], draw: Callable[[], None], *, is_busy: Callable[[], bool]) -> None:
        super().__init__(screen, PERIOD, name="screen_update", callback=draw, pause=True)
        self._is_busy = is_busy
        self._drawn_at = float("-inf")
        self._is_due = asyncio.Event()
        self._is_hurried = asyncio.Event()

    def resume(self) -> None:
        """A picture is due."""
        self._is_due.set()

    def pause(self) -> None:
        """It was drawn."""
        self._is_due.clear()

    def hurry(self) -> None:
        """A key was pressed: the next picture is its answer, and waits for no beat."""
        self._is_hurried.set()

    async def _run(self) -> None:
        while True:
            await self._is_due.wait()
            await self._keep_the_beat()
            await self._let_settle()
            if self._is_due.is_set():  # else it was drawn meanwhile, with a new layout
                self._is_hurried.clear()
                self._drawn_at = time.monotonic()
                await self._tick(next_timer=self._drawn_at, count=0)

    async def _keep_the_beat(self) -> None:
        ahead = self._drawn_at + PERIOD - time.monotonic()
        if ahead > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_hurried.wait(), ahead)

    async def _let_settle(self) -> None:
        """Give way to messages that are under way; where there are none, these turns take no time."""
        until, turns = time.monotonic() + PERIOD, 0
        while turns < _TURNS and time.monotonic() < until:
            await asyncio.sleep(0)
            turns = 0 if self._is_busy() else turns + 1
